// The order in which points of a map are drawn, and how many of them are counted as seen.
import assert from "node:assert/strict"
import { test } from "node:test"
import { backOf, keepIn, PREFIX, prepare } from "../../pages/parts/map/widget/arrays.js"
import { paintPoints } from "../../pages/parts/map/widget/points.js"
import { randomOf } from "./random.js"

globalThis.ImageData = class {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) })
  }
}

const FEW = [0, 1, 2, 17, 1000]
const MANY = PREFIX + 30_000 // from here on neighbours stand together

function mapOf(n, seed = 4) {
  const next = randomOf(seed)
  return prepare(
    Float32Array.from({ length: 2 * n }, next),
    Float64Array.from({ length: n }, (_, at) => 3 * at + 1),
  )
}

test("the order is a permutation, the same each time, and places follow it", () => {
  for (const n of [...FEW, PREFIX, MANY]) {
    const map = mapOf(n)
    assert.deepEqual(
      map.order.slice().sort(),
      Uint32Array.from({ length: n }, (_, at) => at),
    )
    assert.deepEqual(mapOf(n).order, map.order)
    const back = backOf(map)
    assert.ok(map.order.every((place, at) => back[place] === at))
    const next = randomOf(4)
    const places = Float32Array.from({ length: 2 * n }, next)
    assert.ok(map.order.every((place, at) => map.xs[at] === places[2 * place] && map.ys[at] === places[2 * place + 1]))
  }
})

test("the order does not follow the folder: each tenth of it has its share of the first points", () => {
  const { order } = mapOf(10_000)
  const tenths = new Array(10).fill(0)
  for (const place of order.subarray(0, 1000)) tenths[Math.floor(place / 1000)] += 1
  for (const count of tenths) assert.ok(count > 60 && count < 140, `${tenths}`)
})

test("the first points are the same fair ones where there are many, and the rest lie beside each other", () => {
  const [map, elsewhere] = [mapOf(MANY), mapOf(MANY, 5)]
  assert.deepEqual(map.order.subarray(0, PREFIX), elsewhere.order.subarray(0, PREFIX))
  assert.notDeepEqual(map.order, elsewhere.order)
  const step = (from, until) => {
    let sum = 0
    for (let at = from + 1; at < until; at++) sum += Math.abs(map.ys[at] - map.ys[at - 1])
    return sum / (until - from - 1)
  }
  assert.ok(step(PREFIX, MANY) < step(0, PREFIX) / 20)
})

test("of what is kept the one that was used longest ago goes", () => {
  const store = new Map()
  for (const key of ["a", "b", "a", "c", "d"]) keepIn(store, key, () => key, 3)
  assert.deepEqual([...store.keys()], ["a", "c", "d"])
  assert.equal(
    keepIn(store, "a", () => "new", 3),
    "a",
  )
  assert.equal(
    keepIn(store, "b", () => "new", 3),
    "new",
  )
})

const BLACK = [0, 0, 0]
const WHITE = [255, 255, 255]

/** Points at random from -1 to 1, a third of which have the code 1, in red. */
function sceneOf(n, { hidden = false, flags = null } = {}) {
  const next = randomOf(6)
  const [xs, ys] = [0, 1].map(() => Float32Array.from({ length: n }, () => 2 * next() - 1))
  const codes = Uint16Array.from({ length: n }, (_, at) => (at % 3 ? 0 : 1))
  const colours = Uint8Array.of(0, 0, 255, 255, 0, 0)
  return { xs, ys, codes, colours, flags, hide: Uint8Array.of(0, Number(hidden)), ground: BLACK, ink: WHITE }
}

function frameOf(more = {}) {
  return { view: { x: 0, y: 0, k: 100 }, width: 100, height: 80, scale: 1, radius: 2, moving: false, ...more }
}

/** How many points lie within half of the frame from its middle. */
function counted({ xs, ys, codes, hide }, { view, width, height, scale }) {
  const a = view.k * scale
  const isSeen = (x, at) => Math.abs((x - view.x) * a) < width / 2 && Math.abs((ys[at] - view.y) * a) < height / 2
  return [...xs].filter((x, at) => isSeen(x, at) && !hide[codes[at]]).length
}

test("those in view are counted, without those that are hidden, picked or not", () => {
  const flags = Uint8Array.from({ length: 5000 }, (_, at) => Number(at % 7 === 0))
  for (const hidden of [false, true]) {
    for (const held of [null, flags]) {
      const scene = sceneOf(5000, { hidden, flags: held })
      for (const frame of [
        frameOf(),
        frameOf({ view: { x: 0.3, y: -0.4, k: 170 } }),
        frameOf({ scale: 2, width: 200, height: 160 }),
        frameOf({ view: { x: 9, y: 9, k: 100 } }),
      ]) {
        const found = paintPoints(scene, frame)
        assert.deepEqual([found.inView, found.way], [counted(scene, frame), "discs"])
        assert.equal(found.image.data.length, 4 * frame.width * frame.height)
      }
    }
  }
  assert.equal(paintPoints(sceneOf(0), frameOf()).inView, 0)
})

test("a fair part stands for all while the hand moves, and a crowd is summed", () => {
  const scene = sceneOf(2 * PREFIX)
  const [still, moving] = [frameOf(), frameOf({ moving: true })]
  const whole = counted(scene, still)
  const whileMoving = paintPoints(scene, moving).inView
  assert.equal(paintPoints(scene, still).inView, whole)
  assert.ok(whileMoving !== whole && Math.abs(whileMoving - whole) < 0.02 * whole)
  const near = frameOf({ view: { x: 0, y: 0, k: 40 } }) // all of them
  assert.deepEqual([paintPoints(scene, near).inView, paintPoints(scene, near).way], [2 * PREFIX, "density"])
})

/** @param {{ image: { data: Uint8ClampedArray, width: number } }} painted */
function pixel({ image }, x, y) {
  return [...image.data.subarray(4 * (y * image.width + x), 4 * (y * image.width + x) + 3)]
}

test("a point is painted where it lies, in its colour, and nothing else is", () => {
  const one = { ...sceneOf(1), xs: Float32Array.of(0.2), ys: Float32Array.of(0.3), codes: Uint16Array.of(1) }
  const painted = paintPoints(one, frameOf())
  assert.deepEqual(pixel(painted, 70, 10), [255, 0, 0]) // 20 to the right of the middle, 30 above it
  assert.deepEqual(pixel(painted, 70, 70), BLACK)
  const bright = [...painted.image.data].filter((value, at) => at % 4 !== 3 && value > 0)
  assert.ok(bright.length > 0 && bright.length < 40)
  assert.ok([...painted.image.data].every((value, at) => at % 4 !== 3 || value === 255))
  assert.deepEqual(pixel(paintPoints({ ...one, hide: Uint8Array.of(0, 1) }, frameOf()), 70, 10), BLACK)
  const faded = pixel(paintPoints({ ...one, flags: Uint8Array.of(0) }, frameOf()), 70, 10)
  assert.ok(faded[0] > 20 && faded[0] < 100, "what is not picked is faded")
})
