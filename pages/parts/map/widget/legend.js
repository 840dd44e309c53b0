// The legend: which colour is what. A click shows one alone, its box hides or shows it; text as textContent only.
const LINES_MOST = 1000

// What is known of the colours: a colour for each code, entries by size, and which are hidden.
function load(state) {
  const { data, codes } = state
  const scale = data.scale.length > 0
  const grey = rgbOf(data.unknown)
  const colours = new Uint8Array(3 * (UNKNOWN + 1))
  for (let code = 0; code <= UNKNOWN; code++) colours.set(grey, 3 * code)
  if (scale) {
    const steps = data.scale.map(rgbOf)
    for (let code = 0; code < UNKNOWN; code++) colours.set(between(steps, code / (UNKNOWN - 1)), 3 * code)
  } else data.entries.forEach((entry, code) => colours.set(rgbOf(entry.colour), 3 * code))
  let unknown = 0
  const last = scale ? UNKNOWN : data.entries.length
  for (let at = 0; at < codes.length; at++) if (codes[at] >= last) unknown++
  const entries = data.entries.map((entry, code) => ({ ...entry, code }))
  if (unknown) entries.push({ title: scale ? "no value" : "nothing known", colour: data.unknown, size: unknown, at: null, code: UNKNOWN })
  Object.assign(state, { colours, entries, bySize: [...entries].sort((a, b) => b.size - a.size), known: last })
  const titles = new Set(entries.map((entry) => entry.title))
  if (state.alone !== null && !titles.has(state.alone)) state.alone = null
  state.hidden = new Set([...state.hidden].filter((title) => titles.has(title)))
  if (state.alone !== null) state.hidden = new Set([...titles].filter((title) => title !== state.alone))
  else if (state.hidden.size >= titles.size) state.hidden.clear()
  hideByTitle(state)
  drawLegend(state)
}

function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
}

function between(steps, share) {
  const at = share * (steps.length - 1)
  const low = Math.min(steps.length - 2, Math.floor(at))
  if (low < 0) return steps[0]
  return steps[low].map((part, channel) => part + (at - low) * (steps[low + 1][channel] - part))
}

function hideByTitle(state) {
  state.hide = new Uint8Array(UNKNOWN + 1)
  for (const entry of state.entries) {
    if (!state.hidden.has(entry.title)) continue
    if (entry.code === UNKNOWN) state.hide.fill(1, state.known)
    else state.hide[entry.code] = 1
  }
}

function drawLegend(state) {
  const { data, legend } = state
  legend.title.textContent = data.by_title
  legend.ramp.hidden = !data.scale.length
  legend.ramp.querySelector(".colours").style.background = `linear-gradient(to right, ${data.scale.join(", ")})`
  const shown = state.entries.slice(0, LINES_MOST)
  const last = state.entries.at(-1)
  if (last && !shown.includes(last)) shown.push(last)
  const more = state.entries.length - shown.length
  legend.list.replaceChildren(...shown.map((entry) => legendLine(state, entry)))
  if (more) legend.list.append(element("li", "more", `and ${more.toLocaleString("en")} more, which are on the map too`))
  markLegend(state)
}

function legendLine(state, entry) {
  const line = element("li", "entry")
  const box = element("input", "shown")
  box.type = "checkbox"
  box.setAttribute("aria-label", `Show ${entry.title}`)
  box.onchange = () => showOrHide(state, entry.title)
  const button = element("button", "alone")
  button.type = "button"
  button.title = `${entry.title}: click to see it alone, Shift+click to hide or show it`
  button.onclick = (event) => (event.shiftKey ? showOrHide(state, entry.title) : seeAlone(state, entry.title))
  const dot = element("span", "dot")
  dot.style.background = entry.colour
  button.append(dot, element("span", "title", entry.title), element("span", "size", entry.size.toLocaleString("en")))
  line.append(box, button)
  line.dataset.title = entry.title
  return line
}

function markLegend(state) {
  for (const line of state.legend.list.querySelectorAll(".entry")) {
    const { title } = line.dataset
    line.classList.toggle("off", state.hidden.has(title))
    line.querySelector(".shown").checked = !state.hidden.has(title)
    line.querySelector(".alone").setAttribute("aria-pressed", state.alone === title)
  }
  state.legend.all.hidden = !state.hidden.size
}

function seeAlone(state, title) {
  state.alone = state.alone === title ? null : title
  state.hidden = new Set(state.alone === null ? [] : state.entries.map((one) => one.title).filter((one) => one !== title))
  changeShown(state)
}

function showOrHide(state, title) {
  if (!state.hidden.delete(title)) state.hidden.add(title)
  const shown = [...new Set(state.entries.map((one) => one.title))].filter((one) => !state.hidden.has(one))
  state.alone = state.hidden.size && shown.length === 1 ? shown[0] : null
  changeShown(state)
}

function showAll(state) {
  state.alone = null
  state.hidden.clear()
  changeShown(state)
}

function changeShown(state) {
  hideByTitle(state)
  markLegend(state)
  hideCard(state)
  redraw(state)
}

// What a point is, in words.
function wordsOf(state, at) {
  const code = state.codes[at]
  if (code >= state.known) return state.entries.at(-1)?.code === UNKNOWN ? state.entries.at(-1).title : ""
  if (!state.data.scale.length) return state.entries[code]?.title ?? "" // colours may be on their way
  return `${state.data.by_title}: ${((100 * code) / (UNKNOWN - 1)).toFixed(1)} %`
}
