// Mouse, touch and keys. Wheel zooms, dragging moves, lassoes or boxes; Shift+drag lassoes whatever the mode is.
import { isModified } from "../../kit/page.js"
import { hideCard, showCard } from "./card.js"
import { setMode } from "./controls.js"
import { isReady, redrawTop } from "./drawing.js"
import { toData } from "./geometry.js"
import { boxOf, outlineOf } from "./lasso.js"
import { clearPick, pickInside, pickOne } from "./selection.js"
import { pictureAt } from "./thumbnails.js"
import { fit, panBy, zoomAt } from "./view.js"

/** @import { Drawing, How, Point, Ready, State } from "./types.d.ts" */

const NEAR = 12 // pixels from a point that still count as on it
const STILL = 4 // pixels that a click may move
const STEP = 3 // pixels between two corners of a lasso
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
const PAN_KEYS = new Map(Object.entries(ARROWS))
const MODE_KEYS = new Map(Object.entries({ m: "move", l: "lasso", b: "box" }))

/** @param {State} state */
export function listen(state) {
  const { top } = state.canvases
  top.addEventListener("wheel", (event) => wheel(state, event), { passive: false })
  top.onpointerdown = (event) => down(state, event)
  top.onpointermove = (event) => moved(state, event)
  top.onpointerup = (event) => up(state, event)
  top.onpointercancel = () => letGo(state)
  top.onpointerleave = () => hideCard(state)
  top.ondblclick = (event) => isReady(state) && pointAt(state, event) < 0 && fit(state)
  state.root.onkeydown = (event) => {
    if (isModified(event) || !keyed(state, event)) return
    event.preventDefault()
    event.stopPropagation() // the same letters mean other things to other widgets
  }
}

/** @param {State} state @param {MouseEvent} event @returns {Point} */
function placeOf(state, event) {
  const box = state.canvases.top.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

/** @param {State} state @param {WheelEvent} event */
function wheel(state, event) {
  if (!isReady(state)) return
  event.preventDefault()
  if (state.drawing) return
  const lines = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1
  const by = Math.max(-120, Math.min(120, event.deltaY * lines))
  zoomAt(state, ...placeOf(state, event), Math.exp(-by * (event.ctrlKey ? 0.01 : 0.0022)), true)
}

/** @param {State} state @param {PointerEvent} event */
function down(state, event) {
  if (!isReady(state) || (event.pointerType === "mouse" && event.button !== 0)) return
  state.canvases.top.focus({ preventScroll: true })
  state.canvases.top.setPointerCapture(event.pointerId)
  hideCard(state)
  const at = placeOf(state, event)
  state.fingers.set(event.pointerId, at)
  if (state.fingers.size > 1) {
    Object.assign(state, { drawing: null, pressed: null }) // two fingers zoom
    return redrawTop(state)
  }
  state.pressed = { at, from: at, still: true }
  const mode = event.shiftKey ? "lasso" : state.mode
  if (mode !== "move") state.drawing = { mode, points: [at] }
  event.preventDefault()
}

/** @param {State} state @param {PointerEvent} event */
function moved(state, event) {
  if (!isReady(state)) return
  const at = placeOf(state, event)
  if (!state.fingers.has(event.pointerId)) return soonHover(state, event)
  if (state.fingers.size === 2) return pinch(state, event.pointerId, at)
  state.fingers.set(event.pointerId, at)
  const { pressed, drawing } = state
  if (!pressed) return
  if (pressed.still && Math.hypot(at[0] - pressed.from[0], at[1] - pressed.from[1]) < STILL) return
  pressed.still = false
  if (!drawing) {
    panBy(state, at[0] - pressed.at[0], at[1] - pressed.at[1], true)
    pressed.at = at
    return
  }
  const all = event.getCoalescedEvents?.() ?? []
  for (const one of all.length ? all : [event]) extend(drawing, placeOf(state, one))
  redrawTop(state)
}

/** @param {Drawing} drawing @param {Point} at */
function extend(drawing, at) {
  const last = drawing.points[drawing.points.length - 1]
  if (drawing.mode === "box") drawing.points = [drawing.points[0], at]
  else if (Math.hypot(at[0] - last[0], at[1] - last[1]) >= STEP) drawing.points.push(at)
}

/** @param {State} state @param {PointerEvent} event */
function up(state, event) {
  const { pressed, drawing } = state
  letGo(state, event.pointerId)
  if (!pressed || !isReady(state)) return
  const how = event.altKey ? "add" : event.ctrlKey || event.metaKey ? "less" : "new" // than what is picked
  if (pressed.still) {
    const at = pointAt(state, event)
    if (at >= 0) pickOne(state, at, how)
  } else if (drawing && drawing.points.length > 1) pickOutline(state, outlineOf(drawing), how)
}

/** @param {Ready} state @param {Point[]} outline @param {How} how */
function pickOutline(state, outline, how) {
  if (outline.length < 3) return
  const polygon = outline.map(([x, y]) => toData(state, x, y))
  pickInside(state, polygon, how)
}

/** @param {State} state @param {number} [finger] all of them, if none is named */
function letGo(state, finger) {
  if (finger === undefined) state.fingers.clear()
  else state.fingers.delete(finger)
  Object.assign(state, { pressed: null, drawing: null })
  redrawTop(state)
}

/** @param {Ready} state @param {number} finger @param {Point} at */
function pinch(state, finger, at) {
  const [one, other] = [...state.fingers.values()]
  const [middle, wide] = between(one, other)
  state.fingers.set(finger, at)
  const [nowOne, nowOther] = [...state.fingers.values()]
  const [nowMiddle, nowWide] = between(nowOne, nowOther)
  panBy(state, nowMiddle[0] - middle[0], nowMiddle[1] - middle[1], true)
  zoomAt(state, ...nowMiddle, nowWide / Math.max(1, wide), true)
}

/** The middle of two fingers, and how far they are apart. @param {Point} one @param {Point} other @returns {[Point, number]} */
const between = ([x1, y1], [x2, y2]) => [[(x1 + x2) / 2, (y1 + y2) / 2], Math.hypot(x2 - x1, y2 - y1)]

/** Whether the key was one of ours. @param {State} state @param {KeyboardEvent} event */
function keyed(state, { key, shiftKey, target }) {
  const [mode, pan] = [MODE_KEYS.get(key), PAN_KEYS.get(key)]
  if (key === "Escape") {
    if (state.drawing) letGo(state)
    else clearPick(state)
    return true
  }
  if (!isReady(state) || (target instanceof Element && target.closest("input"))) return false
  const far = shiftKey ? 200 : 50
  if (mode) setMode(state, mode)
  else if (key === "0") fit(state)
  else if (key === "+" || key === "=") zoomAt(state, state.width / 2, state.height / 2, 1.4)
  else if (key === "-") zoomAt(state, state.width / 2, state.height / 2, 1 / 1.4)
  else if (target !== state.canvases.top)
    return false // arrows and Enter belong to the buttons
  else if (pan) panBy(state, pan[0] * far, pan[1] * far, true)
  else if (key === "Enter") pickOutline(state, boxOf([0, 0], [state.width, state.height]), "new")
  else return false
  return true
}

/** The nearest point, among those that are shown; a picture counts as its point. @param {Ready} state @param {MouseEvent} event */
function pointAt(state, event) {
  const [px, py] = placeOf(state, event)
  const over = pictureAt(state, px, py)
  return over >= 0 ? over : nearest(state, px, py)
}

/** @param {Ready} state @param {number} px @param {number} py */
function nearest(state, px, py) {
  const { hide, codes } = state
  const { n, xs, ys } = state.map
  const [x, y] = toData(state, px, py)
  let reach = NEAR / state.view.k
  let best = -1
  for (let at = 0; at < n; at++) {
    const dx = xs[at] - x
    if (dx > reach || dx < -reach) continue
    const dy = ys[at] - y
    if (dy > reach || dy < -reach || hide[codes[at]]) continue
    const far = Math.hypot(dx, dy)
    if (far > reach || (far === reach && best >= 0)) continue
    reach = far
    best = at
  }
  return best
}

/** @param {Ready} state @param {PointerEvent} event */
function soonHover(state, event) {
  state.pointer = event
  state.looking ??= requestAnimationFrame(() => {
    state.looking = null
    if (!isReady(state) || state.fingers.size || state.moving || !state.pointer) return
    const begun = performance.now()
    const at = pointAt(state, state.pointer)
    state.root.dataset.hoverMs = (performance.now() - begun).toFixed(1)
    if (at !== state.hovered) showCard(state, at)
  })
}
