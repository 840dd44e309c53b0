// Moving over the map: fitting, zooming, panning; other widgets of the same map on this page follow.
import { hideCard } from "./card.js"
import { redraw } from "./drawing.js"
import { extentOf, fitView, toData, viewOf } from "./geometry.js"
import { drawStrip, tellOthers } from "./selection.js"

/** @import { Ready, View } from "./types.d.ts" */

const DEEPEST = 5000 // times the fit

/** @param {Ready} state @param {boolean} [all] */
export function fit(state, all = false) {
  state.fitted = !all
  setView(state, all ? viewOf(state, extentOf(state.map).all) : fitView(state.map, state), { fitting: true })
}

/** @param {Ready} state @param {View} view @param {{ fitting?: boolean, told?: boolean, moving?: boolean }} [how] */
export function setView(state, view, { fitting = false, told = false, moving = false } = {}) {
  state.view = view
  if (!fitting) state.fitted = false
  state.map.lastView = { view, fitted: state.fitted }
  if (!told) tellOthers(state, "imclust-map-view", { view, fitted: state.fitted, moving })
  hideCard(state)
  drawStrip(state)
  redraw(state, moving)
}

/** @param {Ready} state @param {number} px @param {number} py @param {number} by @param {boolean} [moving] */
export function zoomAt(state, px, py, by, moving = false) {
  const base = fitView(state.map, state).k
  const least = Math.min(base, viewOf(state, extentOf(state.map).all).k) / 4
  const k = Math.max(least, Math.min(base * DEEPEST, state.view.k * by))
  const [x, y] = toData(state, px, py)
  setView(state, { x: x - (px - state.width / 2) / k, y: y + (py - state.height / 2) / k, k }, { moving })
}

/** @param {Ready} state @param {number} dx @param {number} dy @param {boolean} [moving] */
export function panBy(state, dx, dy, moving = false) {
  const { x, y, k } = state.view
  setView(state, { x: x - dx / k, y: y + dy / k, k }, { moving })
}
