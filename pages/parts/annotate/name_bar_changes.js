// What is changed with the name bar, how Python is told, and what comes of it.
import { tellPage } from "../kit/page.js"
import { askWho, drawRefusals, hint, selectedCount, tick } from "./name_bar_drawing.js"

/** @import { Act, Bar, Cluster, Naming, Proposal, Refusal } from "./types.d.ts" */

const USES_SELECTION = ["move", "aside", "part"]

/** Ask for a change. @param {Bar} bar @param {Partial<Act> & { do: string }} change */
export function ask(bar, change) {
  const { cluster, version, author } = bar.data
  if (!author) return askWho(bar)
  /** @type {Act} */
  const act = { cluster: cluster.number, base: cluster.base, seen: version, ...change, uuid: newUuid() }
  // With what is selected now: the server may be told of another selection before it comes to this.
  if (USES_SELECTION.includes(act.do)) act.told = bar.selection
  if (act.do === "part" && cluster.gathers) bar.refocus = true // on the new cluster, to be named at once
  bar.waiting.set(act.uuid, act)
  tick(bar, "Saving…")
  hint(bar, "")
  bar.messages.tell("act", act, { each: true })
  if (act.told) tellPage("imclust-used", true) // the grid lets go of what was acted on
}

/** Not crypto.randomUUID: browsers keep that from pages of servers in the house, which have no https. */
function newUuid() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** To another cluster, or away from a selection. @param {Bar} bar @param {import("./types.d.ts").Step} where */
export function goTo(bar, where) {
  bar.messages.tell("step", where, { each: true })
  if (where !== "clear") leave(bar)
}

/** Who goes on types on, of the cluster that comes; nobody has seen yet what else would be said of. @param {Bar} bar */
export function leave(bar) {
  bar.ahead ??= { entered: [] }
  bar.fields.name.value = ""
}

/** What came of the changes that are not answered yet. @param {Bar} bar */
export function takeAnswers(bar) {
  for (const [uuid, answer] of Object.entries(bar.data.answers)) {
    const act = bar.waiting.get(uuid)
    if (!act) continue
    bar.waiting.delete(uuid)
    tick(bar, answer.ok ? `✓ ${answer.text}` : "", answer.took)
    if (!answer.ok) refuse(bar, { ...answer, act })
    if (bar.later?.after !== uuid) continue
    const { change, cluster } = bar.later
    bar.later = null
    // A change that had to wait for the one before it: it knows that one, and nothing newer.
    if (answer.ok) ask(bar, { do: "name", ...change, cluster, base: answer.event ?? act.base })
  }
}

/** @param {Bar} bar @param {Refusal} refusal */
function refuse(bar, refusal) {
  bar.refusals.push(refusal)
  drawRefusals(bar)
  if (!USES_SELECTION.includes(refusal.act.do)) return
  bar.refocus = false
  tellPage("imclust-used", false) // the grid takes it up again
}

/** What a cluster will be called when all is done that is on its way. @param {Bar} bar @param {Cluster} cluster @returns {Partial<Naming>} */
export function known(bar, cluster) {
  return bar.later?.cluster === cluster.number ? bar.later.change : (saving(bar, cluster.number) ?? cluster)
}

/** The name of this cluster that is on its way, if one is. @param {Bar} bar @param {number} number */
const saving = (bar, number) => [...bar.waiting.values()].find((act) => act.do === "name" && act.cluster === number)

/** @param {Bar} bar @param {Partial<Naming>} change @param {boolean} next go on to the next cluster without a name */
export function save(bar, change = {}, next = false) {
  const { cluster, author } = bar.data
  if (!cluster.nameable || bar.ahead) return
  const before = known(bar, cluster)
  const { name, note } = bar.fields
  const typed = { name: name.value.trim(), state: before.state ?? "", note: note.value.trim(), via: before.via ?? "" }
  const wanted = { ...typed, ...change }
  if (wanted.name && !wanted.state) wanted.state = "sure"
  const isSame = (/** @type {Partial<Naming>} */ { name, state, note }) =>
    wanted.name === name && wanted.state === state && wanted.note === note
  const base = bar.typing?.number === cluster.number ? bar.typing.base : cluster.base
  const pending = saving(bar, cluster.number)
  bar.typing = null
  if (!isSame(before) && !pending) {
    ask(bar, { do: "name", ...wanted, base, next })
    if (next && author) leave(bar)
    return
  }
  if (pending && !isSame(before))
    bar.later = isSame(pending) ? null : { change: wanted, cluster: cluster.number, after: pending.uuid }
  if (next) goTo(bar, "unnamed")
}

/** @param {Bar} bar */
export function move(bar) {
  const { target } = bar.fields
  const typed = target.value.trim()
  const into = bar.data.targets.find(
    ({ number, name }) => `${number}` === typed.split(" ")[0] || (name && name === typed),
  )
  if (!into) return hint(bar, `There is no cluster “${typed}”. Choose one of the list.`)
  target.value = ""
  target.blur()
  if (selectedCount(bar)) ask(bar, { do: "move", into: into.number })
  else merge(bar, into.number)
}

/** @param {Bar} bar @param {number} into */
export function merge(bar, into) {
  ask(bar, { do: "merge", into, into_base: bar.data.targets.find(({ number }) => number === into)?.base })
}

/** @param {Bar} bar @param {Proposal | undefined} proposal */
export function accept(bar, proposal) {
  if (!proposal) return
  bar.refocus = false
  save(bar, { name: proposal.name, state: "sure", via: "proposal" }, true)
}
