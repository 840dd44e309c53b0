// The name bar: what a cluster is called, saved at each change; moving and splitting; the keys of the whole page.
// Every change has a uuid and is sent until Python has heard it, so that none is lost and none counts twice.
import { button, find, press } from "../kit/elements.js"
import { activeBeside, hearPage, isModified } from "../kit/page.js"
import { widget } from "../kit/widget.js"
import { accept, ask, goTo, known, merge, move, save, takeAnswers } from "./name_bar_changes.js"
import { draw, drawActions, drawWho, remember, selectedCount } from "./name_bar_drawing.js"
import { keyAction } from "./name_bar_keys.js"

/** @import { Bar, BarData, Start } from "./types.d.ts" */

const STATES = ["sure", "doubtful", "mixed", "leftover"]
const LOOK_MS = 700
const REST_MS = 1200 // between two drawings for what others do: where ten people work at once, a page would do nothing else

export default widget({
  start,
  draw: (bar, /** @type {BarData} */ data) => {
    bar.data = data
    takeAnswers(bar)
    const moved = draw(bar)
    const there = moved || (!bar.waiting.size && bar.messages.isHeard())
    if (bar.ahead && there) arrive(bar, moved)
    if (moved && !bar.ahead) {
      if (bar.refocus && data.cluster.nameable) focusName(bar)
      bar.refocus = false
    }
    const who = drawWho(bar)
    if (who) bar.messages.tell("author", who)
  },
  live: (bar, signal) => {
    document.addEventListener("keydown", (event) => pageKey(bar, event), { signal })
    // Selections that Python has not heard of yet count too: who selects and presses m at once means to move, not to merge.
    hearPage(
      "imclust-chosen",
      ({ unheard, told }) => drawActions(Object.assign(bar, { unheard, selection: told })),
      signal,
    )
    hearPage("imclust-drawn", (seen) => Object.assign(bar, { seen }), signal)
    // What was typed and is not yet answered for would be lost with the page.
    window.addEventListener("beforeunload", (event) => bar.waiting.size && event.preventDefault(), { signal })
    const looking = setInterval(() => !document.hidden && look(bar), LOOK_MS)
    signal.addEventListener("abort", () => clearInterval(looking))
  },
})

/** @type {Start} */
function start(root, messages, data) {
  /** @type {Bar} */
  const bar = {
    ...{ root, messages, data, fields: fieldsOf(root) },
    actions: {
      accept: (proposal) => accept(bar, proposal),
      merge: (into) => merge(bar, into),
      rename: (act, base) => ask(bar, { ...act, do: "name", base }),
      isSaving: (cluster) => known(bar, cluster) !== cluster,
    },
    ...{ waiting: new Map(), later: null, drawn: null, refocus: false, ahead: null, typing: null },
    ...{ unheard: 0, selection: null, refusals: [], hint: "", seen: null, missed: 0, looking: false, saidWho: "" },
  }
  listenFields(bar)
  listenButtons(bar)
  return bar
}

/** @param {HTMLElement | ShadowRoot} root */
function fieldsOf(root) {
  const some = (/** @type {string} */ name) => find(root, `.${name}`)
  const input = (/** @type {string} */ name) => find(root, `.${name}`, HTMLInputElement)
  const press = (/** @type {string} */ name) => find(root, `.${name}`, HTMLButtonElement)
  return {
    ...{ who: some("who"), swatch: some("swatch"), states: some("states"), tick: some("tick") },
    ...{ proposals: some("proposals"), same: some("same"), trouble: some("trouble"), by: find(root, ".note + .by") },
    ...{ count: some("count"), help: find(root, ".help", HTMLDialogElement) },
    ...{ author: input("author"), name: input("name"), note: input("note"), target: input("target") },
    ...{ move: press("move"), part: press("part"), aside: press("aside"), clear: press("clear") },
    ...{ undo: press("undo"), redo: press("redo") },
  }
}

/** @param {Bar} bar */
function listenFields(bar) {
  const { name, note, target, who, author } = bar.fields
  name.onkeydown = (event) => nameKey(bar, event)
  name.onchange = () => bar.ahead || save(bar, { via: "" })
  note.onchange = () => save(bar)
  for (const field of /** @type {const} */ (["name", "note"])) {
    const input = bar.fields[field]
    // Who types has seen what was there at the first letter, whatever others save meanwhile.
    input.oninput = () => {
      if (!bar.ahead) bar.typing ??= bar.data.cluster
    }
    input.onblur = () => {
      if (input.value === bar.data.cluster[field]) bar.typing = null
    }
  }
  note.onkeydown = (event) => {
    if (event.key === "Enter") note.blur()
  }
  target.onkeydown = (event) => {
    if (event.key === "Enter") move(bar)
    else if (event.key === "Escape") target.blur()
  }
  who.onsubmit = (event) => {
    event.preventDefault()
    const said = author.value.trim()
    if (!said) return
    remember(said)
    bar.messages.tell("author", said)
  }
}

/** @param {Bar} bar */
function listenButtons(bar) {
  const { states, help } = bar.fields
  const stateButton = (/** @type {string} */ state) => button({ dataset: { state } }, () => save(bar, { state }), state)
  states.append(...STATES.map(stateButton))
  press(bar.root, {
    ".move": () => move(bar),
    ".part": () => ask(bar, { do: "part" }),
    ".aside": () => ask(bar, { do: "aside" }),
    ".clear": () => goTo(bar, "clear"),
    ".undo": () => ask(bar, { do: "undo" }),
    ".redo": () => ask(bar, { do: "redo" }),
    ".keys": () => toggleHelp(bar),
    ".close": () => help.close(),
    ".previous": () => goTo(bar, "previous"),
    ".next": () => goTo(bar, "next"),
    ".help": (event) => event.target === help && help.close(),
  })
}

/** Is there anything that is not shown yet: what others did, or a drawing whose end was lost on the way? @param {Bar} bar */
async function look(bar) {
  if (bar.looking || Date.now() - bar.messages.sentAt < REST_MS) return
  bar.looking = true
  try {
    const answer = await fetch(bar.data.news)
    if (!answer.ok) return
    const { version, drawn } = await answer.json()
    const missed = bar.seen !== null && drawn > bar.seen
    if (version !== bar.data.version || (missed && bar.missed === drawn))
      bar.messages.tell("look", version, { rest: 1 })
    bar.missed = missed ? drawn : 0
  } catch {
    return // the server is away, as the page itself says
  } finally {
    bar.looking = false
  }
}

/** @param {Bar} bar @param {KeyboardEvent} event */
function nameKey(bar, event) {
  if (event.isComposing) return // Enter ends a word of an input method, not the name
  if (event.key === "Enter") {
    event.preventDefault()
    enter(bar, !event.shiftKey)
  } else if (event.key === "Escape") {
    const { name } = bar.fields
    bar.typing = null
    bar.refocus = false
    if (bar.ahead) bar.ahead.entered = []
    name.value = bar.ahead ? "" : bar.data.cluster.name
    name.blur()
  }
}

/** @param {Bar} bar @param {boolean} next */
function enter(bar, next) {
  const { name } = bar.fields
  if (bar.ahead) {
    bar.ahead.entered.push({ text: name.value, next })
    if (next) name.value = ""
  } else {
    bar.refocus = next
    save(bar, { via: "" }, next)
  }
}

/** The cluster that somebody went on to is there; what was entered meanwhile is for it, and for those after it. @param {Bar} bar @param {boolean} moved */
function arrive(bar, moved) {
  const input = bar.fields.name
  const typed = input.value
  const entered = bar.ahead?.entered ?? []
  bar.ahead = null
  if (!moved || !(typed || entered.length)) {
    input.value = bar.data.cluster.name
    return
  }
  bar.refocus = false
  bar.typing = bar.data.cluster
  let left = false
  while (entered.length && !left) {
    const { text, next } = /** @type {{ text: string, next: boolean }} */ (entered.shift())
    input.value = text
    enter(bar, next)
    left = next
  }
  if (bar.ahead) Object.assign(bar.ahead, { entered })
  if (!left || bar.ahead) input.value = typed
  if (!left && activeBeside(input) !== input) save(bar, { via: "" })
}

/** @param {Bar} bar @param {KeyboardEvent} event */
function pageKey(bar, event) {
  if (isModified(event) || event.defaultPrevented) return
  const at = event.composedPath()[0]
  if (at instanceof Element && at.closest("input, textarea, select, dialog, [contenteditable], [role=combobox]")) return
  const action = keyAction(event.key)
  if (!action) return
  event.preventDefault()
  if (action.kind === "name") focusName(bar)
  else if (action.kind === "propose" && bar.data.cluster.nameable) accept(bar, bar.data.proposals[action.at])
  else if (action.kind === "mark") save(bar, { state: action.state })
  else if (action.kind === "go") goTo(bar, action.where)
  else if (action.kind === "into") bar.fields.target.focus()
  else if (action.kind === "help") toggleHelp(bar)
  else if (action.kind === "act" && (!action.onSelection || selectedCount(bar))) ask(bar, { do: action.act })
}

/** @param {Bar} bar */
function focusName(bar) {
  bar.fields.name.focus()
  bar.fields.name.select()
}

/** @param {Bar} bar */
function toggleHelp(bar) {
  const { help } = bar.fields
  if (help.open) help.close()
  else help.showModal()
}
