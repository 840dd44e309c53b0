// What the network looked at, asked of the server: again and again until it is there. The server does one thing at a time
// for a page, so only one question is under way: what the large view asks goes first.
import { element } from "../kit/elements.js"

/** @import { Answer, Explained, Item, Run, State, Want } from "./types.d.ts" */

const SOON = 250 // ms between two questions
const LATE = 1000
const SLOWER = 40 // after ten seconds of asking they grow apart: by a fortieth of the time gone
const MOST_LOST = 3 // questions in a row that nobody answers

/** Whether there is anything to explain. @param {State} state @returns {state is Explained} */
export const canExplain = (state) => state.data.looks !== null

/** The ids of the images whose overlays are there: coming back to a target shows them at once. @param {Explained} state @param {string} target @param {string} method */
export function readyFor(state, target, method) {
  const about = JSON.stringify([place(state), target, method])
  const known = state.ready.get(about) ?? new Set()
  state.ready.set(about, known)
  return known
}

/** Whether nothing at all in an image speaks for a target, which an even dark map does not say by itself. @param {Explained} state @param {string} target @param {number} id */
export const isNothing = (state, target, id) => state.nothing.has(JSON.stringify([place(state), target, id]))

/** @param {Explained} state */
const place = (state) => state.data.looks.picture.split("?")[0]

/** What gradients of this network are called: the server may have found out since the page was drawn. @param {Explained} state */
export const gradientsTitle = (state) => state.titles.get(place(state)) ?? state.data.looks.guided

/** @param {Explained} state @param {Item} item @param {string} method @param {string} target @param {string} size */
export function overlayImage(state, item, method, target, size) {
  const version = new URL(item.thumb, location.href).searchParams.get("v") ?? ""
  const address = state.data.looks.picture.replace("{id}", String(item.id)).replace("{method}", method)
  const isHeat = method === "cam"
  return element("img", {
    className: isHeat ? "look" : "look full",
    decoding: "async",
    alt: `${isHeat ? "heat" : "gradients"} of ${item.name}`,
    src: `${address}&target=${encodeURIComponent(target)}&size=${size}&v=${encodeURIComponent(version)}`,
  })
}

/** @template {object} F @param {State} state @param {F} facts @returns {F & Run} */
export function undertaking(state, facts) {
  const stopper = new AbortController()
  return {
    ...{ error: "", message: "", asking: false, signal: stopper.signal, ...facts },
    stop: () => stopper.abort(),
    goesOn: () => {
      if (!state.grid.isConnected) stopper.abort()
      return !stopper.signal.aborted
    },
  }
}

/**
 * Ask until each image is there or has failed; fills want.failed, id -> why, and run.error if it is no use to go on.
 * @param {Explained} state @param {Run} run @param {Want} want @param {() => void} heard called after each answer
 */
export async function askFor(state, run, want, heard) {
  const began = performance.now()
  const ready = want.methods.map((method) => readyFor(state, want.target, method))
  const missing = () => want.ids.filter((id) => !want.failed.has(id) && !ready.every((known) => known.has(id)))
  let lost = 0
  while (missing().length) {
    await want.before?.()
    if (!run.goesOn()) return
    const answer = await askOnce(state, run, want, missing())
    if (!run.goesOn()) return
    lost = answer.lost ? lost + 1 : 0
    if (!answer.lost) takeOver(state, run, want, ready, answer)
    run.error = answer.lost && lost < MOST_LOST ? "" : (answer.error ?? "")
    if (!run.error && answer.busy === false) {
      for (const id of missing()) want.failed.set(id, "Nobody looked at this image. It may be gone; rescan the folder.")
    }
    heard()
    if (run.error) return
    if (missing().length) await rest(Math.min(LATE, Math.max(SOON, (performance.now() - began) / SLOWER)))
  }
  run.message = ""
}

/** @param {Explained} state @param {Run} run @param {Want} want @param {Set<number>[]} ready @param {Answer} answer */
function takeOver(state, run, want, ready, answer) {
  for (const known of ready) for (const id of answer.ready ?? []) known.add(id)
  for (const [id, why] of Object.entries(answer.failed ?? {})) want.failed.set(Number(id), why)
  for (const id of answer.nothing ?? []) state.nothing.add(JSON.stringify([place(state), want.target, id]))
  if (answer.guided) state.titles.set(place(state), answer.guided)
  run.message = answer.message ?? ""
}

/** @param {Explained} state @param {Run} run @param {Want} want @param {number[]} ids @returns {Promise<Answer>} */
async function askOnce(state, run, want, ids) {
  const { ask } = state.data.looks
  const about = `&target=${encodeURIComponent(want.target)}&methods=${want.methods.join(",")}&ids=${ids.join(",")}`
  try {
    const response = await fetch(ask + about, { signal: run.signal, cache: "no-store" })
    if (response.ok) return await response.json()
    const said = response.headers.get("content-type")?.startsWith("text/plain") ? await response.text() : ""
    return { error: said || `The server could not answer (${response.status}).` }
  } catch {
    return { lost: true, error: "The server does not answer. It may have been stopped." }
  }
}

/** @param {number} [time] in ms */
export const rest = (time = SOON) => new Promise((resolve) => setTimeout(resolve, time))
