// Mouse, touch and keys. Wheel zooms, dragging moves, lassoes or boxes; Shift+drag lassoes whatever the mode is.
const NEAR = 12 // pixels from a point that still count as on it
const STILL = 4 // pixels that a click may move
const STEP = 3 // pixels between two corners of a lasso
const PAN_KEYS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
const MODE_KEYS = { m: "move", l: "lasso", b: "box" }

function listen(state) {
  const { top } = state.canvases
  top.addEventListener("wheel", (event) => wheel(state, event), { passive: false })
  top.onpointerdown = (event) => down(state, event)
  top.onpointermove = (event) => moved(state, event)
  top.onpointerup = (event) => up(state, event)
  top.onpointercancel = () => letGo(state)
  top.onpointerleave = () => hideCard(state)
  top.ondblclick = (event) => pointAt(state, event) < 0 && fit(state)
  state.root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keyed(state, event)) return
    event.preventDefault()
    event.stopPropagation() // the same letters mean other things to other widgets
  }
}

function placeOf(state, event) {
  const box = state.canvases.top.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

// Alt adds to what is picked, Control takes away.
function howOf(event) {
  if (event.altKey) return "add"
  return event.ctrlKey || event.metaKey ? "less" : "new"
}

function isReady(state) {
  return Boolean(state.map?.n && state.codes && state.view)
}

function wheel(state, event) {
  if (!isReady(state)) return
  event.preventDefault()
  if (state.drawing) return
  const lines = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1
  const by = Math.max(-120, Math.min(120, event.deltaY * lines))
  zoomAt(state, ...placeOf(state, event), Math.exp(-by * (event.ctrlKey ? 0.01 : 0.0022)), true)
}

function down(state, event) {
  if (!isReady(state) || (event.pointerType === "mouse" && event.button !== 0)) return
  state.canvases.top.focus({ preventScroll: true })
  state.canvases.top.setPointerCapture(event.pointerId)
  hideCard(state)
  const at = placeOf(state, event)
  state.fingers.set(event.pointerId, at)
  if (state.fingers.size > 1) {
    state.drawing = null // two fingers zoom
    state.pressed = null
    return redrawTop(state)
  }
  state.pressed = { at, from: at, still: true }
  const mode = event.shiftKey ? "lasso" : state.mode
  if (mode !== "move") state.drawing = { mode, points: [at] }
  event.preventDefault()
}

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

function extend(drawing, at) {
  const last = drawing.points.at(-1)
  if (drawing.mode === "box") drawing.points = [drawing.points[0], at]
  else if (Math.hypot(at[0] - last[0], at[1] - last[1]) >= STEP) drawing.points.push(at)
}

function outlineOf({ mode, points }) {
  if (mode !== "box") return points
  const [[x1, y1], [x2, y2]] = points
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
}

function up(state, event) {
  const { pressed, drawing } = state
  letGo(state, event.pointerId)
  if (!pressed) return
  const how = howOf(event)
  if (pressed.still) {
    const at = pointAt(state, event)
    if (at >= 0) pickOne(state, at, how)
  } else if (drawing && drawing.points.length > 1) pickOutline(state, outlineOf(drawing), how)
}

function pickOutline(state, outline, how) {
  if (outline.length < 3) return
  pickInside(state, outline.map(([x, y]) => [dataX(state, x), dataY(state, y)]), how)
}

function letGo(state, finger) {
  if (finger === undefined) state.fingers.clear()
  else state.fingers.delete(finger)
  state.pressed = null
  state.drawing = null
  if (isReady(state)) redrawTop(state)
}

function pinch(state, finger, at) {
  const [one, other] = [...state.fingers.values()]
  const [middle, wide] = between2(one, other)
  state.fingers.set(finger, at)
  const [nowOne, nowOther] = [...state.fingers.values()]
  const [nowMiddle, nowWide] = between2(nowOne, nowOther)
  panBy(state, nowMiddle[0] - middle[0], nowMiddle[1] - middle[1], true)
  zoomAt(state, ...nowMiddle, nowWide / Math.max(1, wide), true)
}

function between2([x1, y1], [x2, y2]) {
  return [[(x1 + x2) / 2, (y1 + y2) / 2], Math.hypot(x2 - x1, y2 - y1)]
}

// --- keys ------------------------------------------------------------------------------------------------------------

function keyed(state, { key, shiftKey, target }) {
  if (key === "Escape") return state.drawing ? (letGo(state), true) : (clearPick(state), true)
  if (!isReady(state) || target.closest("input")) return false
  if (MODE_KEYS[key]) setMode(state, MODE_KEYS[key])
  else if (key === "0") fit(state)
  else if (key === "+" || key === "=") zoomAt(state, state.width / 2, state.height / 2, 1.4)
  else if (key === "-") zoomAt(state, state.width / 2, state.height / 2, 1 / 1.4)
  else if (target !== state.canvases.top) return false // arrows and Enter belong to the buttons
  else if (PAN_KEYS[key]) panBy(state, ...PAN_KEYS[key].map((by) => by * (shiftKey ? 200 : 50)), true)
  else if (key === "Enter") pickOutline(state, outlineOf({ mode: "box", points: [[0, 0], [state.width, state.height]] }), "new")
  else return false
  return true
}

// --- what the pointer is at ------------------------------------------------------------------------------------------

// The point nearest to the pointer, among those that are shown; a picture counts as its point.
function pointAt(state, event) {
  const [px, py] = placeOf(state, event)
  const over = pictureAt(state, px, py)
  return over >= 0 ? over : nearest(state, px, py)
}

function nearest(state, px, py) {
  const { map: { n, xs, ys }, hide, codes, view: { k } } = state
  const [x, y] = [dataX(state, px), dataY(state, py)]
  let reach = NEAR / k
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

function hideCard(state) {
  state.pointer = null
  if (state.hovered >= 0) showCard(state, -1)
}

function showCard(state, at) {
  state.hovered = at
  const { card, map } = state
  redrawTop(state)
  card.root.hidden = at < 0
  state.canvases.top.style.cursor = at >= 0 ? "pointer" : ""
  if (at < 0) return delete state.root.dataset.hover
  state.root.dataset.hover = map.ids[map.order[at]]
  card.title.textContent = wordsOf(state, at)
  card.picture.hidden = !state.data.thumb
  card.picture.onerror = () => (card.picture.hidden = true)
  if (state.data.thumb) card.picture.src = addressOf(state, at)
  const [x, y] = [screenX(state, map.xs[at]), screenY(state, map.ys[at])]
  const [wide, tall] = [160, 190]
  card.root.style.left = `${x + 16 + wide > state.width ? Math.max(0, x - 16 - wide) : x + 16}px`
  card.root.style.top = `${Math.max(0, Math.min(y - 20, state.height - tall))}px`
}
