// The tree of labels: slider, evidence and dendrogram on one page of paper. It is drawn here and the cut moves here,
// since a round trip to the server for each step of the slider would take half a second. Python hears of the cut
// when the hand lets go. Labels come from files we do not control, so text is only ever set as textContent.
const SVG = "http://www.w3.org/2000/svg"
const LEVELS = [100, 200, 500]
const PAD = 8 // half a slider's thumb, so that its positions and the curves share one scale
const ROW = 25
const SLANT = 52 // room on the right for the slanted names of the last groups
const TREE_HEIGHT = 400
const NAMES_HEIGHT = 165
const TAKEN = ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-size", "font-weight"]
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let state = states.get(parentElement)
  if (!state) {
    state = start(parentElement.querySelector(".paper"))
    states.set(parentElement, state)
  }
  state.send = setTriggerValue
  const cut = JSON.stringify([data.k, data.edits, data.branch])
  const another = state.data?.id !== data.id
  // Streamlit calls this more often than anything changes, and while the hand is on the slider too.
  const drawn = JSON.stringify([data.id, data.kmax, data.curves, data.marks, data.picked])
  const redraw = state.drawn !== drawn
  Object.assign(state, { data, drawn })
  if (another) load(state)
  if (another || isNews(state, cut)) Object.assign(state, { k: data.k, edits: data.edits, branch: data.branch, moved: true })
  state.agreed = cut
  if (another) state.told = []
  if (redraw) draw(state)
  else if (state.moved) update(state)
  state.moved = false
}

// Whether Python has another cut than it had, and not one that came from here: an answer may be late.
function isNews(state, cut) {
  if (cut === state.agreed) return false
  const at = state.told.indexOf(cut)
  state.told.splice(0, at < 0 ? state.told.length : at + 1)
  return at < 0
}

// --- what a tree is: the same rules as imclust_core.label_tree.tree ------------------------------------------------------

function load(state) {
  const { data } = state
  const n = data.leaf_names.length
  state.n = n
  state.parents = new Int32Array(Math.max(0, 2 * n - 1)).fill(2 * n - 1)
  state.images = [...data.images]
  state.first = new Array(n)
  state.last = new Array(n)
  data.order.forEach((leaf, at) => (state.first[leaf] = state.last[leaf] = at))
  for (let node = n; node < 2 * n - 1; node++) {
    const [a, b] = childrenOf(state, node)
    state.parents[a] = state.parents[b] = node
    state.images.push(state.images[a] + state.images[b])
    state.first.push(Math.min(state.first[a], state.first[b]))
    state.last.push(Math.max(state.last[a], state.last[b]))
  }
  state.leaves = new Map()
  if (n > 4 * LEVELS.at(-1)) state.level = LEVELS[0]
}

function childrenOf(state, node) {
  const at = 2 * (node - state.n)
  return [state.data.children[at], state.data.children[at + 1]]
}

function heightOf(state, node) {
  return node < state.n ? 0 : state.data.heights[node - state.n]
}

function cutAt(state, k) {
  const top = 2 * state.n - Math.max(1, Math.min(k, state.n))
  const found = new Set()
  for (let node = 0; node < top; node++) if (state.parents[node] >= top) found.add(node)
  return found
}

function edited(state) {
  const chosen = cutAt(state, state.k)
  for (const [action, node] of state.edits) {
    if (action === "s" && chosen.has(node) && node >= state.n) {
      chosen.delete(node)
      for (const child of childrenOf(state, node)) chosen.add(child)
    } else if (action === "j" && node >= state.n && node < 2 * state.n - 1 && !chosen.has(node)) {
      const below = [...chosen].filter((one) => isBelow(state, one, node))
      if (below.length) {
        for (const one of below) chosen.delete(one)
        chosen.add(node)
      }
    }
  }
  return chosen
}

function isBelow(state, node, above) {
  return state.first[above] <= state.first[node] && state.last[node] <= state.last[above]
}

// Where the line lies for k branches: between the merge that would make fewer of them and the one that makes k.
function lineAt(state, k) {
  const heights = state.data.heights
  const count = heights.length
  if (!count) return 0
  if (k <= 1) return heights[count - 1] * 1.05
  const below = k - 1 < count ? heights[count - k] : 0
  return (heights[Math.max(0, count - k + 1)] + below) / 2
}

function kAt(state, height) {
  let k = 1
  for (let i = state.data.heights.length - 1; i >= 0 && state.data.heights[i] > height; i--) k++
  return k
}

// The leaves of a branch, those with the most images first.
function leavesOf(state, node) {
  if (!state.leaves.has(node)) {
    const found = state.data.order.slice(state.first[node], state.last[node] + 1)
    state.leaves.set(node, found.sort((a, b) => state.images[b] - state.images[a] || a - b))
  }
  return state.leaves.get(node)
}

function nameOf(state, node) {
  return state.data.names[node] || leavesOf(state, node).slice(0, 2).map((leaf) => state.data.leaf_names[leaf]).join(", ")
}

function colourOf(state, node) {
  const palette = state.data.palette
  return palette[(state.data.numbers[node] - 1) % palette.length]
}

// --- elements -------------------------------------------------------------------------------------------------------

function make(kind, attributes = {}, text) {
  const element = document.createElementNS(SVG, kind)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (text !== undefined) element.textContent = text
  return element
}

function start(root) {
  const find = (name) => root.querySelector(`.${name}`)
  const state = {
    root,
    slider: find("k"),
    number: find("number"),
    height: find("height"),
    marks: find("marks"),
    curves: find("curves"),
    tree: find("dendrogram"),
    tip: find("tip"),
    levels: find("levels"),
    panel: find("branch"),
  }
  state.slider.oninput = () => moveTo(state, kOf(state, Number(state.slider.value)))
  state.slider.onchange = () => tell(state)
  state.slider.onkeydown = (event) => stepBy(state, event, 1)
  state.height.onkeydown = (event) => stepBy(state, event, -1) // a higher line cuts off fewer branches
  state.number.onchange = () => {
    moveTo(state, Math.round(Number(state.number.value)) || state.k)
    tell(state)
  }
  state.height.oninput = () => moveTo(state, kAt(state, (Number(state.height.value) / 1000) * topOf(state)))
  state.height.onchange = () => tell(state)
  find("svg").onclick = () => download(state, "svg")
  find("png").onclick = () => download(state, "png")
  state.tree.onpointermove = (event) => hover(state, event)
  state.tree.onpointerleave = () => (state.tip.hidden = true)
  state.tree.onpointerdown = (event) => grip(state, event)
  state.tree.onclick = (event) => press(state, event)
  find("split").onclick = () => edit(state, "s", state.branch)
  find("join").onclick = () => edit(state, "j", state.parents[state.branch])
  find("undo").onclick = () => {
    state.edits = []
    update(state)
    tell(state)
  }
  find("leave").onclick = () => pick(state, null)
  state.told = []
  state.level = LEVELS[0]
  let width = 0
  new ResizeObserver(() => {
    if (!state.data || Math.abs(root.clientWidth - width) < 2) return
    width = root.clientWidth
    draw(state)
  }).observe(root)
  return state
}

// K lies on a logarithmic scale: from 2 to 3 is as much of a change as from 20 to 30.
function shareOf(state, k) {
  return Math.log(k / 2) / Math.max(Math.log(state.data.kmax / 2), 1e-9)
}

function kOf(state, value) {
  return Math.round(2 * Math.exp((value / 1000) * Math.log(state.data.kmax / 2)))
}

function topOf(state) {
  return Math.max(lineAt(state, 1), 1e-12)
}

function moveTo(state, k) {
  state.k = Math.max(2, Math.min(k, state.data.kmax))
  update(state)
}

function stepBy(state, event, sign) {
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key]
  if (by === undefined) return
  moveTo(state, state.k + sign * by)
  tellSoon(state)
  event.preventDefault()
}

function tell(state) {
  clearTimeout(state.timer)
  const cut = JSON.stringify([state.k, state.edits, state.branch])
  if (cut === (state.told.at(-1) ?? state.agreed)) return
  state.told.push(cut)
  state.send("cut", { k: state.k, edits: state.edits, branch: state.branch })
}

function tellSoon(state) {
  clearTimeout(state.timer)
  state.timer = setTimeout(() => tell(state), 250)
}

function edit(state, action, node) {
  const last = state.edits.at(-1)
  const undone = action === "j" && last && last[0] === "s" && last[1] === node
  state.edits = undone ? state.edits.slice(0, -1) : [...state.edits, [action, node]]
  if (action === "j") state.branch = node
  else state.branch = childrenOf(state, node).reduce((a, b) => (state.images[a] >= state.images[b] ? a : b))
  update(state)
  tell(state)
}

function pick(state, node) {
  state.branch = node
  update(state)
  tell(state)
}

// --- drawing --------------------------------------------------------------------------------------------------------

function draw(state) {
  const { data } = state
  state.width = Math.max(320, state.root.clientWidth)
  state.number.max = data.kmax
  state.root.querySelector(".tree-part").hidden = !state.n
  state.root.querySelector(".of-height").hidden = !state.n
  drawMarks(state)
  drawCurves(state)
  drawLevels(state)
  update(state)
}

function xOf(state, k) {
  return PAD + shareOf(state, k) * (state.width - 2 * PAD)
}

function drawMarks(state) {
  let last = -Infinity
  let low = false
  state.marks.replaceChildren(
    ...state.data.marks.map(({ k, text, chief }) => {
      const x = xOf(state, k)
      low = x - last < 20 && !low // side by side they would cover each other
      last = x
      const button = document.createElement("button")
      button.type = "button"
      button.className = `mark ${chief ? "chief" : ""} ${low ? "low" : ""}`
      button.textContent = k
      button.title = text
      button.setAttribute("aria-label", `K = ${k}: ${text}`)
      button.style.left = `${x}px`
      button.onclick = () => {
        moveTo(state, k)
        tell(state)
      }
      return button
    }),
  )
}

function drawCurves(state) {
  const { curves } = state.data
  const svg = state.curves
  svg.setAttribute("width", state.width)
  svg.setAttribute("height", curves.length * ROW)
  svg.replaceChildren()
  curves.forEach((curve, row) => {
    const low = Math.min(...curve.values)
    const span = Math.max(...curve.values) - low || 1
    const top = row * ROW
    const y = (value) => top + ROW - 3 - ((value - low) / span) * (ROW - 8)
    svg.append(make("line", { x1: 0, x2: state.width, y1: top + ROW - 1, y2: top + ROW - 1, class: "rule" }))
    if (curve.ks.length > 1) {
      const points = curve.ks.map((k, at) => `${xOf(state, k).toFixed(1)},${y(curve.values[at]).toFixed(1)}`)
      svg.append(make("polyline", { points: points.join(" "), class: "curve" }))
    }
    curve.best.forEach((k, place) => {
      const at = curve.ks.indexOf(k)
      const cy = at < 0 ? top + ROW / 2 : y(curve.values[at])
      svg.append(make("circle", { cx: xOf(state, k), cy, r: place ? 2 : 3.6, class: place ? "peak minor" : "peak" }))
    })
    const label = make("text", { x: state.width - 4, y: top + 12, "text-anchor": "end", class: "curve-name" }, curve.title)
    label.dataset.kind = curve.kind
    svg.append(label)
  })
  state.cursor = make("line", { y1: 0, y2: curves.length * ROW, class: "cursor" })
  svg.append(state.cursor)
  svg.onclick = (event) => {
    const share = (event.clientX - svg.getBoundingClientRect().left - PAD) / (state.width - 2 * PAD)
    moveTo(state, kOf(state, 1000 * Math.max(0, Math.min(1, share))))
    tell(state)
  }
}

function drawLevels(state) {
  const usable = [...LEVELS.filter((level) => level < state.n), Infinity]
  state.levels.hidden = usable.length < 2
  const buttons = usable.map((level) => {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = level === Infinity ? `all ${state.n.toLocaleString("en")}` : level
    button.setAttribute("aria-pressed", level === levelOf(state))
    button.onclick = () => {
      state.level = level
      drawLevels(state)
      state.levels.querySelector("[aria-pressed=true]").focus()
      update(state)
    }
    return button
  })
  state.levels.replaceChildren(document.createTextNode("Labels shown "), ...buttons)
}

// How many labels are drawn: what was asked for, or all of a smaller tree.
function levelOf(state) {
  return state.level < state.n ? state.level : Infinity
}

// Everything that follows the cut. It runs at each step of the slider and has to stay quick.
function update(state) {
  const { data } = state
  state.slider.value = 1000 * shareOf(state, state.k)
  state.slider.setAttribute("aria-valuetext", `K = ${state.k}`)
  state.number.value = state.k
  const x = xOf(state, state.k)
  state.cursor.setAttribute("x1", x)
  state.cursor.setAttribute("x2", x)
  for (const label of state.curves.querySelectorAll(".curve-name")) {
    const curve = data.curves.find((one) => one.kind === label.dataset.kind)
    const at = curve.ks.indexOf(state.k)
    label.textContent = at < 0 ? curve.title : `${curve.title}: ${curve.values[at].toFixed(2)} at ${state.k}`
  }
  if (!state.n) return
  state.height.value = (1000 * lineAt(state, state.k)) / topOf(state)
  state.height.setAttribute("aria-valuetext", `K = ${state.k}`)
  state.chosen = edited(state)
  if (state.branch !== null && !state.chosen.has(state.branch)) state.branch = null
  place(state)
  paint(state)
  showBranch(state)
}

// Positions: the branches that are drawn down to their last tip, in the order of the leaves, each as wide as befits
// its images: a label of forty images must not look like one of forty stray labels.
function place(state) {
  const level = levelOf(state)
  const lowest = level === Infinity ? 0 : 2 * state.n - level
  const above = new Set()
  for (const node of state.chosen) for (let one = state.parents[node]; one < 2 * state.n - 1 && !above.has(one); one = state.parents[one]) above.add(one)
  const tips = []
  const inner = []
  const waiting = [2 * state.n - 2]
  while (waiting.length) {
    const node = waiting.pop()
    if (node >= state.n && (node >= lowest || above.has(node))) {
      inner.push(node)
      waiting.push(...childrenOf(state, node))
    } else tips.push(node)
  }
  tips.sort((a, b) => state.first[a] - state.first[b])
  const wide = tips.map((node) => Math.sqrt(1 + state.images[node]))
  const unit = (state.width - PAD - SLANT) / wide.reduce((a, b) => a + b, 0)
  const ends = new Map()
  let from = PAD
  tips.forEach((node, at) => {
    ends.set(node, [from, (from += wide[at] * unit)])
  })
  const x = new Map(tips.map((node) => [node, (ends.get(node)[0] + ends.get(node)[1]) / 2]))
  inner.sort((a, b) => a - b)
  for (const node of inner) {
    const [a, b] = childrenOf(state, node)
    x.set(node, (x.get(a) + x.get(b)) / 2)
  }
  Object.assign(state, { tips, inner, x, ends })
}

function yOf(state, height) {
  return 14 + (TREE_HEIGHT - 14) * (1 - height / topOf(state))
}

function paint(state) {
  const { x, width } = state
  const stems = []
  const paths = new Map([...state.chosen].map((node) => [node, []]))
  const bundles = new Map([...state.chosen].map((node) => [node, []])) // tips that stand for several labels
  const owner = new Map()
  for (const node of [...state.inner].reverse()) {
    const own = state.chosen.has(node) ? node : owner.get(node)
    const [a, b] = childrenOf(state, node)
    owner.set(a, own)
    owner.set(b, own)
    const y = yOf(state, heightOf(state, node)).toFixed(1)
    const [xa, xb] = [x.get(a).toFixed(1), x.get(b).toFixed(1)]
    const [ya, yb] = [a, b].map((child) => yOf(state, heightOf(state, child)).toFixed(1))
    ;(own === undefined ? stems : paths.get(own)).push(`M${xa},${ya}V${y}H${xb}V${yb}`)
  }
  const reach = new Map() // from the first to the last tip of a branch
  for (const tip of state.tips) {
    const own = state.chosen.has(tip) ? tip : owner.get(tip)
    const [from, to] = state.ends.get(tip)
    reach.set(own, { from: reach.get(own)?.from ?? from, to })
    if (tip < state.n) continue // its line comes down from the merge above
    const at = x.get(tip)
    const half = Math.min((state.ends.get(tip)[1] - state.ends.get(tip)[0]) * 0.4, 8)
    bundles.get(own).push(`M${at.toFixed(1)},${yOf(state, heightOf(state, tip)).toFixed(1)}L${(at - half).toFixed(1)},${TREE_HEIGHT}H${(at + half).toFixed(1)}Z`)
  }
  const line = yOf(state, lineAt(state, state.k))
  for (const node of state.chosen) {
    // From the line down, so that a group of one label has a branch too.
    const above = Math.max(line, yOf(state, heightOf(state, state.parents[node])))
    const below = yOf(state, heightOf(state, node))
    if (x.has(node) && below > above) paths.get(node).push(`M${x.get(node).toFixed(1)},${above.toFixed(1)}V${below.toFixed(1)}`)
  }
  const svg = state.tree
  const height = TREE_HEIGHT + NAMES_HEIGHT
  svg.setAttribute("width", width)
  svg.setAttribute("height", height)
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
  const parts = [make("path", { d: stems.join(""), class: "stems" })]
  const groups = [...state.chosen].map((node) => ({ node, ...reach.get(node) })).sort((a, b) => a.from - b.from)
  let free = -Infinity
  for (const group of groups) {
    const colour = colourOf(state, group.node)
    const dim = state.branch !== null && state.branch !== group.node
    const branch = make("g", { class: "group", opacity: dim ? 0.4 : 1 })
    branch.dataset.node = group.node
    branch.dataset.number = state.data.numbers[group.node]
    branch.append(make("path", { d: paths.get(group.node).join(""), fill: "none", stroke: colour, "stroke-width": 1.6, class: "limbs" }))
    branch.append(make("path", { d: bundles.get(group.node).join(""), fill: colour, "fill-opacity": 0.55 }))
    branch.append(make("rect", { x: group.from + 0.5, width: Math.max(1.5, group.to - group.from - 1), y: TREE_HEIGHT + 2, height: 8, fill: colour }))
    const middle = (group.from + group.to) / 2
    const picked = state.branch === group.node
    if (middle - free >= 13 || picked) {
      const text = `${state.data.numbers[group.node]} ${short(nameOf(state, group.node))} ${state.images[group.node].toLocaleString("en")}`
      const transform = `translate(${middle - 4},${TREE_HEIGHT + 20}) rotate(62)`
      branch.append(make("text", { transform, class: picked ? "name picked" : "name" }, text))
      free = middle
    }
    parts.push(branch)
  }
  parts.push(...pickedBars(state))
  parts.push(make("line", { x1: 0, x2: width, y1: line, y2: line, class: "line" }))
  parts.push(make("line", { x1: 0, x2: width, y1: line, y2: line, stroke: "transparent", "stroke-width": 11, class: "grip" }))
  parts.push(make("text", { x: 2, y: line - 4, class: "line-name" }, `K = ${state.k}`))
  svg.replaceChildren(...parts)
  const text = countText(state)
  state.root.querySelector(".count").textContent = text
  svg.setAttribute("aria-label", `Tree of ${state.n.toLocaleString("en")} labels, cut into ${text}`)
}

function short(name) {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name
}

function countText(state) {
  const count = state.chosen.size
  const text = `${count} ${count === 1 ? "group" : "groups"}`
  if (count !== cutAt(state, state.k).size) return `${text}: the line at ${state.k}, and branches split or joined by hand`
  return count === state.k ? text : `${text}, as many as there are labels`
}

// --- the hand -------------------------------------------------------------------------------------------------------

function pointAt(state, event) {
  const box = state.tree.getBoundingClientRect()
  return { x: event.clientX - box.left, y: event.clientY - box.top }
}

// The branch under the pointer: from the tip below it as far up as the pointer is.
function nodeAt(state, point) {
  let node = state.tips.find((tip) => point.x < state.ends.get(tip)[1]) ?? state.tips.at(-1)
  while (state.parents[node] < 2 * state.n - 1 && yOf(state, heightOf(state, state.parents[node])) > point.y) node = state.parents[node]
  return node
}

function groupOf(state, node) {
  while (node < 2 * state.n - 1) {
    if (state.chosen.has(node)) return node
    node = state.parents[node]
  }
  return null
}

function hover(state, event) {
  if (state.dragging) return
  const point = pointAt(state, event)
  const node = nodeAt(state, point)
  const group = groupOf(state, node)
  const above = state.tree.getBoundingClientRect().top - state.root.getBoundingClientRect().top
  state.tip.style.left = `${Math.max(0, Math.min(point.x + 14, state.width - 270))}px`
  state.tip.style.top = `${above + point.y + 16}px`
  state.tip.hidden = false
  const about = `${node} ${group}`
  if (state.about === about) return
  state.about = about
  state.tree.style.cursor = group === null ? "default" : "pointer"
  const leaves = leavesOf(state, node)
  const words = leaves.slice(0, 10).map((leaf) => state.data.leaf_names[leaf])
  if (leaves.length > words.length) words.push(`and ${leaves.length - words.length} more`)
  const title = group === null ? nameOf(state, node) : `${state.data.numbers[group]} ${nameOf(state, group)}`
  const images = state.images[node]
  const text = `${images.toLocaleString("en")} ${images === 1 ? "image" : "images"}: ${pickedText(state, node)}${words.join(", ")}`
  state.tip.replaceChildren(...[["strong", title], ["span", text]].map(([kind, said]) => {
    const part = document.createElement(kind)
    part.textContent = said
    return part
  }))
}

function press(state, event) {
  if (state.dragged) return // letting go of the line is no click on a branch
  const group = groupOf(state, nodeAt(state, pointAt(state, event)))
  if (group !== null) pick(state, group === state.branch ? null : group)
}

function grip(state, event) {
  state.dragged = event.target.classList.contains("grip")
  if (!state.dragged || event.button !== 0) return
  state.dragging = true
  state.tip.hidden = true
  state.tree.setPointerCapture(event.pointerId)
  const follow = (move) => moveTo(state, kAt(state, topOf(state) * (1 - (pointAt(state, move).y - 14) / (TREE_HEIGHT - 14))))
  const drop = () => {
    state.dragging = false
    state.tree.removeEventListener("pointermove", follow)
    tell(state)
  }
  state.tree.addEventListener("pointermove", follow)
  state.tree.addEventListener("lostpointercapture", drop, { once: true }) // let go, or taken by the browser
  event.preventDefault()
}

function showBranch(state) {
  const node = state.branch
  const find = (name) => state.root.querySelector(`.${name}`)
  find("undo").hidden = !state.edits.length
  state.panel.hidden = node === null
  if (node === null) return
  const leaves = leavesOf(state, node)
  find("swatch").style.background = colourOf(state, node)
  find("title").textContent = `${state.data.numbers[node]} ${nameOf(state, node)}`
  const images = state.images[node]
  find("facts").textContent = `${images.toLocaleString("en")} ${images === 1 ? "image" : "images"}, ${leaves.length} ${leaves.length === 1 ? "label" : "labels"}`
  find("words").textContent = leaves.map((leaf) => `${state.data.leaf_names[leaf]} ${state.images[leaf].toLocaleString("en")}`).join(" · ")
  find("split").disabled = node < state.n
  find("join").disabled = state.parents[node] >= 2 * state.n - 1 || state.chosen.size <= 2
}

// --- the picture ----------------------------------------------------------------------------------------------------

function download(state, kind) {
  const copy = state.tree.cloneNode(true)
  copy.setAttribute("xmlns", SVG)
  copy.setAttribute("font-family", "sans-serif")
  // Colours and sizes come from the page's theme; a picture that leaves the page takes them along.
  const drawn = [...state.tree.querySelectorAll("[class]")]
  for (const [at, element] of [...copy.querySelectorAll("[class]")].entries()) {
    const style = getComputedStyle(drawn[at])
    for (const what of TAKEN) element.style.setProperty(what, style.getPropertyValue(what))
  }
  copy.prepend(make("rect", { width: "100%", height: "100%", fill: getComputedStyle(state.root).backgroundColor }))
  const text = new XMLSerializer().serializeToString(copy)
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
  const name = `tree-of-labels-k${state.k}`
  if (kind === "svg") return save(url, `${name}.svg`)
  const image = new Image()
  image.onload = () => {
    const canvas = document.createElement("canvas")
    canvas.width = 2 * state.width
    canvas.height = 2 * (TREE_HEIGHT + NAMES_HEIGHT)
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
    URL.revokeObjectURL(url)
    canvas.toBlob((blob) => save(URL.createObjectURL(blob), `${name}.png`))
  }
  image.onerror = () => save(url, `${name}.svg`) // a picture that cannot be painted is still a drawing
  image.src = url
}

function save(url, name) {
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
