// What the network looked at, laid over the cells; grid.py puts this file before grid.js.
// The worker finds it out. The page asks for what is in the window, and again until it is there. The server does one
// thing at a time for a page, so only one question is under way: what the large view asks goes first.
const AT_ONCE = 64 // images, as many as the server takes at once
const SOON = 250 // ms between two questions
const LATE = 1000
const SLOWER = 40 // after ten seconds of asking they grow apart: by a fortieth of the time gone
const MOST_LOST = 3 // questions in a row that nobody answers

function layLooks(state) {
  const { data, grid, above } = state
  above.hidden = !data.looks // as high when there is nothing to say, so that the grid stays where it is
  if (data.looks) for (const box of [grid, state.dialog]) box.style.setProperty("--opacity", data.looks.opacity)
  const { show, target, picture } = data.looks ?? {}
  const kind = show && target ? JSON.stringify([show, target, picture]) : ""
  const before = state.looking
  if (before?.kind !== kind || before.drawn !== state.drawn) {
    before?.stop()
    if (before?.kind !== kind) for (const cell of grid.children) bare(cell)
    state.looking = kind ? watchCells(state, kind) : null
  }
  if (data.looks) {
    markShows(state)
    drawLegend(state)
  }
  if (state.looking) lookOn(state, state.looking)
  else say(state, "", false)
}

// --- what is known --------------------------------------------------------------------------------------------------

// The ids of the images whose looks are there: coming back to a target shows them at once.
function readyFor(state, target, method) {
  const about = JSON.stringify([place(state), target, method])
  if (!state.ready.has(about)) state.ready.set(about, new Set())
  return state.ready.get(about)
}

// Whether nothing at all in an image speaks for a target, which an even dark map does not say by itself.
function isNothing(state, target, id) {
  return state.nothing.has(JSON.stringify([place(state), target, id]))
}

function place(state) {
  return state.data.looks.picture.split("?")[0]
}

// What slopes of this network are called: the server may have found out since the page was drawn.
function slopesTitle(state) {
  return state.titles.get(place(state)) ?? state.data.looks.guided
}

function pictureOf(state, item, method, target, size) {
  const version = new URL(item.thumb, location.href).searchParams.get("v") ?? ""
  const address = state.data.looks.picture.replace("{id}", item.id).replace("{method}", method)
  return `${address}&target=${encodeURIComponent(target)}&size=${size}&v=${encodeURIComponent(version)}`
}

// --- asking ---------------------------------------------------------------------------------------------------------

// One undertaking, which ends when something else is wanted or the grid has left the page.
function undertaking(state, facts) {
  const stopper = new AbortController()
  const run = { error: "", message: "", asking: false, signal: stopper.signal, ...facts }
  run.stop = () => {
    run.watch?.disconnect()
    stopper.abort()
  }
  run.goesOn = () => {
    if (!state.grid.isConnected) run.stop()
    return !stopper.signal.aborted
  }
  return run
}

// Ask until each image is there or has failed; fills want.failed, id -> why, and run.error if it is no use to go on.
// want: { target, methods, ids, failed, before: what to wait for ahead of each question }
async function askFor(state, run, want, heard) {
  const began = performance.now()
  const ready = want.methods.map((method) => readyFor(state, want.target, method))
  const missing = () => want.ids.filter((id) => !want.failed.has(id) && !ready.every((known) => known.has(id)))
  let lost = 0
  while (missing().length) {
    await want.before?.()
    if (!run.goesOn()) return
    const answer = await askOnce(state, run, want, missing())
    if (!run.goesOn()) return
    lost = answer.lost ? lost + 1 : 0
    if (!answer.lost) takeOver(state, run, want, ready, answer)
    run.error = answer.lost && lost < MOST_LOST ? "" : answer.error || ""
    if (!run.error && answer.busy === false) {
      for (const id of missing()) want.failed.set(id, "Nobody looked at this image. It may be gone; rescan the folder.")
    }
    heard()
    if (run.error) return
    if (missing().length) await rest(Math.min(LATE, Math.max(SOON, (performance.now() - began) / SLOWER)))
  }
  run.message = ""
}

function takeOver(state, run, want, ready, answer) {
  for (const id of answer.ready ?? []) for (const known of ready) known.add(id)
  for (const [id, why] of Object.entries(answer.failed ?? {})) want.failed.set(Number(id), why)
  for (const id of answer.nothing ?? []) state.nothing.add(JSON.stringify([place(state), want.target, id]))
  if (answer.guided) state.titles.set(place(state), answer.guided)
  run.message = answer.message ?? ""
}

async function askOnce(state, run, want, ids) {
  const { ask } = state.data.looks
  const about = `&target=${encodeURIComponent(want.target)}&methods=${want.methods.join(",")}&ids=${ids.join(",")}`
  try {
    const response = await fetch(ask + about, { signal: run.signal, cache: "no-store" })
    if (response.ok) return await response.json()
    const said = response.headers.get("content-type")?.startsWith("text/plain") ? await response.text() : ""
    return { error: said || `The server could not answer (${response.status}).` }
  } catch {
    return { lost: true, error: "The server does not answer. It may have been stopped." }
  }
}

function rest(time) {
  return new Promise((resolve) => setTimeout(resolve, time))
}

// --- the cells ------------------------------------------------------------------------------------------------------

function watchCells(state, kind) {
  const cells = [...state.grid.children]
  const run = undertaking(state, { kind, drawn: state.drawn, visible: new Set(), failed: new Map(), again: new Set() })
  const margin = `${cells[0]?.offsetHeight || 120}px 0px` // a row
  const see = (entries) => {
    for (const { target, isIntersecting } of entries) run.visible[isIntersecting ? "add" : "delete"](target)
    if (run.goesOn()) lookOn(state, run)
  }
  // The page scrolls within an element of its own, to which browsers apply the second margin only.
  run.watch = new IntersectionObserver(see, { rootMargin: margin, scrollMargin: margin })
  for (const cell of cells) run.watch.observe(cell)
  return run
}

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

async function largeIsDone(state, run) {
  while (state.explaining?.asking && run.goesOn()) await rest(SOON)
}

// In reading order.
function unsettled(state, run) {
  const ready = readyFor(state, state.data.looks.target, state.data.looks.show)
  const open = (item, at) => run.visible.has(state.grid.children[at]) && !ready.has(item.id) && !run.failed.has(item.id)
  return state.items.filter(open).map((item) => item.id)
}

function dress(state, run) {
  const { show, target } = state.data.looks
  const ready = readyFor(state, target, show)
  for (const [at, cell] of [...state.grid.children].entries()) {
    const { id } = state.items[at]
    if (!run.visible.has(cell)) continue
    if (ready.has(id) && !cell.querySelector(".look")) lay(state, run, cell, state.items[at])
    if (run.failed.has(id) && !cell.querySelector(".blind")) cell.append(blind(run.failed.get(id)))
  }
  const all = run.visible.size
  const done = all - unsettled(state, run).length
  const count = run.message ? `${done} of ${all}, ${run.message}` : `${done} of ${all}`
  drawLegend(state)
  say(state, run.error || (done < all ? `Looking… ${count}` : ""), Boolean(run.error))
}

function lay(state, run, cell, item) {
  const { show, target } = state.data.looks
  const layer = lookImage(state, item, show, target, "thumb")
  layer.onerror = () => {
    layer.remove()
    if (!run.goesOn()) return
    // It was there once: it is made again, but not for ever.
    readyFor(state, target, show).delete(item.id)
    if (run.again.has(item.id)) run.failed.set(item.id, "What the network looked at cannot be loaded.")
    run.again.add(item.id)
    lookOn(state, run)
  }
  cell.querySelector("img").after(layer)
}

function lookImage(state, item, method, target, size) {
  const layer = element("img", method === "cam" ? "look" : "look full")
  layer.decoding = "async"
  layer.alt = `${method === "cam" ? "heat" : "slopes"} of ${item.name}`
  layer.src = pictureOf(state, item, method, target, size)
  return layer
}

function blind(why) {
  const mark = element("span", "blind", "!")
  mark.title = why
  mark.setAttribute("role", "img")
  mark.setAttribute("aria-label", why)
  return mark
}

function bare(cell) {
  for (const part of cell.querySelectorAll(".look, .blind")) part.remove()
}

// --- the line above -------------------------------------------------------------------------------------------------

function say(state, said, failed) {
  const [text, again] = state.strip.children
  if (text.textContent !== said) text.textContent = said
  again.hidden = !failed
  state.strip.classList.toggle("failed", failed)
  again.onclick = () => {
    state.looking.error = ""
    lookOn(state, state.looking)
  }
}

function drawLegend(state) {
  const { show, scale } = state.data.looks
  const legend = state.strip.querySelector(".legend")
  const drawn = JSON.stringify([show, scale, slopesTitle(state)])
  if (legend.dataset.drawn === drawn) return
  legend.dataset.drawn = drawn
  if (!show) legend.replaceChildren()
  else if (show === "cam") {
    const colours = element("span", "colours")
    colours.style.background = `linear-gradient(to right, ${scale.join(", ")})`
    legend.replaceChildren(element("span", "", "little"), colours, element("span", "", "much"))
  } else legend.replaceChildren(element("span", "", `${slopesTitle(state)}: pixels that would change the answer`))
}
