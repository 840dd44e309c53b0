// Where the tree of labels is drawn: there and back on both scales, tips side by side, and each line in one group.
import assert from "node:assert/strict"
import { test } from "node:test"
import { heightAt, kUnder, outlines, place, xOf, yOf } from "../../pages/parts/tree/layout.js"
import { edited, kAt, lineAt, treeOf } from "../../pages/parts/tree/model.js"
import { randomOf } from "./random.js"

const N = 40

/** Any two neighbours may merge next, so that branches never cross. @param {number} seed */
function randomTree(seed) {
  const next = randomOf(seed)
  const roots = Array.from({ length: N }, (_, leaf) => leaf)
  const children = []
  for (let merge = 0; merge < N - 1; merge++) {
    const at = Math.floor((roots.length - 1) * next())
    children.push(...roots.splice(at, 2, N + merge))
  }
  const heights = Array.from({ length: N - 1 }, next).sort((a, b) => a - b)
  const [images, numbers] = [3, 1].map((most) => Array.from({ length: N }, () => Math.floor(most * 100 * next())))
  const order = Array.from({ length: N }, (_, leaf) => leaf)
  return treeOf({ leaf_names: order.map(String), names: {}, children, heights, order, images, numbers })
}

/** @param {number} seed @param {{ k?: number, level?: number }} [how] */
function stateOf(seed, { k = 7, level = 100 } = {}) {
  const tree = randomTree(seed)
  const state = { tree, level, width: 800, data: { kmax: N }, chosen: edited(tree, k, []) }
  return Object.assign(state, { layout: place(state) })
}

test("what is under the hand is what was drawn there, on the slider and on the line", () => {
  const state = stateOf(1)
  for (let k = 2; k <= N; k++) {
    assert.equal(kUnder(state, xOf(state, k)), k)
    assert.equal(kAt(state.tree, heightAt(state.tree, yOf(state.tree, lineAt(state.tree, k)))), k)
  }
  assert.equal(kUnder(state, -50), 2)
  assert.equal(kUnder(state, 5000), N)
})

test("tips stand side by side in the order of the leaves, and fewer of them where few labels are asked for", () => {
  for (const { level, count } of [
    { level: 100, count: N },
    { level: 10, count: 10 },
  ]) {
    const { tree, layout } = stateOf(2, { level })
    assert.ok(layout.tips.length >= count && layout.inner.length === layout.tips.length - 1)
    const leaves = layout.tips.flatMap((tip) => tree.order.slice(tree.first[tip], tree.last[tip] + 1))
    assert.deepEqual(leaves, tree.order)
    const ends = layout.tips.map((tip) => layout.ends.get(tip))
    for (const [at, [from]] of ends.slice(1).entries()) assert.equal(from, ends[at][1])
  }
})

test("every line of the tree belongs to one group or lies above the cut, and groups do not overlap", () => {
  for (const seed of [3, 4, 5]) {
    const state = stateOf(seed)
    const line = yOf(state.tree, lineAt(state.tree, 7))
    const { stems, groups } = outlines(state, line)
    assert.deepEqual(new Set(groups.map(({ node }) => node)), state.chosen)
    for (const [at, { from }] of groups.slice(1).entries()) assert.ok(from >= groups[at].to)
    const merges = (/** @type {string} */ path) => path.split("H").length - 1
    const all = merges(stems) + groups.reduce((sum, { limbs }) => sum + merges(limbs), 0)
    assert.deepEqual([merges(stems), all], [6, N - 1])
  }
})
