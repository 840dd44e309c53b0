// What the network looked at in the image that is shown large: original, CAM and gradients side by side, and the reasons
// there are to choose from.
import { button, fill, find, markAll, press } from "../kit/elements.js"
import * as questions from "./questions.js"

/** @import { Explained, Explaining, Panel, Reason, State, Target } from "./types.d.ts" */

const STEPPING = 120 // ms to wait before asking, so that those who step on are not waited for

/** @param {State} state */
export function listenReasons(state) {
  const { dialog } = state
  const original = find(dialog, "img", HTMLImageElement)
  original.onload = () => {
    const shape = original.naturalWidth / original.naturalHeight
    find(dialog, ".figures").style.setProperty("--shape", String(shape))
  }
  press(dialog, {
    ".looked": () => switchOverlays(state),
    ".told button": () => {
      endExplaining(state)
      explain(state)
    },
  })
  find(dialog, ".reasons").onmousedown = (event) => event.preventDefault() // the keyboard stays where it is
}

/** What was last wished for holds, until the cells are asked to show it. @param {State} state @returns {state is Explained} */
const areOverlaysOn = (state) => questions.canExplain(state) && (state.wished ?? Boolean(state.data.looks.show))

/** @param {State} state @param {string} show */
export function hearShow(state, show) {
  if (show && !state.shownBefore && state.wished === false) state.wished = null
  state.shownBefore = show
}

/** @param {State} state */
function switchOverlays(state) {
  if (!questions.canExplain(state)) return
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
  if (key === "w" && questions.canExplain(state)) switchOverlays(state)
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
  const at = item.reasons[state.reason] ? state.reason : 0 // the same as of the image before, where there is one
  const box = find(dialog, ".reasons")
  const chip = (/** @type {Reason} */ { title }, /** @type {number} */ index) =>
    button({ className: "chip", title: index < 9 ? `Press ${index + 1}` : "" }, () => chooseReason(state, index), title)
  fill(box, [item.id, item.reasons], () => item.reasons.map(chip))
  markAll(box, "aria-pressed", (one) => box.children[at] === one)
  const reason = item.reasons[at]
  const about = JSON.stringify([item.id, item.view, reason, data.looks?.picture])
  const before = state.explaining
  if (before?.about === about) return
  before?.stop()
  /** @type {Explaining} */
  const run = questions.undertaking(state, { about, item, asking: true })
  state.explaining = run
  const keep = before?.item.view === item.view // what was found for another reason is dimmed; in another image, it goes
  for (const figure of figures) {
    const under = find(figure, "img", HTMLImageElement)
    if (under.getAttribute("src") !== item.view) under.src = item.view
    tellFigure(figure, "Looking…", { busy: true, keep })
  }
  tellLarge(state, "")
  if (reason) explainIt(state, run, panelsOf(reason), figures)
  else refuse(state, run, figures, "There is nothing to explain in this image.", false)
}

/** The figures beside the original. @param {State} state */
const besides = (state) => [...state.dialog.querySelectorAll("figure")].slice(1)

/** @param {State} state */
export function closeReasons(state) {
  endExplaining(state)
  tellLarge(state, "")
  for (const figure of besides(state)) figure.querySelector(".look")?.remove()
}

/** @param {Reason} reason @returns {Panel[]} */
function panelsOf(reason) {
  const { target } = reason
  const cam = (/** @type {Target} */ { target, title }) => {
    const looked = `Looked at for ${title}`
    /** @type {Panel["title"]} */
    const titled = (state, item) => (questions.isNothing(state, target, item.id) ? `${looked}: nothing` : looked)
    return { method: "cam", target, title: titled }
  }
  if (reason.for && reason.against) return [cam(reason.for), cam(reason.against)]
  return [cam(reason), { method: "guided", target, title: questions.gradientsTitle }]
}

/** @param {HTMLElement} figure @param {string} said @param {{ busy?: boolean, keep?: boolean, layer?: HTMLElement | null }} [how] keep: what lies over it */
function tellFigure(figure, said, { busy = false, keep = false, layer = null } = {}) {
  if (!keep) figure.querySelector(".look")?.remove()
  if (layer) find(figure, ".frame").append(layer)
  find(figure, "figcaption").textContent = said
  figure.setAttribute("aria-busy", String(busy))
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
  const { id } = run.item
  const methods = panels.map((panel) => panel.method)
  const ready = methods.map((method) => questions.readyFor(state, target, method))
  for (let attempt = 0; attempt < 2; attempt++) {
    if (!ready.every((known) => known.has(id))) await questions.rest(STEPPING)
    if (!run.goesOn()) return ""
    /** @type {Map<number, string>} */
    const failed = new Map()
    await questions.askFor(state, run, { target, methods, ids: [id], failed }, () => tellLarge(state, run.message))
    if (!run.goesOn()) return ""
    const why = run.error || failed.get(id)
    if (why) return why
    const shown = await Promise.all(panels.map((panel) => overlayLarge(state, run, panel, figureOf(panel))))
    if (!run.goesOn() || shown.every(Boolean)) return ""
    for (const known of ready) known.delete(id) // it was there once: it is made again
  }
  return "What the network looked at cannot be loaded."
}

/** Shown with what lies beneath; returns whether it could be loaded. @param {Explained} state @param {Explaining} run @param {Panel} panel @param {HTMLElement} figure */
async function overlayLarge(state, run, panel, figure) {
  const { item } = run
  const layer = questions.overlayImage(state, item, panel.method, panel.target, "view")
  const [loaded] = await Promise.allSettled([layer.decode(), find(figure, "img", HTMLImageElement).decode()])
  if (!run.goesOn()) return true
  if (loaded.status === "rejected") return false
  tellFigure(figure, panel.title(state, item), { layer })
  return true
}

/** @param {State} state @param {Explaining} run @param {HTMLElement[]} figures @param {string} why @param {boolean} again whether trying again may help */
function refuse(state, run, figures, why, again) {
  run.asking = false
  for (const figure of figures) tellFigure(figure, "Nothing to show")
  tellLarge(state, why, again)
}

/** @param {State} state @param {string} said @param {boolean} [again] */
function tellLarge(state, said, again = false) {
  const text = find(state.dialog, ".told span")
  if (text.textContent !== said) text.textContent = said
  find(state.dialog, ".told button").hidden = !again
}
