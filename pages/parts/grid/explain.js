// What the network looked at in the image that is shown large: original, CAM and gradients side by side, and the reasons
// there are to choose from.
import { button, find } from "../kit/elements.js"
import {
  askFor,
  canExplain,
  gradientsTitle,
  isNothing,
  overlayImage,
  readyFor,
  rest,
  undertaking,
} from "./questions.js"

/** @import { Explained, Explaining, Item, Panel, Reason, State, Target } from "./types.d.ts" */

const STEPPING = 120 // ms to wait before asking, so that those who step on are not waited for

/** @param {State} state */
export function listenReasons(state) {
  const { dialog } = state
  const original = find(dialog, "img", HTMLImageElement)
  original.onload = () => {
    const shape = original.naturalWidth / original.naturalHeight
    find(dialog, ".figures").style.setProperty("--shape", String(shape))
  }
  find(dialog, ".looked").onclick = () => switchOverlays(state)
  find(dialog, ".told button").onclick = () => {
    endExplaining(state)
    explain(state)
  }
  find(dialog, ".reasons").onmousedown = (event) => event.preventDefault() // the keyboard stays where it is
}

/** What was last wished for holds, until the cells are asked to show it. @param {State} state @returns {state is Explained} */
function areOverlaysOn(state) {
  return canExplain(state) && (state.wished ?? Boolean(state.data.looks.show))
}

/** @param {State} state @param {string} show */
export function hearShow(state, show) {
  if (show && !state.shownBefore && state.wished === false) state.wished = null
  state.shownBefore = show
}

/** @param {State} state */
function switchOverlays(state) {
  if (!canExplain(state)) return
  state.wished = !areOverlaysOn(state)
  explain(state)
}

/** @param {State} state */
function endExplaining(state) {
  state.explaining?.stop()
  state.explaining = null
}

/** Whether the key is one of ours. @param {State} state @param {string} key */
export function reasonKey(state, key) {
  if (key === "w" && canExplain(state)) switchOverlays(state)
  else if (/^[1-9]$/.test(key) && areOverlaysOn(state)) chooseReason(state, Number(key) - 1)
  else return false
  return true
}

/** @param {State} state @param {number} index */
function chooseReason(state, index) {
  if (!state.items[state.shown].reasons[index]) return
  state.reason = index
  explain(state)
}

/** The same place as in the image before, where there is one. @param {State} state @param {Item} item */
function reasonAt(state, item) {
  return item.reasons[state.reason] ? state.reason : 0
}

/** Called often with nothing new. @param {State} state */
export function explain(state) {
  const { dialog, data } = state
  const item = state.items[state.shown]
  const isOn = areOverlaysOn(state)
  const looked = find(dialog, ".looked")
  looked.hidden = data.looks === null
  looked.setAttribute("aria-pressed", String(isOn))
  dialog.classList.toggle("side", isOn)
  const figures = besides(state)
  for (const figure of figures) figure.hidden = !isOn
  if (!isOn) return closeReasons(state)
  drawReasons(state, item)
  const reason = item.reasons[reasonAt(state, item)]
  const about = JSON.stringify([item.id, item.view, reason, state.data.looks.picture])
  const before = state.explaining
  if (before?.about === about) return
  before?.stop()
  /** @type {Explaining} */
  const run = undertaking(state, { about, item, asking: true })
  state.explaining = run
  for (const figure of figures) wait(figure, item, before?.item.view === item.view)
  tellLarge(state, "")
  if (reason) explainIt(state, run, panelsOf(reason), figures)
  else refuse(state, run, figures, "There is nothing to explain in this image.", false)
}

/** The figures beside the original. @param {State} state */
function besides(state) {
  return [...state.dialog.querySelectorAll("figure")].slice(1)
}

/** @param {State} state */
export function closeReasons(state) {
  endExplaining(state)
  tellLarge(state, "")
  for (const figure of besides(state)) figure.querySelector(".look")?.remove()
}

/** @param {Reason} reason @returns {Panel[]} */
function panelsOf(reason) {
  const { target, title } = reason
  const cam = (/** @type {Target} */ of) => ({
    method: "cam",
    target: of.target,
    title: titled(`Looked at for ${of.title}`),
  })
  if (reason.for && reason.against) return [cam(reason.for), cam(reason.against)]
  return [cam({ target, title }), { method: "guided", target, title: gradientsTitle }]
}

/** @param {string} title @returns {Panel["title"]} */
function titled(title) {
  return (state, item, target) => (isNothing(state, target, item.id) ? `${title}: nothing` : title)
}

/**
 * What was found for another reason is dimmed; what was found in another image goes.
 * @param {HTMLElement} figure @param {Item} item @param {boolean} same
 */
function wait(figure, item, same) {
  const under = find(figure, "img", HTMLImageElement)
  if (under.getAttribute("src") !== item.view) under.src = item.view
  if (!same) figure.querySelector(".look")?.remove()
  figure.setAttribute("aria-busy", "true")
  find(figure, "figcaption").textContent = "Looking…"
}

/** @param {Explained} state @param {Explaining} run @param {Panel[]} panels @param {HTMLElement[]} figures */
async function explainIt(state, run, panels, figures) {
  for (const target of new Set(panels.map((panel) => panel.target))) {
    const mine = panels.filter((panel) => panel.target === target)
    const why = await bring(state, run, target, mine, (panel) => figures[panels.indexOf(panel)])
    if (!run.goesOn()) return
    if (why) {
      const rest = figures.filter((figure) => figure.getAttribute("aria-busy") === "true")
      return refuse(state, run, rest, why, true)
    }
  }
  run.asking = false
  tellLarge(state, "")
}

/**
 * Have what a target needs made, and shown; returns why it could not be.
 * @param {Explained} state @param {Explaining} run @param {string} target @param {Panel[]} panels @param {(panel: Panel) => HTMLElement} figureOf
 */
async function bring(state, run, target, panels, figureOf) {
  const { item } = run
  const methods = panels.map((panel) => panel.method)
  const isReady = () => methods.every((method) => readyFor(state, target, method).has(item.id))
  for (let attempt = 0; attempt < 2; attempt++) {
    if (!isReady()) await rest(STEPPING)
    if (!run.goesOn()) return ""
    /** @type {Map<number, string>} */
    const failed = new Map()
    const want = { target, methods, ids: [item.id], failed }
    await askFor(state, run, want, () => tellLarge(state, run.message))
    if (!run.goesOn()) return ""
    const why = run.error || failed.get(item.id)
    if (why) return why
    const shown = await Promise.all(panels.map((panel) => overlayLarge(state, run, panel, figureOf(panel))))
    if (!run.goesOn() || shown.every(Boolean)) return ""
    // It was there once: it is made again.
    for (const method of methods) readyFor(state, target, method).delete(item.id)
  }
  return "What the network looked at cannot be loaded."
}

/**
 * Shown when both it and what lies beneath are there; returns whether it could be loaded.
 * @param {Explained} state @param {Explaining} run @param {Panel} panel @param {HTMLElement} figure
 */
async function overlayLarge(state, run, panel, figure) {
  const { item } = run
  const layer = overlayImage(state, item, panel.method, panel.target, "view")
  const [loaded] = await Promise.allSettled([layer.decode(), find(figure, "img", HTMLImageElement).decode()])
  if (!run.goesOn()) return true
  if (loaded.status === "rejected") return false
  figure.querySelector(".look")?.remove()
  find(figure, ".frame").append(layer)
  find(figure, "figcaption").textContent = panel.title(state, item, panel.target)
  figure.setAttribute("aria-busy", "false")
  return true
}

/** @param {State} state @param {Explaining} run @param {HTMLElement[]} figures @param {string} why @param {boolean} again whether trying again may help */
function refuse(state, run, figures, why, again) {
  run.asking = false
  for (const figure of figures) {
    figure.querySelector(".look")?.remove()
    figure.setAttribute("aria-busy", "false")
    find(figure, "figcaption").textContent = "Nothing to show"
  }
  tellLarge(state, why, again)
}

/** @param {State} state @param {string} said @param {boolean} [again] */
function tellLarge(state, said, again = false) {
  const text = find(state.dialog, ".told span")
  if (text.textContent !== said) text.textContent = said
  find(state.dialog, ".told button").hidden = !again
}

/** @param {State} state @param {Item} item */
function drawReasons(state, item) {
  const box = find(state.dialog, ".reasons")
  const drawn = JSON.stringify([item.id, item.reasons])
  if (box.dataset.drawn !== drawn) {
    box.dataset.drawn = drawn
    box.replaceChildren(...item.reasons.map((reason, index) => chip(state, reason, index)))
  }
  for (const [index, one] of [...box.children].entries()) {
    one.setAttribute("aria-pressed", String(index === reasonAt(state, item)))
  }
}

/** @param {State} state @param {Reason} reason @param {number} index */
function chip(state, reason, index) {
  const made = button("chip", reason.title, () => chooseReason(state, index))
  if (index < 9) made.title = `Press ${index + 1}`
  return made
}
