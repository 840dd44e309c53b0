// The layers of a network as a list, one of which is chosen.
import { button, element, find } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Layer, Layers } from "./types.d.ts" */

const HEAD = 30 // pixels that the head of the table covers

export default widget({
  start: (root, messages) => ({
    box: find(root, ".layers"),
    body: find(root, "tbody", HTMLTableSectionElement),
    messages,
    drawn: "",
  }),
  draw: (state, /** @type {Layers} */ { layers, chosen }) => {
    const { box, body } = state
    const drawn = JSON.stringify(layers)
    if (state.drawn !== drawn) {
      state.drawn = drawn
      body.replaceChildren(...layers.map((layer) => row(layer, (name) => state.messages.tell("pick", name))))
    }
    for (const line of body.rows) {
      const isChosen = line.dataset.name === chosen
      line.classList.toggle("chosen", isChosen)
      find(line, "button").setAttribute("aria-pressed", String(isChosen))
      if (isChosen) reveal(box, line)
    }
  },
})

/** Where a link or another page chose it, it may be far down; the page itself must not move. @param {HTMLElement} box @param {HTMLElement} line */
function reveal(box, line) {
  const isAbove = line.offsetTop < box.scrollTop + HEAD
  if (isAbove || line.offsetTop + line.offsetHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = line.offsetTop - box.clientHeight / 2
}

/** @param {Layer} layer @param {(name: string) => void} choose */
function row(layer, choose) {
  const made = element("tr")
  made.dataset.name = layer.name
  const first = element("td")
  first.append(button("name", layer.title, () => {}))
  const rest = [
    ["kind", layer.kind],
    ["output", layer.output],
    ["number", layer.parameters],
  ]
  made.append(first, ...rest.map(([name, text]) => element("td", name, text)))
  made.onclick = () => choose(layer.name)
  return made
}
