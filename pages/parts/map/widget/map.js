// The map: all images of an embedding as points. The hand is answered here; Python hears of what is picked.
import { find, press } from "../../kit/elements.js"
import { hearPage, watchSize } from "../../kit/page.js"
import { widget } from "../../kit/widget.js"
import { codesFor, mapFor, reasonOf } from "./arrays.js"
import { hideCard } from "./card.js"
import { radios, setMode, setPictures } from "./controls.js"
import { isReady, measure, readTheme, redraw, redrawOver } from "./drawing.js"
import { savePng, saveSvg } from "./export.js"
import { fitView } from "./geometry.js"
import { load, showAll } from "./legend.js"
import { listen } from "./pointer.js"
import { agree, clearPick, drawStrip, hearPick, tryAgain } from "./selection.js"
import { fit, setView, zoomAt } from "./view.js"

/** @import { Data, MapArrays, Ready, State, Start } from "./types.d.ts" */

export default widget({
  start,
  draw: (state, /** @type {Data} */ data) => {
    state.data = data
    const keys = "Arrow keys move, + and - zoom, 0 fits, Enter picks all in view, Escape picks nothing."
    state.canvases.top.setAttribute("aria-label", `${data.title}. ${keys}`)
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
  },
  live: (state, signal) => {
    /** What another widget of the same map on this page tells. @param {string} kind @param {(detail: any) => void} then */
    const hear = (kind, then) =>
      hearPage(
        kind,
        (told) => told.from !== state && told.map === state.data.map_id && state.codes && then(told),
        signal,
      )
    hear("imclust-map-view", ({ view, fitted, moving }) => {
      state.fitted = fitted
      const ready = /** @type {Ready} */ (state)
      setView(ready, fitted ? fitView(ready.map, state) : view, { told: true, fitting: true, moving })
    })
    hear("imclust-map-picked", (held) => hearPick(state, held))
    watchSize(state.stage, () => measure(state), signal)
  },
})

/** @type {Start} */
function start(parent, messages, data) {
  const root = find(parent, ".map")
  const some = (/** @type {string} */ name) => find(root, name)
  const canvas = (/** @type {string} */ name) => find(root, name, HTMLCanvasElement)
  /** @type {State} */
  const state = {
    ...{ root, messages, data, stage: some(".stage"), wait: some(".wait"), says: some(".says") },
    canvases: { points: canvas(".points"), over: canvas(".over"), top: canvas(".top") },
    card: { root: some(".card"), picture: find(root, ".card img", HTMLImageElement), title: some(".card span") },
    strip: { text: some(".picked"), clear: some(".clear"), again: some(".strip .again"), far: some(".far") },
    legend: { title: some(".by"), ramp: some(".ramp"), list: some(".entries"), all: some(".all") },
    ...{ map: null, codes: null, view: null, fitted: true, width: 0, height: 0, scale: 1 },
    ...{ mode: "move", pictures: "near", names: true },
    ...{ colours: new Uint8Array(), hide: new Uint8Array(), entries: [], bySize: [], known: 0 },
    ...{ hidden: new Set(), alone: null, groundText: "", inkText: "", font: "", ground: [], ink: [] },
    ...{ flags: null, picked: 0, key: "", agreed: "", lent: null, taken: "", taking: null, trouble: "", posting: null },
    ...{ arrays: "", drawnColours: "", asked: {}, placed: [], waiting: [], lanes: 0, hovered: -1, inView: 0 },
    ...{ radius: 0, moving: false, frame: null, rest: undefined, wantPoints: false, wantOver: false },
    ...{ fingers: new Map(), pressed: null, drawing: null, pointer: null, looking: null },
  }
  listen(state)
  listenButtons(state)
  setPictures(state, data.pictures)
  // When the theme changes, the ground fades from one colour to the other, which can be heard.
  state.stage.addEventListener("transitionend", () => redraw(state))
  return state
}

/** @param {State} state */
function listenButtons(state) {
  const { root, strip, legend, canvases } = state
  const ready = (/** @type {(ready: Ready) => void} */ act) => () => isReady(state) && act(state)
  press(root, {
    ".fit": ready(fit),
    ".in": ready((one) => zoomAt(one, one.width / 2, one.height / 2, 1.5)),
    ".out": ready((one) => zoomAt(one, one.width / 2, one.height / 2, 1 / 1.5)),
    ".png": ready(savePng),
    ".svg": ready(saveSvg),
    ".wait button": () => fetchAll(state),
  })
  const names = find(root, ".names", HTMLInputElement)
  names.onchange = () => {
    state.names = names.checked
    redrawOver(state)
  }
  // These go when they are pressed; the keyboard stays with the map.
  const thenMap = (/** @type {() => void} */ act) => () => {
    act()
    canvases.top.focus({ preventScroll: true })
  }
  strip.clear.onclick = thenMap(() => clearPick(state))
  strip.again.onclick = thenMap(() => tryAgain(state))
  strip.far.onclick = thenMap(ready((one) => fit(one, true)))
  legend.all.onclick = thenMap(() => showAll(state))
  radios(find(root, ".modes"), (value) => setMode(state, value))
  radios(find(root, ".pictures"), (value) => setPictures(state, value))
}

/** @param {State} state */
async function fetchAll(state) {
  const { data } = state
  const asked = (state.asked = {})
  const whole = mapFor(data)
  const codes = codesFor(data.values, whole)
  state.root.dataset.state = "loading"
  const sayHow = () => {
    const share = (whole.shares[0] + whole.shares[1] + codes.shares[0]) / 3
    sayWait(state, `Loading the map: ${Math.round(100 * share)} %`)
  }
  const later = setTimeout(sayHow, 150) // what comes at once needs no word
  const ticking = setInterval(sayHow, 200)
  try {
    const [map, known] = await Promise.all([whole.promise, codes.promise])
    if (state.asked === asked) show(state, map, known)
  } catch (error) {
    if (state.asked !== asked) return
    state.root.dataset.state = "failed"
    sayWait(state, reasonOf(error), true)
  } finally {
    clearTimeout(later)
    clearInterval(ticking)
  }
}

/** @param {State} state @param {string} text @param {boolean} [failed] */
function sayWait(state, text, failed = false) {
  state.wait.hidden = !text
  find(state.wait, "span").textContent = text
  find(state.wait, "button").hidden = !failed
}

/** @param {State} state @param {MapArrays} map @param {Uint16Array} codes */
function show(state, map, codes) {
  const another = state.map !== map
  Object.assign(state, { map, codes: map.n ? codes : null })
  sayWait(state, map.n ? "" : "There is no image on this map.")
  state.root.dataset.state = map.n ? "ready" : "empty"
  if (!map.n) {
    state.legend.list.replaceChildren()
    return drawStrip(state)
  }
  if (another) {
    const last = map.lastView
    const fitted = last?.fitted ?? true
    Object.assign(state, { flags: null, picked: 0, key: "", taken: "", placed: [], hovered: -1, fitted })
    measure(state)
    const view = fitted || !last ? fitView(map, state) : last.view
    state.view = state.width ? view : null // not laid out yet: as soon as it is
  }
  recolour(state)
  drawStrip(state)
  agree(state)
}

/** @param {State} state */
function recolour(state) {
  readTheme(state)
  load(state)
  hideCard(state)
  redraw(state)
}
