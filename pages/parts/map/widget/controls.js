// The buttons above the map: what dragging does, where pictures are.
import { find, markAll } from "../../kit/elements.js"
import { redrawOver } from "./drawing.js"

/** @import { State } from "./types.d.ts" */

const STEPS = new Map(Object.entries({ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }))

/** One of these is chosen; arrow keys go to the next, as in any radio group. @param {HTMLElement} group @param {(value: string) => void} choose */
export function radios(group, choose) {
  const buttons = [...group.querySelectorAll("button")]
  buttons.forEach((button, at) => {
    button.onclick = () => choose(button.value)
    button.onkeydown = (event) => {
      const by = STEPS.get(event.key)
      if (!by) return
      event.preventDefault()
      event.stopPropagation()
      const next = buttons[(at + by + buttons.length) % buttons.length]
      choose(next.value)
      next.focus()
    }
  })
}

/** @param {HTMLElement} group @param {string} value */
function markRadios(group, value) {
  markAll(group, "aria-checked", (one) => one.value === value)
  for (const one of group.querySelectorAll("button")) one.tabIndex = one.value === value ? 0 : -1
}

/** @param {State} state @param {string} mode */
export function setMode(state, mode) {
  state.mode = mode
  state.root.dataset.mode = mode
  markRadios(find(state.root, ".modes"), mode)
}

/** @param {State} state @param {string} pictures */
export function setPictures(state, pictures) {
  state.pictures = pictures
  markRadios(find(state.root, ".pictures"), pictures)
  if (state.codes) redrawOver(state)
}
