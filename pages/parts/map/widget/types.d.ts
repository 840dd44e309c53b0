import type { Messages } from "../../kit/messages.js"

export type Point = [x: number, y: number]
/** A middle, and pixels of the page for each unit. */
export interface View {
  x: number
  y: number
  k: number
}
export interface Data {
  map_id: string
  places: string
  ids: string
  values: string
  entries: { title: string; colour: string; size: number; at: Point | null }[]
  scale: string[]
  by: string
  by_title: string
  thumb: string
  pick: string
  picked: string
  pick_to: string
  pictures: string
  title: string
  height: number
  unknown: string
}
/** All points of a map, in the order in which they are drawn. */
export interface MapArrays {
  n: number
  ids: Float64Array
  /** Which image of the map each drawn point is, and back. */
  order: Uint32Array
  back: Uint32Array | null
  xs: Float32Array
  ys: Float32Array
  extent?: { all: number[]; most: number[] | null }
  far?: number
  lastView?: { view: View; fitted: boolean }
}
/** Arrays on their way: how much of each has come, and what becomes of them. */
export interface Fetched<T> {
  key: string
  shares: number[]
  promise: Promise<T>
}
export interface Entry {
  title: string
  colour: string
  size: number
  at: Point | null
  code: number
}
export interface Placed {
  at: number
  x: number
  y: number
  side: number
}
export interface Drawing {
  mode: string
  points: Point[]
}
export type How = "new" | "add" | "less"
/** What is drawn. */
export interface Scene {
  xs: Float32Array
  ys: Float32Array
  codes: Uint16Array
  hide: Uint8Array
  colours: Uint8Array
  flags: Uint8Array | null
  ground: number[]
  ink: number[]
}
/** Where it is drawn: width and height in pixels of the screen, scale of those for each of the page. */
export interface Frame {
  view: View
  width: number
  height: number
  scale: number
  radius: number
  moving: boolean
}
export interface Layer {
  pixels: Uint32Array
  width: number
  height: number
  until: number
  weight: number
  frame: Frame
  /** -1 for all, 0 for those that are not selected, 1 for those that are. */
  which: number
  strength: number
  radius: number
}
/** What is selected, as widgets of one map tell each other. */
export interface Held {
  flags: Uint8Array | null
  picked: number
  key: string | null
}
export interface State extends Held {
  root: HTMLElement
  messages: Messages
  data: Data
  canvases: { points: HTMLCanvasElement; over: HTMLCanvasElement; top: HTMLCanvasElement }
  stage: HTMLElement
  wait: HTMLElement
  says: HTMLElement
  card: { root: HTMLElement; picture: HTMLImageElement; title: HTMLElement }
  strip: { text: HTMLElement; clear: HTMLElement; again: HTMLElement; far: HTMLElement }
  legend: { title: HTMLElement; ramp: HTMLElement; list: HTMLElement; all: HTMLElement }
  map: MapArrays | null
  codes: Uint16Array | null
  view: View | null
  fitted: boolean
  /** Of the stage, in pixels of the page. */
  width: number
  height: number
  scale: number
  mode: string
  pictures: string
  names: boolean
  /** What is known of the colours: see legend.js. */
  colours: Uint8Array
  hide: Uint8Array
  entries: Entry[]
  bySize: Entry[]
  known: number
  hidden: Set<string>
  alone: string | null
  /** From the theme. */
  groundText: string
  inkText: string
  font: string
  ground: number[]
  ink: number[]
  /** The selection: what Python has, what is being fetched, what went wrong. */
  agreed: string
  lent: string | null
  taken: string
  taking: string | null
  trouble: string
  posting: AbortController | null
  /** What was drawn of what was sent. */
  arrays: string
  drawnColours: string
  asked: object
  placed: Placed[]
  waiting: string[]
  lanes: number
  hovered: number
  inView: number
  radius: number
  moving: boolean
  frame: number | null
  rest: ReturnType<typeof setTimeout> | undefined
  wantPoints: boolean
  wantOver: boolean
  /** The hand. */
  fingers: Map<number, Point>
  pressed: { at: Point; from: Point; still: boolean } | null
  drawing: Drawing | null
  pointer: PointerEvent | null
  looking: number | null
}
/** A map that has come and has been laid out. */
export interface Ready extends State {
  map: MapArrays
  codes: Uint16Array
  view: View
}
export type Start = import("../../kit/types.d.ts").Start<State, Data>
