// What a map is made of: binary arrays over our own routes, fetched once and kept for the next page that shows them.
import { spread } from "./geometry.js"

/** @import { Data, Fetched, MapArrays } from "./types.d.ts" */

const KEPT_MAPS = 4
const KEPT_CODES = 12
export const UNKNOWN = 65535
export const PREFIX = 120_000 // as many are drawn while the hand moves
const CELLS = 128
/** @type {Map<string, Fetched<MapArrays>>} */
const maps = new Map()
/** @type {Map<string, Fetched<Uint16Array>>} */
const codings = new Map()

/** An entry that is used again moves to the end; the oldest go. @template T @param {Map<string, T>} store @param {string} key @param {() => T} make @param {number} most */
export function keepIn(store, key, make, most) {
  const entry = store.get(key) ?? make()
  store.delete(key)
  store.set(key, entry)
  for (const oldest of [...store.keys()].slice(0, -most)) store.delete(oldest)
  return entry
}

/**
 * What is on its way, to be asked for again where it fails; `shares` say how much has come, for those who wait.
 * @template T @param {Map<string, Fetched<T>>} store @param {string} key @param {(shares: number[]) => Promise<T>} obtain @param {number} most
 */
function fetched(store, key, obtain, most) {
  const make = () => {
    const shares = [0, 0]
    const entry = { key, shares, promise: obtain(shares) }
    entry.promise.catch(() => store.get(key) === entry && store.delete(key))
    return entry
  }
  return keepIn(store, key, make, most)
}

/** Places and ids of one map, ready to draw. @param {Data} data */
export function mapFor(data) {
  const obtain = async (/** @type {number[]} */ shares) => {
    const addresses = [data.places, data.ids]
    const [places, ids] = await Promise.all(addresses.map((one, at) => fetchArray(one, (come) => (shares[at] = come))))
    if (places.byteLength !== ids.byteLength)
      throw new Error("Places and images of this map do not fit each other. Load the page again.")
    return prepare(new Float32Array(places), new Float64Array(ids))
  }
  return fetched(maps, `${data.places} ${data.ids}`, obtain, KEPT_MAPS)
}

/**
 * The codes of a colouring, in the order in which this very map is drawn: the same map made again has another one.
 * @param {string} address empty where there is nothing to colour by @param {Fetched<MapArrays>} whole
 */
export function codesFor(address, whole) {
  const obtain = async (/** @type {number[]} */ shares) => {
    shares[0] = address ? 0 : 1
    const arrived = address ? fetchArray(address, (come) => (shares[0] = come)) : null
    const [buffer, map] = await Promise.all([arrived, whole.promise])
    const codes = new Uint16Array(map.n).fill(UNKNOWN)
    if (!buffer) return codes
    if (buffer.byteLength !== 2 * map.n) throw new Error("The colours do not fit this map. Load the page again.")
    const given = new Uint16Array(buffer)
    return codes.map((_, at) => given[map.order[at]])
  }
  return fetched(codings, `${whole.key} ${address}`, obtain, KEPT_CODES)
}

/**
 * Points are drawn, and thinned while the hand moves, in an order that is fair to all: no class always lies on top.
 * @param {Float32Array} places @param {Float64Array} ids @returns {MapArrays}
 */
export function prepare(places, ids) {
  const n = ids.length
  const order = neighboursTogether(shuffled(n), places)
  const [xs, ys] = [0, 1].map((axis) => new Float32Array(n).map((_, at) => places[2 * order[at] + axis]))
  return { n, ids, order, xs, ys, back: null }
}

/** Where each image of the map stands in the order of drawing. @param {MapArrays} map */
export function backOf(map) {
  if (!map.back) {
    map.back = new Uint32Array(map.n)
    for (let at = 0; at < map.n; at++) map.back[map.order[at]] = at
  }
  return map.back
}

/** The same for the same number, so that a map looks the same whenever it is opened. @param {number} n */
function shuffled(n) {
  const order = new Uint32Array(n).map((_, at) => at)
  let seed = 0x9e3779b9
  for (let at = n - 1; at > 0; at--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    const other = Math.floor((seed / 4294967296) * (at + 1))
    const one = order[at]
    order[at] = order[other]
    order[other] = one
  }
  return order
}

/**
 * Behind the first points, which stand for all while the hand moves, those of one region stand together: adding up a
 * million of them pixel by pixel is several times quicker when the next pixel is near the last one.
 * @param {Uint32Array} order @param {Float32Array} places
 */
function neighboursTogether(order, places) {
  const n = order.length
  if (n <= PREFIX) return order
  const [x, y] = [0, 1].map((axis) =>
    spread(Float32Array.from({ length: 20_000 }, (_, at) => places[2 * order[at] + axis])),
  )
  const cellOf = (/** @type {number} */ value, /** @type {{ low: number, high: number }} */ { low, high }) =>
    Math.max(0, Math.min(CELLS - 1, Math.floor(((value - low) / (high - low || 1)) * CELLS)))
  const starts = new Uint32Array(CELLS * CELLS + 1)
  const cells = new Uint16Array(n)
  for (let at = PREFIX; at < n; at++) {
    cells[at] = cellOf(places[2 * order[at] + 1], y) * CELLS + cellOf(places[2 * order[at]], x)
    starts[cells[at] + 1]++
  }
  starts[0] = PREFIX
  for (let cell = 1; cell < starts.length; cell++) starts[cell] += starts[cell - 1]
  const together = order.slice()
  for (let at = PREFIX; at < n; at++) together[starts[cells[at]]++] = order[at]
  return together
}

/** @param {string} address @param {(share: number) => void} onShare @param {RequestInit} [options] */
export async function fetchArray(address, onShare, options = {}) {
  const answer = await ask(address, options)
  const total = Number(answer.headers.get("Content-Length")) || 0
  if (!answer.body || !total || answer.headers.get("Content-Encoding")) return answer.arrayBuffer()
  const whole = new Uint8Array(total)
  const reader = answer.body.getReader()
  let come = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (come + value.length > total) throw new Error("More came than was announced. Try again.")
    whole.set(value, come)
    come += value.length
    onShare(come / total)
  }
  if (come < total) throw new Error("The connection broke off. Try again.")
  return whole.buffer
}

/** An answer that is fine, or an error in the words of the route. @param {string} address @param {RequestInit} options */
export async function ask(address, options) {
  const answer = await fetch(address, options).catch((error) => {
    throw isAbort(error) ? error : new Error("The server did not answer. See that it runs, then try again.")
  })
  if (answer.ok) return answer
  const said = (answer.headers.get("Content-Type") ?? "").startsWith("text/plain") ? (await answer.text()).trim() : ""
  throw new Error(said && said.length < 400 ? said : `The server answered with ${answer.status}. Load the page again.`)
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError"

/** @param {unknown} error */
export const reasonOf = (error) => (error instanceof Error ? error.message : String(error))
