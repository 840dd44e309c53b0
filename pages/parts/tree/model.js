// What a tree of labels is: the same rules as imclust_core.label_tree.tree. No page is needed for any of this.

/** @import { Edit, Shape, Tree } from "./types.d.ts" */

/** @param {Shape} shape @returns {Tree} */
export function treeOf(shape) {
  const n = shape.leaf_names.length
  const parents = new Int32Array(Math.max(0, 2 * n - 1)).fill(2 * n - 1)
  const below = [...shape.images]
  const first = new Array(n)
  const last = new Array(n)
  for (const [at, leaf] of shape.order.entries()) first[leaf] = last[leaf] = at
  const tree = { ...shape, n, parents, below, first, last, leaves: new Map() }
  for (let node = n; node < 2 * n - 1; node++) {
    const [a, b] = childrenOf(tree, node)
    parents[a] = parents[b] = node
    below.push(below[a] + below[b])
    first.push(Math.min(first[a], first[b]))
    last.push(Math.max(last[a], last[b]))
  }
  return tree
}

/** @param {Tree} tree @param {number} node */
export function childrenOf(tree, node) {
  const at = 2 * (node - tree.n)
  return [tree.children[at], tree.children[at + 1]]
}

/** @param {Tree} tree @param {number} node */
export const heightOf = (tree, node) => (node < tree.n ? 0 : tree.heights[node - tree.n])

/** The branches that a line for k of them cuts off. @param {Tree} tree @param {number} k */
export function cutAt(tree, k) {
  const top = 2 * tree.n - Math.max(1, Math.min(k, tree.n))
  /** @type {Set<number>} */
  const found = new Set()
  for (let node = 0; node < top; node++) if (tree.parents[node] >= top) found.add(node)
  return found
}

/** The branches after those that somebody split or joined by hand. @param {Tree} tree @param {number} k @param {Edit[]} edits */
export function edited(tree, k, edits) {
  const chosen = cutAt(tree, k)
  for (const [action, node] of edits) {
    if (action === "s" && chosen.has(node) && node >= tree.n) {
      chosen.delete(node)
      for (const child of childrenOf(tree, node)) chosen.add(child)
    } else if (action === "j" && node >= tree.n && node < 2 * tree.n - 1 && !chosen.has(node)) {
      const { first, last } = tree
      const below = [...chosen].filter((one) => first[node] <= first[one] && last[one] <= last[node])
      for (const one of below) chosen.delete(one)
      if (below.length) chosen.add(node)
    }
  }
  return chosen
}

/** Where the line lies for k branches: below the merge that would make fewer, above the one that makes k. @param {Tree} tree @param {number} k */
export function lineAt({ heights }, k) {
  const count = heights.length
  if (!count) return 0
  if (k <= 1) return heights[count - 1] * 1.05
  const below = k - 1 < count ? heights[count - k] : 0
  return (heights[Math.max(0, count - k + 1)] + below) / 2
}

/** How many branches a line at this height cuts off. @param {Tree} tree @param {number} height */
export function kAt({ heights }, height) {
  let k = 1
  for (let i = heights.length - 1; i >= 0 && heights[i] > height; i--) k++
  return k
}

/** The height of the whole drawing. @param {Tree} tree */
export const topOf = (tree) => Math.max(lineAt(tree, 1), 1e-12)

/** The leaves of a branch, those with the most images first. @param {Tree} tree @param {number} node */
export function leavesOf(tree, node) {
  let found = tree.leaves.get(node)
  if (!found) {
    found = tree.order.slice(tree.first[node], tree.last[node] + 1)
    found.sort((a, b) => tree.images[b] - tree.images[a] || a - b)
    tree.leaves.set(node, found)
  }
  return found
}

/** @param {Tree} tree @param {number} node */
export function nameOf(tree, node) {
  const own = leavesOf(tree, node).slice(0, 2)
  return tree.names[node] || own.map((leaf) => tree.leaf_names[leaf]).join(", ")
}

/** The chosen branch that a node belongs to, or null above the cut. @param {Tree} tree @param {Set<number>} chosen @param {number} node */
export function groupOf(tree, chosen, node) {
  for (let one = node; one < 2 * tree.n - 1; one = tree.parents[one]) if (chosen.has(one)) return one
  return null
}

/** K lies on a logarithmic scale: from 2 to 3 is as much of a change as from 20 to 30. @param {number} k @param {number} kmax */
export const shareOf = (k, kmax) => Math.log(k / 2) / Math.max(Math.log(kmax / 2), 1e-9)

/** @param {number} share @param {number} kmax */
export const kOf = (share, kmax) => Math.round(2 * Math.exp(share * Math.log(kmax / 2)))
