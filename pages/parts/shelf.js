// The shelf: all clusters of a clustering, one line each. Text is only ever set as textContent.
const AGAIN_MS = 1500
const TRIES = 8
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".shelf")
  const drawn = JSON.stringify(data.rows)
  const state = states.get(parentElement) ?? {}
  states.set(parentElement, state)
  state.send = setTriggerValue
  if (data.chosen !== state.chosen) state.wanted = null // there, or by a key somewhere else meanwhile
  if (state.drawn !== drawn) {
    state.drawn = drawn
    list.replaceChildren(...data.rows.map(line))
  }
  for (const one of list.children) {
    const chosen = one.dataset.number === String(data.chosen)
    one.setAttribute("aria-current", chosen)
    if (chosen && state.chosen !== data.chosen) reveal(list, one)
  }
  state.chosen = data.chosen

  function line(row) {
    const button = element("button", "line")
    button.type = "button"
    button.dataset.number = row.number
    const swatch = element("span", "swatch", row.sign)
    swatch.style.background = row.colour
    swatch.style.color = row.ink
    const name = element("span", row.name ? "name" : "name none", row.name || row.without)
    const mark = element("span", "mark", row.mark)
    mark.title = row.state
    const size = element("span", "size", row.size)
    const bar = element("span", "bar")
    const part = element("span", "part")
    part.style.width = `${Math.max(1, 100 * row.share)}%`
    part.style.background = row.colour
    bar.append(part)
    button.append(swatch, name, mark, size, bar)
    button.title = row.title
    button.onclick = () => pick(state, row.number)
    return button
  }
}

// Not scrollIntoView, which would scroll the page as well.
function reveal(list, one) {
  const top = one.offsetTop - list.offsetTop
  const lowest = top + one.offsetHeight - list.clientHeight
  list.scrollTop = Math.min(top, Math.max(list.scrollTop, lowest))
}

// A message that comes while the server is busy may be lost: it is sent until the answer shows that it was heard.
function pick(state, number, tries = TRIES) {
  clearTimeout(state.timer)
  state.wanted = number
  state.send("pick", number)
  const again = () => state.wanted === number && pick(state, number, tries - 1)
  if (tries > 0) state.timer = setTimeout(again, AGAIN_MS)
}

function element(kind, name, text = "") {
  const made = document.createElement(kind)
  made.className = name
  made.textContent = text
  return made
}
