// The name bar: what a cluster is called, saved at each change; moving and splitting; the keys of the whole page.
// Every change has a uuid and is sent until Python has answered for it, so that none is lost and none counts twice.
// Text is only ever set as textContent.
const STATES = ["sure", "doubtful", "mixed", "leftover"]
const AUTHOR = "imclust-author"
const AGAIN_MS = 1200
const LOOK_MS = 700
const REST_MS = 1200 // between two drawings for what others do: where ten people work at once, a page would do nothing else
const PATIENCE_MS = 10000
const USES_SELECTION = ["move", "aside", "part"]
const bars = new WeakMap()

export default function (component) {
  const root = component.parentElement
  const bar = bars.get(root) ?? newBar(root)
  bars.set(root, bar)
  bar.data = component.data
  bar.send = (value) => component.setTriggerValue("told", value)
  bar.steps = bar.steps.filter((step) => step.count > bar.data.heard)
  if (bar.data.author) bar.who = ""
  listen(bar)
  takeAnswers(bar)
  draw(bar)
  return () => forget(bar)
}

function listen(bar) {
  document.addEventListener("keydown", bar.onKey)
  document.addEventListener("imclust-chosen", bar.onChosen)
  document.addEventListener("imclust-drawn", bar.onDrawn)
}

function forget(bar) {
  document.removeEventListener("keydown", bar.onKey)
  document.removeEventListener("imclust-chosen", bar.onChosen)
  document.removeEventListener("imclust-drawn", bar.onDrawn)
}

// Selections that Python has not heard of yet count too: who selects and presses m at once means to move, not to merge.
function countSelected(bar, { unheard, told }) {
  Object.assign(bar, { unheard, told })
  drawActions(bar)
}

function selected(bar) {
  return Math.max(0, bar.data.selected + (bar.unheard ?? 0))
}

function newBar(root) {
  const find = (name) => root.querySelector(`.${name}`)
  const bar = { root, find, waiting: new Map(), steps: [], count: 0, who: "", patience: AGAIN_MS, later: null, drawn: null, refocus: false, ahead: null }
  Object.assign(bar, { unheard: 0, told: null, troubles: [], seen: null, lost: 0, looking: false, sent: 0 })
  find("name").onkeydown = (event) => nameKey(bar, event)
  find("name").onchange = () => bar.ahead || save(bar, { via: "" })
  find("note").onchange = () => save(bar)
  for (const field of ["name", "note"]) {
    // Who types has seen what was there at the first letter, whatever others save meanwhile.
    find(field).oninput = () => bar.ahead || (bar.typing ??= { number: bar.data.cluster.number, base: bar.data.cluster.base })
    find(field).onblur = () => find(field).value === bar.data.cluster[field] && (bar.typing = null)
  }
  find("note").onkeydown = (event) => {
    if (event.key === "Enter") find("note").blur()
  }
  find("states").append(...STATES.map((state) => stateButton(bar, state)))
  find("target").onkeydown = (event) => {
    if (event.key === "Enter") move(bar)
    else if (event.key === "Escape") find("target").blur()
  }
  find("who").onsubmit = (event) => {
    event.preventDefault()
    const name = find("author").value.trim()
    if (!name) return
    remember(name)
    sayWho(bar, name)
  }
  find("move").onclick = () => move(bar)
  find("part").onclick = () => ask(bar, { do: "part" })
  find("aside").onclick = () => ask(bar, { do: "aside" })
  find("clear").onclick = () => goTo(bar, "clear")
  find("undo").onclick = () => ask(bar, { do: "undo" })
  find("redo").onclick = () => ask(bar, { do: "redo" })
  find("keys").onclick = () => help(bar)
  find("close").onclick = () => find("help").close()
  find("previous").onclick = () => goTo(bar, "previous")
  find("next").onclick = () => goTo(bar, "next")
  find("help").onclick = (event) => event.target === find("help") && find("help").close()
  bar.onKey = (event) => pageKey(bar, event)
  bar.onDrawn = (event) => (bar.seen = event.detail)
  bar.onChosen = (event) => countSelected(bar, event.detail)
  // What was typed and is not yet answered for would be lost with the page.
  window.addEventListener("beforeunload", (event) => bar.waiting.size && root.isConnected && event.preventDefault())
  setInterval(() => root.isConnected && sendAgain(bar), 400)
  setInterval(() => root.isConnected && !document.hidden && look(bar), LOOK_MS)
  return bar
}

// A message that comes while the server is busy may be lost. One that is only slow is not helped by haste.
function sendAgain(bar) {
  const open = bar.waiting.size || bar.steps.length || bar.who
  if (!open) bar.patience = AGAIN_MS
  if (!open || Date.now() - bar.sent < bar.patience) return
  bar.patience = Math.min(2 * bar.patience, PATIENCE_MS)
  tell(bar)
}

// Is there anything that is not shown yet: what others did, or a drawing of which the end was lost on the way?
async function look(bar) {
  if (bar.looking || Date.now() - bar.sent < REST_MS) return
  bar.looking = true
  try {
    const answer = await fetch(bar.data.news)
    if (!answer.ok) return
    const { version, drawn } = await answer.json()
    const lost = bar.seen !== null && drawn > bar.seen
    if (version !== bar.data.version || (lost && bar.lost === drawn)) tell(bar)
    bar.lost = lost ? drawn : 0
  } catch {
    return // the server is away, as the page itself says
  } finally {
    bar.looking = false
  }
}

// Always everything that is not answered yet: of two messages that find the server busy it takes the second only.
function tell(bar) {
  bar.sent = Date.now()
  bar.send({ acts: [...bar.waiting.values()], steps: bar.steps, author: bar.who })
}

// To another cluster, or away from a selection: numbered, and sent until the server has heard of the number.
function goTo(bar, where) {
  bar.count = Math.max(bar.count, bar.data.heard) + 1
  bar.steps.push({ count: bar.count, where })
  tell(bar)
  if (where !== "clear") leave(bar)
}

function sayWho(bar, name) {
  bar.who = name
  tell(bar)
}

// ---------------------------------------------------------------------------------------------- saving

function ask(bar, change) {
  const author = bar.data.author
  if (!author) return askWho(bar)
  const uuid = newUuid()
  const act = { uuid, cluster: bar.data.cluster.number, base: bar.data.cluster.base, seen: bar.data.version, ...change }
  // With what is selected now: the server may be told of another selection before it comes to this.
  if (USES_SELECTION.includes(change.do)) act.told = bar.told
  if (change.do === "part" && bar.data.cluster.gathers) bar.refocus = true // on the new cluster, to be named at once
  bar.waiting.set(uuid, act)
  tick(bar, "Saving…")
  hint(bar, "")
  tell(bar)
  if (act.told) tellGrid(true)
}

// Not crypto.randomUUID: browsers keep that from pages of servers in the house, which have no https.
function newUuid() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

// The grid lets go of what was acted on, or takes it up again where that could not be done.
function tellGrid(used) {
  document.dispatchEvent(new CustomEvent("imclust-used", { detail: used }))
}

// The name of this cluster that is on its way, if one is.
function saving(bar, number) {
  return [...bar.waiting.values()].find((one) => one.do === "name" && one.cluster === number)
}

function takeAnswers(bar) {
  for (const [uuid, answer] of Object.entries(bar.data.answers)) {
    const asked = bar.waiting.get(uuid)
    if (!asked) continue
    bar.waiting.delete(uuid)
    tick(bar, answer.ok ? `✓ ${answer.text}` : "", answer.took)
    if (!answer.ok) {
      bar.troubles.push({ ...answer, asked })
      drawTroubles(bar)
      if (USES_SELECTION.includes(asked.do)) tellGrid(bar.refocus = false)
    }
    if (bar.later?.after !== uuid) continue
    const { change, cluster } = bar.later
    bar.later = null
    // A change that had to wait for the one before it: it knows that one, and nothing newer.
    if (answer.ok) ask(bar, { do: "name", ...change, cluster, base: answer.event ?? asked.base })
  }
}

// What a cluster will be called when all is done that is on its way.
function known(bar, cluster) {
  return bar.later?.cluster === cluster.number ? bar.later.change : saving(bar, cluster.number) ?? cluster
}

function save(bar, change = {}, next = false) {
  const cluster = bar.data.cluster
  if (!cluster.nameable || bar.ahead) return
  const before = known(bar, cluster)
  const wanted = {
    name: bar.find("name").value.trim(), state: before.state, note: bar.find("note").value.trim(), via: before.via, ...change,
  }
  if (wanted.name && !wanted.state) wanted.state = "sure"
  const same = (one) => ["name", "state", "note"].every((part) => wanted[part] === one[part])
  const base = bar.typing?.number === cluster.number ? bar.typing.base : cluster.base
  const pending = saving(bar, cluster.number)
  bar.typing = null
  if (same(before)) {
    if (next) goTo(bar, "unnamed")
  } else if (pending) {
    bar.later = same(pending) ? null : { change: wanted, cluster: cluster.number, after: pending.uuid }
    if (next) goTo(bar, "unnamed")
  } else {
    ask(bar, { do: "name", ...wanted, base, next })
    if (next && bar.data.author) leave(bar)
  }
}

function move(bar) {
  const typed = bar.find("target").value.trim()
  const into = bar.data.targets.find((one) => `${one.number}` === typed.split(" ")[0] || (one.name && one.name === typed))
  if (!into) return hint(bar, `There is no cluster “${typed}”. Choose one of the list.`)
  bar.find("target").value = ""
  bar.find("target").blur()
  if (selected(bar)) ask(bar, { do: "move", into: into.number })
  else merge(bar, into.number)
}

function merge(bar, into) {
  ask(bar, { do: "merge", into, into_base: bar.data.targets.find((one) => one.number === into).base })
}

// ---------------------------------------------------------------------------------------------- keys

function nameKey(bar, event) {
  if (event.isComposing) return // Enter ends a word of an input method, not the name
  if (event.key === "Enter") {
    event.preventDefault()
    enter(bar, !event.shiftKey)
  } else if (event.key === "Escape") {
    bar.typing = null
    bar.refocus = false
    if (bar.ahead) bar.ahead.entered = null
    bar.find("name").value = bar.ahead ? "" : bar.data.cluster.name
    bar.find("name").blur()
  }
}

function enter(bar, next) {
  if (bar.ahead) {
    bar.ahead.entered = { next }
    return
  }
  bar.refocus = next
  save(bar, { via: "" }, next)
}

// Who goes on types on: until the next cluster is there, what is typed belongs to that one. Nothing else can be said
// meanwhile, since nobody has seen yet what it would be said of.
function leave(bar) {
  bar.ahead ??= { entered: null }
  bar.find("name").value = ""
}

function arrive(bar, moved) {
  const input = bar.find("name")
  const { entered } = bar.ahead
  bar.ahead = null
  if (!moved || !input.value) {
    input.value = bar.data.cluster.name
    return
  }
  bar.refocus = false
  bar.typing = { number: bar.data.cluster.number, base: bar.data.cluster.base }
  if (entered) enter(bar, entered.next)
  else if (input.getRootNode().activeElement !== input) save(bar, { via: "" })
}

function pageKey(bar, event) {
  if (!bar.root.isConnected) return forget(bar)
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
  const at = event.composedPath()[0]
  if (at.closest?.("input, textarea, select, dialog, [contenteditable], [role=combobox]")) return
  const does = keyTable(bar)[event.key]
  if (!does) return
  event.preventDefault()
  does()
}

function keyTable(bar) {
  const cluster = bar.data.cluster
  const propose = (index) => () => cluster.nameable && accept(bar, bar.data.proposals[index])
  const mark = (state) => () => save(bar, { state })
  return {
    n: () => focusName(bar),
    1: propose(0), 2: propose(1), 3: propose(2),
    s: mark("sure"), d: mark("doubtful"), x: mark("mixed"), l: mark("leftover"),
    j: () => goTo(bar, "next"), k: () => goTo(bar, "previous"), ".": () => goTo(bar, "unnamed"),
    m: () => bar.find("target").focus(),
    p: () => selected(bar) && ask(bar, { do: "part" }),
    o: () => selected(bar) && ask(bar, { do: "aside" }),
    u: () => ask(bar, { do: "undo" }), U: () => ask(bar, { do: "redo" }),
    "?": () => help(bar),
  }
}

function accept(bar, proposal) {
  if (!proposal) return
  bar.refocus = false
  save(bar, { name: proposal.name, state: "sure", via: "proposal" }, true)
}

function focusName(bar) {
  bar.find("name").focus()
  bar.find("name").select()
}

function help(bar) {
  const dialog = bar.find("help")
  dialog.open ? dialog.close() : dialog.showModal()
}
