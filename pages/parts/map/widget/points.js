// Points as pixels. Up to some 100,000 in view each is a disc; beyond, colours and counts are added up pixel by pixel
// and the sum is toned, so that a million points still tell where many lie. No WebGL: a server's browser may have none.
import { PREFIX } from "./arrays.js"
import { drawCrowd } from "./crowd.js"
import { placing } from "./geometry.js"

/** @import { Frame, Layer, Scene } from "./types.d.ts" */

const CROWD = 100_000
const PICKED_CROWD = 4_000 // picked ones on a crowd: as discs they would be a blot
const SUBPIXELS = 4
export const FADED = 0.2

/** The picture, how many points are in view, and which way they are drawn. @param {Scene} scene @param {Frame} frame */
export function paintPoints(scene, frame) {
  const { width, height } = frame
  const image = new ImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  const [red, green, blue] = scene.ground
  pixels.fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0)
  const n = scene.xs.length
  const until = frame.moving ? Math.min(n, PREFIX) : n
  const seen = countSeen(scene, frame, until)
  const weight = n / Math.max(1, until)
  const inView = Math.round((seen[0] + seen[1]) * weight)
  const isCrowd = inView > CROWD
  /** @param {number} which @param {number} count @param {number} strength @param {number} most of them are drawn as discs */
  const draw = (which, count, strength, most) => {
    const all = count * weight
    // Picked ones are a little larger, as far as there is room.
    const roomy = Math.max(frame.radius, Math.min(frame.radius + 0.8, radiusFor(all, 1)))
    const radius = which === 1 ? roomy : frame.radius
    const layer = { pixels, width, height, until, weight, frame, which, strength, radius }
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

/** How many points that are shown lie in view: not picked, and picked. @param {Scene} scene @param {Frame} frame @param {number} until */
function countSeen({ xs, ys, codes, hide, flags }, frame, until) {
  const { a, left, above } = placing(frame)
  const { width, height } = frame
  let [count, picked] = [0, 0]
  for (let at = 0; at < until; at++) {
    const x = xs[at] * a + left
    const y = above - ys[at] * a
    if (x < 0 || y < 0 || x >= width || y >= height || hide[codes[at]]) continue
    count++
    if (flags?.[at]) picked++
  }
  return [count - picked, picked]
}

/** @param {number} n @param {number} zoom */
export const radiusFor = (n, zoom) => Math.max(1.2, Math.min(5, 5 * (300 / Math.max(1, n)) ** 0.25 * zoom ** 0.3))

/** @param {Scene} scene @param {Layer} layer */
function drawDiscs(scene, layer) {
  const { xs, ys, codes, hide, colours, flags, ground, ink } = scene
  const { pixels, width, height, until, which, strength, frame } = layer
  const { a, left, above } = placing(frame)
  const radius = layer.radius * frame.scale
  const rimmed = Math.max(0, Math.min(1, 0.5 * (layer.radius - (which === 1 ? 1.5 : 2))))
  const sprites = spritesOf(radius, frame.scale * rimmed)
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

/** A disc at each place within its pixel: [dx, dy, how much it covers, how much of that is edge, ...]. @param {number} radius @param {number} edge */
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
