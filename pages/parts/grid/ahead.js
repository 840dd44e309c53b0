// Thumbnails of the next page, a few at a time, when those of this page are there and nothing else is to be done.
import { element } from "../kit/elements.js"

/** @import { State } from "./types.d.ts" */

const LANES = 4 // of the six connections a browser has to one server
const REST = 250 // ms

/** @param {State} state */
export function fetchAhead(state) {
  const wanted = state.data.ahead
  if (String(wanted) === String(state.ahead)) return
  state.ahead = wanted
  /** @type {HTMLImageElement[]} */
  const images = []
  const isWaiting = (/** @type {Element} */ cell) => {
    const { top, bottom } = cell.getBoundingClientRect()
    return bottom > 0 && top < innerHeight && cell.querySelector("img")?.complete === false
  }
  const next = () => {
    if (state.ahead !== wanted || !state.grid.isConnected || images.length >= wanted.length) return
    const later = () => whenIdle(next)
    if ([...state.grid.children].some(isWaiting)) setTimeout(next, REST)
    else
      images.push(element("img", { fetchPriority: "low", onload: later, onerror: later, src: wanted[images.length] }))
  }
  state.fetched = images
  for (let lane = 0; lane < LANES; lane++) whenIdle(next)
}

/** @param {() => void} action */
function whenIdle(action) {
  if ("requestIdleCallback" in window) requestIdleCallback(action)
  else setTimeout(action, REST) // Safari
}
