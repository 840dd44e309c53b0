// The selection on the page, and how Python comes to know of it: when the hand rests, or before anything else happens.
import { find, setOrRemove } from "../kit/elements.js"
import { tellPage } from "../kit/page.js"
import { agree, isSelected, select, selectedOf, toggle, untold, use } from "./selected.js"

/** @import { State } from "./types.d.ts" */

const REST = 250 // ms

/** @param {State} state */
export const idsOf = (state) => state.items.map((item) => item.id)

/** @param {State} state */
export const selectedHere = (state) => selectedOf(state.selected, idsOf(state))

/** @param {State} state */
export function hearSelection(state) {
  const { data, messages, selected } = state
  state.choosing = data.selected !== null
  agree(selected, data.selected ?? [], messages.isHeard("chosen"), idsOf(state))
  announce(state)
}

/** Something was selected here, or no more. @param {State} state */
export function changed(state) {
  mark(state)
  announce(state)
  state.messages.tell("chosen", untold(state.selected), { rest: REST })
}

/** @param {State} state @param {number} index */
export function toggleAt(state, index) {
  toggle(state.selected, idsOf(state), state.items[index].id)
  changed(state)
}

/** @param {State} state */
export function selectNothing(state) {
  select(state.selected, idsOf(state), [])
  changed(state)
}

/** Widgets that act on the selection learn at once what it is, and by how many Python does not know it. @param {State} state */
function announce(state) {
  if (!state.choosing) return
  const { data, selected } = state
  const known = new Set(data.selected ?? [])
  const shown = [...new Set([...idsOf(state), ...selected.told.keys()])]
  const unheard = selectedHere(state).length - idsOf(state).filter((id) => known.has(id)).length
  tellPage("imclust-chosen", { unheard, told: { shown, selected: selectedOf(selected, shown) } })
}

/** Another widget has acted on the selection, or could not. @param {State} state @param {boolean} used */
export function onUsed(state, used) {
  if (!state.choosing) return
  use(state.selected, state.data.selected ?? [], idsOf(state), used)
  if (used) state.messages.forget("chosen")
  mark(state)
  announce(state)
}

/** @param {State} state */
export function mark(state) {
  const { grid, choosing, selected } = state
  grid.setAttribute("role", choosing ? "listbox" : "group")
  setOrRemove(grid, "aria-multiselectable", choosing || null)
  grid.classList.toggle("choosing", choosing)
  grid.classList.toggle("some", choosing && selectedHere(state).length > 0)
  for (const [index, cell] of [...grid.children].entries()) {
    setOrRemove(cell, "role", choosing ? "option" : null)
    setOrRemove(cell, "aria-selected", choosing ? isSelected(selected, state.items[index].id) : null)
  }
  markLarge(state)
}

/** @param {State} state */
export function markLarge(state) {
  const { choosing, dialog, items, selected, shown } = state
  const chosen = choosing && items[shown] !== undefined && isSelected(selected, items[shown].id)
  const button = find(dialog, ".select")
  button.hidden = !choosing
  button.setAttribute("aria-pressed", String(chosen))
  dialog.classList.toggle("chosen", chosen)
}

/** Past the end of the page: ask for the next one, and go on there when it comes. @param {State} state @param {1 | -1} by */
export function turn(state, by) {
  if (!state.data.pages) return
  state.enter = by
  state.messages.tell("turn", by, { each: true })
}
