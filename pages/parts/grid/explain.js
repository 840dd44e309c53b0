// What the network looked at in the image that is shown large: original, heat and slopes side by side, and the reasons
// there are to choose from. grid.py puts this file before grid.js.
const STEPPING = 120 // ms to wait before asking, so that those who step on are not waited for

function listenReasons(state) {
  const { dialog } = state
  const original = dialog.querySelector("img")
  original.onload = () => {
    dialog.querySelector(".figures").style.setProperty("--shape", original.naturalWidth / original.naturalHeight)
  }
  dialog.querySelector(".looked").onclick = () => switchLooks(state)
  dialog.querySelector(".told button").onclick = () => explainAnew(state)
  dialog.querySelector(".reasons").onmousedown = (event) => event.preventDefault() // the keyboard stays where it is
}

// What was last wished for holds, until the cells are asked to show it.
function areLooksOn(state) {
  return state.data.looks !== null && (state.wished ?? Boolean(state.data.looks.show))
}

function hearShow(state, show) {
  if (show && !state.shownBefore && state.wished === false) state.wished = null
  state.shownBefore = show
}

function switchLooks(state) {
  if (state.data.looks === null) return
  state.wished = !areLooksOn(state)
  explain(state)
}

function explainAnew(state) {
  endExplaining(state)
  explain(state)
}

function endExplaining(state) {
  state.explaining?.stop()
  state.explaining = null
}

// Whether the key is one of ours.
function reasonKey(state, key) {
  if (key === "w" && state.data.looks !== null) switchLooks(state)
  else if (/^[1-9]$/.test(key) && areLooksOn(state)) chooseReason(state, Number(key) - 1)
  else return false
  return true
}

function chooseReason(state, index) {
  if (!state.items[state.shown].reasons[index]) return
  state.reason = index
  explain(state)
}

// The same place as in the image before, where there is one.
function reasonAt(state, item) {
  return item.reasons[state.reason] ? state.reason : 0
}

// Called often with nothing new.
function explain(state) {
  const { dialog, data } = state
  const item = state.items[state.shown]
  const on = areLooksOn(state)
  const button = dialog.querySelector(".looked")
  button.hidden = data.looks === null
  button.setAttribute("aria-pressed", on)
  dialog.classList.toggle("side", on)
  const figures = besides(state)
  for (const figure of figures) figure.hidden = !on
  if (!on) return closeReasons(state)
  drawReasons(state, item)
  const reason = item.reasons[reasonAt(state, item)]
  const about = JSON.stringify([item.id, item.view, reason, data.looks.picture])
  const before = state.explaining
  if (before?.about === about) return
  before?.stop()
  const run = undertaking(state, { about, item, asking: true })
  state.explaining = run
  for (const figure of figures) wait(figure, item, before?.item.view === item.view)
  tellLarge(state, "")
  if (reason) explainIt(state, run, panelsOf(reason), figures)
  else refuse(state, run, figures, "There is nothing to explain in this image.", false)
}

// The figures beside the original.
function besides(state) {
  return [...state.dialog.querySelectorAll("figure")].slice(1)
}

function closeReasons(state) {
  endExplaining(state)
  tellLarge(state, "")
  for (const figure of besides(state)) figure.querySelector(".look")?.remove()
}

function panelsOf(reason) {
  if (!reason.for) {
    const heat = { method: "cam", target: reason.target, title: titled(`Looked at for ${reason.title}`) }
    return [heat, { method: "guided", target: reason.target, title: slopesTitle }]
  }
  const panel = ({ title, target }) => ({ method: "cam", target, title: titled(`Looked at for ${title}`) })
  return [panel(reason.for), panel(reason.against)]
}

function titled(title) {
  return (state, item, target) => (isNothing(state, target, item.id) ? `${title}: nothing` : title)
}

// What was found for another reason is dimmed; what was found in another image goes.
function wait(figure, item, same) {
  const [under] = figure.querySelectorAll("img")
  if (under.getAttribute("src") !== item.view) under.src = item.view
  if (!same) figure.querySelector(".look")?.remove()
  figure.setAttribute("aria-busy", "true")
  figure.querySelector("figcaption").textContent = "Looking…"
}

async function explainIt(state, run, panels, figures) {
  const targets = [...new Set(panels.map((panel) => panel.target))]
  for (const target of targets) {
    const mine = panels.filter((panel) => panel.target === target)
    const laid = await bring(state, run, target, mine, (panel) => figures[panels.indexOf(panel)])
    if (!run.goesOn()) return
    if (laid !== "") {
      const rest = figures.filter((figure) => figure.getAttribute("aria-busy") === "true")
      return refuse(state, run, rest, laid, true)
    }
  }
  run.asking = false
  tellLarge(state, "")
}

// Have what a target needs made, and shown; returns why it could not be.
async function bring(state, run, target, panels, figureOf) {
  const { item } = run
  const methods = panels.map((panel) => panel.method)
  const isReady = () => methods.every((method) => readyFor(state, target, method).has(item.id))
  for (const last of [false, true]) {
    if (!isReady()) await rest(STEPPING)
    if (!run.goesOn()) return ""
    const want = { target, methods, ids: [item.id], failed: new Map() }
    await askFor(state, run, want, () => tellLarge(state, run.message))
    if (!run.goesOn()) return ""
    const why = run.error || want.failed.get(item.id)
    if (why) return why
    const laid = await Promise.all(panels.map((panel) => layLarge(state, run, panel, figureOf(panel))))
    if (!run.goesOn() || laid.every(Boolean)) return ""
    // It was there once: it is made again.
    for (const method of methods) readyFor(state, target, method).delete(item.id)
    if (last) break
  }
  return "What the network looked at cannot be loaded."
}

// Shown when both it and what lies beneath are there; returns whether it could be loaded.
async function layLarge(state, run, panel, figure) {
  const { item } = run
  const layer = lookImage(state, item, panel.method, panel.target, "view")
  const [loaded] = await Promise.allSettled([layer.decode(), figure.querySelector("img").decode()])
  if (!run.goesOn()) return true
  if (loaded.status === "rejected") return false
  figure.querySelector(".look")?.remove()
  figure.querySelector(".frame").append(layer)
  figure.querySelector("figcaption").textContent = panel.title(state, item, panel.target)
  figure.setAttribute("aria-busy", "false")
  return true
}

function refuse(state, run, figures, why, again) {
  run.asking = false
  for (const figure of figures) {
    figure.querySelector(".look")?.remove()
    figure.setAttribute("aria-busy", "false")
    figure.querySelector("figcaption").textContent = "Nothing to show"
  }
  tellLarge(state, why, again)
}

function tellLarge(state, said, again = false) {
  const [text, button] = state.dialog.querySelector(".told").children
  if (text.textContent !== said) text.textContent = said
  button.hidden = !again
}

function drawReasons(state, item) {
  const box = state.dialog.querySelector(".reasons")
  const drawn = JSON.stringify([item.id, item.reasons])
  if (box.dataset.drawn !== drawn) {
    box.dataset.drawn = drawn
    box.replaceChildren(...item.reasons.map((reason, index) => chip(state, reason, index)))
  }
  for (const [index, one] of [...box.children].entries()) {
    one.setAttribute("aria-pressed", index === reasonAt(state, item))
  }
}

function chip(state, reason, index) {
  const made = element("button", "chip", reason.title)
  made.type = "button"
  if (index < 9) made.title = `Press ${index + 1}`
  made.onclick = () => chooseReason(state, index)
  return made
}
