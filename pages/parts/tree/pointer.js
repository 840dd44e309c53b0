// The pointer on the dendrogram: what is under it, choosing a branch, dragging the line.
import { element, plural } from "../kit/elements.js"
import { heightAt, yOf } from "./layout.js"
import { groupOf, heightOf, kAt, leavesOf, nameOf } from "./model.js"
import { pickedText } from "./picked.js"

/** @import { State } from "./types.d.ts" */

const TIP_WIDTH = 270
const WORDS = 10

/** @param {State} state */
export function followPointer(state) {
  const { tree, tip } = state.parts
  tree.onpointermove = (event) => hover(state, event)
  tree.onpointerleave = () => (tip.hidden = true)
  tree.onpointerdown = (event) => grip(state, event)
  tree.onclick = (event) => press(state, event)
}

/** @param {State} state @param {MouseEvent} event */
function pointAt({ parts }, event) {
  const box = parts.tree.getBoundingClientRect()
  return { x: event.clientX - box.left, y: event.clientY - box.top }
}

/** The branch under the pointer: from the tip below it as far up as the pointer is. @param {State} state @param {{ x: number, y: number }} point */
function nodeAt({ tree, layout }, point) {
  let node =
    layout.tips.find((tip) => point.x < (layout.ends.get(tip)?.[1] ?? 0)) ?? layout.tips[layout.tips.length - 1]
  while (tree.parents[node] < 2 * tree.n - 1 && yOf(tree, heightOf(tree, tree.parents[node])) > point.y) {
    node = tree.parents[node]
  }
  return node
}

/** @param {State} state @param {PointerEvent} event */
function hover(state, event) {
  if (state.dragging) return
  const { tree, chosen, parts, width } = state
  const point = pointAt(state, event)
  const node = nodeAt(state, point)
  const group = groupOf(tree, chosen, node)
  const above = parts.tree.getBoundingClientRect().top - parts.root.getBoundingClientRect().top
  parts.tip.style.left = `${Math.max(0, Math.min(point.x + 14, width - TIP_WIDTH))}px`
  parts.tip.style.top = `${above + point.y + 16}px`
  parts.tip.hidden = false
  const about = `${node} ${group}`
  if (state.about === about) return
  state.about = about
  parts.tree.style.cursor = group === null ? "default" : "pointer"
  const title = group === null ? nameOf(tree, node) : `${tree.numbers[group]} ${nameOf(tree, group)}`
  parts.tip.replaceChildren(element("strong", "", title), element("span", "", describe(state, node)))
}

/** @param {State} state @param {number} node */
function describe(state, node) {
  const { tree } = state
  const leaves = leavesOf(tree, node)
  const words = leaves.slice(0, WORDS).map((leaf) => tree.leaf_names[leaf])
  if (leaves.length > words.length) words.push(`and ${leaves.length - words.length} more`)
  return `${plural(tree.below[node], "image")}: ${pickedText(state, node)}${words.join(", ")}`
}

/** @param {State} state @param {MouseEvent} event */
function press(state, event) {
  if (state.dragged) return // letting go of the line is no click on a branch
  const group = groupOf(state.tree, state.chosen, nodeAt(state, pointAt(state, event)))
  if (group !== null) state.actions.pick(group === state.branch ? null : group)
}

/** @param {State} state @param {PointerEvent} event */
function grip(state, event) {
  const { tree } = state.parts
  state.dragged = event.target instanceof Element && event.target.classList.contains("grip")
  if (!state.dragged || event.button !== 0) return
  state.dragging = true
  state.parts.tip.hidden = true
  tree.setPointerCapture(event.pointerId)
  const follow = (/** @type {PointerEvent} */ move) =>
    state.actions.moveTo(kAt(state.tree, heightAt(state.tree, pointAt(state, move).y)))
  const drop = () => {
    state.dragging = false
    tree.removeEventListener("pointermove", follow)
    state.actions.tell()
  }
  tree.addEventListener("pointermove", follow)
  tree.addEventListener("lostpointercapture", drop, { once: true }) // let go, or taken by the browser
  event.preventDefault()
}
