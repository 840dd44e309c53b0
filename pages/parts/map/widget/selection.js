// What is picked: shown here at once, kept by the server under a key, told to Python by that key. Where Python has
// another pick, because somebody chose elsewhere, that one is taken over.
const AGAIN_MS = 1500

// how: "new", "add" or "less".
function pickInside(state, polygon, how) {
  state.root.dataset.polygon = JSON.stringify(polygon)
  const { map, hide, codes } = state
  const inside = insideOf(polygon, map.xs, map.ys)
  for (let at = 0; at < map.n; at++) if (inside[at] && hide[codes[at]]) inside[at] = 0
  pickThese(state, inside, how)
}

function pickOne(state, at, how) {
  const one = new Uint8Array(state.map.n)
  one[at] = 1
  const isPicked = state.flags?.[at] === 1
  pickThese(state, one, how === "add" && isPicked ? "less" : how)
}

function pickThese(state, these, how) {
  const before = how === "new" ? null : state.flags
  if (how === "less" && !before) return
  if (before) {
    for (let at = 0; at < these.length; at++) these[at] = how === "add" ? these[at] | before[at] : before[at] & ~these[at] & 1
  }
  const picked = sumOf(these)
  if (!picked) return clearPick(state)
  hold(state, { flags: these, picked, key: null })
  post(state)
}

function sumOf(flags) {
  let sum = 0
  for (let at = 0; at < flags.length; at++) sum += flags[at]
  return sum
}

function clearPick(state) {
  state.posting?.abort()
  state.posting = null
  if (!state.flags && !state.key && !state.trouble) return
  hold(state, { flags: null, picked: 0, key: "" })
  tellPick(state)
}

// Shown here and on the other widgets of this map; `lent` is the pick of Python that theirs are ahead of.
function hold(state, { flags, picked, key }, told = false) {
  Object.assign(state, { flags, picked, key, trouble: "", taking: null })
  state.root.dataset.picked = picked
  if (key === null) delete state.root.dataset.pick
  else state.root.dataset.pick = key
  if (!told) tellOthers(state, "imclust-map-picked", { flags, picked, key })
  drawStrip(state)
  redraw(state)
}

async function post(state) {
  state.posting?.abort()
  const posting = (state.posting = new AbortController())
  const { map, flags } = state
  const places = new Uint32Array(state.picked)
  for (let at = 0, to = 0; at < map.n; at++) if (flags[at]) places[to++] = map.order[at]
  const ids = Float64Array.from(places.sort(), (place) => map.ids[place])
  try {
    const options = { method: "POST", body: ids.buffer, signal: posting.signal, headers: { "Content-Type": "application/octet-stream" } }
    const { pick } = await (await ask(state.data.pick_to, options)).json()
    if (posting !== state.posting) return
    state.posting = null
    hold(state, { flags, picked: state.picked, key: pick })
    tellPick(state)
  } catch (error) {
    if (posting !== state.posting || error.name === "AbortError") return
    state.posting = null
    state.trouble = `This pick was not kept: ${error.message}`
    drawStrip(state)
  }
}

// A message that comes while the server is busy may be lost: it is sent until the server has heard its number.
function tellPick(state) {
  state.count = Math.max(state.count, state.data.heard) + 1
  sendPick(state, { count: state.count, pick: state.key })
}

function sendPick(state, picked) {
  clearTimeout(state.again)
  state.send("picked", picked)
  state.again = setTimeout(() => state.data.heard < picked.count && state.root.isConnected && sendPick(state, picked), AGAIN_MS)
}

// What Python says is news only when it has heard all that was told here, and nothing is under way.
function agree(state) {
  const { pick, picked, heard } = state.data
  const isNews = pick !== state.agreed
  state.agreed = pick
  if (state.posting || heard < state.count || (state.trouble && !isNews)) return
  if (state.lent !== null && state.lent === pick) return
  state.lent = null
  const isSame = pick === state.key && (!pick || pick.startsWith("s") || picked === state.taken)
  if (!isSame) takeOver(state, pick, picked)
}

async function takeOver(state, pick, address) {
  state.taken = address
  if (!pick) return hold(state, { flags: null, picked: 0, key: "" }, true)
  if (state.taking === address) return
  state.taking = address
  const { map } = state
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
    state.trouble = `The pick could not be shown: ${error.message}`
    drawStrip(state)
  } finally {
    if (state.taking === address) state.taking = null
  }
}

// From another widget of the same map on this page.
function hearPick(state, { flags, picked, key }) {
  state.posting?.abort()
  state.posting = null
  state.lent = state.data.pick
  hold(state, { flags, picked, key }, true)
}

function tryAgain(state) {
  state.trouble = ""
  if (state.flags && state.key === null) post(state)
  else takeOver(state, state.data.pick, state.data.picked)
  drawStrip(state)
}

// The line below the map: what is picked, or how many there are.
function drawStrip(state) {
  const { strip, map } = state
  const count = (number) => number.toLocaleString("en")
  const images = map ? `${count(map.n)} ${map.n === 1 ? "image" : "images"}` : ""
  const said = state.flags ? `${count(state.picked)} picked of ${images}` : images
  const text = state.trouble || (state.key && !state.flags ? `Nothing of what is picked is on this map. ${images}` : said)
  if (strip.text.textContent !== text) strip.text.textContent = text
  strip.text.classList.toggle("trouble", Boolean(state.trouble))
  strip.clear.hidden = !state.flags && !state.key
  strip.again.hidden = !state.trouble
  const far = map && state.fitted ? countFar(state) : 0
  strip.far.hidden = !far
  strip.far.textContent = `${count(far)} far away`
}
