import type { Heard, Messages } from "./messages.js"

/** What Streamlit hands to a widget at each drawing. */
export interface Component<Data> {
  data: Data & { heard: Heard }
  parentElement: HTMLElement | ShadowRoot
  setTriggerValue: (name: string, value: unknown) => void
}

/** How a widget is made: see widget.js. */
export interface Parts<State, Data> {
  start: Start<State, Data>
  draw: (state: State, data: Data) => void
  live?: (state: State, signal: AbortSignal) => void
}
export type Start<State, Data> = (root: HTMLElement | ShadowRoot, messages: Messages, data: Data) => State

/** What an element is made with: its class alone, or properties and attributes. */
export type Look<K extends keyof HTMLElementTagNameMap> =
  | string
  | (Partial<Omit<HTMLElementTagNameMap[K], "attributes" | "dataset" | "style">> & {
      attributes?: { [name: string]: string | number }
      dataset?: { [name: string]: string | number }
      style?: Partial<CSSStyleDeclaration>
    })
/** null is none at all. */
export type Child = Node | string | number | null
