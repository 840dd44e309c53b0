// Points as pixels. Up to some 100,000 in view each is a disc; beyond, colours and counts are added up pixel by pixel
// and the sum is toned, so that a million points still tell where many lie. No WebGL: a server's browser may have none.
import { PREFIX } from "./arrays.js"

/** @import { Frame, Layer, Scene } from "./types.d.ts" */

const CROWD = 100_000
const PICKED_CROWD = 4_000 // picked ones on a crowd: as discs they would be a blot
const SUBPIXELS = 4
export const FADED = 0.2
const TONES = 4096
let sums = new Float32Array(0)

/**
 * scene: {xs, ys, codes, hide, colours, flags or null, ground, ink}; frame: {view, width, height (pixels), scale (pixels
 * per pixel of the page), radius, moving}. Answers {image, inView, way}.
 * @param {Scene} scene @param {Frame} frame
 */
export function paintPoints(scene, frame) {
  const { width, height } = frame
  const image = new ImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  pixels.fill(packed(scene.ground))
  const n = scene.xs.length
  const until = frame.moving ? Math.min(n, PREFIX) : n
  const seen = countSeen(scene, frame, until)
  const weight = n / Math.max(1, until)
  const where = { pixels, width, height, until, weight, frame }
  const inView = Math.round((seen[0] + seen[1]) * weight)
  const isCrowd = inView > CROWD
  /** @param {number} which @param {number} count @param {number} strength @param {number} most of them are drawn as discs */
  const draw = (which, count, strength, most) => {
    const all = count * weight
    const layer = { ...where, which, strength, radius: radiusOf(which, all, frame) }
    if (count && isCrowd && all > most) drawCrowd(scene, layer)
    else if (count) drawDiscs(scene, layer)
  }
  if (!scene.flags) draw(-1, inView, 1, CROWD)
  else {
    draw(0, seen[0], FADED, 0)
    draw(1, seen[1], 1, PICKED_CROWD)
  }
  return { image, inView, way: isCrowd ? "density" : "discs" }
}

/** @param {number[]} colour */
function packed([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
}

/** From the plane to pixels: x * a + left, above - y * a. @param {Frame} frame */
function placing({ view, width, height, scale }) {
  const a = view.k * scale
  return { a, left: width / 2 - view.x * a, above: height / 2 + view.y * a }
}

/**
 * How many points that are shown lie in view: not picked, and picked.
 * @param {Scene} scene @param {Frame} frame @param {number} until
 */
function countSeen({ xs, ys, codes, hide, flags }, frame, until) {
  const { a, left, above } = placing(frame)
  const { width, height } = frame
  const seen = [0, 0]
  let [count, picked] = [0, 0]
  for (let at = 0; at < until; at++) {
    const x = xs[at] * a + left
    const y = above - ys[at] * a
    if (x < 0 || y < 0 || x >= width || y >= height || hide[codes[at]]) continue
    count++
    if (flags?.[at]) picked++
  }
  seen[0] = count - picked
  seen[1] = picked
  return seen
}

/** @param {Scene} scene @param {Layer} layer */
function drawCrowd(scene, layer) {
  const { width, height } = layer
  const size = 4 * width * height
  if (sums.length !== size) sums = new Float32Array(size)
  else sums.fill(0)
  addUp(scene, layer)
  soften(width, height)
  tone(layer)
}

/**
 * Squares of the colours, which is close to adding light: the middle of red and green is not mud.
 * @param {Scene} scene @param {Layer} layer
 */
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

/**
 * Half of each point goes to its neighbours: a lone one is a soft dot and not a speck.
 * @param {number} width @param {number} height
 */
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

/** @param {number} n @param {number} zoom */
export function radiusFor(n, zoom) {
  return Math.max(1.2, Math.min(5, 5 * (300 / Math.max(1, n)) ** 0.25 * zoom ** 0.3))
}

/**
 * Picked ones are a little larger, as far as there is room.
 * @param {number} which @param {number} count @param {Frame} frame
 */
function radiusOf(which, count, frame) {
  if (which !== 1) return frame.radius
  return Math.max(frame.radius, Math.min(frame.radius + 0.8, radiusFor(count, 1)))
}

/** @param {Scene} scene @param {Layer} layer */
function drawDiscs(scene, layer) {
  const { xs, ys, codes, hide, colours, flags, ground, ink } = scene
  const { pixels, width, height, until, which, strength, frame } = layer
  const { a, left, above } = placing(frame)
  const radius = layer.radius * frame.scale
  const sprites = spritesOf(
    radius,
    frame.scale * Math.max(0, Math.min(1, 0.5 * (layer.radius - (which === 1 ? 1.5 : 2)))),
  )
  const edge = which === 1 ? ink : ground
  const reach = Math.ceil(radius) + 1
  for (let at = until - 1; at >= 0; at--) {
    const x = xs[at] * a + left
    const y = above - ys[at] * a
    if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) continue
    const code = codes[at]
    if (hide[code] || (which >= 0 && flags?.[at] !== which)) continue
    const px = Math.floor(x)
    const py = Math.floor(y)
    const sprite = sprites[Math.floor((y - py) * SUBPIXELS) * SUBPIXELS + Math.floor((x - px) * SUBPIXELS)]
    const red = colours[3 * code]
    const green = colours[3 * code + 1]
    const blue = colours[3 * code + 2]
    for (let part = 0; part < sprite.length; part += 4) {
      const tx = px + sprite[part]
      const ty = py + sprite[part + 1]
      if (tx < 0 || ty < 0 || tx >= width || ty >= height) continue
      const to = ty * width + tx
      const alpha = sprite[part + 2] * strength
      const rest = 1 - alpha
      const rim = alpha * sprite[part + 3]
      const own = alpha - rim
      const under = pixels[to]
      const r = rest * (under & 255) + own * red + rim * edge[0]
      const g = rest * ((under >> 8) & 255) + own * green + rim * edge[1]
      const b = rest * ((under >> 16) & 255) + own * blue + rim * edge[2]
      pixels[to] = (255 << 24) | (b << 16) | (g << 8) | r
    }
  }
}

/**
 * A disc at each place within its pixel, as [dx, dy, how much it covers, how much of that is edge, ...].
 * @param {number} radius @param {number} edge
 */
function spritesOf(radius, edge) {
  const reach = Math.ceil(radius) + 1
  const sprites = []
  for (let place = 0; place < SUBPIXELS * SUBPIXELS; place++) {
    const cx = ((place % SUBPIXELS) + 0.5) / SUBPIXELS
    const cy = (Math.floor(place / SUBPIXELS) + 0.5) / SUBPIXELS
    const sprite = []
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const distance = Math.hypot(dx + 0.5 - cx, dy + 0.5 - cy)
        const cover = Math.max(0, Math.min(1, radius + 0.5 - distance))
        const rim = edge ? Math.max(0, Math.min(1, distance - (radius - edge) + 0.5)) * 0.75 : 0
        if (cover > 0) sprite.push(dx, dy, cover, rim)
      }
    }
    sprites.push(Float32Array.from(sprite))
  }
  return sprites
}
