// Where the images that are selected on other pages are in the tree: a bar at each tip, as high as the share of its
// images that are selected.
import { countText, vector } from "../kit/elements.js"
import { TREE_HEIGHT } from "./layout.js"

/** @import { State } from "./types.d.ts" */

const TALL = 30

/** How many of the selected images lie below a node. @param {State} state @param {number} node */
function pickedBelow({ tree, data }, node) {
  const leaves = tree.order.slice(tree.first[node], tree.last[node] + 1)
  return leaves.reduce((sum, leaf) => sum + (data.picked[leaf] ?? 0), 0)
}

/** @param {State} state */
export function pickedBars(state) {
  const { data, layout, tree } = state
  if (!Object.keys(data.picked).length) return []
  return layout.tips.flatMap((tip) => {
    const count = pickedBelow(state, tip)
    const [from, to] = layout.ends.get(tip) ?? [0, 0]
    if (!count) return []
    const height = 4 + (TALL - 4) * Math.min(1, count / Math.max(1, tree.below[tip]))
    const width = Math.max(2.5, Math.min(12, to - from - 1))
    const place = { x: (from + to - width) / 2, y: TREE_HEIGHT - height, width, height }
    return vector("rect", { ...place, class: "picked-share", "data-node": tip, "data-picked": count })
  })
}

/** What the tip of the pointer says of it. @param {State} state @param {number} node */
export function pickedText(state, node) {
  const count = pickedBelow(state, node)
  return count ? `${countText(count)} of them picked. ` : ""
}
