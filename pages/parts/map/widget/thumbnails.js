// Thumbnails on the map, in the place of dots: never one upon another. Each is fetched when it is wanted, a few at a time.
import { element } from "../../kit/elements.js"
import { keepIn, PREFIX } from "./arrays.js"
import { toScreen } from "./geometry.js"

/** @import { Placed, Ready } from "./types.d.ts" */

const POINTS_EACH = 3 // points in view for each picture, beyond which they stay points
const PICTURES_KEPT = 800
const LANES = 5
const SOME = 400 // with so few in view, pictures take the place of dots
const SMALL = 44
const LARGE = 72
const GAP = 3
const LOOKED_AT = 250_000 // points that are tried for a place, when the hand rests
/** What was fetched, cut and made small; null for what is on its way or cannot be had. @type {Map<string, HTMLCanvasElement | null>} */
const pictures = new Map()

/** @param {Ready} state @param {number} at */
export const addressOf = (state, at) => state.data.thumb.replace("{id}", String(state.map.ids[state.map.order[at]]))

/** Where pictures go: picked ones first, then those that were there, then others wherever there is room. @param {Ready} state */
export function placePictures(state) {
  const { map, width, height, hide, codes } = state
  const near = state.inView <= Math.max(SOME, (width * height) / (2 * SMALL * SMALL))
  if (state.pictures === "never" || !state.data.thumb || (state.pictures === "near" && !near)) return []
  const fair = Math.sqrt((width * height) / (2.2 * Math.max(1, state.inView)))
  const side = Math.round(Math.max(SMALL, Math.min(LARGE, fair)))
  const cell = side + GAP
  const columns = Math.ceil(width / cell) + 3
  const taken = new Map()
  /** @type {Placed[]} */
  const placed = []
  const drawn = new Set()
  const place = (/** @type {number} */ at) => {
    if (at >= map.n || hide[codes[at]] || drawn.has(at)) return
    const [x, y] = toScreen(state, map.xs[at], map.ys[at])
    if (x < 0 || y < 0 || x > width || y > height) return
    const spot = (Math.floor(y / cell) + 1) * columns + Math.floor(x / cell) + 1
    for (const other of [0, -1, 1, -columns, columns, -columns - 1, -columns + 1, columns - 1, columns + 1]) {
      const there = taken.get(spot + other)
      if (there && Math.abs(there.x - x) < cell && Math.abs(there.y - y) < cell) return
    }
    const found = { at, x, y, side }
    taken.set(spot, found)
    placed.push(found)
    drawn.add(at)
  }
  const until = Math.min(map.n, state.moving ? PREFIX / 4 : LOOKED_AT)
  const isPicked = (/** @type {number} */ at) => state.flags?.[at] === 1
  const before = state.placed.map(({ at }) => at)
  before.filter(isPicked).forEach(place)
  if (state.flags) for (let at = 0; at < until; at++) if (isPicked(at)) place(at)
  before.forEach(place)
  for (let at = 0; at < until; at++) place(at)
  // Where most would have no room, a picture upon a tight group hides more than it shows.
  return state.pictures === "near" && placed.length * POINTS_EACH < state.inView ? [] : placed
}

/** whenThere: called for each that has come. @param {Ready} state @param {CanvasRenderingContext2D} pen @param {number} scale @param {() => void} whenThere */
export function drawPictures(state, pen, scale, whenThere) {
  for (const { at, x, y, side } of state.placed) {
    const address = addressOf(state, at)
    const ready = pictures.get(address)
    if (!ready) continue
    const chosen = state.flags ? state.flags[at] === 1 : false
    const colour = 3 * state.codes[at]
    const [red, green, blue] = state.colours.subarray(colour, colour + 3)
    const half = side / 2
    const edge = chosen ? 4 : 2.5
    pen.globalAlpha = 1
    pen.fillStyle = state.groundText // what is faded shows the ground, and not dots below it
    pen.fillRect(x - half, y - half, side, side)
    pen.globalAlpha = state.flags && !chosen ? 0.3 : 1
    pen.lineWidth = edge
    pen.strokeStyle = `rgb(${red} ${green} ${blue})`
    pen.strokeRect(x - half + edge / 2, y - half + edge / 2, side - edge, side - edge)
    pen.drawImage(ready, x - half + edge, y - half + edge, side - 2 * edge, side - 2 * edge)
    if (chosen) {
      pen.lineWidth = 1.5
      pen.strokeStyle = state.inkText
      pen.strokeRect(x - half - 0.5, y - half - 0.5, side + 1, side + 1)
    }
  }
  pen.globalAlpha = 1
  fetchPictures(state, Math.round(LARGE * scale), whenThere)
}

/** The picture under the pointer, -1 for none. @param {Ready} state @param {number} px @param {number} py */
export function pictureAt(state, px, py) {
  const isHere = (/** @type {Placed} */ { at, x, y, side }) => {
    const there = Math.abs(x - px) <= side / 2 && Math.abs(y - py) <= side / 2
    return there && Boolean(pictures.get(addressOf(state, at)))
  }
  return state.placed.find(isHere)?.at ?? -1
}

/** A few at a time, those that are wanted by then. @param {Ready} state @param {number} side @param {() => void} whenThere */
function fetchPictures(state, side, whenThere) {
  state.waiting = state.placed.map(({ at }) => addressOf(state, at)).filter((address) => !pictures.has(address))
  const lane = async () => {
    for (let next = state.waiting.shift(); next && state.root.isConnected; next = state.waiting.shift()) {
      if (pictures.has(next)) continue
      await fetchPicture(next, side)
      whenThere()
    }
    state.lanes--
  }
  while (state.lanes < LANES && state.waiting.length) {
    state.lanes++
    lane()
  }
}

/**
 * Cut square and made small once: drawing hundreds of large ones at each step of the hand would be slow. One that cannot
 * be had stays a dot.
 * @param {string} address @param {number} side
 */
async function fetchPicture(address, side) {
  keepIn(pictures, address, () => null, PICTURES_KEPT)
  const image = element("img", { src: address })
  const [loaded] = await Promise.allSettled([image.decode()])
  const small = element("canvas", { width: side, height: side })
  const pen = small.getContext("2d")
  if (!pen || loaded.status === "rejected" || !pictures.has(address)) return
  const { naturalWidth: width, naturalHeight: height } = image
  const least = Math.min(width, height)
  pen.imageSmoothingQuality = "high"
  pen.drawImage(image, (width - least) / 2, (height - least) / 2, least, least, 0, 0, side, side)
  pictures.set(address, small)
}
