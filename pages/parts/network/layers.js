// The layers of a network as a list, one of which is chosen.
import { button, element, fill, find } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Layer, Layers } from "./types.d.ts" */

const HEAD = 30 // pixels that the head of the table covers

export default widget({
  start: (root, messages) => ({ box: find(root, ".layers"), body: find(root, "tbody"), messages }),
  draw: ({ box, body, messages }, /** @type {Layers} */ { layers, chosen }) => {
    fill(body, layers, () => layers.map((layer) => row(layer, () => messages.tell("pick", layer.name))))
    for (const line of body.querySelectorAll("tr")) {
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

/** @param {Layer} layer @param {() => void} onclick */
function row({ name, title, kind, output, parameters }, onclick) {
  const choose = button("name", () => {}, title) // the whole row is pressed
  return element(
    "tr",
    { dataset: { name }, onclick },
    element("td", "", choose),
    element("td", "kind", kind),
    element("td", "output", output),
    element("td", "number", parameters),
  )
}
