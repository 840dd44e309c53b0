/** Where to go from a cluster; Python knows the same words. */
export type Step = "next" | "previous" | "unnamed" | "clear"
export interface Row {
  number: number
  sign: string
  colour: string
  ink: string
  name: string
  without: string
  state: string
  mark: string
  size: string
  share: number
  title: string
}
export interface Rows {
  rows: Row[]
  chosen: number
}
export interface Cluster {
  number: number
  sign: string
  colour: string
  ink: string
  nameable: boolean
  gathers: boolean
  without: string
  base: number
  name: string
  state: string
  note: string
  via: string
  by: string
}
export interface Proposal {
  name: string
  receipt: string
  unsure: boolean
}
export interface Target {
  number: number
  name: string
  base: number
}
export interface Answer {
  ok: boolean
  text: string
  took?: string
  event?: number
  theirs?: number
}
export interface BarData {
  cluster: Cluster
  proposals: Proposal[]
  names: string[]
  targets: Target[]
  same: number
  selected: number
  answers: { [uuid: string]: Answer }
  author: string
  news: string
  version: number
  undo: string
  redo: string
}
/** What is said of a cluster: its name, its state, a note, and whether the name was a proposal. */
export interface Naming {
  name: string
  state: string
  note: string
  via: string
}
/** A change to be made; `do` says which, the rest belongs to it. */
export interface Act extends Partial<Naming> {
  uuid: string
  do: string
  cluster: number
  base: number
  seen: number
  into?: number
  into_base?: number
  next?: boolean
  told?: SelectionTold | null
}
/** What the grid tells of its selection, as it stands in its own messages. */
export interface SelectionTold {
  shown: number[]
  selected: number[]
}
/** A change that was refused, with the answer. */
export interface Refusal extends Answer {
  act: Act
}
export interface Fields {
  who: HTMLElement
  author: HTMLInputElement
  swatch: HTMLElement
  name: HTMLInputElement
  states: HTMLElement
  tick: HTMLElement
  proposals: HTMLElement
  same: HTMLElement
  trouble: HTMLElement
  note: HTMLInputElement
  by: HTMLElement
  count: HTMLElement
  target: HTMLInputElement
  move: HTMLButtonElement
  part: HTMLButtonElement
  aside: HTMLButtonElement
  clear: HTMLButtonElement
  undo: HTMLButtonElement
  redo: HTMLButtonElement
  help: HTMLDialogElement
}
export interface Actions {
  accept: (proposal: Proposal) => void
  merge: (into: number) => void
  rename: (refused: Act, base: number) => void
  isSaving: (cluster: Cluster) => boolean
}
export interface Bar {
  root: HTMLElement | ShadowRoot
  fields: Fields
  actions: Actions
  messages: import("../kit/messages.js").Messages
  data: BarData
  /** Changes that are not answered yet, by their uuids. */
  waiting: Map<string, Act>
  /** A change of a name that has to wait for the one before it. */
  later: { change: Naming; cluster: number; after: string } | null
  /** The cluster that was drawn last. */
  drawn: Cluster | null
  refocus: boolean
  /** Somebody has gone on: what is typed belongs to the cluster that comes. */
  ahead: { entered: { text: string; next: boolean }[] } | null
  typing: { number: number; base: number } | null
  unheard: number
  selection: SelectionTold | null
  refusals: Refusal[]
  hint: string
  /** The last drawing that the browser has shown; of which drawing the end was missed when it looked last. */
  seen: number | null
  missed: number
  looking: boolean
  /** The remembered name that Python was told, as long as it does not know who is there. */
  saidWho: string
}
export type Start = import("../kit/types.d.ts").Start<Bar, BarData>
