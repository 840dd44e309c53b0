// Where points of a map are seen: there and back, all of them at the start, and zooming about the pointer.
import assert from "node:assert/strict"
import { test } from "node:test"
import { prepare } from "../../pages/parts/map/widget/arrays.js"
import { countFar, extentOf, fitView, toData, toScreen, viewOf } from "../../pages/parts/map/widget/geometry.js"
import { panBy, zoomAt } from "../../pages/parts/map/widget/view.js"
import { randomOf } from "./random.js"

const next = randomOf(3)
const SIZES = [
  [700, 500],
  [320, 900],
  [90, 60],
].map(([width, height]) => ({ width, height }))

function mapOf(n, x = () => 20 * next() - 10, y = () => 2 * next()) {
  const places = Float32Array.from({ length: 2 * n }, (_, at) => (at % 2 ? y(at >> 1) : x(at >> 1)))
  return prepare(
    places,
    Float64Array.from({ length: n }, (_, at) => at + 1),
  )
}

/** @param {number} one @param {number} other */
function near(one, other, within = 1e-6) {
  assert.ok(Math.abs(one - other) <= within * Math.max(1, Math.abs(other)), `${one} is not ${other}`)
}

test("from pixels to data and back one comes to the same place, and y points upwards", () => {
  for (const size of SIZES) {
    for (const k of [1e-4, 1, 3000]) {
      const seen = { ...size, view: { x: 3, y: -5, k } }
      for (const at of [-50, 0, 123.25, 800]) {
        const [px, py] = toScreen(seen, ...toData(seen, at, at + 7))
        near(px, at)
        near(py, at + 7)
      }
      const [middle, origin, beyond] = [
        [3, -5],
        [0, 0],
        [1, 1],
      ].map((place) => toScreen(seen, ...place))
      near(middle[0], size.width / 2)
      near(middle[1], size.height / 2)
      assert.ok(beyond[0] > origin[0] && beyond[1] < origin[1])
    }
  }
})

/** How many points lie on the stage. */
function onStage(map, seen) {
  const isOn = (_, at) => {
    const [x, y] = toScreen(seen, map.xs[at], map.ys[at])
    return x >= 0 && y >= 0 && x <= seen.width && y <= seen.height
  }
  return [...map.xs].filter(isOn).length
}

test("Fit shows all points, of one as of many, in one place as on a line", () => {
  const maps = [mapOf(1), mapOf(2), mapOf(3000), mapOf(9, () => 4, () => 4), mapOf(50, () => -1e5)] // biome-ignore format: on one line
  for (const map of maps) {
    for (const size of SIZES) {
      const view = fitView(map, size)
      assert.ok(view.k > 0 && Number.isFinite(view.k))
      assert.equal(onStage(map, { ...size, view }), map.n)
    }
    assert.equal(countFar(map), 0)
  }
})

test("a few that are far off do not make the rest small, and are counted", () => {
  const map = mapOf(1000, (at) => (at < 3 ? 1e4 : next()), next)
  for (const size of SIZES) {
    const [fit, whole] = [fitView(map, size), viewOf(size, extentOf(map).all)]
    assert.equal(onStage(map, { ...size, view: fit }), 997)
    assert.equal(onStage(map, { ...size, view: whole }), 1000)
    assert.ok(fit.k > 100 * whole.k)
  }
  assert.equal(countFar(map), 3)
})

/** A map on a page that has nothing but what moving it touches. */
function moved(map, size) {
  const part = { hidden: false, textContent: "", classList: { toggle() {} } }
  globalThis.document = { dispatchEvent: () => true }
  globalThis.requestAnimationFrame = () => 1
  const strip = { text: part, clear: part, again: part, far: part }
  const rest = { hovered: -1, frame: null, flags: null, key: "", trouble: "", fitted: true, data: { map_id: "m" } }
  return { ...rest, ...size, map, strip, view: fitView(map, size) }
}

test("zooming keeps what is under the pointer there, and ends at both ends", () => {
  const map = mapOf(500)
  for (const size of SIZES) {
    const state = moved(map, size)
    const base = state.view.k
    for (const by of [1.5, 40, 1 / 7, 1.01, 1e9, 1e-12, 3]) {
      const [px, py] = [size.width * next(), size.height * next()]
      const before = toData(state, px, py)
      zoomAt(state, px, py, by)
      const [x, y] = toScreen(state, ...before)
      near(x, px, 1e-5)
      near(y, py, 1e-5)
      assert.ok(state.view.k >= base / 4.001 && state.view.k <= 5000.001 * base)
      assert.equal(state.fitted, false)
      assert.deepEqual(map.lastView, { view: state.view, fitted: false })
    }
  }
})

test("what is dragged goes with the hand", () => {
  const state = moved(mapOf(100), SIZES[0])
  const held = toData(state, 100, 200)
  panBy(state, 30, -45)
  const [x, y] = toScreen(state, ...held)
  near(x, 130)
  near(y, 155)
})
