// A picture, and what is laid over it.
import { find } from "../kit/elements.js"
import { widget } from "../kit/widget.js"

/** @import { Large } from "./types.d.ts" */

export default widget({
  start: (root) => {
    const over = find(root, ".over", HTMLImageElement)
    over.onerror = () => (over.hidden = true)
    return { root, over, picture: find(root, ".picture", HTMLImageElement) }
  },
  draw: ({ root, over, picture }, /** @type {Large} */ data) => {
    picture.alt = data.alt
    if (picture.getAttribute("src") !== data.picture) picture.src = data.picture
    over.hidden = !data.over
    if (data.over && over.getAttribute("src") !== data.over) over.src = data.over
    find(root, ".both").title = data.over ? data.hint : ""
    find(root, "figcaption").textContent = data.caption
  },
})
