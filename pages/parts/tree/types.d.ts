import type { Messages } from "../kit/messages.js"

/** "s": split this branch; "j": join what is below it. */
export type Edit = [action: "s" | "j", node: number]
export interface Curve {
  kind: string
  title: string
  ks: number[]
  values: number[]
  best: number[]
}
export interface Mark {
  k: number
  text: string
  chief: boolean
}
/** A tree of n leaves: nodes below n are leaves, the merges follow in their order. */
export interface Shape {
  leaf_names: string[]
  names: { [node: number]: string }
  children: number[]
  heights: number[]
  order: number[]
  images: number[]
  numbers: number[]
}
export interface Data extends Shape {
  id: string
  k: number
  kmax: number
  edits: Edit[]
  branch: number | null
  marks: Mark[]
  curves: Curve[]
  palette: string[]
  picked: { [leaf: number]: number }
}
/** What is worked out of a shape once: see model.js. */
export interface Tree extends Shape {
  n: number
  parents: Int32Array
  /** Images below each node. */
  below: number[]
  /** First and last leaf of each node, in the order of the leaves. */
  first: number[]
  last: number[]
  leaves: Map<number, number[]>
}
/** What is drawn of a tree: see layout.js. */
export interface Layout {
  tips: number[]
  inner: number[]
  x: Map<number, number>
  ends: Map<number, [from: number, to: number]>
}
/** A group of the cut: its limbs, its tips that stand for several labels, how far it reaches. */
export interface Group {
  node: number
  from: number
  to: number
  limbs: string
  bundles: string
}
export interface Parts {
  root: HTMLElement
  slider: HTMLInputElement
  number: HTMLInputElement
  height: HTMLInputElement
  marks: HTMLElement
  curves: SVGSVGElement
  tree: SVGSVGElement
  tip: HTMLElement
  levels: HTMLElement
  panel: HTMLElement
}
/** What the hand can do, for those who draw or follow the pointer. */
export interface Actions {
  moveTo: (k: number) => void
  tell: () => void
  choose: (k: number) => void
  pick: (node: number | null) => void
}
export interface State {
  parts: Parts
  messages: Messages
  actions: Actions
  data: Data
  tree: Tree
  layout: Layout
  k: number
  edits: Edit[]
  branch: number | null
  chosen: Set<number>
  /** As many labels are drawn, where the tree has more. */
  level: number
  width: number
  cursor: SVGElement | null
  drawn: string
  /** The cut that Python has, or was told. */
  agreed: string
  /** What the tip of the pointer says something of. */
  about: string
  dragging: boolean
  dragged: boolean
}
export type Start = import("../kit/types.d.ts").Start<State, Data>
