// All clusters of a clustering, one line each.
import { bar, button, element, fill, find, markAll, swatch } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Row, Rows } from "./types.d.ts" */

export default widget({
  start: (root, messages) => ({ list: find(root, ".shelf"), messages, chosen: NaN }),
  draw: (state, /** @type {Rows} */ { rows, chosen }) => {
    const { list, messages } = state
    fill(list, rows, () => rows.map((row) => line(row, () => messages.tell("pick", row.number))))
    markAll(list, "aria-current", (one) => one.dataset.number === String(chosen))
    const current = list.querySelector("[aria-current=true]")
    if (current instanceof HTMLElement && state.chosen !== chosen) reveal(list, current)
    state.chosen = chosen
  },
})

/** @param {Row} row @param {() => void} choose */
function line({ number, title, sign, colour, ink, name, without, mark, state, size, share }, choose) {
  return button(
    { className: "line", title, dataset: { number } },
    choose,
    swatch(sign, colour, ink),
    element("span", name ? "name" : "name none", name || without),
    element("span", { className: "mark", title: state }, mark),
    element("span", "size", size),
    bar(share, colour),
  )
}

/** Not scrollIntoView, which would scroll the page as well. @param {HTMLElement} list @param {HTMLElement} one */
function reveal(list, one) {
  const top = one.offsetTop - list.offsetTop
  const lowest = top + one.offsetHeight - list.clientHeight
  list.scrollTop = Math.min(top, Math.max(list.scrollTop, lowest))
}
