// What every widget begins with: a state that stays between drawings, its messages, and listeners that go with it.
import { Messages } from "./messages.js"

/** @import { Component, Parts } from "./types.d.ts" */

/**
 * The function that Streamlit calls at each drawing.
 *
 * start makes the state, once; draw brings it up to date; live adds what reaches beyond the widget (listeners on the
 * document, intervals), which must end when the signal is aborted: the widget has left the page then.
 * @template State, Data @param {Parts<State, Data>} parts @returns {(component: Component<Data>) => () => void}
 */
export function widget({ start, draw, live }) {
  const known = new WeakMap()
  return (component) => {
    const { data, parentElement } = component
    let kept = known.get(parentElement)
    if (!kept) {
      const messages = new Messages()
      kept = { messages, state: start(parentElement, messages, data), stay: null }
      known.set(parentElement, kept)
    }
    kept.messages.take(component)
    if (!kept.stay) {
      kept.stay = new AbortController()
      live?.(kept.state, kept.stay.signal)
    }
    draw(kept.state, data)
    return () => {
      kept.stay?.abort()
      kept.stay = null
    }
  }
}
