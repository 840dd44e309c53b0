import type { Heard, Messages } from "./messages.js"

/** What Streamlit hands to a widget at each drawing. */
export interface Component<Data> {
  data: Data & { heard: Heard }
  parentElement: HTMLElement | ShadowRoot
  setTriggerValue: (name: string, value: unknown) => void
}

/** How a widget is made: see widget.js. */
export interface Parts<State, Data> {
  start: (root: HTMLElement | ShadowRoot, messages: Messages, data: Data) => State
  draw: (state: State, data: Data) => void
  live?: (state: State, signal: AbortSignal) => void
}
