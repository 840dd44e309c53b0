// The name bar: what a cluster is called, saved at each change; moving and splitting; the keys of the whole page.
// Every change has a uuid and is sent until Python has answered for it, so that none is lost and none counts twice.
// Text is only ever set as textContent.
const STATES = ["sure", "doubtful", "mixed", "leftover"]
const AUTHOR = "imclust-author"
const AGAIN_MS = 1200
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
}

function forget(bar) {
  document.removeEventListener("keydown", bar.onKey)
  document.removeEventListener("imclust-chosen", bar.onChosen)
}

// Selections that Python has not heard of yet count too: who selects and presses m at once means to move, not to merge.
function countSelected(bar, unheard) {
  bar.unheard = unheard
  drawActions(bar)
}

function selected(bar) {
  return Math.max(0, bar.data.selected + (bar.unheard ?? 0))
}

function newBar(root) {
  const find = (name) => root.querySelector(`.${name}`)
  const bar = { root, find, waiting: new Map(), steps: [], count: 0, who: "", patience: AGAIN_MS, later: null, drawn: null, refocus: false, ahead: null }
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
  bar.onChosen = (event) => countSelected(bar, event.detail)
  // What was typed and is not yet answered for would be lost with the page.
  window.addEventListener("beforeunload", (event) => bar.waiting.size && root.isConnected && event.preventDefault())
  setInterval(() => root.isConnected && sendAgain(bar), 400)
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
  bar.waiting.set(uuid, { uuid, cluster: bar.data.cluster.number, base: bar.data.cluster.base, seen: bar.data.version, ...change })
  tick(bar, "Saving…")
  trouble(bar, null)
  tell(bar)
  if (USES_SELECTION.includes(change.do)) tellGrid(true)
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
      trouble(bar, { ...answer, asked })
      if (USES_SELECTION.includes(asked.do)) tellGrid(false)
      bar.later = null
    }
  }
  // A change that had to wait for the one before it: its cluster has a newer version now.
  if (bar.later && !bar.waiting.size) {
    const { change, cluster } = bar.later
    const now = [bar.data.cluster, ...bar.data.targets].find((one) => one.number === cluster)
    bar.later = null
    if (now) ask(bar, { do: "name", ...change, cluster, base: now.base })
  }
}

function save(bar, change = {}, next = false) {
  const cluster = bar.data.cluster
  if (!cluster.nameable) return
  const wanted = {
    name: bar.find("name").value.trim(), state: cluster.state, note: bar.find("note").value.trim(), via: cluster.via, ...change,
  }
  if (wanted.name && !wanted.state) wanted.state = "sure"
  const base = bar.typing?.number === cluster.number ? bar.typing.base : cluster.base
  if (["name", "state", "note"].every((part) => wanted[part] === cluster[part])) {
    bar.typing = null
    if (next) goTo(bar, "unnamed")
    return
  }
  const before = saving(bar, cluster.number)
  if (before) {
    const same = ["name", "state", "note"].every((part) => before[part] === wanted[part])
    if (!same) bar.later = { change: wanted, cluster: cluster.number }
    return
  }
  bar.typing = null
  ask(bar, { do: "name", ...wanted, base, next })
}

function move(bar) {
  const typed = bar.find("target").value.trim()
  const into = bar.data.targets.find((one) => `${one.number}` === typed.split(" ")[0] || (one.name && one.name === typed))
  if (!into) return trouble(bar, { text: `There is no cluster “${typed}”. Choose one of the list.` })
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
  if (event.key === "Enter") {
    event.preventDefault()
    enter(bar, !event.shiftKey)
  } else if (event.key === "Escape") {
    bar.typing = null
    bar.find("name").value = bar.data.cluster.name
    bar.find("name").blur()
  }
}

// Who goes on types on: from Enter until the next cluster is there, what is typed belongs to that one.
function enter(bar, next) {
  if (bar.ahead) {
    bar.ahead.entered = { next }
    return
  }
  bar.refocus = next
  save(bar, { via: "" }, next)
  if (!next || !bar.data.author || !(bar.waiting.size || bar.steps.length)) return
  bar.ahead = { entered: null }
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
  bar.find("name").value = proposal.name
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

// ---------------------------------------------------------------------------------------------- drawing

function draw(bar) {
  const { data, find } = bar
  const cluster = data.cluster
  const moved = bar.drawn?.number !== cluster.number
  const typing = bar.typing?.number === cluster.number || saving(bar, cluster.number)
  for (const [field, value] of [["name", cluster.name], ["note", cluster.note]]) {
    const input = find(field)
    // What somebody is typing, or is being saved, is not overwritten by what another person saved.
    const ahead = bar.ahead && field === "name"
    if (!ahead && (moved || !typing) && input.value !== value) input.value = value
    input.disabled = !cluster.nameable || !data.author
  }
  if (moved) {
    bar.typing = null
    trouble(bar, null)
  }
  find("swatch").textContent = cluster.sign
  find("swatch").style.background = cluster.colour
  find("swatch").style.color = cluster.ink
  find("name").placeholder = cluster.nameable ? "Name this cluster" : cluster.without
  find("by").textContent = cluster.by
  for (const button of find("states").children) {
    button.setAttribute("aria-pressed", button.dataset.state === cluster.state)
    button.disabled = !cluster.nameable
  }
  options(find("names"), data.names)
  options(find("targets"), data.targets.map((one) => `${one.number} ${one.name}`.trim()))
  find("proposals").replaceChildren(...proposals(bar))
  drawActions(bar)
  drawSame(bar)
  drawWho(bar)
  bar.drawn = cluster
  const there = moved || !(bar.waiting.size || bar.steps.length)
  if (bar.ahead && there) arrive(bar, moved)
  if (moved && bar.refocus && cluster.nameable) focusName(bar)
  if (moved) bar.refocus = false
}

function drawActions(bar) {
  const { data, find } = bar
  const some = selected(bar) > 0
  find("count").textContent = some ? `${selected(bar).toLocaleString("en")} selected` : ""
  for (const name of ["part", "aside", "clear"]) find(name).hidden = !some
  find("target").placeholder = some ? "Move to…" : "Merge into…"
  find("target").disabled = !some && !data.cluster.nameable
  find("move").textContent = some ? "Move" : "Merge"
  find("undo").disabled = !data.undo
  find("undo").title = data.undo ? `Undo: ${data.undo}` : "Nothing to undo"
  find("redo").disabled = !data.redo
  find("redo").title = data.redo ? `Redo: ${data.redo}` : "Nothing to redo"
}

function drawSame(bar) {
  const box = bar.find("same")
  const other = bar.data.same
  box.hidden = !other
  if (!other) return
  const both = button("Merge them", () => merge(bar, other))
  box.replaceChildren(text("span", `Cluster ${other} has this name too.`), both)
}

function drawWho(bar) {
  const who = bar.find("who")
  const kept = remembered()
  if (!bar.data.author && kept && !bar.told) {
    bar.told = true
    sayWho(bar, kept)
  }
  who.hidden = Boolean(bar.data.author) || (Boolean(kept) && bar.told)
}

function askWho(bar) {
  bar.find("who").hidden = false
  bar.find("author").focus()
}

function proposals(bar) {
  return bar.data.proposals.map((one, index) => {
    const made = button("", () => accept(bar, one))
    made.className = one.unsure ? "proposal unsure" : "proposal"
    made.title = one.unsure ? "The network does not know; this is its best guess." : `Press ${index + 1} to accept`
    made.append(text("kbd", index + 1), text("strong", one.name), text("span", one.receipt))
    return made
  })
}

function stateButton(bar, state) {
  const made = button(state, () => save(bar, { state }))
  made.dataset.state = state
  return made
}

function trouble(bar, problem) {
  const box = bar.find("trouble")
  box.hidden = !problem
  if (!problem) return
  const parts = [text("span", problem.text)]
  if (problem.theirs) {
    const asked = problem.asked
    const again = { do: "name", name: asked.name, state: asked.state, note: asked.note, via: asked.via, cluster: asked.cluster }
    parts.push(button("Keep theirs", () => keepTheirs(bar)))
    parts.push(button("Use mine", () => ask(bar, { ...again, base: problem.theirs })))
  } else parts.push(button("Close", () => trouble(bar, null)))
  box.replaceChildren(...parts)
}

function keepTheirs(bar) {
  bar.find("name").value = bar.data.cluster.name
  bar.find("note").value = bar.data.cluster.note
  trouble(bar, null)
}

function tick(bar, said, more = "") {
  bar.find("tick").textContent = said
  bar.find("tick").title = more
}

function options(list, values) {
  const drawn = JSON.stringify(values)
  if (list.dataset.drawn === drawn) return
  list.dataset.drawn = drawn
  list.replaceChildren(...values.map((value) => Object.assign(document.createElement("option"), { value })))
}

function text(kind, content) {
  const made = document.createElement(kind)
  made.textContent = content
  return made
}

function button(label, does) {
  const made = text("button", label)
  made.type = "button"
  made.onclick = does
  return made
}

// Where a browser keeps nothing, people are asked again at the next visit.
function remembered() {
  try {
    return localStorage.getItem(AUTHOR) ?? ""
  } catch {
    return ""
  }
}

function remember(name) {
  try {
    localStorage.setItem(AUTHOR, name)
  } catch {
    return
  }
}
