import type { Messages } from "../kit/messages.js"

/** What there is to explain beside a large picture: a target, or one against another. */
export interface Target {
  title: string
  target: string
}
export interface Reason extends Target {
  for?: Target
  against?: Target
}
export interface Item {
  id: number
  name: string
  facts: string
  caption: string
  details: [term: string, text: string][]
  reasons: Reason[]
  thumb: string
  view: string
}
/** What the grid can show of what the network looked at: see Looks in grid.py. */
export interface Looks {
  show: string
  ask: string
  picture: string
  opacity: number
  guided: string
  scale: string[]
  target: string
}
export interface Data {
  items: Item[]
  label: string
  size: string
  drawing: number
  ahead: string[]
  selected: number[] | null
  looks: Looks | null
  pages: boolean
  similar: boolean
}
/** What is selected: see selected.js. */
export interface Selected {
  /** What Python says is selected. */
  agreed: Set<number>
  /** What was changed here and Python may not know, over all pages. */
  told: Map<number, boolean>
  /** What another widget has acted on, and Python may still call selected. */
  used: Set<number>
  /** Where a range begins, and what was selected beside it. */
  anchor: number | null
  base: number[] | null
}
/** One undertaking, which ends when something else is wanted or the grid has left the page. */
export interface Run {
  error: string
  message: string
  asking: boolean
  signal: AbortSignal
  stop: () => void
  goesOn: () => boolean
}
/** The overlays of the cells that are in the window. */
export interface Watching extends Run {
  kind: string
  drawn: string
  visible: Set<Element>
  failed: Map<number, string>
  again: Set<number>
  watch: IntersectionObserver
}
/** The explanation of the image that is shown large. */
export interface Explaining extends Run {
  about: string
  item: Item
}
/** What is asked of the server: for these images, by these methods. */
export interface Want {
  target: string
  methods: string[]
  ids: number[]
  failed: Map<number, string>
  /** What to wait for ahead of each question. */
  before?: () => Promise<void>
}
export interface Answer {
  ready?: number[]
  failed?: { [id: string]: string }
  nothing?: number[]
  guided?: string
  message?: string
  busy?: boolean
  error?: string
  lost?: boolean
}
/** A figure beside the original. */
export interface Panel {
  method: string
  target: string
  title: (state: Explained, item: Item) => string
}
export interface State {
  messages: Messages
  data: Data
  grid: HTMLElement
  dialog: HTMLDialogElement
  above: HTMLElement
  shows: HTMLElement
  strip: HTMLElement
  items: Item[]
  drawn: string
  selected: Selected
  choosing: boolean
  reaching: boolean
  /** The cell that Tab enters; the image that is shown large; how the next page is entered: 1, -1, or 0 for not. */
  at: number
  shown: number
  enter: number
  /** Thumbnails of the next page, held so that the browser keeps them at hand. */
  ahead: string[]
  fetched: HTMLImageElement[]
  /** What is known of overlays, by what they are of. */
  ready: Map<string, Set<number>>
  titles: Map<string, string>
  nothing: Set<string>
  watching: Watching | null
  explaining: Explaining | null
  /** Whether overlays beside the large picture were asked for or switched off; null for as the cells have it. */
  wished: boolean | null
  shownBefore: string
  reason: number
  /** What was switched to here and Python has not heard of. */
  wanted: string | null
}
/** A grid that has something to explain. */
export interface Explained extends State {
  data: Data & { looks: Looks }
}
export type Start = import("../kit/types.d.ts").Start<State, Data>
