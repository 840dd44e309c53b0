// The image grid: lazy thumbnails from the image route, a large view on click, everything by image id.
// Names come from file systems we do not control, so text is only ever set as textContent.
const MODIFIERS = ["Shift", "Control", "Alt", "Meta"]
const LANES = 4 // of the six connections a browser has to one server
const states = new WeakMap()

export default function (component) {
  const { parentElement, setTriggerValue } = component
  let state = states.get(parentElement)
  if (!state) {
    state = start(parentElement)
    states.set(parentElement, state)
  }
  state.send = setTriggerValue
  const data = { ...component.data, looks: withShow(state, component.data.looks) }
  const before = { items: state.items, chosen: chosenHere(state) }
  Object.assign(state, { data, items: data.items })
  agree(state, data, before.chosen)
  hearShow(state, data.looks?.show ?? "")
  state.grid.setAttribute("aria-label", data.label)
  state.grid.dataset.size = data.size
  // Streamlit calls this more often than the data changes; drawing the same again would load it all again.
  const drawn = JSON.stringify(data.items.map(face))
  if (state.drawn !== drawn) {
    state.drawn = drawn
    draw(state, before.items)
  } else if (state.dialog.open) show(state, state.shown)
  mark(state)
  layLooks(state)
  fetchAhead(state)
  document.dispatchEvent(new CustomEvent("imclust-drawn", { detail: data.drawing }))
  document.addEventListener("imclust-used", state.onUsed)
  return () => document.removeEventListener("imclust-used", state.onUsed)
}

function start(root) {
  const grid = root.querySelector(".grid")
  const dialog = root.querySelector("dialog")
  const [above, shows, strip] = [".above", ".shows", ".looking"].map((one) => root.querySelector(one))
  const state = { grid, dialog, above, shows, strip, items: [], at: 0, shown: -1, enter: 0, ahead: [] }
  Object.assign(state, { ready: new Map(), titles: new Map(), nothing: new Set() })
  Object.assign(state, { looking: null, explaining: null, wished: null, reason: 0, wanted: null, showTimer: 0 })
  Object.assign(state, { agreed: new Set(), used: new Set(), said: new Map(), count: 0, timer: 0, base: null })
  state.onUsed = (event) => state.choosing && onUsed(state, event.detail)
  listen(state)
  listenLarge(state)
  listenReasons(state)
  listenShows(state)
  return state
}

// --- the cells ------------------------------------------------------------------------------------------------------

// What a cell shows of an image.
function face(item) {
  return JSON.stringify([item.id, item.name, item.thumb, item.caption])
}

function draw(state, before) {
  const { grid, items } = state
  const inside = grid.contains(grid.getRootNode().activeElement)
  // A cell goes on as it is, or is a new one: an img that gets another src shows the old picture for a while.
  const kept = new Map([...grid.children].map((old, at) => [face(before[at]), old]))
  const take = (item) => {
    const old = kept.get(face(item))
    kept.delete(face(item))
    return old && !old.classList.contains("lost") ? old : cell(state, item)
  }
  grid.replaceChildren(...items.map(take))
  const turned = !items.some((item) => before.some((other) => other.id === item.id))
  const last = items.length - 1
  rove(state, turned ? (state.enter < 0 ? last : 0) : Math.min(state.at, last))
  if (inside) grid.children[state.at]?.focus()
  if (state.dialog.open) stay(state, before[state.shown]?.id, turned && state.enter)
  state.enter = 0
}

function cell(state, item) {
  const button = document.createElement("button")
  button.className = "cell"
  button.type = "button"
  button.title = item.caption ? `${item.caption}\n${item.name}` : item.name
  button.dataset.id = item.id
  button.tabIndex = -1
  const img = document.createElement("img")
  img.loading = "lazy"
  img.decoding = "async"
  img.alt = item.name
  img.onerror = () => button.classList.add("lost")
  img.src = item.thumb
  const why = `${item.name}: cannot be shown. The file may have changed or moved; rescan the folder.`
  button.append(img, element("span", "why", why))
  if (item.caption) button.append(element("span", "caption", item.caption))
  button.append(element("span", "check"))
  button.onfocus = () => arrive(state, [...state.grid.children].indexOf(button))
  return button
}

// Tab enters the grid at one cell, and leaves it with the next Tab.
function rove(state, index) {
  state.at = Math.max(0, index)
  for (const [at, cell] of [...state.grid.children].entries()) cell.tabIndex = at === state.at ? 0 : -1
}

function arrive(state, index) {
  rove(state, index)
  if (state.reaching) return
  state.anchor = state.items[index].id
  state.base = null
}

function reach(state, index) {
  state.reaching = true
  state.grid.children[index].focus()
  state.reaching = false
  chooseTo(state, index)
}

// --- mouse and keys -------------------------------------------------------------------------------------------------

function listen(state) {
  const { grid } = state
  grid.onclick = (event) => click(state, event)
  grid.onmousedown = (event) => {
    if (state.choosing && event.shiftKey) event.preventDefault() // neither mark text nor move the anchor
  }
  grid.onkeydown = (event) => {
    if (!isModified(event) && act(state, event)) event.preventDefault()
    else if (!MODIFIERS.includes(event.key)) tellNow(state)
  }
  grid.onkeyup = (event) => {
    if (state.choosing && event.key === " ") event.preventDefault() // some browsers click at its end
  }
  grid.onpointerleave = () => tellNow(state)
  grid.addEventListener("focusout", (event) => {
    if (!grid.contains(event.relatedTarget)) tellNow(state)
  })
}

function isModified(event) {
  return event.ctrlKey || event.altKey || event.metaKey
}

function click(state, event) {
  const pressed = event.target.closest(".cell")
  if (!pressed) return
  const index = [...state.grid.children].indexOf(pressed)
  if (state.choosing && event.shiftKey) return reach(state, index)
  if (!state.choosing || !(event.ctrlKey || event.metaKey || isOnCheck(pressed, event))) return show(state, index)
  pressed.focus() // not every browser does that for a click
  toggle(state, index)
}

// By place: in some browsers what is inside a button gets no clicks.
function isOnCheck(pressed, event) {
  const { left, right, top, bottom } = pressed.querySelector(".check").getBoundingClientRect()
  return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom
}

// Whether the key is one of ours; all others are left to whoever listens.
function act(state, event) {
  const at = [...state.grid.children].indexOf(event.target)
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns(state), ArrowDown: at + columns(state) }
  Object.assign(to, { Home: 0, End: state.items.length - 1 })
  if (event.key in to) move(state, to[event.key], event.shiftKey)
  else if (event.key === "PageDown") turn(state, 1)
  else if (event.key === "PageUp") turn(state, -1)
  else if (!state.choosing) return false
  else if (event.key === " ") toggle(state, at)
  else if (event.key === "a") chooseAllOrNone(state)
  else if (event.key === "Escape" && chosenHere(state).length) choose(state, [])
  else return false
  return true
}

function move(state, index, ranging) {
  if (!state.items[index]) return
  if (ranging && state.choosing) reach(state, index)
  else state.grid.children[index].focus()
}

function columns(state) {
  return getComputedStyle(state.grid).gridTemplateColumns.split(" ").length
}

// Past the end of the page: ask for the next one, and go on there when it comes.
function turn(state, by) {
  if (!state.data.pages) return
  tell(state) // all that is not agreed yet: a turn may take the place of a message under way
  state.enter = by
  state.send("turn", by)
}

// --- the next page --------------------------------------------------------------------------------------------------

// Its thumbnails, a few at a time, when those of this page are there and nothing else is to be done.
function fetchAhead(state) {
  const wanted = state.data.ahead
  if (String(wanted) === String(state.ahead)) return
  state.ahead = wanted
  const images = [] // held, so that the browser keeps them at hand
  const next = () => {
    if (state.ahead !== wanted || !state.grid.isConnected || images.length >= wanted.length) return
    if ([...state.grid.children].some(isWaiting)) return setTimeout(next, REST)
    const img = new Image()
    images.push(img)
    img.fetchPriority = "low"
    img.onload = img.onerror = () => whenIdle(next)
    img.src = wanted[images.length - 1]
  }
  state.fetched = images
  for (let lane = 0; lane < LANES; lane++) whenIdle(next)
}

function isWaiting(cell) {
  const { top, bottom } = cell.getBoundingClientRect()
  return bottom > 0 && top < innerHeight && !cell.querySelector("img").complete
}

function whenIdle(action) {
  if (window.requestIdleCallback) requestIdleCallback(action)
  else setTimeout(action, REST) // Safari
}
