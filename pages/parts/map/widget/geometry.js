// Which part of the plane is seen: its middle (x, y) and k, the pixels of the page per unit. y points upwards.

/** @import { Frame, MapArrays, Point, View } from "./types.d.ts" */
/** @typedef {{ width: number, height: number }} Size */
/** @typedef {Size & { view: View }} Seen */

const MARGIN = 40 // room for half a picture
const FAR = 2.5 // the whole extent has to be so many times that of most points before a few are left outside

/** @param {Seen} state @param {number} x @param {number} y @returns {Point} */
export function toScreen({ view, width, height }, x, y) {
  return [(x - view.x) * view.k + width / 2, height / 2 - (y - view.y) * view.k]
}

/** @param {Seen} state @param {number} px @param {number} py @returns {Point} */
export function toData({ view, width, height }, px, py) {
  return [view.x + (px - width / 2) / view.k, view.y - (py - height / 2) / view.k]
}

/** From the plane to pixels of a picture: x * a + left, above - y * a. @param {Frame} frame */
export function placing({ view, width, height, scale }) {
  const a = view.k * scale
  return { a, left: width / 2 - view.x * a, above: height / 2 + view.y * a }
}

/**
 * From where to where points lie: all of them, and most of them. Of each side, 0.5 % and at least one may be far off.
 * @param {MapArrays} map
 */
export function extentOf(map) {
  if (!map.extent) {
    const [x, y] = [spread(map.xs), spread(map.ys)]
    const isFar = [x, y].some((one) => one.high - one.low > 0 && one.most - one.least > FAR * (one.high - one.low))
    map.extent = { all: [x.least, x.most, y.least, y.most], most: isFar ? [x.low, x.high, y.low, y.high] : null }
  }
  return map.extent
}

/** @param {Float32Array} values */
export function spread(values) {
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

/** The view that shows these bounds; where all is in one place, any scale will do. @param {Size} size @param {number[]} bounds */
export function viewOf({ width, height }, [left, right, low, high]) {
  const [wide, tall] = [right - left, high - low]
  const room = (/** @type {number} */ size) => Math.max(20, size - 2 * MARGIN)
  const scales = [wide > 0 ? room(width) / wide : Infinity, tall > 0 ? room(height) / tall : Infinity]
  const k = Math.min(...scales)
  return { x: (left + right) / 2, y: (low + high) / 2, k: Number.isFinite(k) ? k : 1 }
}

/** @param {MapArrays} map @param {Size} size */
export function fitView(map, size) {
  const { all, most } = extentOf(map)
  return viewOf(size, most ?? all)
}

/** How many points lie outside of what "Fit" shows. @param {MapArrays} map */
export function countFar(map) {
  const { most } = extentOf(map)
  if (!most) return 0
  if (map.far === undefined) {
    const [left, right, low, high] = most
    const isFar = (/** @type {number} */ x, /** @type {number} */ y) => x < left || x > right || y < low || y > high
    map.far = map.xs.reduce((sum, x, at) => sum + Number(isFar(x, map.ys[at])), 0)
  }
  return map.far
}
