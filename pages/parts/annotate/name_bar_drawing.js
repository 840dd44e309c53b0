// How the name bar looks.
import { button, countText, element, fill, find, markAll } from "../kit/elements.js"

/** @import { Bar, Refusal } from "./types.d.ts" */

const AUTHOR = "imclust-author"

/** Draw all that Python told; returns whether another cluster is shown than before. @param {Bar} bar */
export function draw(bar) {
  const { data, fields } = bar
  const { cluster } = data
  const moved = bar.drawn?.number !== cluster.number
  drawTyped(bar, moved)
  if (moved) {
    bar.typing = null
    hint(bar, "")
  }
  fields.swatch.textContent = cluster.sign
  fields.swatch.style.background = cluster.colour
  fields.swatch.style.color = cluster.ink
  fields.name.placeholder = cluster.nameable ? "Name this cluster" : cluster.without
  fields.by.textContent = cluster.by
  markAll(fields.states, "aria-pressed", (one) => one.dataset.state === cluster.state)
  for (const one of fields.states.querySelectorAll("button")) one.disabled = !cluster.nameable
  for (const part of [fields.states, fields.note]) part.hidden = cluster.gathers // there is nothing to say it of
  const targets = data.targets.map(({ number, name }) => `${number} ${name}`.trim())
  for (const [name, values] of Object.entries({ names: data.names, targets }))
    fill(find(bar.root, `.${name}`), values, () => values.map((value) => element("option", { value })))
  fields.proposals.replaceChildren(...proposals(bar))
  drawActions(bar)
  drawSame(bar)
  bar.drawn = cluster
  return moved
}

/** What somebody is typing, or is being saved, is not overwritten by what another person saved. @param {Bar} bar @param {boolean} moved */
function drawTyped(bar, moved) {
  const { cluster, author } = bar.data
  const typing = bar.typing?.number === cluster.number || bar.actions.isSaving(cluster)
  for (const field of /** @type {const} */ (["name", "note"])) {
    const input = bar.fields[field]
    const ahead = bar.ahead && field === "name"
    if (!ahead && (moved || !typing) && input.value !== cluster[field]) input.value = cluster[field]
    input.disabled = !cluster.nameable || !author
  }
}

/** @param {Bar} bar */
export const selectedCount = (bar) => Math.max(0, bar.data.selected + bar.unheard)

/** @param {Bar} bar */
export function drawActions(bar) {
  const { data, fields } = bar
  const count = selectedCount(bar)
  fields.count.textContent = count ? `${countText(count)} selected` : ""
  for (const one of [fields.part, fields.aside, fields.clear]) one.hidden = !count
  fields.part.textContent = data.cluster.gathers ? "Split out as a new cluster" : "Split out"
  fields.target.placeholder = count ? "Move to…" : "Merge into…"
  fields.move.disabled = fields.target.disabled = !count && !data.cluster.nameable
  fields.move.textContent = count ? "Move" : "Merge"
  fields.undo.disabled = !data.undo
  fields.undo.title = data.undo ? `Undo: ${data.undo}` : "Nothing to undo"
  fields.redo.disabled = !data.redo
  fields.redo.title = data.redo ? `Redo: ${data.redo}` : "Nothing to redo"
}

/** @param {Bar} bar */
function drawSame(bar) {
  const other = bar.data.same
  bar.fields.same.hidden = !other
  const both = button("", () => bar.actions.merge(other), "Merge them")
  bar.fields.same.replaceChildren(element("span", "", `Cluster ${other} has this name too.`), both)
}

/** Asks for a name where nobody knows one; returns the one that this browser remembers and Python was not told. @param {Bar} bar */
export function drawWho(bar) {
  const { author } = bar.data
  const kept = author ? "" : remembered()
  const isNews = kept !== bar.saidWho
  bar.saidWho = kept // not twice, unless the server knew and has forgotten
  bar.fields.who.hidden = Boolean(author || (kept && isNews) || !bar.messages.isHeard("author"))
  return isNews ? kept : ""
}

/** @param {Bar} bar */
export function askWho(bar) {
  bar.fields.who.hidden = false
  bar.fields.author.focus()
}

/** @param {Bar} bar */
function proposals(bar) {
  return bar.data.proposals.map((proposal, index) => {
    const { name, receipt, unsure } = proposal
    const guess = `${name}: the network does not know; this is its best guess.`
    const title = unsure ? guess : `Press ${index + 1} to accept ${name}`
    const parts = [element("kbd", "", index + 1), element("strong", "", name), element("span", "", receipt)]
    const className = unsure ? "proposal unsure" : "proposal"
    return button({ className, title }, () => bar.actions.accept(proposal), ...parts)
  })
}

/** What could not be done stays until somebody says what becomes of it, also when another cluster is shown. @param {Bar} bar */
export function drawRefusals(bar) {
  const box = bar.fields.trouble
  const lines = bar.refusals.map((refusal) => refusalLine(bar, refusal))
  if (bar.hint) lines.push(line(bar.hint, { Close: () => hint(bar, "") }))
  box.hidden = !lines.length
  box.replaceChildren(...lines)
}

/** @param {Bar} bar @param {Refusal} refusal */
function refusalLine(bar, refusal) {
  const { act, text, theirs } = refusal
  const close = () => {
    bar.refusals = bar.refusals.filter((other) => other !== refusal)
    drawRefusals(bar)
  }
  if (!theirs) return line(text, { Close: close })
  const keep = () => {
    close()
    const { cluster } = bar.data
    if (cluster.number !== act.cluster) return
    bar.fields.name.value = cluster.name
    bar.fields.note.value = cluster.note
  }
  const insist = () => {
    close()
    bar.actions.rename(act, theirs)
  }
  return line(text, { "Keep theirs": keep, "Use mine": insist })
}

/** @param {Bar} bar @param {string} said */
export function hint(bar, said) {
  bar.hint = said
  drawRefusals(bar)
}

/** @param {string} said @param {{ [name: string]: () => void }} acts what can be done about it */
function line(said, acts) {
  return element(
    "div",
    "",
    element("span", "", said),
    ...Object.entries(acts).map(([name, act]) => button("", act, name)),
  )
}

/** @param {Bar} bar @param {string} said @param {string} [more] */
export function tick(bar, said, more = "") {
  bar.fields.tick.textContent = said
  bar.fields.tick.title = more
}

/** Where a browser keeps nothing, people are asked again at the next visit. */
function remembered() {
  try {
    return localStorage.getItem(AUTHOR) ?? ""
  } catch {
    return ""
  }
}

/** @param {string} name */
export function remember(name) {
  try {
    localStorage.setItem(AUTHOR, name)
  } catch {
    return
  }
}
