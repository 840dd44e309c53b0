// Three canvases, one upon another: points; pictures and names; the lasso and what the pointer is at.
import { fitView, screenX, screenY } from "./geometry.js"
import { outlineOf } from "./lasso.js"
import { drawNames } from "./names.js"
import { paintPoints, radiusFor } from "./points.js"
import { drawPictures, placePictures } from "./thumbnails.js"

/** @import { Ready, State } from "./types.d.ts" */

const REST_MS = 110 // after the hand's last move, all points are drawn again
const COARSE = 20_000 // of more points, a screen of fine pixels shows coarse ones while the hand moves

/**
 * Soon, and once however often it is asked for. While the hand moves, a fair part of many points stands for all.
 * @param {State} state @param {boolean} [moving]
 */
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
  for (const canvas of Object.values(state.canvases)) {
    canvas.width = Math.round(width * scale)
    canvas.height = Math.round(height * scale)
  }
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
function partsOf(colour) {
  return (colour.match(/[\d.]+/g) ?? ["255", "255", "255"]).slice(0, 3).map(Number)
}

/** @param {Ready} state */
export function sceneOf(state) {
  const { map, codes, hide, colours, flags, ground, ink } = state
  return { xs: map.xs, ys: map.ys, codes, hide, colours, flags, ground, ink }
}

/** @param {Ready} state @param {number} width @param {number} height @param {number} scale */
export function frameOf(state, width, height, scale) {
  const zoom = state.view.k / fitView(state.map, state).k
  return { view: state.view, width, height, scale, radius: radiusFor(state.map.n, zoom), moving: state.moving }
}

/** @param {Ready} state */
function drawPoints(state) {
  const begun = performance.now()
  readTheme(state)
  const { width, height } = state.canvases.points
  const scale = state.moving && state.map.n > COARSE ? 1 : state.scale
  const frame = frameOf(
    state,
    Math.round((width * scale) / state.scale),
    Math.round((height * scale) / state.scale),
    scale,
  )
  const { image, inView, way } = paintPoints(sceneOf(state), frame)
  put(state.canvases.points, image)
  Object.assign(state, { inView, radius: frame.radius })
  if (state.moving) return
  const { dataset } = state.root
  dataset.view = JSON.stringify({ ...state.view, width: state.width, height: state.height })
  const [ms, drawn] = [(performance.now() - begun).toFixed(1), Number(dataset.drawn ?? 0) + 1]
  Object.assign(dataset, { way, inView, ms, drawn })
}

/** A coarser picture is stretched. @param {HTMLCanvasElement} canvas @param {ImageData} image */
function put(canvas, image) {
  if (image.width === canvas.width) return penOf(canvas).putImageData(image, 0, 0)
  const small = document.createElement("canvas")
  small.width = image.width
  small.height = image.height
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
    const [x, y] = [screenX(state, state.map.xs[hovered]), screenY(state, state.map.ys[hovered])]
    pen.arc(x, y, state.radius + 4, 0, 2 * Math.PI)
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
export function isReady(state) {
  return Boolean(state.map?.n && state.codes && state.view)
}
