// All clusters of a clustering, one line each.
import { bar, button, element, find, swatch } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Row, Rows } from "./types.d.ts" */

export default widget({
  start: (root, messages) => ({ list: find(root, ".shelf"), messages, drawn: "", chosen: NaN }),
  draw: (state, /** @type {Rows} */ { rows, chosen }) => {
    const { list, messages } = state
    const drawn = JSON.stringify(rows)
    if (state.drawn !== drawn) {
      state.drawn = drawn
      list.replaceChildren(...rows.map((row) => line(row, () => messages.tell("pick", row.number))))
    }
    for (const one of list.querySelectorAll("button")) {
      const isChosen = one.dataset.number === String(chosen)
      one.setAttribute("aria-current", String(isChosen))
      if (isChosen && state.chosen !== chosen) reveal(list, one)
    }
    state.chosen = chosen
  },
})

/** @param {Row} row @param {() => void} choose */
function line(row, choose) {
  const made = button("line", "", choose)
  made.dataset.number = String(row.number)
  const name = element("span", row.name ? "name" : "name none", row.name || row.without)
  const mark = element("span", "mark", row.mark)
  mark.title = row.state
  const size = element("span", "size", row.size)
  made.append(swatch(row.sign, row.colour, row.ink), name, mark, size, bar(row.share, row.colour))
  made.title = row.title
  return made
}

/** Not scrollIntoView, which would scroll the page as well. @param {HTMLElement} list @param {HTMLElement} one */
function reveal(list, one) {
  const top = one.offsetTop - list.offsetTop
  const lowest = top + one.offsetHeight - list.clientHeight
  list.scrollTop = Math.min(top, Math.max(list.scrollTop, lowest))
}
