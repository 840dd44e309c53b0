// Names above the centres of clusters: the largest first, and none upon another.
import { toScreen } from "./geometry.js"

/** @import { Ready } from "./types.d.ts" */

const NAMES_MOST = 60
const NAME_LETTERS = 26
export const NAME_FONT = 13

/** @param {Ready} state @param {CanvasRenderingContext2D} pen */
export function placeNames(state, pen) {
  if (!state.names || state.data.scale.length) return []
  /** @type {{ text: string, x: number, y: number, left: number, right: number, above: number, below: number }[]} */
  const placed = []
  pen.font = `600 ${NAME_FONT}px ${state.font}`
  const lift = state.placed.length ? state.placed[0].side / 2 + 8 : 15 // a tight group is no larger than its name
  for (const entry of state.bySize) {
    if (!entry.at || state.hide[entry.code] || placed.length >= NAMES_MOST) continue
    const letters = [...entry.title]
    const text = letters.length > NAME_LETTERS ? `${letters.slice(0, NAME_LETTERS - 1).join("")}…` : entry.title
    const [x, centre] = toScreen(state, ...entry.at)
    const y = centre - lift
    const half = pen.measureText(text).width / 2 + 4
    const [left, right, above, below] = [x - half, x + half, y - NAME_FONT * 0.75, y + NAME_FONT * 0.75]
    if (left < 0 || right > state.width || above < 0 || below > state.height) continue
    if (placed.some((one) => left < one.right && right > one.left && above < one.below && below > one.above)) continue
    placed.push({ text, x, y, left, right, above, below })
  }
  return placed
}

/** @param {Ready} state @param {CanvasRenderingContext2D} pen */
export function drawNames(state, pen) {
  const placed = placeNames(state, pen)
  Object.assign(pen, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4 })
  Object.assign(pen, { strokeStyle: state.groundText, fillStyle: state.inkText })
  for (const { text, x, y } of placed) {
    pen.globalAlpha = 0.85
    pen.strokeText(text, x, y)
    pen.globalAlpha = 1
    pen.fillText(text, x, y)
  }
  return placed
}
