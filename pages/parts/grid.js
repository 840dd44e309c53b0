// The image grid: lazy thumbnails from the image route, a large view on click, everything by image id.
// Names come from file systems we do not control, so text is only ever set as textContent.
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const grid = parentElement.querySelector(".grid")
  const dialog = parentElement.querySelector("dialog")
  const state = states.get(parentElement) ?? { shown: -1 }
  states.set(parentElement, state)
  state.items = data.items

  grid.setAttribute("aria-label", data.label)
  // Streamlit calls this more often than the data changes; drawing the same again would load it all again.
  const drawn = JSON.stringify(data.items.map((item) => [item.thumb, item.caption]))
  if (state.drawn !== drawn) {
    state.drawn = drawn
    // New elements: an img that is kept and gets another src shows the old picture until the new one is there.
    grid.replaceChildren(...data.items.map(cell))
    if (dialog.open && state.enter) show(state.enter > 0 ? 0 : data.items.length - 1)
  }

  function cell(item, index) {
    const button = document.createElement("button")
    button.className = "cell"
    button.type = "button"
    button.title = item.name
    button.dataset.id = item.id
    const img = document.createElement("img")
    img.loading = "lazy"
    img.decoding = "async"
    img.alt = item.name
    const why = document.createElement("span")
    why.className = "why"
    why.textContent = `${item.name}: cannot be shown. The file may have changed or moved; rescan the folder.`
    img.onerror = () => button.classList.add("lost")
    img.src = item.thumb
    button.append(img, why)
    if (item.caption) {
      const caption = document.createElement("span")
      caption.className = "caption"
      caption.textContent = item.caption
      button.append(caption)
      button.title = `${item.caption}\n${item.name}`
    }
    button.onclick = () => show(index)
    return button
  }

  function show(index) {
    const item = state.items[index]
    if (!item) return
    state.shown = index
    state.enter = 0
    dialog.querySelector("img").src = item.view
    dialog.querySelector("img").alt = item.name
    dialog.querySelector(".name").textContent = item.name
    const place = `${index + 1} of ${state.items.length}${data.pages ? " on this page" : ""}`
    dialog.querySelector(".more").textContent = [item.caption, item.facts, place].filter(Boolean).join(" · ")
    if (!dialog.open) dialog.showModal()
  }

  function step(by) {
    const next = state.shown + by
    if (next >= 0 && next < state.items.length) return show(next)
    turn(by)
  }

  // Past the end of the page: ask for the next one, and go on there when it comes.
  function turn(by) {
    if (!data.pages) return
    state.enter = dialog.open ? by : 0
    setTriggerValue("turn", by)
  }

  function columns() {
    return getComputedStyle(grid).gridTemplateColumns.split(" ").length
  }

  grid.onkeydown = (event) => {
    const cells = [...grid.children]
    const at = cells.indexOf(event.target)
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }[event.key]
    if (by !== undefined && cells[at + by]) cells[at + by].focus()
    else if (event.key === "PageDown") turn(1)
    else if (event.key === "PageUp") turn(-1)
    else if (by === undefined) return
    event.preventDefault()
  }

  dialog.onkeydown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (by === undefined) return
    step(by)
    event.preventDefault()
  }
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close() // the backdrop
  }
  dialog.onclose = () => grid.children[state.shown]?.focus()
  const similar = parentElement.querySelector(".similar")
  similar.hidden = !data.similar
  similar.onclick = () => {
    setTriggerValue("similar", state.items[state.shown].id)
    dialog.close()
  }
  parentElement.querySelector(".previous").onclick = () => step(-1)
  parentElement.querySelector(".next").onclick = () => step(1)
  parentElement.querySelector(".close").onclick = () => dialog.close()
}
