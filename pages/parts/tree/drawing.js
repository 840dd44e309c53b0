// Slider, evidence and dendrogram as they are drawn. Labels come from files we do not control: text, never markup.
import { button, countText, find } from "../kit/elements.js"
import { childrenOf, cutAt, edited, heightOf, kOf, leavesOf, lineAt, nameOf, shareOf, topOf } from "./model.js"
import { pickedBars } from "./picked.js"
import { make, NAMES_HEIGHT, TREE_HEIGHT } from "./svg.js"

/** @import { Curve, Layout, State, Tree } from "./types.d.ts" */

export const LEVELS = [100, 200, 500]
const PAD = 8 // half a slider's thumb, so that its positions and the curves share one scale
const ROW = 25
const SLANT = 52 // room on the right for the slanted names of the last groups
const NAME_GAP = 13

/** All of it, from the data. @param {State} state */
export function draw(state) {
  const { data, parts, tree } = state
  state.width = Math.max(320, parts.root.clientWidth)
  parts.number.max = String(data.kmax)
  find(parts.root, ".tree-part").hidden = !tree.n
  find(parts.root, ".of-height").hidden = !tree.n
  drawMarks(state)
  drawCurves(state)
  drawLevels(state)
  update(state)
}

/** @param {State} state @param {number} k */
function xOf({ data, width }, k) {
  return PAD + shareOf(k, data.kmax) * (width - 2 * PAD)
}

/** @param {Tree} tree @param {number} height */
export function yOf(tree, height) {
  return 14 + (TREE_HEIGHT - 14) * (1 - height / topOf(tree))
}

/** @param {State} state */
function drawMarks(state) {
  let last = Number.NEGATIVE_INFINITY
  let low = false
  const marks = state.data.marks.map(({ k, text, chief }) => {
    const x = xOf(state, k)
    low = x - last < 20 && !low // side by side they would cover each other
    last = x
    const made = button(`mark ${chief ? "chief" : ""} ${low ? "low" : ""}`, k, () => {
      state.actions.moveTo(k)
      state.actions.tell()
    })
    made.title = text
    made.setAttribute("aria-label", `K = ${k}: ${text}`)
    made.style.left = `${x}px`
    return made
  })
  state.parts.marks.replaceChildren(...marks)
}

/** @param {State} state */
function drawCurves(state) {
  const { curves } = state.data
  const svg = state.parts.curves
  svg.setAttribute("width", String(state.width))
  svg.setAttribute("height", String(curves.length * ROW))
  state.cursor = make("line", { y1: 0, y2: curves.length * ROW, class: "cursor" })
  svg.replaceChildren(...curves.flatMap((curve, row) => curveParts(state, curve, row * ROW)), state.cursor)
  svg.onclick = (event) => {
    const share = (event.clientX - svg.getBoundingClientRect().left - PAD) / (state.width - 2 * PAD)
    state.actions.moveTo(kOf(Math.max(0, Math.min(1, share)), state.data.kmax))
    state.actions.tell()
  }
}

/** @param {State} state @param {Curve} curve @param {number} top */
function curveParts(state, { kind, title, ks, values, best }, top) {
  const low = Math.min(...values)
  const span = Math.max(...values) - low || 1
  const y = (/** @type {number} */ value) => top + ROW - 3 - ((value - low) / span) * (ROW - 8)
  /** @type {SVGElement[]} */
  const parts = [make("line", { x1: 0, x2: state.width, y1: top + ROW - 1, y2: top + ROW - 1, class: "rule" })]
  if (ks.length > 1) {
    const points = ks.map((k, at) => `${xOf(state, k).toFixed(1)},${y(values[at]).toFixed(1)}`)
    parts.push(make("polyline", { points: points.join(" "), class: "curve" }))
  }
  best.forEach((k, place) => {
    const at = ks.indexOf(k)
    const cy = at < 0 ? top + ROW / 2 : y(values[at])
    parts.push(make("circle", { cx: xOf(state, k), cy, r: place ? 2 : 3.6, class: place ? "peak minor" : "peak" }))
  })
  const label = make("text", { x: state.width - 4, y: top + 12, "text-anchor": "end", class: "curve-name" }, title)
  label.dataset.kind = kind
  return [...parts, label]
}

/** @param {State} state */
function drawLevels(state) {
  const { tree, parts } = state
  const usable = [...LEVELS.filter((level) => level < tree.n), Number.POSITIVE_INFINITY]
  parts.levels.hidden = usable.length < 2
  const buttons = usable.map((level) => {
    const made = button("", Number.isFinite(level) ? level : `all ${countText(tree.n)}`, () => {
      state.level = level
      drawLevels(state)
      find(parts.levels, "[aria-pressed=true]").focus()
      update(state)
    })
    made.setAttribute("aria-pressed", String(level === levelOf(state)))
    return made
  })
  parts.levels.replaceChildren(document.createTextNode("Labels shown "), ...buttons)
}

/** How many labels are drawn: what was asked for, or all of a smaller tree. @param {State} state */
function levelOf({ level, tree }) {
  return level < tree.n ? level : Number.POSITIVE_INFINITY
}

/** Everything that follows the cut. It runs at each step of the slider and has to stay quick. @param {State} state */
export function update(state) {
  const { data, parts, tree, k } = state
  parts.slider.value = String(1000 * shareOf(k, data.kmax))
  parts.slider.setAttribute("aria-valuetext", `K = ${k}`)
  parts.number.value = String(k)
  for (const end of ["x1", "x2"]) state.cursor?.setAttribute(end, String(xOf(state, k)))
  for (const label of parts.curves.querySelectorAll("text")) {
    const curve = data.curves.find(({ kind }) => kind === label.dataset.kind)
    const at = curve ? curve.ks.indexOf(k) : -1
    if (curve) label.textContent = at < 0 ? curve.title : `${curve.title}: ${curve.values[at].toFixed(2)} at ${k}`
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

/**
 * Positions: the branches that are drawn down to their last tip, in the order of the leaves, each as wide as befits
 * its images: a label of forty images must not look like one of forty stray labels.
 * @param {State} state @returns {Layout}
 */
function place(state) {
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
function drawnNodes(state) {
  const { tree, chosen } = state
  const { n, parents, first } = tree
  const level = levelOf(state)
  const lowest = Number.isFinite(level) ? 2 * n - level : 0
  const above = new Set()
  for (const node of chosen) {
    for (let one = parents[node]; one < 2 * n - 1 && !above.has(one); one = parents[one]) above.add(one)
  }
  /** @type {number[]} */
  const tips = []
  /** @type {number[]} */
  const inner = []
  const waiting = [2 * n - 2]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node >= n && (node >= lowest || above.has(node))) {
      inner.push(node)
      waiting.push(...childrenOf(tree, node))
    } else tips.push(node)
  }
  tips.sort((a, b) => first[a] - first[b])
  inner.sort((a, b) => a - b)
  return { tips, inner }
}

/** @param {State} state */
function paint(state) {
  const { tree, width, parts } = state
  const height = TREE_HEIGHT + NAMES_HEIGHT
  const svg = parts.tree
  svg.setAttribute("width", String(width))
  svg.setAttribute("height", String(height))
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
  const line = yOf(tree, lineAt(tree, state.k))
  const across = { x1: 0, x2: width, y1: line, y2: line }
  const { stems, groups } = outlines(state, line)
  svg.replaceChildren(
    make("path", { d: stems, class: "stems" }),
    ...paintGroups(state, groups),
    ...pickedBars(state),
    make("line", { ...across, class: "line" }),
    make("line", { ...across, stroke: "transparent", "stroke-width": 11, class: "grip" }),
    make("text", { x: 2, y: line - 4, class: "line-name" }, `K = ${state.k}`),
  )
  const text = groupsText(state)
  find(parts.root, ".count").textContent = text
  svg.setAttribute("aria-label", `Tree of ${countText(tree.n)} labels, cut into ${text}`)
}

/** @typedef {{ node: number, from: number, to: number, limbs: string, bundles: string }} Group */

/**
 * The lines above the cut, and those of each group: its limbs, its tips that stand for several labels, how far it reaches.
 * @param {State} state @param {number} line where the cut is
 */
function outlines({ tree, layout, chosen }, line) {
  const x = (/** @type {number} */ node) => (layout.x.get(node) ?? 0).toFixed(1)
  const y = (/** @type {number} */ node) => yOf(tree, heightOf(tree, node)).toFixed(1)
  /** @type {Map<number, Group>} */
  const groups = new Map([...chosen].map((node) => [node, { node, from: Infinity, to: 0, limbs: "", bundles: "" }]))
  /** @type {Map<number, Group | undefined>} */
  const owner = new Map()
  let stems = ""
  for (const node of [...layout.inner].reverse()) {
    const own = groups.get(node) ?? owner.get(node)
    const [a, b] = childrenOf(tree, node)
    owner.set(a, own)
    owner.set(b, own)
    const limb = `M${x(a)},${y(a)}V${y(node)}H${x(b)}V${y(b)}`
    if (own) own.limbs += limb
    else stems += limb
  }
  for (const tip of layout.tips) {
    const own = groups.get(tip) ?? owner.get(tip)
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

/** @param {State} state @param {Group[]} groups */
function paintGroups({ tree, branch, data }, groups) {
  let free = Number.NEGATIVE_INFINITY
  return groups.map(({ node, from, to, limbs, bundles }) => {
    const number = tree.numbers[node]
    const colour = data.palette[(number - 1) % data.palette.length]
    const isShown = branch === node
    const made = make("g", { class: "group", opacity: branch === null || isShown ? 1 : 0.4 })
    made.dataset.node = String(node)
    made.dataset.number = String(number)
    const width = Math.max(1.5, to - from - 1)
    made.append(
      make("path", { d: limbs, fill: "none", stroke: colour, "stroke-width": 1.6, class: "limbs" }),
      make("path", { d: bundles, fill: colour, "fill-opacity": 0.55 }),
      make("rect", { x: from + 0.5, width, y: TREE_HEIGHT + 2, height: 8, fill: colour }),
    )
    const middle = (from + to) / 2
    if (middle - free < NAME_GAP && !isShown) return made
    const text = `${number} ${short(nameOf(tree, node))} ${countText(tree.below[node])}`
    const transform = `translate(${middle - 4},${TREE_HEIGHT + 20}) rotate(62)`
    made.append(make("text", { transform, class: isShown ? "name picked" : "name" }, text))
    free = middle
    return made
  })
}

/** @param {string} name */
function short(name) {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name
}

/** @param {State} state */
function groupsText({ tree, chosen, k }) {
  const count = chosen.size
  const text = `${count} ${count === 1 ? "group" : "groups"}`
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
  const [number, images] = [tree.numbers[branch], tree.below[branch]]
  find(panel, ".swatch").style.background = data.palette[(number - 1) % data.palette.length]
  find(panel, ".title").textContent = `${number} ${nameOf(tree, branch)}`
  const of = `${countText(images)} ${images === 1 ? "image" : "images"}`
  find(panel, ".facts").textContent = `${of}, ${leaves.length} ${leaves.length === 1 ? "label" : "labels"}`
  const words = leaves.map((leaf) => `${tree.leaf_names[leaf]} ${countText(tree.images[leaf])}`)
  find(panel, ".words").textContent = words.join(" · ")
  find(panel, ".split", HTMLButtonElement).disabled = branch < tree.n
  find(panel, ".join", HTMLButtonElement).disabled = tree.parents[branch] >= 2 * tree.n - 1 || chosen.size <= 2
}
