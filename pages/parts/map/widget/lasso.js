// Which points lie inside a polygon. By the even-odd rule, in the coordinates of the data, in double precision:
// anybody can compute it again from the polygon and the places.

/** @import { Drawing, Point } from "./types.d.ts" */

const BANDS = 512

/**
 * For each point 1 or 0. Each meets the edges of its own height only, as others cannot be crossed.
 * @param {Point[]} polygon @param {Float32Array} xs @param {Float32Array} ys
 */
export function insideOf(polygon, xs, ys) {
  const inside = new Uint8Array(xs.length)
  if (polygon.length < 3) return inside
  const corners = [polygon.map(([x]) => x), polygon.map(([, y]) => y)]
  const [left, low] = corners.map((all) => Math.min(...all))
  const [right, high] = corners.map((all) => Math.max(...all))
  const bandOf = (/** @type {number} */ y) => Math.min(BANDS - 1, Math.floor(((y - low) / (high - low || 1)) * BANDS))
  const bands = Array.from({ length: BANDS }, () => /** @type {number[]} */ ([]))
  polygon.forEach(([x, y], at) => {
    const [beforeX, beforeY] = polygon[(at || polygon.length) - 1]
    for (let band = bandOf(Math.min(y, beforeY)); band <= bandOf(Math.max(y, beforeY)); band++)
      bands[band].push(x, y, beforeX, beforeY)
  })
  for (let at = 0; at < xs.length; at++) {
    const x = xs[at]
    const y = ys[at]
    if (x < left || x > right || y < low || y > high) continue
    const edges = bands[bandOf(y)]
    for (let edge = 0; edge < edges.length; edge += 4) {
      const x1 = edges[edge]
      const y1 = edges[edge + 1]
      const x2 = edges[edge + 2]
      const y2 = edges[edge + 3]
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside[at] ^= 1
    }
  }
  return inside
}

/** @param {Drawing} drawing @returns {Point[]} */
export const outlineOf = ({ mode, points }) => (mode === "box" ? boxOf(points[0], points[1]) : points)

/** @param {Point} one corner @param {Point} other and the one across @returns {Point[]} */
export function boxOf([x1, y1], [x2, y2]) {
  // biome-ignore format: the four corners as one sees them
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
}
