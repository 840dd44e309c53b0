// One image of the grid, large; grid.py puts this file before grid.js.
function listenLarge(state) {
  const { dialog } = state
  const press = { previous: () => step(state, -1), next: () => step(state, 1), close: () => dialog.close() }
  press.select = () => toggle(state, state.shown)
  press.similar = () => {
    tell(state)
    state.send("similar", state.items[state.shown].id)
    dialog.close()
  }
  for (const [name, action] of Object.entries(press)) dialog.querySelector(`.${name}`).onclick = action
  // The keyboard stays with the picture, where space chooses, when a button is pressed by mouse.
  dialog.querySelector(".buttons").onmousedown = (event) => event.preventDefault()
  dialog.onkeydown = (event) => {
    if (!isModified(event) && largeKey(state, event)) event.preventDefault()
    else tellNow(state)
  }
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close() // the backdrop
  }
  dialog.onclose = () => {
    closeReasons(state)
    // The browser tells this late: a key pressed meanwhile may have led to another widget already.
    const elsewhere = !state.grid.getRootNode().activeElement && document.activeElement !== document.body
    if (!elsewhere) state.grid.children[state.shown]?.focus()
  }
}

// Whether the key is one of ours.
function largeKey(state, event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (by) step(state, by)
  else if (state.choosing && event.key === " " && !event.target.closest("button")) toggle(state, state.shown)
  else return reasonKey(state, event.key)
  return true
}

function show(state, index) {
  const { dialog, data } = state
  const item = state.items[index]
  state.shown = index
  const find = (name) => dialog.querySelector(name)
  const img = find("img")
  if (img.getAttribute("src") !== item.view) img.src = item.view
  img.alt = item.name
  find(".name").textContent = item.name
  const place = `${index + 1} of ${state.items.length}${data.pages ? " on this page" : ""}`
  find(".more").textContent = [item.caption, item.facts, place].filter(Boolean).join(" · ")
  const rows = item.details.flatMap(([term, text]) => [element("dt", "", term), element("dd", "", text)])
  find("dl").replaceChildren(...rows)
  find(".similar").hidden = !data.similar
  markLarge(state)
  if (!dialog.open) state.reason = 0
  explain(state)
  if (!dialog.open) dialog.showModal()
}

function step(state, by) {
  if (state.items[state.shown + by]) show(state, state.shown + by)
  else turn(state, by)
}

// The page is another one, or has lost images: go on where the turn led, with the same image, or with the next.
function stay(state, id, entered) {
  const last = state.items.length - 1
  const same = state.items.findIndex((item) => item.id === id)
  if (last < 0) state.dialog.close()
  else if (entered) show(state, entered > 0 ? 0 : last)
  else show(state, same < 0 ? Math.min(state.shown, last) : same)
}

function markLarge(state) {
  const item = state.items[state.shown]
  const chosen = state.choosing && item !== undefined && isChosen(state, item.id)
  const select = state.dialog.querySelector(".select")
  select.hidden = !state.choosing
  select.setAttribute("aria-pressed", chosen)
  state.dialog.classList.toggle("chosen", chosen)
}
