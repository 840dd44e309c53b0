// The map: all images of an embedding as points. The hand is answered here; Python hears of what is picked.
// map_figure.py puts the other files before this one. Text is only ever set as textContent.
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let state = states.get(parentElement)
  if (!state) {
    state = start(parentElement.querySelector(".map"))
    states.set(parentElement, state)
    setPictures(state, data.pictures)
  }
  state.send = setTriggerValue
  state.data = data
  state.canvases.top.setAttribute("aria-label", `${data.title}. Arrow keys move, + and - zoom, 0 fits, Enter picks all in view, Escape picks nothing.`)
  state.root.style.setProperty("--height", `${data.height}px`)
  // Streamlit calls this more often than the data changes.
  const arrays = JSON.stringify([data.map_id, data.places, data.ids, data.values])
  const colours = JSON.stringify([data.entries, data.scale, data.by_title])
  const isNew = state.arrays !== arrays
  const isRecoloured = state.drawnColours !== colours
  Object.assign(state, { arrays, drawnColours: colours })
  if (isNew) fetchAll(state)
  else if (state.codes) {
    if (isRecoloured) recolour(state)
    agree(state)
  }
  document.addEventListener("imclust-map-view", state.onView)
  document.addEventListener("imclust-map-picked", state.onPicked)
  return () => {
    document.removeEventListener("imclust-map-view", state.onView)
    document.removeEventListener("imclust-map-picked", state.onPicked)
  }
}

function start(root) {
  const find = (name) => root.querySelector(name)
  const canvases = { points: find(".points"), over: find(".over"), top: find(".top") }
  const state = { root, canvases, stage: find(".stage"), wait: find(".wait"), says: find(".says") }
  state.card = { root: find(".card"), picture: find(".card img"), title: find(".card span") }
  state.strip = { text: find(".picked"), clear: find(".clear"), again: find(".strip .again"), far: find(".far") }
  state.legend = { title: find(".by"), ramp: find(".ramp"), list: find(".entries"), all: find(".all") }
  Object.assign(state, { map: null, codes: null, view: null, fitted: true, mode: "move", pictures: "near", names: true })
  Object.assign(state, { flags: null, picked: 0, key: "", lent: null, taken: "", taking: null, trouble: "", posting: null, count: 0 })
  Object.assign(state, { hidden: new Set(), alone: null, placed: [], waiting: [], lanes: 0, hovered: -1, inView: 0 })
  Object.assign(state, { fingers: new Map(), pressed: null, drawing: null, pointer: null, looking: null, frame: null })
  state.onView = ({ detail }) => {
    if (detail.from === state || detail.map !== state.data.map_id || !state.codes) return
    state.fitted = detail.fitted
    setView(state, detail.fitted ? fitView(state) : detail.view, { told: true, fitting: true, moving: detail.moving })
  }
  state.onPicked = ({ detail }) => {
    if (detail.from !== state && detail.map === state.data.map_id && state.codes) hearPick(state, detail)
  }
  listen(state)
  listenButtons(state, find)
  new ResizeObserver(() => measure(state)).observe(state.stage)
  // When the theme changes, the ground fades from one colour to the other, which can be heard.
  state.stage.addEventListener("transitionend", () => state.codes && redraw(state))
  return state
}

function listenButtons(state, find) {
  find(".fit").onclick = () => isReady(state) && fit(state)
  find(".in").onclick = () => isReady(state) && zoomAt(state, state.width / 2, state.height / 2, 1.5)
  find(".out").onclick = () => isReady(state) && zoomAt(state, state.width / 2, state.height / 2, 1 / 1.5)
  find(".png").onclick = () => isReady(state) && savePng(state)
  find(".svg").onclick = () => isReady(state) && saveSvg(state)
  find(".names").onchange = (event) => {
    state.names = event.target.checked
    redrawOver(state)
  }
  find(".wait button").onclick = () => fetchAll(state)
  // These go when they are pressed; the keyboard stays with the map.
  const thenMap = (act) => () => {
    act(state)
    state.canvases.top.focus({ preventScroll: true })
  }
  state.strip.clear.onclick = thenMap(clearPick)
  state.strip.again.onclick = thenMap(tryAgain)
  state.strip.far.onclick = thenMap(() => fit(state, true))
  state.legend.all.onclick = thenMap(showAll)
  const [modes, shows] = [find(".modes"), find(".pictures")]
  radios(modes, (value) => setMode(state, value))
  radios(shows, (value) => setPictures(state, value))
}

// One of these buttons is chosen; arrow keys go from one to the next, as in any radio group.
function radios(group, choose) {
  const buttons = [...group.querySelectorAll("button")]
  buttons.forEach((button, at) => {
    button.onclick = () => choose(button.value)
    button.onkeydown = (event) => {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key]
      if (!by) return
      event.preventDefault()
      event.stopPropagation()
      const next = buttons[(at + by + buttons.length) % buttons.length]
      choose(next.value)
      next.focus()
    }
  })
}

function markRadios(group, value) {
  for (const button of group.querySelectorAll("button")) {
    const isChosen = button.value === value
    button.setAttribute("aria-checked", isChosen)
    button.tabIndex = isChosen ? 0 : -1
  }
}

function setMode(state, mode) {
  state.mode = mode
  state.root.dataset.mode = mode
  markRadios(state.root.querySelector(".modes"), mode)
}

function setPictures(state, pictures) {
  state.pictures = pictures
  markRadios(state.root.querySelector(".pictures"), pictures)
  if (state.codes) redrawOver(state)
}

// --- getting what is to be drawn -------------------------------------------------------------------------------------

async function fetchAll(state) {
  const { data } = state
  const asked = (state.asked = {})
  const whole = mapFor(data)
  const codes = codesFor(data.values, whole)
  state.root.dataset.state = "loading"
  const sayHow = () => sayWait(state, `Loading the map: ${Math.round((100 * (whole.shares[0] + whole.shares[1] + codes.shares[0])) / 3)} %`)
  const later = setTimeout(sayHow, 150) // what comes at once needs no word
  const ticking = setInterval(sayHow, 200)
  try {
    const [map, known] = await Promise.all([whole.promise, codes.promise])
    if (state.asked === asked) show(state, map, known)
  } catch (error) {
    if (state.asked !== asked) return
    state.root.dataset.state = "failed"
    sayWait(state, error.message, true)
  } finally {
    clearTimeout(later)
    clearInterval(ticking)
  }
}

function sayWait(state, text, failed = false) {
  state.wait.hidden = !text
  state.wait.querySelector("span").textContent = text
  state.wait.querySelector("button").hidden = !failed
}

function show(state, map, codes) {
  const another = state.map !== map
  Object.assign(state, { map, codes })
  sayWait(state, map.n ? "" : "There is no image on this map.")
  state.root.dataset.state = map.n ? "ready" : "empty"
  if (!map.n) {
    state.codes = null
    state.legend.list.replaceChildren()
    return drawStrip(state)
  }
  if (another) {
    Object.assign(state, { flags: null, picked: 0, key: "", taken: "", placed: [], hovered: -1, fitted: map.lastView?.fitted ?? true })
    measure(state)
    const view = () => (state.fitted ? fitView(state) : map.lastView.view)
    state.view = state.width ? view() : null // not laid out yet: as soon as it is
  }
  recolour(state)
  drawStrip(state)
  agree(state)
}

function recolour(state) {
  readTheme(state)
  load(state)
  hideCard(state)
  redraw(state)
}
