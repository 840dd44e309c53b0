// The shelf: all clusters of a clustering, one line each. Text is only ever set as textContent.
const AGAIN_MS = 1500
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".shelf")
  const drawn = JSON.stringify(data.rows)
  const state = states.get(parentElement) ?? { count: 0 }
  states.set(parentElement, state)
  Object.assign(state, { list, send: setTriggerValue, heard: data.heard })
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
    const name = element("span", row.name ? "name" : "name none", row.name || row.without)
    const mark = element("span", "mark", row.mark)
    mark.title = row.state
    const size = element("span", "size", row.size)
    button.append(swatch(row.sign, row.colour, row.ink), name, mark, size, bar(row.share, row.colour))
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

// A message that comes while the server is busy may be lost: it is sent until the server has heard its number.
function pick(state, number) {
  state.count = Math.max(state.count, state.heard) + 1
  send(state, { count: state.count, number })
}

function send(state, picked) {
  clearTimeout(state.timer)
  state.send("pick", picked)
  state.timer = setTimeout(() => state.heard < picked.count && state.list.isConnected && send(state, picked), AGAIN_MS)
}
