// The selection of a grid: what a hand does is seen at once, and Python comes to the same however late it hears of it.
import assert from "node:assert/strict"
import { test } from "node:test"
import {
  agree,
  isSelected,
  nothingSelected,
  select,
  selectedOf,
  selectTo,
  targetOf,
  toggle,
  toggleAll,
  untold,
  use,
} from "../../pages/parts/grid/selected.js"

const IDS = [11, 12, 13, 14, 15, 16]

/** A selection of a page on which Python says that these are selected. @param {number[]} known */
function begun(known) {
  const selected = nothingSelected()
  agree(selected, known, true, IDS)
  return selected
}

/** What a range from this cell on holds, as a hand with Shift widens and narrows it. @param {number[]} known @param {number} from @param {number[]} to */
function ranges(known, from, to) {
  const selected = begun(known)
  selected.anchor = IDS[from]
  return to.map((index) => {
    selectTo(selected, IDS, index)
    return selectedOf(selected, IDS)
  })
}

test("one click more takes back what a click did, and one key selects all or none", () => {
  const selected = begun([12])
  toggle(selected, IDS, 14)
  assert.deepEqual(selectedOf(selected, IDS), [12, 14])
  toggle(selected, IDS, 12)
  toggle(selected, IDS, 14)
  assert.deepEqual(selectedOf(selected, IDS), [])
  toggle(selected, IDS, 11)
  toggleAll(selected, IDS)
  assert.deepEqual(selectedOf(selected, IDS), IDS)
  toggleAll(selected, IDS)
  assert.deepEqual(selectedOf(selected, IDS), [])
})

test("a range goes from its anchor both ways, and what was selected beside it stays when it shrinks again", () => {
  assert.deepEqual(ranges([], 1, [3, 2, 1, 0]), [[12, 13, 14], [12, 13], [12], [11, 12]])
  assert.deepEqual(ranges([14, 16], 1, [4, 2, 1]), [
    [12, 13, 14, 15, 16],
    [12, 13, 14, 16],
    [12, 14, 16],
  ])
  const selected = begun([])
  selectTo(selected, IDS, 2) // without an anchor
  assert.deepEqual(selectedOf(selected, IDS), [13])
  selected.anchor = 99 // of another page, where a range was begun anew
  selected.base = null
  selectTo(selected, IDS, 4)
  assert.deepEqual(selectedOf(selected, IDS), [13, 15])
})

test("a click between two ranges makes the first one stay", () => {
  const selected = begun([])
  selected.anchor = 11
  selectTo(selected, IDS, 2)
  toggle(selected, IDS, 12)
  selected.anchor = 15
  selectTo(selected, IDS, 5)
  selectTo(selected, IDS, 4)
  assert.deepEqual(selectedOf(selected, IDS), [11, 13, 15])
})

test("a range goes on from what is selected now, where Python has come to say something else", () => {
  const selected = begun([])
  selected.anchor = 11
  selectTo(selected, IDS, 1)
  agree(selected, [11, 12, 16], true, IDS)
  selectTo(selected, IDS, 2)
  assert.deepEqual(selectedOf(selected, IDS), [11, 12, 13, 16])
})

test("what Python says counts once it has heard all, and other pages are told along until then", () => {
  const selected = begun([11])
  toggle(selected, IDS, 12)
  agree(selected, [11], false, IDS) // a late answer undoes nothing
  assert.deepEqual(selectedOf(selected, IDS), [11, 12])
  const others = [21, 22]
  agree(selected, [22], false, others)
  toggle(selected, others, 21)
  assert.deepEqual(untold(selected), { shown: [...IDS, ...others], selected: [11, 12, 21, 22] })
  agree(selected, [22], true, others)
  assert.deepEqual(untold(selected), { shown: [], selected: [] })
  assert.deepEqual(selectedOf(selected, others), [22])
})

test("another widget that acts on the selection takes it at once, though Python may still say that it is there", () => {
  const selected = begun([11])
  toggle(selected, IDS, 12)
  use(selected, [11], IDS, true)
  assert.deepEqual([selectedOf(selected, IDS), untold(selected)], [[], { shown: [], selected: [] }])
  agree(selected, [11, 12], true, IDS)
  assert.deepEqual(selectedOf(selected, IDS), [])
  toggle(selected, IDS, 13)
  assert.deepEqual(selectedOf(selected, IDS), [13])
  agree(selected, [13], true, IDS) // it has acted: from now on all that Python says counts
  agree(selected, [11, 13], true, IDS)
  assert.deepEqual(selectedOf(selected, IDS), [11, 13])
})

test("what was acted on can be selected anew before Python has said anything", () => {
  const selected = begun([11, 12])
  use(selected, [11, 12], IDS, true)
  toggle(selected, IDS, 12)
  agree(selected, [11, 12], false, IDS)
  assert.deepEqual(selectedOf(selected, IDS), [12])
  agree(selected, [12], true, IDS)
  assert.deepEqual(selectedOf(selected, IDS), [12])
})

test("where another widget could not act, the selection is as Python says", () => {
  const selected = begun([11, 12])
  use(selected, [11, 12], IDS, true)
  use(selected, [11, 12], IDS, false)
  assert.deepEqual(selectedOf(selected, IDS), [11, 12])
})

/** The same numbers each time, from 0 up to below. @param {number} seed */
function dice(seed) {
  let state = seed
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A hand at a grid with pages, and a server that hears and answers whenever it likes. @param {number} seed */
function simulated(seed) {
  const roll = dice(seed)
  const pages = [IDS, [21, 22, 23], [31]]
  const selected = nothingSelected()
  const told = { count: 0, value: untold(selected) }
  /** @type {{ ids: number[], known: number[], heard: number }[]} */
  const answers = []
  const server = { page: 0, heard: 0, selected: new Set() }
  let ids = IDS
  const meant = new Set()
  const tell = (/** @type {() => void} */ change) => {
    change()
    for (const id of ids) meant[isSelected(selected, id) ? "add" : "delete"](id)
    Object.assign(told, { count: told.count + 1, value: untold(selected) })
  }
  const steps = [
    () => tell(() => toggle(selected, ids, ids[roll(ids.length)])),
    () => tell(() => toggleAll(selected, ids)),
    () => tell(() => selectTo(selected, ids, roll(ids.length))),
    () => tell(() => select(selected, ids, [])),
    () => {
      selected.anchor = ids[roll(ids.length)]
      selected.base = null
    },
    () => {
      for (const id of told.value.shown) server.selected.delete(id)
      for (const id of told.value.selected) server.selected.add(id)
      server.heard = told.count
    },
    () => {
      server.page = roll(pages.length)
    },
    () => {
      const shown = pages[server.page]
      answers.push({ ids: shown, known: shown.filter((id) => server.selected.has(id)), heard: server.heard })
    },
    () => {
      const answer = answers.shift()
      if (!answer) return
      ids = answer.ids
      agree(selected, answer.known, answer.heard >= told.count, ids)
    },
  ]
  const step = () => steps[roll(steps.length)]()
  const state = () => ({
    here: selectedOf(selected, ids),
    meant: ids.filter((id) => meant.has(id)),
    isHeard: server.heard >= told.count,
    server: [...server.selected].sort(),
    all: [...meant].sort(),
  })
  return { step, state }
}

test("however late Python hears and answers, the page shows what the hand did, and Python comes to know it", () => {
  let heard = 0
  for (let seed = 1; seed <= 60; seed++) {
    const { step, state } = simulated(seed)
    for (let at = 0; at < 200; at++) {
      step()
      const { here, meant, isHeard, server, all } = state()
      assert.deepEqual(here, meant, `seed ${seed}, step ${at}`)
      if (!isHeard) continue
      assert.deepEqual(server, all, `seed ${seed}, step ${at}`)
      heard += 1
    }
  }
  assert.ok(heard > 1000)
})

test("keys lead to the neighbours in a grid, and to its ends; all others lead nowhere", () => {
  const to = (/** @type {string} */ key) => targetOf(key, 5, 4, 10)
  assert.deepEqual(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].map(to), [4, 6, 1, 9, 0, 9])
  for (const key of ["a", " ", "Escape", "PageDown", "toString", "__proto__"]) assert.equal(to(key), undefined)
})
