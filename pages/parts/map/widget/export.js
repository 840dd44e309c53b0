// The map as a file: a picture of twice as many pixels, or vectors.
import { countText, element, saveAs, vector } from "../../kit/elements.js"
import { painted, penOf, radiusOf, redrawOver, sized } from "./drawing.js"
import { toScreen } from "./geometry.js"
import { drawNames, NAME_FONT, placeNames } from "./names.js"
import { FADED } from "./points.js"
import { drawPictures } from "./thumbnails.js"

/** @import { Ready } from "./types.d.ts" */

const CIRCLES_MOST = 20_000

/** @param {Ready} state */
export function savePng(state) {
  const scale = 2 * state.scale
  const canvas = element("canvas", sized(state, scale))
  const pen = penOf(canvas)
  pen.putImageData(painted(state, scale, false).image, 0, 0)
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  drawPictures(state, pen, scale, () => redrawOver(state))
  drawNames(state, pen)
  canvas.toBlob((blob) => blob && save(state, blob, "png"), "image/png")
}

/** @param {Ready} state */
export function saveSvg(state) {
  if (state.inView > CIRCLES_MOST) {
    const [many, most] = [state.inView, CIRCLES_MOST].map(countText)
    state.says.textContent = `${many} points are in view; an SVG holds up to ${most}. Zoom in, hide some, or take the PNG.`
    return
  }
  state.says.textContent = ""
  const { map, codes, hide, flags, width, height, colours } = state
  const svg = vector("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "sans-serif" })
  svg.append(vector("title", {}, state.data.title), vector("rect", { width, height, fill: state.groundText }))
  const [under, over] = [vector("g", {}), vector("g", {})]
  const r = radiusOf(state).toFixed(2)
  for (let at = map.n - 1; at >= 0; at--) {
    if (hide[codes[at]]) continue
    const [cx, cy] = toScreen(state, map.xs[at], map.ys[at])
    if (cx < 0 || cy < 0 || cx > width || cy > height) continue
    const fill = `#${[0, 1, 2].map((part) => colours[3 * codes[at] + part].toString(16).padStart(2, "0")).join("")}`
    const circle = { cx: cx.toFixed(2), cy: cy.toFixed(2), r, fill }
    if (!flags) under.append(vector("circle", circle))
    else if (flags[at]) over.append(vector("circle", { ...circle, stroke: state.inkText, "stroke-width": 1 }))
    else under.append(vector("circle", { ...circle, "fill-opacity": FADED }))
  }
  const names = placeNames(state, penOf(state.canvases.over)).map(({ text, x, y }) => {
    const halo = { stroke: state.groundText, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" }
    const place = { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", "dominant-baseline": "middle" }
    return vector("text", { ...place, ...halo, fill: state.inkText, "font-size": NAME_FONT, "font-weight": 600 }, text)
  })
  svg.append(under, over, ...names)
  save(state, new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }), "svg")
}

/** @param {Ready} state @param {Blob} blob @param {string} ending */
function save(state, blob, ending) {
  const words = state.data.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "")
  saveAs(URL.createObjectURL(blob), `${words.slice(0, 80) || "map"}.${ending}`)
}
