// Where everything lies in the drawing. No page is needed for any of this.
import { childrenOf, heightOf, kOf, shareOf, topOf } from "./model.js"

/** @import { Group, Layout, State, Tree } from "./types.d.ts" */

export const LEVELS = [100, 200, 500]
export const TREE_HEIGHT = 400
export const NAMES_HEIGHT = 165
const TOP = 14
const PAD = 8 // half a slider's thumb, so that its positions and the curves share one scale
const SLANT = 52 // room on the right for the slanted names of the last groups

/** @param {State} state @param {number} k */
export const xOf = ({ data, width }, k) => PAD + shareOf(k, data.kmax) * (width - 2 * PAD)

/** @param {State} state @param {number} x */
export const kUnder = ({ data, width }, x) => kOf(Math.max(0, Math.min(1, (x - PAD) / (width - 2 * PAD))), data.kmax)

/** @param {Tree} tree @param {number} height */
export const yOf = (tree, height) => TOP + (TREE_HEIGHT - TOP) * (1 - height / topOf(tree))

/** @param {Tree} tree @param {number} y */
export const heightAt = (tree, y) => topOf(tree) * (1 - (y - TOP) / (TREE_HEIGHT - TOP))

/**
 * Positions: the branches that are drawn down to their last tip, in the order of the leaves, each as wide as befits
 * its images: a label of forty images must not look like one of forty stray labels.
 * @param {State} state @returns {Layout}
 */
export function place(state) {
  const { tree, width } = state
  const { tips, inner } = drawnNodes(state)
  const wide = tips.map((node) => Math.sqrt(1 + tree.below[node]))
  const unit = (width - PAD - SLANT) / wide.reduce((a, b) => a + b, 0)
  const ends = new Map()
  const x = new Map()
  let from = PAD
  tips.forEach((node, at) => {
    const to = from + wide[at] * unit
    ends.set(node, [from, to])
    x.set(node, (from + to) / 2)
    from = to
  })
  for (const node of inner) {
    const [a, b] = childrenOf(tree, node)
    x.set(node, (x.get(a) + x.get(b)) / 2)
  }
  return { tips, inner, x, ends }
}

/** The lowest nodes that are drawn, from left to right, and those above them, from below. @param {State} state */
function drawnNodes({ tree, chosen, level }) {
  const { n, parents, first } = tree
  const lowest = level < n ? 2 * n - level : 0
  const above = new Set()
  for (const node of chosen) {
    for (let one = parents[node]; one < 2 * n - 1 && !above.has(one); one = parents[one]) above.add(one)
  }
  const isInner = (/** @type {number} */ node) => node >= n && (node >= lowest || above.has(node))
  const nodes = [2 * n - 2]
  for (const node of nodes) if (isInner(node)) nodes.push(...childrenOf(tree, node))
  const tips = nodes.filter((node) => !isInner(node)).sort((a, b) => first[a] - first[b])
  return { tips, inner: nodes.filter(isInner).sort((a, b) => a - b) }
}

/** The lines above the cut, and those of each group, from left to right. @param {State} state @param {number} line where the cut is */
export function outlines({ tree, layout, chosen }, line) {
  const x = (/** @type {number} */ node) => (layout.x.get(node) ?? 0).toFixed(1)
  const y = (/** @type {number} */ node) => yOf(tree, heightOf(tree, node)).toFixed(1)
  /** @type {Map<number, Group>} */
  const groups = new Map([...chosen].map((node) => [node, { node, from: Infinity, to: 0, limbs: "", bundles: "" }]))
  /** @type {Map<number, Group | undefined>} */
  const owner = new Map(groups)
  let stems = ""
  for (const node of [...layout.inner].reverse()) {
    const own = owner.get(node)
    const [a, b] = childrenOf(tree, node)
    for (const child of [a, b]) if (!groups.has(child)) owner.set(child, own)
    const limb = `M${x(a)},${y(a)}V${y(node)}H${x(b)}V${y(b)}`
    if (own) own.limbs += limb
    else stems += limb
  }
  for (const tip of layout.tips) {
    const own = owner.get(tip)
    const [from, to] = layout.ends.get(tip) ?? [0, 0]
    if (!own) continue
    own.from = Math.min(own.from, from)
    own.to = to
    if (tip < tree.n) continue // its line comes down from the merge above
    const [middle, half] = [(from + to) / 2, Math.min((to - from) * 0.4, 8)]
    own.bundles += `M${x(tip)},${y(tip)}L${(middle - half).toFixed(1)},${TREE_HEIGHT}H${(middle + half).toFixed(1)}Z`
  }
  for (const group of groups.values()) {
    // From the line down, so that a group of one label has a branch too.
    const above = Math.max(line, yOf(tree, heightOf(tree, tree.parents[group.node])))
    const isBelow = yOf(tree, heightOf(tree, group.node)) > above
    if (layout.x.has(group.node) && isBelow) group.limbs += `M${x(group.node)},${above.toFixed(1)}V${y(group.node)}`
  }
  return { stems, groups: [...groups.values()].sort((a, b) => a.from - b.from) }
}
