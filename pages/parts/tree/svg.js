// SVG elements, the measures of the drawing, and the drawing as a file.
import { saveAs } from "../kit/elements.js"

const SVG = "http://www.w3.org/2000/svg"
const TAKEN = ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-size", "font-weight"]
export const TREE_HEIGHT = 400
export const NAMES_HEIGHT = 165

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} kind @param {{ [name: string]: string | number }} [attributes] @param {string} [text]
 */
export function make(kind, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, kind)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  if (text) made.textContent = text
  return made
}

/**
 * Have the browser save a drawing, as it looks here.
 * @param {SVGSVGElement} drawing @param {string} name @param {"svg" | "png"} kind @param {string} ground the colour behind it
 */
export function download(drawing, name, kind, ground) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true))
  copy.setAttribute("xmlns", SVG)
  copy.setAttribute("font-family", "sans-serif")
  // Colours and sizes come from the page's theme; a picture that leaves the page takes them along.
  const drawn = drawing.querySelectorAll("[class]")
  copy.querySelectorAll("[class]").forEach((one, at) => {
    const style = getComputedStyle(drawn[at])
    if (one instanceof SVGElement) for (const what of TAKEN) one.style.setProperty(what, style.getPropertyValue(what))
  })
  copy.prepend(make("rect", { width: "100%", height: "100%", fill: ground }))
  const text = new XMLSerializer().serializeToString(copy)
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
  if (kind === "svg") saveAs(url, `${name}.svg`)
  else savePng(url, name, Number(drawing.getAttribute("width")), Number(drawing.getAttribute("height")))
}

/** Painted twice as large. @param {string} url @param {string} name @param {number} width @param {number} height */
function savePng(url, name, width, height) {
  const image = new Image()
  image.onload = () => {
    const canvas = document.createElement("canvas")
    canvas.width = 2 * width
    canvas.height = 2 * height
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height)
    URL.revokeObjectURL(url)
    canvas.toBlob((blob) => blob && saveAs(URL.createObjectURL(blob), `${name}.png`))
  }
  image.onerror = () => saveAs(url, `${name}.svg`) // a picture that cannot be painted is still a drawing
  image.src = url
}
