// What is picked: shown here at once, kept by the server under a key, told to Python by that key. Where Python has
// another pick, because somebody chose elsewhere, that one is taken over.
import { countText, plural } from "../../kit/elements.js"
import { tellPage } from "../../kit/page.js"
import { ask, backOf, fetchArray, isAbort, reasonOf } from "./arrays.js"
import { redraw } from "./drawing.js"
import { countFar } from "./geometry.js"
import { insideOf } from "./lasso.js"

/** @import { Held, How, Point, Ready, State } from "./types.d.ts" */

/** how: "new", "add" or "less". @param {Ready} state @param {Point[]} polygon @param {How} how */
export function pickInside(state, polygon, how) {
  state.root.dataset.polygon = JSON.stringify(polygon)
  const { map, hide, codes } = state
  const inside = insideOf(polygon, map.xs, map.ys)
  for (let at = 0; at < map.n; at++) if (inside[at] && hide[codes[at]]) inside[at] = 0
  pickThese(state, inside, how)
}

/** @param {Ready} state @param {number} at @param {How} how */
export function pickOne(state, at, how) {
  const one = new Uint8Array(state.map.n)
  one[at] = 1
  const isPicked = state.flags?.[at] === 1
  pickThese(state, one, how === "add" && isPicked ? "less" : how)
}

/** @param {Ready} state @param {Uint8Array} these @param {How} how */
function pickThese(state, these, how) {
  const before = how === "new" ? null : state.flags
  if (how === "less" && !before) return
  if (before) {
    for (let at = 0; at < these.length; at++)
      these[at] = how === "add" ? these[at] | before[at] : before[at] & ~these[at] & 1
  }
  let picked = 0
  for (let at = 0; at < these.length; at++) picked += these[at]
  if (!picked) return clearPick(state)
  hold(state, { flags: these, picked, key: null })
  post(state)
}

/** @param {State} state */
export function clearPick(state) {
  stopPosting(state)
  if (!state.flags && !state.key && !state.trouble) return
  hold(state, { flags: null, picked: 0, key: "" })
  tellPick(state)
}

/** @param {State} state */
function stopPosting(state) {
  state.posting?.abort()
  state.posting = null
}

/** Shown here and on the other widgets of this map. @param {State} state @param {Held} held @param {boolean} [told] */
function hold(state, { flags, picked, key }, told = false) {
  Object.assign(state, { flags, picked, key, trouble: "", taking: null })
  state.root.dataset.picked = String(picked)
  if (key === null) delete state.root.dataset.pick
  else state.root.dataset.pick = key
  if (!told) tellOthers(state, "imclust-map-picked", { flags, picked, key })
  drawStrip(state)
  redraw(state)
}

/** @param {State} state */
async function post(state) {
  const { map, flags } = state
  state.posting?.abort()
  if (!map || !flags) return
  const posting = new AbortController()
  state.posting = posting
  const places = new Uint32Array(state.picked)
  for (let at = 0, to = 0; at < map.n; at++) if (flags[at]) places[to++] = map.order[at]
  const ids = Float64Array.from(places.sort(), (place) => map.ids[place])
  try {
    const headers = { "Content-Type": "application/octet-stream" }
    const options = { method: "POST", body: ids.buffer, signal: posting.signal, headers }
    const { pick } = await (await ask(state.data.pick_to, options)).json()
    if (posting !== state.posting) return
    state.posting = null
    hold(state, { flags, picked: state.picked, key: pick })
    tellPick(state)
  } catch (error) {
    if (posting !== state.posting || isAbort(error)) return
    state.posting = null
    state.trouble = `This pick was not kept: ${reasonOf(error)}`
    drawStrip(state)
  }
}

/** @param {State} state */
function tellPick(state) {
  state.messages.tell("picked", state.key)
}

/** What Python says is news only when it has heard all that was told here, and nothing is under way. @param {State} state */
export function agree(state) {
  const { pick, picked } = state.data
  const isNews = pick !== state.agreed
  state.agreed = pick
  if (state.posting || !state.messages.isHeard("picked") || (state.trouble && !isNews)) return
  if (state.lent !== null && state.lent === pick) return
  state.lent = null
  const isSame = pick === state.key && (!pick || pick.startsWith("s") || picked === state.taken)
  if (!isSame) takeOver(state, pick, picked)
}

/** @param {State} state @param {string} pick @param {string} address */
async function takeOver(state, pick, address) {
  state.taken = address
  if (!pick) return hold(state, { flags: null, picked: 0, key: "" }, true)
  if (state.taking === address) return
  state.taking = address
  const { map } = state
  if (!map) return
  try {
    const places = new Uint32Array(await fetchArray(address, () => {}))
    if (state.taking !== address || state.map !== map || state.data.pick !== pick) return
    const flags = new Uint8Array(map.n)
    const back = backOf(map)
    for (const place of places) flags[back[place]] = 1
    hold(state, { flags: places.length ? flags : null, picked: places.length, key: pick }, true)
  } catch (error) {
    if (state.taking !== address || state.map !== map) return // somebody has picked something else meanwhile
    hold(state, { flags: null, picked: 0, key: pick }, true)
    state.trouble = `The pick could not be shown: ${reasonOf(error)}`
    drawStrip(state)
  } finally {
    if (state.taking === address) state.taking = null
  }
}

/** From another widget of the same map on this page. @param {State} state @param {Held} held */
export function hearPick(state, held) {
  stopPosting(state)
  state.lent = state.data.pick
  hold(state, held, true)
}

/** @param {State} state */
export function tryAgain(state) {
  state.trouble = ""
  if (state.flags && state.key === null) post(state)
  else takeOver(state, state.data.pick, state.data.picked)
  drawStrip(state)
}

/** The line below the map: what is picked, or how many there are. @param {State} state */
export function drawStrip(state) {
  const { strip, map } = state
  const images = map ? plural(map.n, "image") : ""
  const said = state.flags ? `${countText(state.picked)} picked of ${images}` : images
  const text =
    state.trouble || (state.key && !state.flags ? `Nothing of what is picked is on this map. ${images}` : said)
  if (strip.text.textContent !== text) strip.text.textContent = text
  strip.text.classList.toggle("trouble", Boolean(state.trouble))
  strip.clear.hidden = !state.flags && !state.key
  strip.again.hidden = !state.trouble
  const far = map && state.fitted ? countFar(map) : 0
  strip.far.hidden = !far
  strip.far.textContent = `${countText(far)} far away`
}

/** Tell the other widgets on this page that show the same map. @param {State} state @param {string} event @param {object} detail */
export function tellOthers(state, event, detail) {
  tellPage(event, { ...detail, map: state.data.map_id, from: state })
}
