// The card at the pointer: the picture of an image and what is known of it.
import { UNKNOWN } from "./arrays.js"
import { redrawTop } from "./drawing.js"
import { toScreen } from "./geometry.js"
import { addressOf } from "./thumbnails.js"

/** @import { Ready, State } from "./types.d.ts" */

/** @param {State} state */
export function hideCard(state) {
  state.pointer = null
  if (state.hovered < 0) return
  state.hovered = -1
  state.card.root.hidden = true
  state.canvases.top.style.cursor = ""
  delete state.root.dataset.hover
  redrawTop(state)
}

/** @param {Ready} state @param {number} at the point that it is of, -1 for none */
export function showCard(state, at) {
  if (at < 0) return hideCard(state)
  state.hovered = at
  const { card, map } = state
  redrawTop(state)
  card.root.hidden = false
  state.canvases.top.style.cursor = "pointer"
  state.root.dataset.hover = String(map.ids[map.order[at]])
  card.title.textContent = wordsOf(state, at)
  card.picture.hidden = !state.data.thumb
  card.picture.onerror = () => (card.picture.hidden = true)
  if (state.data.thumb) card.picture.src = addressOf(state, at)
  const [x, y] = toScreen(state, map.xs[at], map.ys[at])
  const [wide, tall] = [160, 190]
  card.root.style.left = `${x + 16 + wide > state.width ? Math.max(0, x - 16 - wide) : x + 16}px`
  card.root.style.top = `${Math.max(0, Math.min(y - 20, state.height - tall))}px`
}

/** What a point is, in words. @param {Ready} state @param {number} at */
function wordsOf(state, at) {
  const code = state.codes[at]
  const last = state.entries.at(-1)
  if (code >= state.known) return last?.code === UNKNOWN ? last.title : ""
  if (!state.data.scale.length) return state.entries[code]?.title ?? "" // colours may be on their way
  return `${state.data.by_title}: ${((100 * code) / (UNKNOWN - 1)).toFixed(1)} %`
}
