// The legend: which colour is what. A click shows one alone, its box hides or shows it; text as textContent only.
import { button, countText, element, find } from "../../kit/elements.js"
import { UNKNOWN } from "./arrays.js"
import { hideCard } from "./card.js"
import { redraw } from "./drawing.js"

/** @import { Entry, State } from "./types.d.ts" */

const LINES_MOST = 1000

/** What is known of the colours: a colour for each code, entries by size, and which are hidden. @param {State} state */
export function load(state) {
  const { data } = state
  const codes = state.codes ?? new Uint16Array()
  const scale = data.scale.length > 0
  const grey = rgbOf(data.unknown)
  const colours = new Uint8Array(3 * (UNKNOWN + 1))
  for (let code = 0; code <= UNKNOWN; code++) colours.set(grey, 3 * code)
  if (scale) {
    const steps = data.scale.map(rgbOf)
    for (let code = 0; code < UNKNOWN; code++) colours.set(between(steps, code / (UNKNOWN - 1)), 3 * code)
  } else for (const [code, { colour }] of data.entries.entries()) colours.set(rgbOf(colour), 3 * code)
  const last = scale ? UNKNOWN : data.entries.length
  const unknown = codes.reduce((sum, code) => sum + Number(code >= last), 0)
  const entries = data.entries.map((entry, code) => ({ ...entry, code }))
  const title = scale ? "no value" : "nothing known"
  if (unknown) entries.push({ title, colour: data.unknown, size: unknown, at: null, code: UNKNOWN })
  Object.assign(state, { colours, entries, bySize: [...entries].sort((a, b) => b.size - a.size), known: last })
  const titles = new Set(entries.map((entry) => entry.title))
  if (state.alone !== null && !titles.has(state.alone)) state.alone = null
  state.hidden = new Set([...state.hidden].filter((title) => titles.has(title)))
  if (state.alone !== null) state.hidden = new Set([...titles].filter((title) => title !== state.alone))
  else if (state.hidden.size >= titles.size) state.hidden.clear()
  hideByTitle(state)
  drawLegend(state)
}

/** @param {string} hex */
const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))

/** @param {number[][]} steps @param {number} share */
function between(steps, share) {
  const at = share * (steps.length - 1)
  const low = Math.min(steps.length - 2, Math.floor(at))
  if (low < 0) return steps[0]
  return steps[low].map((part, channel) => part + (at - low) * (steps[low + 1][channel] - part))
}

/** @param {State} state */
function hideByTitle(state) {
  state.hide = new Uint8Array(UNKNOWN + 1)
  for (const entry of state.entries) {
    if (!state.hidden.has(entry.title)) continue
    if (entry.code === UNKNOWN) state.hide.fill(1, state.known)
    else state.hide[entry.code] = 1
  }
}

/** @param {State} state */
function drawLegend(state) {
  const { data, legend } = state
  legend.title.textContent = data.by_title
  legend.ramp.hidden = !data.scale.length
  find(legend.ramp, ".colours").style.background = `linear-gradient(to right, ${data.scale.join(", ")})`
  const shown = state.entries.slice(0, LINES_MOST)
  const last = state.entries.at(-1)
  if (last && !shown.includes(last)) shown.push(last)
  const more = state.entries.length - shown.length
  legend.list.replaceChildren(...shown.map((entry) => legendLine(state, entry)))
  if (more) legend.list.append(element("li", "more", `and ${countText(more)} more, which are on the map too`))
  markLegend(state)
}

/** @param {State} state @param {Entry} entry */
function legendLine(state, { title, colour, size }) {
  const attributes = { "aria-label": `Show ${title}` }
  const onchange = () => showOrHide(state, title)
  const box = element("input", { className: "shown", type: "checkbox", onchange, attributes })
  const alone = button(
    { className: "alone", title: `${title}: click to see it alone, Shift+click to hide or show it` },
    ({ shiftKey }) => (shiftKey ? showOrHide : seeAlone)(state, title),
    element("span", { className: "dot", style: { background: colour } }),
    element("span", "title", title),
    element("span", "size", countText(size)),
  )
  return element("li", { className: "entry", dataset: { title } }, box, alone)
}

/** @param {State} state */
function markLegend(state) {
  for (const line of state.legend.list.querySelectorAll("li.entry")) {
    const { title = "" } = /** @type {HTMLElement} */ (line).dataset
    line.classList.toggle("off", state.hidden.has(title))
    find(line, ".shown", HTMLInputElement).checked = !state.hidden.has(title)
    find(line, ".alone").setAttribute("aria-pressed", String(state.alone === title))
  }
  state.legend.all.hidden = !state.hidden.size
}

/** @param {State} state @param {string} title */
function seeAlone(state, title) {
  const isAlone = state.alone === title
  state.alone = isAlone ? null : title
  state.hidden = new Set(state.entries.map((one) => one.title).filter((one) => !isAlone && one !== title))
  changeShown(state)
}

/** @param {State} state @param {string} title */
function showOrHide(state, title) {
  if (!state.hidden.delete(title)) state.hidden.add(title)
  const shown = [...new Set(state.entries.map((one) => one.title))].filter((one) => !state.hidden.has(one))
  state.alone = state.hidden.size && shown.length === 1 ? shown[0] : null
  changeShown(state)
}

/** @param {State} state */
export function showAll(state) {
  state.alone = null
  state.hidden.clear()
  changeShown(state)
}

/** @param {State} state */
function changeShown(state) {
  hideByTitle(state)
  markLegend(state)
  hideCard(state)
  redraw(state)
}
