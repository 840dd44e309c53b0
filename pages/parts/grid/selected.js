// Which images are selected, without a page. A click is answered here at once; Python says with its next data how far it
// has heard.

/** @import { Selected } from "./types.d.ts" */

/** @returns {Selected} */
export const nothingSelected = () => ({ agreed: new Set(), told: new Map(), used: new Set(), anchor: null, base: null })

/** @param {Selected} selected @param {number} id */
export const isSelected = ({ told, agreed }, id) => told.get(id) ?? agreed.has(id)

/** @param {Selected} selected @param {number[]} ids */
export const selectedOf = (selected, ids) => ids.filter((id) => isSelected(selected, id))

/** Take over what Python says is selected, of what is shown now. @param {Selected} selected @param {number[]} known @param {boolean} isHeard @param {number[]} ids */
export function agree(selected, known, isHeard, ids) {
  const before = selectedOf(selected, ids)
  if (!known.some((id) => selected.used.has(id))) selected.used.clear()
  selected.agreed = new Set(known.filter((id) => !selected.used.has(id)))
  if (isHeard) selected.told.clear()
  if (String(before) !== String(selectedOf(selected, ids))) selected.base = null
}

/** Select exactly these of those that are shown. @param {Selected} selected @param {number[]} ids @param {number[]} these @param {number[] | null} [base] */
export function select(selected, ids, these, base = null) {
  const chosen = new Set(these)
  for (const id of ids) selected.told.set(id, chosen.has(id))
  for (const id of chosen) selected.used.delete(id) // selected anew, which Python will say too
  selected.base = base
}

/** @param {Selected} selected @param {number[]} ids @param {number} id */
export function toggle(selected, ids, id) {
  const chosen = selectedOf(selected, ids)
  select(selected, ids, chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])
}

/** @param {Selected} selected @param {number[]} ids */
export function toggleAll(selected, ids) {
  select(selected, ids, selectedOf(selected, ids).length < ids.length ? ids : [])
}

/**
 * From the anchor to here, beside what was selected when the anchor was set, so that a range can shrink again.
 * @param {Selected} selected @param {number[]} ids @param {number} index
 */
export function selectTo(selected, ids, index) {
  const base = selected.base ?? selectedOf(selected, ids)
  const anchor = selected.anchor === null ? -1 : ids.indexOf(selected.anchor)
  const [from, to] = [anchor < 0 ? index : anchor, index].sort((a, b) => a - b)
  select(selected, ids, [...base, ...ids.slice(from, to + 1)], base)
}

/**
 * Another widget has acted on the selection: it is none any more, though Python may still say so for a while. Or it could
 * not, and all is as Python says.
 * @param {Selected} selected @param {number[]} known @param {number[]} ids @param {boolean} used
 */
export function use(selected, known, ids, used) {
  if (used) for (const id of selectedOf(selected, ids)) selected.used.add(id)
  else selected.used.clear()
  if (used) selected.told.clear()
  selected.agreed = new Set(known.filter((id) => !selected.used.has(id)))
  selected.base = null
}

/** What Python may not know, over all pages. @param {Selected} selected */
export function untold({ told }) {
  const shown = [...told.keys()]
  return { shown, selected: shown.filter((id) => told.get(id)) }
}

/** Where a key leads from a cell; undefined for other keys. @param {string} key @param {number} at @param {number} columns @param {number} count */
export function targetOf(key, at, columns, count) {
  const arrows = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns }
  return new Map(Object.entries({ ...arrows, Home: 0, End: count - 1 })).get(key)
}
