// Three canvases, one upon another: points; pictures and names; the lasso and what the pointer is at.
import { element } from "../../kit/elements.js"
import { fitView, toScreen } from "./geometry.js"
import { outlineOf } from "./lasso.js"
import { drawNames } from "./names.js"
import { paintPoints, radiusFor } from "./points.js"
import { drawPictures, placePictures } from "./thumbnails.js"

/** @import { Frame, Ready, State } from "./types.d.ts" */

const REST_MS = 110 // after the hand's last move, all points are drawn again
const COARSE = 20_000 // of more points, a screen of fine pixels shows coarse ones while the hand moves

/** Soon, and once however often it is asked for. @param {State} state @param {boolean} [moving] a fair part of many points stands for all */
export function redraw(state, moving = false) {
  state.moving = moving
  clearTimeout(state.rest)
  state.wantPoints = true
  redrawOver(state)
}

/** @param {State} state */
export function redrawOver(state) {
  state.wantOver = true
  redrawTop(state)
}

/** @param {State} state */
export function redrawTop(state) {
  state.frame ??= requestAnimationFrame(() => {
    state.frame = null
    if (!isReady(state) || !state.root.isConnected) return
    clearTimeout(state.rest)
    if (state.wantPoints) drawPoints(state)
    if (state.wantOver) drawOver(state)
    Object.assign(state, { wantPoints: false, wantOver: false })
    drawTop(state)
    if (state.moving) state.rest = setTimeout(() => redraw(state), REST_MS) // from now: drawing itself takes a while
  })
}

/** The size of the stage, in pixels of the page; the canvases have those of the screen. @param {State} state */
export function measure(state) {
  const { clientWidth: width, clientHeight: height } = state.stage
  const scale = window.devicePixelRatio || 1
  if (!width || !height || (width === state.width && height === state.height && scale === state.scale)) return
  Object.assign(state, { width, height, scale })
  for (const canvas of Object.values(state.canvases)) Object.assign(canvas, sized(state, scale))
  if (!state.map) return
  if (state.fitted || !state.view) state.view = fitView(state.map, state)
  redraw(state)
}

/** From the theme of the page, which may change at any time. @param {State} state */
export function readTheme(state) {
  const style = getComputedStyle(state.stage)
  Object.assign(state, { groundText: style.backgroundColor, inkText: style.color, font: style.fontFamily })
  state.ground = partsOf(style.backgroundColor)
  state.ink = partsOf(style.color)
}

/** @param {string} colour */
const partsOf = (colour) => (colour.match(/[\d.]+/g) ?? ["255", "255", "255"]).slice(0, 3).map(Number)

/** Points as they are seen, on so many pixels for each of the page. @param {Ready} state @param {number} scale @param {boolean} moving */
export function painted(state, scale, moving) {
  const { map, view, codes, hide, colours, flags, ground, ink } = state
  /** @type {Frame} */
  const frame = { view, ...sized(state, scale), scale, radius: radiusOf(state), moving }
  return paintPoints({ xs: map.xs, ys: map.ys, codes, hide, colours, flags, ground, ink }, frame)
}

/** How large a picture of the stage is. @param {State} state @param {number} scale */
export function sized({ width, height }, scale) {
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/** How large points are now. @param {Ready} state */
export const radiusOf = (state) => radiusFor(state.map.n, state.view.k / fitView(state.map, state).k)

/** @param {Ready} state */
function drawPoints(state) {
  const begun = performance.now()
  readTheme(state)
  const scale = state.moving && state.map.n > COARSE ? 1 : state.scale
  const { image, inView, way } = painted(state, scale, state.moving)
  put(state.canvases.points, image)
  Object.assign(state, { inView, radius: radiusOf(state) })
  if (state.moving) return
  const { dataset } = state.root
  dataset.view = JSON.stringify({ ...state.view, width: state.width, height: state.height })
  const [ms, drawn] = [(performance.now() - begun).toFixed(1), Number(dataset.drawn ?? 0) + 1]
  Object.assign(dataset, { way, inView, ms, drawn })
}

/** A coarser picture is stretched. @param {HTMLCanvasElement} canvas @param {ImageData} image */
function put(canvas, image) {
  if (image.width === canvas.width) return penOf(canvas).putImageData(image, 0, 0)
  const small = element("canvas", { width: image.width, height: image.height })
  penOf(small).putImageData(image, 0, 0)
  penOf(canvas).drawImage(small, 0, 0, canvas.width, canvas.height)
}

/** @param {HTMLCanvasElement} canvas */
export function penOf(canvas) {
  const pen = canvas.getContext("2d")
  if (!pen) throw new Error("this browser has no canvas to draw on")
  return pen
}

/** @param {HTMLCanvasElement} canvas @param {number} scale */
function clearedPen(canvas, scale) {
  const pen = penOf(canvas)
  pen.setTransform(1, 0, 0, 1, 0, 0)
  pen.clearRect(0, 0, canvas.width, canvas.height)
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  return pen
}

/** @param {Ready} state */
function drawOver(state) {
  const pen = clearedPen(state.canvases.over, state.scale)
  state.placed = placePictures(state)
  drawPictures(state, pen, state.scale, () => redrawOver(state))
  const named = drawNames(state, pen)
  Object.assign(state.root.dataset, { names: named.length, placed: state.placed.length })
}

/** @param {Ready} state */
function drawTop(state) {
  const pen = clearedPen(state.canvases.top, state.scale)
  const { drawing, hovered } = state
  pen.strokeStyle = state.inkText
  if (hovered >= 0) {
    pen.lineWidth = 2
    pen.beginPath()
    pen.arc(...toScreen(state, state.map.xs[hovered], state.map.ys[hovered]), state.radius + 4, 0, 2 * Math.PI)
    pen.stroke()
  }
  if (!drawing || drawing.points.length < 2) return
  pen.beginPath()
  for (const [x, y] of outlineOf(drawing)) pen.lineTo(x, y)
  pen.closePath()
  pen.globalAlpha = 0.1
  pen.fillStyle = state.inkText
  pen.fill("evenodd")
  pen.globalAlpha = 1
  pen.lineWidth = 1.5
  pen.setLineDash([5, 4])
  pen.stroke()
  pen.setLineDash([])
}

/** Whether there is something to draw, and room for it. @param {State} state @returns {state is Ready} */
export const isReady = (state) => Boolean(state.map?.n && state.codes && state.view)
