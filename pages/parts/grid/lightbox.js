// One image of the grid, large.
import { element, find, press } from "../kit/elements.js"
import { activeBeside, isModified } from "../kit/page.js"
import { closeReasons, explain, reasonKey } from "./explain.js"
import { markLarge, toggleAt, turn } from "./selection.js"

/** @import { State } from "./types.d.ts" */

/** @param {State} state */
export function listenLarge(state) {
  const { dialog, messages } = state
  press(dialog, {
    ".previous": () => step(state, -1),
    ".next": () => step(state, 1),
    ".close": () => dialog.close(),
    ".select": () => toggleAt(state, state.shown),
    ".similar": () => {
      messages.tell("similar", state.items[state.shown].id)
      dialog.close()
    },
  })
  // The keyboard stays with the picture, where space chooses, when a button is pressed by mouse.
  find(dialog, ".buttons").onmousedown = (event) => event.preventDefault()
  dialog.onkeydown = (event) => {
    if (!isModified(event) && largeKey(state, event)) event.preventDefault()
    else messages.hurry()
  }
  dialog.onclick = (event) => event.target === dialog && dialog.close() // the backdrop
  dialog.onclose = () => {
    closeReasons(state)
    // The browser tells this late: a key pressed meanwhile may have led to another widget already.
    if (!activeBeside(state.grid) && document.activeElement !== document.body) return
    const cell = state.grid.children[state.shown]
    if (cell instanceof HTMLElement) cell.focus()
  }
}

/** Whether the key is one of ours. @param {State} state @param {KeyboardEvent} event */
function largeKey(state, event) {
  const isOnButton = event.target instanceof Element && event.target.closest("button")
  if (event.key === "ArrowLeft") step(state, -1)
  else if (event.key === "ArrowRight") step(state, 1)
  else if (state.choosing && event.key === " " && !isOnButton) toggleAt(state, state.shown)
  else return reasonKey(state, event.key)
  return true
}

/** @param {State} state @param {number} index */
export function show(state, index) {
  const { dialog, data } = state
  const item = state.items[index]
  state.shown = index
  const img = find(dialog, "img", HTMLImageElement)
  if (img.getAttribute("src") !== item.view) img.src = item.view
  img.alt = item.name
  find(dialog, ".name").textContent = item.name
  const place = `${index + 1} of ${state.items.length}${data.pages ? " on this page" : ""}`
  find(dialog, ".more").textContent = [item.caption, item.facts, place].filter(Boolean).join(" · ")
  const rows = item.details.flatMap(([term, text]) => [element("dt", "", term), element("dd", "", text)])
  find(dialog, "dl").replaceChildren(...rows)
  find(dialog, ".similar").hidden = !data.similar
  markLarge(state)
  if (!dialog.open) state.reason = 0
  explain(state)
  if (!dialog.open) dialog.showModal()
}

/** @param {State} state @param {1 | -1} by */
function step(state, by) {
  if (state.items[state.shown + by]) show(state, state.shown + by)
  else turn(state, by)
}

/**
 * The page is another one, or has lost images: go on where the turn led, with the same image, or with the next.
 * @param {State} state @param {number | undefined} id of the image before @param {number} entered how the page was entered
 */
export function stay(state, id, entered) {
  const last = state.items.length - 1
  const same = state.items.findIndex((item) => item.id === id)
  if (last < 0) state.dialog.close()
  else if (entered) show(state, entered > 0 ? 0 : last)
  else show(state, same < 0 ? Math.min(state.shown, last) : same)
}
