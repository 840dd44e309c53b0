// Groups or clusters as cards.
import { bar, button, element, find, swatch } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Data, Group } from "./types.d.ts" */
/** @import { Messages } from "../kit/messages.js" */

export default widget({
  start: (root, messages) => ({ list: find(root, ".groups"), messages, drawn: "" }),
  draw: (state, /** @type {Data} */ data) => {
    const { list } = state
    list.classList.toggle("wide", data.wide)
    const drawn = JSON.stringify(data.groups)
    if (state.drawn !== drawn) {
      state.drawn = drawn
      list.replaceChildren(...data.groups.map((group) => card(group, state.messages)))
    }
    // Not drawn anew for this: the card that was pressed would lose the keyboard.
    for (const one of list.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(one.dataset.node === String(data.branch)))
    }
  },
})

/** @param {Group} group @param {Messages} messages */
function card(group, messages) {
  const made = button("group", "", () => messages.tell("pick", group.node))
  made.dataset.node = String(group.node)
  const text = element("span", "text")
  text.append(
    element("strong", "name", group.name),
    element("span", "facts", group.facts),
    element("span", "words", group.words),
  )
  if (group.share !== null) text.append(bar(group.share, group.colour))
  const pictures = element("span", "pictures")
  pictures.append(...group.pictures.map(thumbnail))
  made.append(swatch(group.number, group.colour, group.ink), text, pictures)
  return made
}

/** @param {string} address */
function thumbnail(address) {
  const img = element("img")
  img.loading = "lazy"
  img.decoding = "async"
  img.alt = "" // the card's words say what is in it
  img.onerror = () => img.classList.add("lost")
  img.src = address
  return img
}
