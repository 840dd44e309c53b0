// The tree of labels: slider, evidence and dendrogram on one page of paper. It is drawn here and the cut moves here,
// since a round trip to the server for each step of the slider would take half a second. Python hears of the cut
// when the hand lets go.
import { find, press } from "../kit/elements.js"
import { watchSize } from "../kit/page.js"
import { widget } from "../kit/widget.js"
import { draw, update } from "./drawing.js"
import { LEVELS } from "./layout.js"
import { childrenOf, kAt, kOf, topOf, treeOf } from "./model.js"
import { followPointer } from "./pointer.js"
import { download } from "./svg.js"

/** @import { Data, Edit, Parts, State, Start } from "./types.d.ts" */

const REST = 250 // ms
const ARROWS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }
const STEPS = new Map(Object.entries({ ...ARROWS, PageDown: -5, PageUp: 5 }))

export default widget({
  start,
  draw: (state, /** @type {Data} */ data) => {
    const another = state.data !== data && state.data.id !== data.id
    if (another || !state.drawn) {
      state.tree = treeOf(data)
      if (state.tree.n > 4 * Math.max(...LEVELS)) state.level = LEVELS[0]
    }
    const cut = JSON.stringify([data.k, data.edits, data.branch])
    // What Python says is news when it has heard all that was told here: an answer may be late.
    const isNews = another || (cut !== state.agreed && state.messages.isHeard("cut"))
    const drawn = JSON.stringify([data.id, data.kmax, data.curves, data.marks, data.picked])
    const redraw = state.drawn !== drawn
    Object.assign(state, { data, drawn })
    if (isNews) Object.assign(state, { k: data.k, edits: data.edits, branch: data.branch, agreed: cut })
    // Streamlit calls this more often than anything changes, and while the hand is on the slider too.
    if (redraw) draw(state)
    else if (isNews) update(state)
  },
  live: (state, signal) => {
    let width = state.parts.root.clientWidth
    const resized = () => {
      if (!state.drawn || Math.abs(state.parts.root.clientWidth - width) < 2) return
      width = state.parts.root.clientWidth
      draw(state)
    }
    watchSize(state.parts.root, resized, signal)
  },
})

/** @type {Start} */
function start(root, messages, data) {
  /** @type {State} */
  const state = {
    parts: partsOf(find(root, ".paper")),
    messages,
    actions: {
      moveTo: (k) => moveTo(state, k),
      tell: () => tell(state),
      choose: (k) => choose(state, k),
      pick: (branch) => change(state, { branch }),
    },
    ...{ data, tree: treeOf(data), k: data.k, edits: data.edits, branch: data.branch },
    layout: { tips: [], inner: [], x: new Map(), ends: new Map() },
    ...{ chosen: new Set(), level: LEVELS[0], width: 0, cursor: null },
    ...{ drawn: "", agreed: "", about: "", dragging: false, dragged: false },
  }
  listen(state)
  followPointer(state)
  return state
}

/** @param {HTMLElement} root @returns {Parts} */
function partsOf(root) {
  const input = (/** @type {string} */ name) => find(root, name, HTMLInputElement)
  return {
    root,
    slider: input(".k"),
    number: input(".number"),
    height: input(".height"),
    marks: find(root, ".marks"),
    curves: find(root, ".curves", SVGSVGElement),
    tree: find(root, ".dendrogram", SVGSVGElement),
    tip: find(root, ".tip"),
    levels: find(root, ".levels"),
    panel: find(root, ".branch"),
  }
}

/** @param {State} state */
function listen(state) {
  const { root, slider, number, height, tree } = state.parts
  slider.oninput = () => moveTo(state, kOf(Number(slider.value) / 1000, state.data.kmax))
  slider.onchange = () => tell(state)
  slider.onkeydown = (event) => stepBy(state, event, 1)
  height.oninput = () => moveTo(state, kAt(state.tree, (Number(height.value) / 1000) * topOf(state.tree)))
  height.onchange = () => tell(state)
  height.onkeydown = (event) => stepBy(state, event, -1) // a higher line cuts off fewer branches
  number.onchange = () => choose(state, Math.round(Number(number.value)) || state.k)
  const save = (/** @type {"svg" | "png"} */ kind) =>
    download(tree, `tree-of-labels-k${state.k}`, kind, getComputedStyle(root).backgroundColor)
  press(root, {
    ".svg": () => save("svg"),
    ".png": () => save("png"),
    ".split": () => state.branch !== null && edit(state, "s", state.branch),
    ".join": () => state.branch !== null && edit(state, "j", state.tree.parents[state.branch]),
    ".undo": () => change(state, { edits: [] }),
    ".leave": () => change(state, { branch: null }),
  })
}

/** @param {State} state @param {number} k */
function moveTo(state, k) {
  state.k = Math.max(2, Math.min(k, state.data.kmax))
  update(state)
}

/** @param {State} state @param {number} k */
function choose(state, k) {
  moveTo(state, k)
  tell(state)
}

/** @param {State} state @param {KeyboardEvent} event @param {1 | -1} sign */
function stepBy(state, event, sign) {
  const by = STEPS.get(event.key)
  if (by === undefined) return
  moveTo(state, state.k + sign * by)
  tell(state, REST)
  event.preventDefault()
}

/** @param {State} state @param {Partial<Pick<State, "edits" | "branch">>} what */
function change(state, what) {
  Object.assign(state, what)
  update(state)
  tell(state)
}

/** Branches are those of one tree, so the tree's id goes with them. @param {State} state @param {number} [rest] */
function tell(state, rest = 0) {
  const { messages, data, k, edits, branch } = state
  const cut = JSON.stringify([k, edits, branch])
  if (state.agreed !== cut) {
    state.agreed = cut
    messages.tell("cut", { id: data.id, k, edits, branch }, { rest })
  } else if (!rest) messages.hurry()
}

/** @param {State} state @param {Edit[0]} action @param {number} node */
function edit(state, action, node) {
  const { tree, edits } = state
  const last = edits.at(-1)
  const undone = action === "j" && last?.[0] === "s" && last[1] === node
  const children = action === "s" ? childrenOf(tree, node) : [node]
  change(state, {
    edits: undone ? edits.slice(0, -1) : [...edits, [action, node]],
    branch: children.reduce((a, b) => (tree.below[a] >= tree.below[b] ? a : b)),
  })
}
