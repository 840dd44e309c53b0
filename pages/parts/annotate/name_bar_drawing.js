// How the name bar looks; name_bar.py puts this file before name_bar.js. Text is only ever set as textContent.

function draw(bar) {
  const { data, find } = bar
  const cluster = data.cluster
  const moved = bar.drawn?.number !== cluster.number
  const typing = bar.typing?.number === cluster.number || known(bar, cluster) !== cluster
  for (const [field, value] of [["name", cluster.name], ["note", cluster.note]]) {
    const input = find(field)
    // What somebody is typing, or is being saved, is not overwritten by what another person saved.
    const ahead = bar.ahead && field === "name"
    if (!ahead && (moved || !typing) && input.value !== value) input.value = value
    input.disabled = !cluster.nameable || !data.author
  }
  if (moved) {
    bar.typing = null
    hint(bar, "")
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
  for (const name of ["states", "note"]) find(name).hidden = Boolean(cluster.gathers) // there is nothing to say it of
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
  find("part").textContent = data.cluster.gathers ? "Split out as a new cluster" : "Split out"
  find("target").placeholder = some ? "Move to…" : "Merge into…"
  find("move").disabled = find("target").disabled = !some && !data.cluster.nameable
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
    made.title = one.unsure ? `${one.name}: the network does not know; this is its best guess.` : `Press ${index + 1} to accept ${one.name}`
    made.append(text("kbd", index + 1), text("strong", one.name), text("span", one.receipt))
    return made
  })
}

function stateButton(bar, state) {
  const made = button(state, () => save(bar, { state }))
  made.dataset.state = state
  return made
}

// What could not be done stays until somebody says what becomes of it, also when another cluster is shown.
function drawTroubles(bar) {
  const box = bar.find("trouble")
  const lines = bar.troubles.map((one) => troubleLine(bar, one))
  if (bar.hint) lines.push(line(text("span", bar.hint), button("Close", () => hint(bar, ""))))
  box.hidden = !lines.length
  box.replaceChildren(...lines)
}

function troubleLine(bar, problem) {
  const { asked, theirs } = problem
  const close = () => {
    bar.troubles = bar.troubles.filter((one) => one !== problem)
    drawTroubles(bar)
  }
  if (!theirs) return line(text("span", problem.text), button("Close", close))
  const keep = () => {
    close()
    if (bar.data.cluster.number !== asked.cluster) return
    bar.find("name").value = bar.data.cluster.name
    bar.find("note").value = bar.data.cluster.note
  }
  const insist = () => {
    close()
    const { name, state, note, via, cluster } = asked
    ask(bar, { do: "name", name, state, note, via, cluster, base: theirs })
  }
  return line(text("span", problem.text), button("Keep theirs", keep), button("Use mine", insist))
}

function hint(bar, said) {
  bar.hint = said
  drawTroubles(bar)
}

function line(...parts) {
  const made = document.createElement("div")
  made.append(...parts)
  return made
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
