// Small pictures: cut from one sheet, of their own, or bars.
import { bar, element, fill, find, markAll } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Sheet, Tile, Tiles } from "./types.d.ts" */

const COARSE = 28 // pixels of a side, up to which pixels are shown as they are

export default widget({
  start: (root, messages) => ({ list: find(root, ".tiles"), lost: find(root, ".lost"), messages }),
  draw: ({ list, lost, messages }, /** @type {Tiles} */ data) => {
    const { tiles, sheet, pick } = data
    list.style.setProperty("--least", `${data.least}px`)
    list.style.gridTemplateColumns = data.across ? `repeat(${data.across}, minmax(0, 1fr))` : ""
    list.setAttribute("role", "group")
    list.setAttribute("aria-label", data.label)
    const choose = pick ? (/** @type {number} */ number) => messages.tell("pick", number) : null
    if (fill(list, [tiles, sheet, pick], () => tiles.map((one) => tile(one, sheet, choose)))) {
      lost.hidden = true
      if (sheet) cut(list, lost, data, sheet)
    }
    markAll(list, "aria-pressed", (one) => one.dataset.number === String(data.chosen))
  },
})

/** @param {Tile} one @param {Sheet | null} sheet @param {((number: number) => void) | null} choose */
function tile(one, sheet, choose) {
  const { title, number } = one
  const made = element(choose ? "button" : "div", {
    ...{ className: "tile", title, dataset: { number } },
    attributes: { "aria-label": title, ...(choose ? { type: "button" } : { role: "img" }) },
  })
  if (choose) made.onclick = () => choose(number)
  made.append(face(one, sheet, () => made.classList.add("gone")))
  if (one.text) made.append(element("span", "text", one.text))
  return made
}

/** What there is to see on a tile. @param {Tile} one @param {Sheet | null} sheet @param {() => void} onerror */
function face({ picture, share }, sheet, onerror) {
  const alt = "" // the tile's name says what it is
  if (picture) return element("img", { className: "picture", alt, decoding: "async", onerror, src: picture })
  if (share !== null || !sheet) return bar(share ?? 0, "var(--st-primary-color)")
  const { side } = sheet
  return element("canvas", { className: side <= COARSE ? "picture coarse" : "picture", width: side, height: side })
}

/** @param {HTMLElement} list @param {HTMLElement} lost @param {Tiles} data @param {Sheet} sheet */
function cut(list, lost, data, { address, side, columns }) {
  const pens = [...list.children].map((one) => one.querySelector("canvas")?.getContext("2d"))
  const whole = new Image()
  whole.onload = () =>
    data.tiles.forEach(({ at }, index) => {
      const [left, upper] = [(at % columns) * side, Math.floor(at / columns) * side]
      pens[index]?.drawImage(whole, left, upper, side, side, 0, 0, side, side)
    })
  whole.onerror = () => {
    lost.textContent = data.lost
    lost.hidden = false
  }
  whole.src = address
}
