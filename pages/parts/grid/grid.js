// The image grid: lazy thumbnails from the image route, a large view on click, everything by image id.
// Names come from file systems we do not control, so text is only ever set as textContent.
import { element, find } from "../kit/elements.js"
import { activeBeside, hearPage, isModified, tellPage } from "../kit/page.js"
import { widget } from "../kit/widget.js"
import { fetchAhead } from "./ahead.js"
import { hearShow, listenReasons } from "./explain.js"
import { listenLarge, show, stay } from "./lightbox.js"
import { drawOverlays, listenShows, withShow } from "./overlays.js"
import { nothingSelected, selectTo, targetOf, toggleAll } from "./selected.js"
import * as selection from "./selection.js"

/** @import { Data, Item, State, Start } from "./types.d.ts" */

const MODIFIERS = ["Shift", "Control", "Alt", "Meta"]

export default widget({
  start,
  draw: (state, /** @type {Data} */ given) => {
    const data = { ...given, looks: withShow(state, given.looks) }
    const before = state.items
    Object.assign(state, { data, items: data.items })
    selection.hearSelection(state)
    hearShow(state, data.looks?.show ?? "")
    state.grid.setAttribute("aria-label", data.label)
    state.grid.dataset.size = data.size
    // Streamlit calls this more often than the data changes; drawing the same again would load it all again.
    const drawn = JSON.stringify(data.items.map(face))
    if (state.drawn !== drawn) {
      state.drawn = drawn
      state.selected.base = null
      draw(state, before)
    } else if (state.dialog.open) show(state, state.shown)
    selection.mark(state)
    drawOverlays(state)
    fetchAhead(state)
    tellPage("imclust-drawn", data.drawing)
  },
  live: (state, signal) => hearPage("imclust-used", (used) => selection.onUsed(state, used), signal),
})

/** @type {Start} */
function start(root, messages, data) {
  /** @type {State} */
  const state = {
    ...{ messages, data, grid: find(root, ".grid"), dialog: find(root, "dialog", HTMLDialogElement) },
    ...{ above: find(root, ".above"), shows: find(root, ".shows"), strip: find(root, ".looking") },
    ...{ items: [], drawn: "", selected: nothingSelected(), choosing: false, reaching: false },
    ...{ at: 0, shown: -1, enter: 0, ahead: [], fetched: [] },
    ...{ ready: new Map(), titles: new Map(), nothing: new Set(), watching: null, explaining: null },
    ...{ wished: null, shownBefore: "", reason: 0, wanted: null },
  }
  listen(state)
  listenLarge(state)
  listenReasons(state)
  listenShows(state)
  return state
}

/** What a cell shows of an image. @param {Item | undefined} item */
const face = (item) => JSON.stringify([item?.id, item?.name, item?.thumb, item?.caption])

/** @param {State} state @param {Item[]} before */
function draw(state, before) {
  const { grid, items } = state
  const inside = grid.contains(activeBeside(grid))
  // A cell goes on as it is, or is a new one: an img that gets another src shows the old picture for a while.
  const kept = new Map([...grid.children].map((old, at) => [face(before[at]), old]))
  const take = (/** @type {Item} */ item) => {
    const old = kept.get(face(item))
    kept.delete(face(item))
    return old && !old.classList.contains("lost") ? old : makeCell(state, item)
  }
  grid.replaceChildren(...items.map(take))
  const turned = !items.some((item) => before.some((other) => other.id === item.id))
  const last = items.length - 1
  rove(state, turned ? (state.enter < 0 ? last : 0) : Math.min(state.at, last))
  if (inside) cellAt(state, state.at)?.focus()
  if (state.dialog.open) stay(state, before[state.shown]?.id, turned ? state.enter : 0)
  state.enter = 0
}

/** @param {State} state @param {number} index */
function cellAt(state, index) {
  const found = state.grid.children[index]
  return found instanceof HTMLElement ? found : null
}

/** @param {State} state @param {Item} item */
function makeCell(state, item) {
  const { id, name, caption } = item
  const why = `${name}: cannot be shown. The file may have changed or moved; rescan the folder.`
  const img = element("img", { loading: "lazy", decoding: "async", alt: name, src: item.thumb })
  const cell = element(
    "button",
    { className: "cell", type: "button", tabIndex: -1, title: caption ? `${caption}\n${name}` : name, dataset: { id } },
    img,
    element("span", "why", why),
    caption ? element("span", "caption", caption) : null,
    element("span", "check"),
  )
  img.onerror = () => cell.classList.add("lost")
  cell.onfocus = () => arrive(state, [...state.grid.children].indexOf(cell))
  return cell
}

/** Tab enters the grid at one cell, and leaves it with the next Tab. @param {State} state @param {number} index */
function rove(state, index) {
  state.at = Math.max(0, index)
  for (const [at, cell] of state.grid.querySelectorAll("button").entries()) cell.tabIndex = at === state.at ? 0 : -1
}

/** @param {State} state @param {number} index */
function arrive(state, index) {
  rove(state, index)
  if (state.reaching) return
  state.selected.anchor = state.items[index].id
  state.selected.base = null
}

/** @param {State} state @param {number} index */
function reach(state, index) {
  state.reaching = true
  cellAt(state, index)?.focus()
  state.reaching = false
  selectTo(state.selected, selection.idsOf(state), index)
  selection.changed(state)
}

/** @param {State} state */
function listen(state) {
  const { grid, messages } = state
  grid.onclick = (event) => click(state, event)
  grid.onmousedown = (event) => {
    if (state.choosing && event.shiftKey) event.preventDefault() // neither mark text nor move the anchor
  }
  grid.onkeydown = (event) => {
    if (!isModified(event) && act(state, event)) event.preventDefault()
    else if (!MODIFIERS.includes(event.key)) messages.hurry()
  }
  grid.onkeyup = (event) => {
    if (state.choosing && event.key === " ") event.preventDefault() // some browsers click at its end
  }
  grid.onpointerleave = () => messages.hurry()
  grid.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node) || !grid.contains(event.relatedTarget)) messages.hurry()
  })
}

/** @param {State} state @param {MouseEvent} event */
function click(state, event) {
  const pressed = event.target instanceof Element ? event.target.closest(".cell") : null
  if (!(pressed instanceof HTMLElement)) return
  const index = [...state.grid.children].indexOf(pressed)
  if (state.choosing && event.shiftKey) return reach(state, index)
  if (!state.choosing || !(event.ctrlKey || event.metaKey || isOnCheck(pressed, event))) return show(state, index)
  pressed.focus() // not every browser does that for a click
  selection.toggleAt(state, index)
}

/** By place: in some browsers what is inside a button gets no clicks. @param {HTMLElement} pressed @param {MouseEvent} event */
function isOnCheck(pressed, event) {
  const { left, right, top, bottom } = find(pressed, ".check").getBoundingClientRect()
  return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom
}

/** Whether the key is one of ours; all others are left to whoever listens. @param {State} state @param {KeyboardEvent} event */
function act(state, event) {
  const at = event.target instanceof Element ? [...state.grid.children].indexOf(event.target) : -1
  const columns = getComputedStyle(state.grid).gridTemplateColumns.split(" ").length
  const to = targetOf(event.key, at, columns, state.items.length)
  if (to !== undefined) move(state, to, event.shiftKey)
  else if (event.key === "PageDown") selection.turn(state, 1)
  else if (event.key === "PageUp") selection.turn(state, -1)
  else if (!state.choosing) return false
  else if (event.key === " ") selection.toggleAt(state, at)
  else if (event.key === "a") {
    toggleAll(state.selected, selection.idsOf(state))
    selection.changed(state)
  } else if (event.key === "Escape" && selection.selectedHere(state).length) selection.selectNothing(state)
  else return false
  return true
}

/** @param {State} state @param {number} index @param {boolean} ranging */
function move(state, index, ranging) {
  if (!state.items[index]) return
  if (ranging && state.choosing) reach(state, index)
  else cellAt(state, index)?.focus()
}
