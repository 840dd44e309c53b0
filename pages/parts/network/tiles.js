// Small pictures: cut from one sheet, of their own, or bars.
import { bar, element, find } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Sheet, Tile, Tiles } from "./types.d.ts" */
/** @typedef {{ list: HTMLElement, lost: HTMLElement, drawn: string }} State */

const COARSE = 28 // pixels of a side, up to which pixels are shown as they are

export default widget({
  start: (root, messages) => ({ list: find(root, ".tiles"), lost: find(root, ".lost"), messages, drawn: "" }),
  draw: (state, /** @type {Tiles} */ data) => {
    const { list, lost } = state
    list.style.setProperty("--least", `${data.least}px`)
    list.style.gridTemplateColumns = data.across ? `repeat(${data.across}, minmax(0, 1fr))` : ""
    list.setAttribute("role", "group")
    list.setAttribute("aria-label", data.label)
    const drawn = JSON.stringify([data.tiles, data.sheet, data.pick])
    if (state.drawn !== drawn) {
      state.drawn = drawn
      lost.hidden = true
      const choose = data.pick ? (/** @type {number} */ number) => state.messages.tell("pick", number) : null
      list.replaceChildren(...data.tiles.map((one) => tile(one, data.sheet, choose)))
      if (data.sheet) cut(state, data, data.sheet)
    }
    // Not drawn anew for this: the tile that was pressed would lose the keyboard.
    for (const one of list.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(one.dataset.number === String(data.chosen)))
    }
  },
})

/** @param {Tile} one @param {Sheet | null} sheet @param {((number: number) => void) | null} choose */
function tile(one, sheet, choose) {
  const made = element(choose ? "button" : "div", "tile")
  made.dataset.number = String(one.number)
  made.title = one.title
  made.setAttribute("aria-label", one.title)
  if (made instanceof HTMLButtonElement) made.type = "button"
  else made.setAttribute("role", "img")
  if (choose) made.onclick = () => choose(one.number)
  made.append(face(one, sheet, () => made.classList.add("gone")))
  if (one.text) made.append(element("span", "text", one.text))
  return made
}

/** What there is to see on a tile. @param {Tile} one @param {Sheet | null} sheet @param {() => void} lost */
function face(one, sheet, lost) {
  if (one.picture) {
    const img = element("img", "picture")
    img.alt = "" // the tile's name says what it is
    img.decoding = "async"
    img.onerror = lost
    img.src = one.picture
    return img
  }
  if (one.share !== null || !sheet) return bar(one.share ?? 0, "var(--st-primary-color)")
  const canvas = element("canvas", sheet.side <= COARSE ? "picture coarse" : "picture")
  canvas.width = canvas.height = sheet.side
  return canvas
}

/** @param {State} state @param {Tiles} data @param {Sheet} sheet */
function cut(state, { tiles, lost }, { address, side, columns }) {
  const { list, drawn } = state
  const whole = new Image()
  whole.onload = () => {
    if (state.drawn !== drawn) return // another sheet is shown by now
    tiles.forEach((one, index) => {
      const canvas = list.children[index]?.querySelector("canvas")
      const left = (one.at % columns) * side
      const upper = Math.floor(one.at / columns) * side
      canvas?.getContext("2d")?.drawImage(whole, left, upper, side, side, 0, 0, side, side)
    })
    list.dataset.cut = String(drawn.length)
  }
  whole.onerror = () => {
    state.lost.textContent = lost
    state.lost.hidden = false
  }
  delete list.dataset.cut
  whole.src = address
}
