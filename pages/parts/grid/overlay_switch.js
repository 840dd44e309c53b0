// Whether the cells show pictures, CAM or backprop: switched here at once, and told to Python, which keeps it in the URL.
import { hearShow } from "./explain.js"
import { drawOverlays } from "./overlays.js"

/** @import { Looks, State } from "./types.d.ts" */

/** @param {State} state */
export function listenShows(state) {
  for (const button of state.shows.querySelectorAll("button")) {
    button.onclick = () => switchShow(state, button.dataset.show ?? "")
  }
}

/** The overlays as Python means them, but for a switch that it has not heard of. @param {State} state @param {Looks | null} looks */
export function withShow(state, looks) {
  if (!looks || state.messages.isHeard("show")) state.wanted = null
  return looks && state.wanted !== null ? { ...looks, show: state.wanted } : looks
}

/** @param {State} state @param {string} show */
function switchShow(state, show) {
  const { looks } = state.data
  if (!looks || looks.show === show) return
  state.wanted = show
  state.data = { ...state.data, looks: { ...looks, show } }
  state.messages.tell("show", show)
  hearShow(state, show)
  drawOverlays(state)
}
