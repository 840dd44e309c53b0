// Slider, evidence and dendrogram as they are drawn. Labels come from files we do not control: text, never markup.
import { button, countText, find, plural, vector } from "../kit/elements.js"
import { kUnder, LEVELS, NAMES_HEIGHT, outlines, place, TREE_HEIGHT, xOf, yOf } from "./layout.js"
import { cutAt, edited, leavesOf, lineAt, nameOf, shareOf, topOf } from "./model.js"
import { pickedBars } from "./picked.js"

/** @import { Curve, Group, State } from "./types.d.ts" */

const ROW = 25
const NAME_GAP = 13

/** All of it, from the data. @param {State} state */
export function draw(state) {
  const { data, parts, tree } = state
  state.width = Math.max(320, parts.root.clientWidth)
  parts.number.max = String(data.kmax)
  for (const part of [".tree-part", ".of-height"]) find(parts.root, part).hidden = !tree.n
  drawMarks(state)
  drawCurves(state)
  drawLevels(state)
  update(state)
}

/** @param {State} state */
function drawMarks(state) {
  let last = Number.NEGATIVE_INFINITY
  let low = false
  const marks = state.data.marks.map(({ k, text, chief }) => {
    const x = xOf(state, k)
    low = x - last < 20 && !low // side by side they would cover each other
    last = x
    const className = `mark ${chief ? "chief" : ""} ${low ? "low" : ""}`
    const attributes = { "aria-label": `K = ${k}: ${text}` }
    return button({ className, title: text, attributes, style: { left: `${x}px` } }, () => state.actions.choose(k), k)
  })
  state.parts.marks.replaceChildren(...marks)
}

/** @param {State} state */
function drawCurves(state) {
  const { curves } = state.data
  const svg = state.parts.curves
  svg.setAttribute("width", String(state.width))
  svg.setAttribute("height", String(curves.length * ROW))
  state.cursor = vector("line", { y1: 0, y2: curves.length * ROW, class: "cursor" })
  svg.replaceChildren(...curves.flatMap((curve, row) => curveParts(state, curve, row * ROW)), state.cursor)
  svg.onclick = ({ clientX }) => state.actions.choose(kUnder(state, clientX - svg.getBoundingClientRect().left))
}

/** @param {State} state @param {Curve} curve @param {number} top */
function curveParts(state, { kind, title, ks, values, best }, top) {
  const low = Math.min(...values)
  const span = Math.max(...values) - low || 1
  const y = (/** @type {number} */ value) => top + ROW - 3 - ((value - low) / span) * (ROW - 8)
  /** @type {SVGElement[]} */
  const parts = [vector("line", { x1: 0, x2: state.width, y1: top + ROW - 1, y2: top + ROW - 1, class: "rule" })]
  if (ks.length > 1) {
    const points = ks.map((k, at) => `${xOf(state, k).toFixed(1)},${y(values[at]).toFixed(1)}`)
    parts.push(vector("polyline", { points: points.join(" "), class: "curve" }))
  }
  best.forEach((k, place) => {
    const at = ks.indexOf(k)
    const cy = at < 0 ? top + ROW / 2 : y(values[at])
    parts.push(vector("circle", { cx: xOf(state, k), cy, r: place ? 2 : 3.6, class: place ? "peak minor" : "peak" }))
  })
  const where = { x: state.width - 4, y: top + 12, "text-anchor": "end" }
  return [...parts, vector("text", { ...where, class: "curve-name", "data-kind": kind }, title)]
}

/** As many labels as were asked for, or all of a smaller tree. @param {State} state */
function drawLevels(state) {
  const { tree, parts } = state
  const usable = [...LEVELS.filter((level) => level < tree.n), Number.POSITIVE_INFINITY]
  const shown = state.level < tree.n ? state.level : Number.POSITIVE_INFINITY
  parts.levels.hidden = usable.length < 2
  const buttons = usable.map((level) => {
    const choose = () => {
      state.level = level
      drawLevels(state)
      find(parts.levels, "[aria-pressed=true]").focus()
      update(state)
    }
    const text = Number.isFinite(level) ? level : `all ${countText(tree.n)}`
    return button({ attributes: { "aria-pressed": String(level === shown) } }, choose, text)
  })
  parts.levels.replaceChildren("Labels shown ", ...buttons)
}

/** Everything that follows the cut. It runs at each step of the slider and has to stay quick. @param {State} state */
export function update(state) {
  const { data, parts, tree, k } = state
  parts.slider.value = String(1000 * shareOf(k, data.kmax))
  parts.slider.setAttribute("aria-valuetext", `K = ${k}`)
  parts.number.value = String(k)
  for (const end of ["x1", "x2"]) state.cursor?.setAttribute(end, String(xOf(state, k)))
  for (const { kind, title, ks, values } of data.curves) {
    const label = parts.curves.querySelector(`[data-kind=${kind}]`)
    const at = ks.indexOf(k)
    if (label) label.textContent = at < 0 ? title : `${title}: ${values[at].toFixed(2)} at ${k}`
  }
  if (!tree.n) return
  parts.height.value = String((1000 * lineAt(tree, k)) / topOf(tree))
  parts.height.setAttribute("aria-valuetext", `K = ${k}`)
  state.chosen = edited(tree, k, state.edits)
  if (state.branch !== null && !state.chosen.has(state.branch)) state.branch = null
  state.layout = place(state)
  paint(state)
  showBranch(state)
}

/** @param {State} state */
function paint(state) {
  const { tree, width, parts } = state
  const height = TREE_HEIGHT + NAMES_HEIGHT
  const svg = parts.tree
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
    svg.setAttribute(name, String(value))
  const line = yOf(tree, lineAt(tree, state.k))
  const across = { x1: 0, x2: width, y1: line, y2: line }
  const { stems, groups } = outlines(state, line)
  svg.replaceChildren(
    vector("path", { d: stems, class: "stems" }),
    ...paintGroups(state, groups),
    ...pickedBars(state),
    vector("line", { ...across, class: "line" }),
    vector("line", { ...across, stroke: "transparent", "stroke-width": 11, class: "grip" }),
    vector("text", { x: 2, y: line - 4, class: "line-name" }, `K = ${state.k}`),
  )
  const text = groupsText(state)
  find(parts.root, ".count").textContent = text
  svg.setAttribute("aria-label", `Tree of ${countText(tree.n)} labels, cut into ${text}`)
}

/** @param {State} state @param {Group[]} groups */
function paintGroups({ tree, branch, data }, groups) {
  let free = Number.NEGATIVE_INFINITY
  return groups.map(({ node, from, to, limbs, bundles }) => {
    const [number, images] = [tree.numbers[node], countText(tree.below[node])]
    const colour = data.palette[(number - 1) % data.palette.length]
    const isShown = branch === node
    const opacity = branch === null || isShown ? 1 : 0.4
    const width = Math.max(1.5, to - from - 1)
    const middle = (from + to) / 2
    const hasRoom = middle - free >= NAME_GAP || isShown
    if (hasRoom) free = middle
    const name = nameOf(tree, node)
    const short = name.length > 22 ? `${name.slice(0, 21)}…` : name
    const transform = `translate(${middle - 4},${TREE_HEIGHT + 20}) rotate(62)`
    return vector(
      "g",
      { class: "group", opacity, "data-node": node, "data-number": number },
      vector("path", { d: limbs, fill: "none", stroke: colour, "stroke-width": 1.6, class: "limbs" }),
      vector("path", { d: bundles, fill: colour, "fill-opacity": 0.55 }),
      vector("rect", { x: from + 0.5, width, y: TREE_HEIGHT + 2, height: 8, fill: colour }),
      hasRoom
        ? vector("text", { transform, class: isShown ? "name picked" : "name" }, `${number} ${short} ${images}`)
        : null,
    )
  })
}

/** @param {State} state */
function groupsText({ tree, chosen, k }) {
  const count = chosen.size
  const text = plural(count, "group")
  if (count !== cutAt(tree, k).size) return `${text}: the line at ${k}, and branches split or joined by hand`
  return count === k ? text : `${text}, as many as there are labels`
}

/** @param {State} state */
function showBranch({ tree, data, parts, branch, edits, chosen }) {
  const { root, panel } = parts
  find(root, ".undo").hidden = !edits.length
  panel.hidden = branch === null
  if (branch === null) return
  const leaves = leavesOf(tree, branch)
  const number = tree.numbers[branch]
  find(panel, ".swatch").style.background = data.palette[(number - 1) % data.palette.length]
  find(panel, ".title").textContent = `${number} ${nameOf(tree, branch)}`
  find(panel, ".facts").textContent = `${plural(tree.below[branch], "image")}, ${plural(leaves.length, "label")}`
  const words = leaves.map((leaf) => `${tree.leaf_names[leaf]} ${countText(tree.images[leaf])}`)
  find(panel, ".words").textContent = words.join(" · ")
  find(panel, ".split", HTMLButtonElement).disabled = branch < tree.n
  find(panel, ".join", HTMLButtonElement).disabled = tree.parents[branch] >= 2 * tree.n - 1 || chosen.size <= 2
}
