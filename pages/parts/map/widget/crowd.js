// Many points as one sum: colours and counts are added up pixel by pixel, and toned by how many lie there.
import { placing } from "./geometry.js"

/** @import { Layer, Scene } from "./types.d.ts" */

const TONES = 4096
let sums = new Float32Array(0)

/** @param {Scene} scene @param {Layer} layer */
export function drawCrowd(scene, layer) {
  const { width, height } = layer
  const size = 4 * width * height
  if (sums.length !== size) sums = new Float32Array(size)
  else sums.fill(0)
  addUp(scene, layer)
  soften(width, height)
  tone(layer)
}

/** Squares of the colours, close to adding light: the middle of red and green is not mud. @param {Scene} scene @param {Layer} layer */
function addUp({ xs, ys, codes, hide, colours, flags }, { width, height, until, which, frame }) {
  const { a, left, above } = placing(frame)
  for (let at = 0; at < until; at++) {
    const x = xs[at] * a + left
    const y = above - ys[at] * a
    if (x < 0 || y < 0 || x >= width || y >= height) continue
    const code = codes[at]
    if (hide[code] || (which >= 0 && flags?.[at] !== which)) continue
    const to = 4 * ((y | 0) * width + (x | 0))
    const colour = 3 * code
    sums[to] += colours[colour] * colours[colour]
    sums[to + 1] += colours[colour + 1] * colours[colour + 1]
    sums[to + 2] += colours[colour + 2] * colours[colour + 2]
    sums[to + 3] += 1
  }
}

/** Half of each point goes to its neighbours: a lone one is a soft dot and not a speck. @param {number} width @param {number} height */
function soften(width, height) {
  const row = 4 * width
  for (let y = 0; y < height; y++) softenLine(y * row, 4, width)
  const before = new Float32Array(row)
  for (let y = 0; y < height; y++) {
    const start = y * row
    const below = y + 1 < height ? start + row : -1
    for (let at = 0; at < row; at++) {
      const here = sums[start + at]
      const sum = before[at] + (below < 0 ? 0 : sums[below + at])
      before[at] = here
      if (sum !== 0) sums[start + at] = here + 0.5 * sum
    }
  }
}

/** @param {number} start @param {number} step @param {number} count */
function softenLine(start, step, count) {
  for (let channel = 0; channel < 4; channel++) {
    let before = 0
    for (let at = start + channel, left = count; left > 0; at += step, left--) {
      const here = sums[at]
      const sum = before + (left > 1 ? sums[at + step] : 0)
      before = here
      if (sum !== 0) sums[at] = here + 0.5 * sum
    }
  }
}

/** @param {Layer} layer */
function tone({ pixels, weight, strength }) {
  const full = Math.max(6, usualMost() * weight)
  const table = new Float32Array(TONES + 1)
  for (let at = 0; at <= TONES; at++) {
    const count = (at / TONES) * full
    table[at] = strength * Math.min(1, count) * (0.32 + (0.68 * Math.log1p(count)) / Math.log1p(full))
  }
  const index = (TONES * weight) / full
  for (let at = 0, from = 0; at < pixels.length; at++, from += 4) {
    const count = sums[from + 3]
    if (count === 0) continue
    const alpha = table[Math.min(TONES, ((count * index) | 0) + 1)]
    const rest = 1 - alpha
    const under = pixels[at]
    const red = rest * (under & 255) + alpha * Math.sqrt(sums[from] / count)
    const green = rest * ((under >> 8) & 255) + alpha * Math.sqrt(sums[from + 1] / count)
    const blue = rest * ((under >> 16) & 255) + alpha * Math.sqrt(sums[from + 2] / count)
    pixels[at] = (255 << 24) | (blue << 16) | (green << 8) | red
  }
}

/** How many lie on one of the fullest pixels, but for a hundredth of them. */
function usualMost() {
  const found = []
  for (let at = 3; at < sums.length; at += 4 * 29) if (sums[at] > 0) found.push(sums[at])
  if (!found.length) return 1
  const sorted = Float32Array.from(found).sort()
  return sorted[Math.floor(0.99 * (sorted.length - 1))]
}
