// What the network looked at, over the cells that are in the window.
import { element, find } from "../kit/elements.js"
import { askFor, canExplain, gradientsTitle, overlayImage, readyFor, rest, undertaking } from "./questions.js"

/** @import { Explained, Item, State, Watching } from "./types.d.ts" */

const AT_ONCE = 64 // images, as many as the server takes at once

/** @param {State} state */
export function drawOverlays(state) {
  const { data, grid, above, watching } = state
  above.hidden = !data.looks // as high when there is nothing to say, so that the grid stays where it is
  const { show = "", target = "", picture = "", opacity = 0 } = data.looks ?? {}
  if (data.looks) for (const box of [grid, state.dialog]) box.style.setProperty("--opacity", String(opacity))
  const kind = show && target ? JSON.stringify([show, target, picture]) : ""
  if ((watching?.kind ?? "") !== kind || watching?.drawn !== state.drawn) {
    stopWatching(state)
    if (watching?.kind !== kind) for (const cell of grid.children) bare(cell)
    state.watching = kind && canExplain(state) ? watchCells(state, kind) : null
  }
  if (canExplain(state)) {
    for (const one of state.shows.querySelectorAll("button")) {
      one.setAttribute("aria-checked", String(one.dataset.show === show))
    }
    drawLegend(state)
  }
  if (state.watching && canExplain(state)) lookOn(state, state.watching)
  else say(state, "", false)
}

/** @param {State} state */
function stopWatching(state) {
  state.watching?.watch.disconnect()
  state.watching?.stop()
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
  const { show, target } = state.data.looks
  while (run.goesOn() && !run.error) {
    const ids = unsettled(state, run).slice(0, AT_ONCE)
    if (!ids.length) break
    const want = { target, methods: [show], ids, failed: run.failed, before: () => largeIsDone(state, run) }
    await askFor(state, run, want, () => dress(state, run))
  }
  run.asking = false
  if (run.goesOn()) dress(state, run)
}

/** @param {State} state @param {Watching} run */
async function largeIsDone(state, run) {
  while (state.explaining?.asking && run.goesOn()) await rest()
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
  const mark = element("span", "blind", "!")
  mark.title = why
  mark.setAttribute("role", "img")
  mark.setAttribute("aria-label", why)
  return mark
}

/** @param {Element} cell */
function bare(cell) {
  for (const part of cell.querySelectorAll(".look, .blind")) part.remove()
}

// --- the line above -------------------------------------------------------------------------------------------------

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
  const legend = find(state.strip, ".legend")
  const drawn = JSON.stringify([show, scale, gradientsTitle(state)])
  if (legend.dataset.drawn === drawn) return
  legend.dataset.drawn = drawn
  if (!show) legend.replaceChildren()
  else if (show === "cam") {
    const colours = element("span", "colours")
    colours.style.background = `linear-gradient(to right, ${scale.join(", ")})`
    legend.replaceChildren(element("span", "", "little"), colours, element("span", "", "much"))
  } else legend.replaceChildren(element("span", "", `${gradientsTitle(state)}: pixels that would change the answer`))
}
