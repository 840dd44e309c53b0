// Which images of the grid are chosen, and how Python comes to know; grid.py puts this file before grid.js.
// A click is answered here at once. Python hears of it when the hand rests, and says with its next data how far it
// has heard. Until then `said` holds what it may not know, over all pages, and goes along with each message: one that
// is lost, because the server was busy and a later one took its place, is made good by the next.
const REST = 250 // ms

function isChosen(state, id) {
  return state.said.get(id) ?? state.agreed.has(id)
}

function chosenHere(state) {
  return state.items.map((item) => item.id).filter((id) => isChosen(state, id))
}

// Take over what Python says, unless it has not heard of the last change made here.
function agree(state, data, before) {
  state.choosing = data.selected !== null
  const known = data.selected ?? []
  if (!known.some((id) => state.used.has(id))) state.used.clear()
  state.agreed = new Set(known.filter((id) => !state.used.has(id)))
  if (data.heard >= state.count) state.said.clear()
  else if (state.said.size && !state.timer) tellSoon(state)
  state.count = Math.max(state.count, data.heard)
  if (String(before) !== String(chosenHere(state))) state.base = null
  announce(state)
}

// Other widgets that act on the selection learn at once what it is, and by how many it differs from what Python knows.
function announce(state) {
  if (!state.choosing) return
  const known = state.items.filter((item) => (state.data.selected ?? []).includes(item.id)).length
  const shown = [...new Set([...state.items.map((item) => item.id), ...state.said.keys()])]
  const detail = { unheard: chosenHere(state).length - known, told: { shown, selected: shown.filter((id) => isChosen(state, id)) } }
  document.dispatchEvent(new CustomEvent("imclust-chosen", { detail }))
}

function tellSoon(state) {
  clearTimeout(state.timer)
  state.timer = setTimeout(() => tell(state), REST)
}

function tell(state) {
  clearTimeout(state.timer)
  state.timer = 0
  if (!state.said.size || !state.grid.isConnected) return
  const shown = [...state.said.keys()]
  state.send("chosen", { shown, selected: shown.filter((id) => state.said.get(id)), count: state.count })
}

// Another widget has acted on the selection: what was chosen is chosen no more, though Python may still say so for a
// while. Or it could not, and all is as it was.
function onUsed(state, used) {
  if (used) for (const id of chosenHere(state)) state.used.add(id)
  else state.used.clear()
  if (used) state.said.clear()
  state.agreed = new Set((state.data.selected ?? []).filter((id) => !state.used.has(id)))
  state.base = null
  mark(state)
  announce(state)
}

// Before anything else acts on the selection: a key of another widget, a click outside.
function tellNow(state) {
  if (state.timer) tell(state)
}

function choose(state, ids, base = null) {
  const chosen = new Set(ids)
  for (const item of state.items) state.said.set(item.id, chosen.has(item.id))
  state.count += 1
  state.base = base
  mark(state)
  announce(state)
  tellSoon(state)
}

function toggle(state, index) {
  const { id } = state.items[index]
  const chosen = chosenHere(state)
  choose(state, chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])
}

function chooseAllOrNone(state) {
  const all = state.items.map((item) => item.id)
  choose(state, chosenHere(state).length < all.length ? all : [])
}

// From the anchor to here, beside what was chosen when the anchor was set, so that a range can shrink again.
function chooseTo(state, index) {
  const base = state.base ?? chosenHere(state)
  const anchor = state.items.findIndex((item) => item.id === state.anchor)
  const [from, to] = [anchor < 0 ? index : anchor, index].sort((a, b) => a - b)
  choose(state, [...base, ...state.items.slice(from, to + 1).map((item) => item.id)], base)
}

function mark(state) {
  const { grid, choosing } = state
  grid.setAttribute("role", choosing ? "listbox" : "group")
  setOrRemove(grid, "aria-multiselectable", choosing ? "true" : null)
  grid.classList.toggle("choosing", choosing)
  grid.classList.toggle("some", choosing && chosenHere(state).length > 0)
  for (const [index, cell] of [...grid.children].entries()) {
    setOrRemove(cell, "role", choosing ? "option" : null)
    setOrRemove(cell, "aria-selected", choosing ? isChosen(state, state.items[index].id) : null)
  }
  markLarge(state)
}

function setOrRemove(element, name, value) {
  if (value === null) element.removeAttribute(name)
  else element.setAttribute(name, value)
}
