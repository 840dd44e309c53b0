// Groups or clusters as cards.
import { bar, button, element, fill, find, markAll, swatch } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Data, Group } from "./types.d.ts" */

export default widget({
  start: (root, messages) => ({ list: find(root, ".groups"), messages }),
  draw: ({ list, messages }, /** @type {Data} */ { groups, branch, wide }) => {
    list.classList.toggle("wide", wide)
    fill(list, groups, () => groups.map((group) => card(group, () => messages.tell("pick", group.node))))
    markAll(list, "aria-pressed", (one) => one.dataset.node === String(branch))
  },
})

/** @param {Group} group @param {() => void} choose */
function card({ node, number, colour, ink, name, facts, words, share, pictures }, choose) {
  const text = element(
    "span",
    "text",
    element("strong", "name", name),
    element("span", "facts", facts),
    element("span", "words", words),
    share === null ? null : bar(share, colour),
  )
  const row = element("span", "pictures", ...pictures.map(thumbnail))
  return button({ className: "group", dataset: { node } }, choose, swatch(number, colour, ink), text, row)
}

/** @param {string} src */
function thumbnail(src) {
  const img = element("img", { loading: "lazy", decoding: "async", alt: "", src }) // the card's words say what is in it
  img.onerror = () => img.classList.add("lost")
  return img
}
