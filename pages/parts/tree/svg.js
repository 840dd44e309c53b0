// The drawing as a file.
import { element, saveAs, vector } from "../kit/elements.js"

const TAKEN = ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-size", "font-weight"]

/**
 * Have the browser save a drawing, as it looks here.
 * @param {SVGSVGElement} drawing @param {string} name @param {"svg" | "png"} kind @param {string} ground the colour behind it
 */
export function download(drawing, name, kind, ground) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true))
  copy.setAttribute("font-family", "sans-serif")
  // Colours and sizes come from the page's theme; a picture that leaves the page takes them along.
  const drawn = drawing.querySelectorAll("[class]")
  copy.querySelectorAll("[class]").forEach((one, at) => {
    const style = getComputedStyle(drawn[at])
    if (one instanceof SVGElement) for (const what of TAKEN) one.style.setProperty(what, style.getPropertyValue(what))
  })
  copy.prepend(vector("rect", { width: "100%", height: "100%", fill: ground }))
  const text = new XMLSerializer().serializeToString(copy)
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
  if (kind === "svg") saveAs(url, `${name}.svg`)
  else savePng(url, name, Number(drawing.getAttribute("width")), Number(drawing.getAttribute("height")))
}

/** Painted twice as large. @param {string} url @param {string} name @param {number} width @param {number} height */
function savePng(url, name, width, height) {
  const image = new Image()
  image.onload = () => {
    const canvas = element("canvas", { width: 2 * width, height: 2 * height })
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height)
    URL.revokeObjectURL(url)
    canvas.toBlob((blob) => blob && saveAs(URL.createObjectURL(blob), `${name}.png`))
  }
  image.onerror = () => saveAs(url, `${name}.svg`) // a picture that cannot be painted is still a drawing
  image.src = url
}
