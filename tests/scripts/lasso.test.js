// Lassoes: the same points as by the plain even-odd rule, whatever the polygon and wherever the points.
import assert from "node:assert/strict"
import { test } from "node:test"
import { insideOf, outlineOf } from "../../pages/parts/map/widget/lasso.js"
import { randomOf } from "./random.js"

/** Straight to the right of each point, an odd number of edges is crossed. @param {number[][]} polygon */
function plainly(polygon, xs, ys) {
  return Uint8Array.from(xs, (x, at) => {
    let inside = 0
    polygon.forEach(([x1, y1], corner) => {
      const [x2, y2] = polygon.at(corner - 1)
      if (y1 > ys[at] !== y2 > ys[at] && x < ((x2 - x1) * (ys[at] - y1)) / (y2 - y1) + x1) inside ^= 1
    })
    return inside
  })
}

/** Straight up from each point, another way to the same answer. */
function upwards(polygon, xs, ys) {
  const turned = polygon.map(([x, y]) => [y, x])
  return plainly(turned, ys, xs)
}

const SHAPES = {
  random: (next, corners) => Array.from({ length: corners }, () => [next(), next()]), // crosses itself
  star: (_, corners) => ring(corners, (at) => 2 * at, 0.5),
  ring: (next, corners) => ring(corners, (at) => at, 0.3 + 0.2 * next()),
  coarse: (next, corners) => Array.from({ length: corners }, () => [eighth(next), eighth(next)]), // level edges, double corners
  flat: (next, corners) => Array.from({ length: corners }, () => [next(), 0.5]),
  far: (next, corners) => Array.from({ length: corners }, () => [1e6 * (next() - 0.5), 1e-3 * next()]),
}

const eighth = (next) => Math.floor(9 * next()) / 8

function ring(corners, turn, radius) {
  const around = (at) => (2 * Math.PI * turn(at)) / corners
  return Array.from({ length: corners }, (_, at) => [
    0.5 + radius * Math.cos(around(at)),
    0.5 + radius * Math.sin(around(at)),
  ])
}

test("bands of edges answer as all edges do, for shapes of all kinds", () => {
  const next = randomOf(1)
  for (const [kind, shape] of Object.entries(SHAPES)) {
    for (const corners of [3, 4, 5, 17, 301]) {
      const polygon = shape(next, corners)
      const xs = Float32Array.from({ length: 400 }, () => 1.4 * next() - 0.2)
      const ys = Float32Array.from({ length: 400 }, () => 1.4 * next() - 0.2)
      for (let at = 0; at < 100; at++) ys[at] = polygon[at % corners][1] // at the height of a corner
      for (let at = 50; at < 100; at++) xs[at] = polygon[at % corners][0] // and upon it
      for (let at = 100; at < 200; at++) [xs[at], ys[at]] = [eighth(next), eighth(next)]
      assert.deepEqual(insideOf(polygon, xs, ys), plainly(polygon, xs, ys), `${kind} of ${corners} corners`)
    }
  }
})

test("away from the edges it does not matter which way one looks", () => {
  const next = randomOf(2)
  let inside = 0
  for (const corners of [3, 7, 40]) {
    const polygon = SHAPES.random(next, corners)
    const xs = Float32Array.from({ length: 1000 }, next)
    const ys = Float32Array.from({ length: 1000 }, next)
    const found = insideOf(polygon, xs, ys)
    assert.deepEqual(found, upwards(polygon, xs, ys))
    inside += found.reduce((sum, one) => sum + one, 0)
  }
  assert.ok(inside > 300)
})

test("neighbouring boxes share no point and lose none, though points lie on their edges", () => {
  const grid = Float32Array.from({ length: 81 }, (_, at) => Math.floor(at / 9) / 8)
  const xs = grid
  const ys = Float32Array.from({ length: 81 }, (_, at) => (at % 9) / 8)
  const counts = new Uint8Array(81)
  for (let x = -1; x <= 1; x += 0.5) {
    for (let y = -1; y <= 1; y += 0.5) {
      const corners = { mode: "box", points: [[x, y], [x + 0.5, y + 0.5]] } // biome-ignore format: two corners
      insideOf(outlineOf(corners), xs, ys).forEach((one, at) => {
        counts[at] += one
      })
    }
  }
  assert.deepEqual(counts, new Uint8Array(81).fill(1))
})

test("what a star goes round twice is not inside, and less than three corners hold nothing", () => {
  const star = SHAPES.star(null, 5)
  const [xs, ys] = [Float32Array.of(0.5, star[0][0] - 0.02, 5), Float32Array.of(0.5, 0.5, 0.5)]
  assert.deepEqual([...insideOf(star, xs, ys)], [0, 1, 0])
  for (const few of [[], [[0, 0]], [[0, 0], [1, 1]]]) assert.deepEqual([...insideOf(few, xs, ys)], [0, 0, 0]) // biome-ignore format: on one line
})
