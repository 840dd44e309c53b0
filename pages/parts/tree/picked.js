// Where the images that are picked on other pages are in the tree of labels: a bar at each tip, as high as the share of
// its images that are picked. tree_figure.py puts this file before tree.js, whose pieces it uses.
const TALL = 30

// How many of the picked images lie below a node.
function pickedBelow(state, node) {
  const leaves = state.data.order.slice(state.first[node], state.last[node] + 1)
  return leaves.reduce((sum, leaf) => sum + (state.data.picked[leaf] ?? 0), 0)
}

function pickedBars(state) {
  if (!Object.keys(state.data.picked).length) return []
  return state.tips.flatMap((tip) => {
    const count = pickedBelow(state, tip)
    if (!count) return []
    const [from, to] = state.ends.get(tip)
    const tall = 4 + (TALL - 4) * Math.min(1, count / Math.max(1, state.images[tip]))
    const width = Math.max(2.5, Math.min(12, to - from - 1))
    const bar = make("rect", { x: (from + to - width) / 2, y: TREE_HEIGHT - tall, width, height: tall, class: "picked-share" })
    bar.dataset.node = tip
    bar.dataset.picked = count
    return [bar]
  })
}

// What the tip of the pointer says of it.
function pickedText(state, node) {
  const count = pickedBelow(state, node)
  return count ? `${count.toLocaleString("en")} of them picked. ` : ""
}
