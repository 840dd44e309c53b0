// Which part of the plane is seen: its middle (x, y) and k, the pixels of the page per unit. y points upwards.
const MARGIN = 40 // room for half a picture
const FAR = 2.5 // the whole extent has to be so many times that of most points before a few are left outside
const DEEPEST = 5000 // times the fit

function screenX(state, x) {
  return (x - state.view.x) * state.view.k + state.width / 2
}

function screenY(state, y) {
  return state.height / 2 - (y - state.view.y) * state.view.k
}

function dataX(state, px) {
  return state.view.x + (px - state.width / 2) / state.view.k
}

function dataY(state, py) {
  return state.view.y - (py - state.height / 2) / state.view.k
}

// From where to where points lie: all of them, and most of them. Of each side, 0.5 % and at least one may be far off.
function extentOf(map) {
  if (!map.extent) {
    const [x, y] = [spread(map.xs), spread(map.ys)]
    const isFar = [x, y].some((one) => one.high - one.low > 0 && one.most - one.least > FAR * (one.high - one.low))
    map.extent = { all: [x.least, x.most, y.least, y.most], most: isFar ? [x.low, x.high, y.low, y.high] : null }
  }
  return map.extent
}

function spread(values) {
  let [least, most] = [Infinity, -Infinity]
  for (let at = 0; at < values.length; at++) {
    if (values[at] < least) least = values[at]
    if (values[at] > most) most = values[at]
  }
  const some = values.slice(0, 20_000).sort() // the order is a fair one already
  const cut = some.length < 8 ? 0 : Math.max(1, Math.ceil(0.005 * some.length))
  const [low, high] = [some[cut], some[some.length - 1 - cut]]
  const wider = 0.12 * (high - low)
  return { least, most, low: Math.max(least, low - wider), high: Math.min(most, high + wider) }
}

// The view that shows these bounds. Where all is in one place, any scale will do.
function viewOf(state, [left, right, low, high]) {
  const [wide, tall] = [right - left, high - low]
  const room = (size) => Math.max(20, size - 2 * MARGIN)
  const scales = [wide > 0 ? room(state.width) / wide : Infinity, tall > 0 ? room(state.height) / tall : Infinity]
  const k = Math.min(...scales)
  return { x: (left + right) / 2, y: (low + high) / 2, k: Number.isFinite(k) ? k : 1 }
}

function fitView(state) {
  const { all, most } = extentOf(state.map)
  return viewOf(state, most ?? all)
}

function fit(state, all = false) {
  state.fitted = !all
  setView(state, all ? viewOf(state, extentOf(state.map).all) : fitView(state), { fitting: true })
}

function setView(state, view, { fitting = false, told = false, moving = false } = {}) {
  state.view = view
  if (!fitting) state.fitted = false
  state.map.lastView = { view, fitted: state.fitted }
  if (!told) tellOthers(state, "imclust-map-view", { view, fitted: state.fitted, moving })
  hideCard(state)
  drawStrip(state)
  redraw(state, moving)
}

function zoomAt(state, px, py, by, moving = false) {
  const base = fitView(state).k
  const k = Math.max(Math.min(base, viewOf(state, extentOf(state.map).all).k) / 4, Math.min(base * DEEPEST, state.view.k * by))
  const [x, y] = [dataX(state, px), dataY(state, py)]
  setView(state, { x: x - (px - state.width / 2) / k, y: y + (py - state.height / 2) / k, k }, { moving })
}

function panBy(state, dx, dy, moving = false) {
  const { x, y, k } = state.view
  setView(state, { x: x - dx / k, y: y + dy / k, k }, { moving })
}

// How many points lie outside of what "Fit" shows.
function countFar(state) {
  const { map } = state
  const { most } = extentOf(map)
  if (!most) return 0
  if (map.far === undefined) {
    const [left, right, low, high] = most
    map.far = 0
    for (let at = 0; at < map.n; at++) {
      if (map.xs[at] < left || map.xs[at] > right || map.ys[at] < low || map.ys[at] > high) map.far++
    }
  }
  return map.far
}

// Tell the other widgets on this page that show the same map.
function tellOthers(state, event, detail) {
  document.dispatchEvent(new CustomEvent(event, { detail: { ...detail, map: state.data.map_id, from: state } }))
}
