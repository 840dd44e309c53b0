// What the network looked at, over the cells that are in the window.
import { element, fill, find, markAll } from "../kit/elements.js"
import { hearShow } from "./explain.js"
import { askFor, canExplain, gradientsTitle, overlayImage, readyFor, rest, undertaking } from "./questions.js"

/** @import { Explained, Item, Looks, State, Watching } from "./types.d.ts" */

const AT_ONCE = 64 // images, as many as the server takes at once

/** Cells show pictures, CAM or backprop: switched here at once, and told to Python, which keeps it in the URL. @param {State} state */
export function listenShows(state) {
  const switchTo = (/** @type {string} */ show) => {
    const { looks } = state.data
    if (!looks || looks.show === show) return
    state.wanted = show
    state.data = { ...state.data, looks: { ...looks, show } }
    state.messages.tell("show", show)
    hearShow(state, show)
    drawOverlays(state)
  }
  for (const one of state.shows.querySelectorAll("button")) one.onclick = () => switchTo(one.dataset.show ?? "")
}

/** The overlays as Python means them, but for a switch that it has not heard of. @param {State} state @param {Looks | null} looks */
export function withShow(state, looks) {
  if (!looks || state.messages.isHeard("show")) state.wanted = null
  return looks && state.wanted !== null ? { ...looks, show: state.wanted } : looks
}

/** @param {State} state */
export function drawOverlays(state) {
  const { data, grid, above, watching } = state
  above.hidden = !data.looks // as high when there is nothing to say, so that the grid stays where it is
  const { show = "", target = "", picture = "", opacity = 0 } = data.looks ?? {}
  if (data.looks) for (const box of [grid, state.dialog]) box.style.setProperty("--opacity", String(opacity))
  const kind = show && target ? JSON.stringify([show, target, picture]) : ""
  if ((watching?.kind ?? "") !== kind || watching?.drawn !== state.drawn) {
    watching?.watch.disconnect()
    watching?.stop()
    if (watching?.kind !== kind) for (const part of grid.querySelectorAll(".look, .blind")) part.remove()
    state.watching = kind && canExplain(state) ? watchCells(state, kind) : null
  }
  if (canExplain(state)) {
    markAll(state.shows, "aria-checked", (one) => one.dataset.show === show)
    drawLegend(state)
  }
  if (state.watching && canExplain(state)) lookOn(state, state.watching)
  else say(state, "", false)
}

/** @param {Explained} state @param {string} kind @returns {Watching} */
function watchCells(state, kind) {
  const cells = state.grid.querySelectorAll("button")
  const margin = `${cells[0]?.offsetHeight || 120}px 0px` // a row
  const see = (/** @type {IntersectionObserverEntry[]} */ entries) => {
    for (const { target, isIntersecting } of entries) run.visible[isIntersecting ? "add" : "delete"](target)
    if (run.goesOn()) lookOn(state, run)
    else run.watch.disconnect()
  }
  // The page scrolls within an element of its own, to which browsers apply the second margin only.
  const options = /** @type {IntersectionObserverInit} */ ({ rootMargin: margin, scrollMargin: margin })
  const watch = new IntersectionObserver(see, options)
  const facts = { kind, drawn: state.drawn, visible: new Set(), failed: new Map(), again: new Set(), watch }
  const run = undertaking(state, facts)
  for (const cell of cells) watch.observe(cell)
  return run
}

/** @param {Explained} state @param {Watching} run */
async function lookOn(state, run) {
  dress(state, run)
  if (run.asking || run.error) return
  run.asking = true
  const largeIsDone = async () => {
    while (state.explaining?.asking && run.goesOn()) await rest()
  }
  const { show, target } = state.data.looks
  while (run.goesOn() && !run.error) {
    const ids = unsettled(state, run).slice(0, AT_ONCE)
    if (!ids.length) break
    const want = { target, methods: [show], ids, failed: run.failed, before: largeIsDone }
    await askFor(state, run, want, () => dress(state, run))
  }
  run.asking = false
  if (run.goesOn()) dress(state, run)
}

/** In reading order. @param {Explained} state @param {Watching} run */
function unsettled(state, run) {
  const ready = readyFor(state, state.data.looks.target, state.data.looks.show)
  const isOpen = (/** @type {Item} */ { id }, /** @type {number} */ at) =>
    run.visible.has(state.grid.children[at]) && !ready.has(id) && !run.failed.has(id)
  return state.items.filter(isOpen).map((item) => item.id)
}

/** @param {Explained} state @param {Watching} run */
function dress(state, run) {
  if (!canExplain(state) || !state.data.looks.show) return
  const { show, target } = state.data.looks
  const ready = readyFor(state, target, show)
  for (const [at, cell] of [...state.grid.children].entries()) {
    const item = state.items[at]
    if (!run.visible.has(cell)) continue
    if (ready.has(item.id) && !cell.querySelector(".look")) overlay(state, run, cell, item)
    const why = run.failed.get(item.id)
    if (why && !cell.querySelector(".blind")) cell.append(blind(why))
  }
  const all = run.visible.size
  const done = all - unsettled(state, run).length
  const count = run.message ? `${done} of ${all}, ${run.message}` : `${done} of ${all}`
  drawLegend(state)
  say(state, run.error || (done < all ? `Looking… ${count}` : ""), Boolean(run.error))
}

/** @param {Explained} state @param {Watching} run @param {Element} cell @param {Item} item */
function overlay(state, run, cell, item) {
  const { show, target } = state.data.looks
  const layer = overlayImage(state, item, show, target, "thumb")
  layer.onerror = () => {
    layer.remove()
    if (!run.goesOn()) return
    // It was there once: it is made again, but not for ever.
    readyFor(state, target, show).delete(item.id)
    if (run.again.has(item.id)) run.failed.set(item.id, "What the network looked at cannot be loaded.")
    run.again.add(item.id)
    lookOn(state, run)
  }
  cell.querySelector("img")?.after(layer)
}

/** @param {string} why */
function blind(why) {
  const attributes = { role: "img", "aria-label": why }
  return element("span", { className: "blind", title: why, attributes }, "!")
}

/** @param {State} state @param {string} said @param {boolean} failed */
function say(state, said, failed) {
  const { strip } = state
  const [text, again] = [find(strip, "span"), find(strip, "button")]
  if (text.textContent !== said) text.textContent = said
  again.hidden = !failed
  strip.classList.toggle("failed", failed)
  again.onclick = () => {
    if (!state.watching || !canExplain(state)) return
    state.watching.error = ""
    lookOn(state, state.watching)
  }
}

/** @param {Explained} state */
function drawLegend(state) {
  const { show, scale } = state.data.looks
  const title = gradientsTitle(state)
  fill(find(state.strip, ".legend"), [show, scale, title], () => {
    if (!show) return []
    if (show !== "cam") return [element("span", "", `${title}: pixels that would change the answer`)]
    const style = { background: `linear-gradient(to right, ${scale.join(", ")})` }
    const [little, much] = ["little", "much"].map((text) => element("span", "", text))
    return [little, element("span", { className: "colours", style }), much]
  })
}
