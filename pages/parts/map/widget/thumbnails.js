// Thumbnails on the map, in the place of dots: never one upon another. Each is fetched when it is wanted, a few at a time.
import { keepIn, PREFIX } from "./arrays.js"
import { screenX, screenY } from "./geometry.js"

/** @import { Placed, Ready } from "./types.d.ts" */

const POINTS_EACH = 3 // points in view for each picture, beyond which they stay points
const PICTURES_KEPT = 800
const LANES = 5
const SOME = 400 // with so few in view, pictures take the place of dots
const SMALL = 44
const LARGE = 72
const GAP = 3
const LOOKED_AT = 250_000 // points that are tried for a place, when the hand rests
/** What was fetched, cut and made small; null for what is on its way or cannot be had. @type {Map<string, { picture: HTMLCanvasElement | null }>} */
const pictures = new Map()

/** @param {Ready} state @param {number} at */
export function addressOf(state, at) {
  return state.data.thumb.replace("{id}", String(state.map.ids[state.map.order[at]]))
}

/**
 * Where pictures go: picked ones first, then those that were there, then others wherever there is room.
 * @param {Ready} state
 */
export function placePictures(state) {
  const { map, width, height, hide, codes } = state
  const near = state.inView <= Math.max(SOME, (width * height) / (2 * SMALL * SMALL))
  if (state.pictures === "never" || !state.data.thumb || (state.pictures === "near" && !near)) return []
  const side = Math.round(
    Math.max(SMALL, Math.min(LARGE, Math.sqrt((width * height) / (2.2 * Math.max(1, state.inView))))),
  )
  const cell = side + GAP
  const columns = Math.ceil(width / cell) + 3
  const taken = new Map()
  /** @type {Placed[]} */
  const placed = []
  const drawn = new Set()
  const place = (/** @type {number} */ at) => {
    if (at >= map.n || hide[codes[at]] || drawn.has(at)) return
    const x = screenX(state, map.xs[at])
    const y = screenY(state, map.ys[at])
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
    const ready = pictures.get(address)?.picture
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

/**
 * The picture under the pointer, if any; the last drawn lies on top, though none should overlap.
 * @param {Ready} state @param {number} px @param {number} py
 */
export function pictureAt(state, px, py) {
  const isHere = (/** @type {Placed} */ { at, x, y, side }) => {
    const there = Math.abs(x - px) <= side / 2 && Math.abs(y - py) <= side / 2
    return there && Boolean(pictures.get(addressOf(state, at))?.picture)
  }
  return state.placed.find(isHere)?.at ?? -1
}

/** @param {Ready} state @param {number} side @param {() => void} whenThere */
function fetchPictures(state, side, whenThere) {
  state.waiting = state.placed.filter(({ at }) => !pictures.has(addressOf(state, at)))
  while (state.lanes < LANES && state.waiting.length) {
    state.lanes++
    nextPicture(state, side, whenThere)
  }
}

/** @param {Ready} state @param {number} side @param {() => void} whenThere */
function nextPicture(state, side, whenThere) {
  let next
  do next = state.waiting.shift()
  while (next && pictures.has(addressOf(state, next.at)))
  if (!next || !state.root.isConnected) {
    state.lanes--
    return
  }
  fetchPicture(addressOf(state, next.at), side).then(() => {
    whenThere()
    nextPicture(state, side, whenThere)
  })
}

/**
 * Cut square and made small once: drawing hundreds of large ones at each step of the hand would be slow. One that cannot
 * be had stays a dot.
 * @param {string} address @param {number} side
 */
async function fetchPicture(address, side) {
  const make = () => ({ picture: /** @type {HTMLCanvasElement | null} */ (null) })
  const entry = keepIn(pictures, address, make, PICTURES_KEPT)
  const image = new Image()
  image.src = address
  try {
    await image.decode()
  } catch {
    return
  }
  const small = document.createElement("canvas")
  small.width = small.height = side
  const least = Math.min(image.naturalWidth, image.naturalHeight)
  const [left, upper] = [(image.naturalWidth - least) / 2, (image.naturalHeight - least) / 2]
  const pen = small.getContext("2d")
  if (!pen) return
  pen.imageSmoothingQuality = "high"
  pen.drawImage(image, left, upper, least, least, 0, 0, side, side)
  entry.picture = small
}
