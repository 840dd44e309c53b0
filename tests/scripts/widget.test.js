// A widget's life: begun once for each place on the page, drawn often, and nothing of it goes on when it has left.
import assert from "node:assert/strict"
import { test } from "node:test"
import { widget } from "../../pages/parts/kit/widget.js"

/** A place on the page, as far as widgets ask of it. */
const place = () => /** @type {any} */ ({ isConnected: true })

function counted() {
  /** @type {string[]} */
  const log = []
  /** @type {AbortSignal[]} */
  const signals = []
  /** @type {any[][]} */
  const sent = []
  let places = 0
  const draw = widget({
    start: (_root, messages, /** @type {{ at: number }} */ data) => {
      places += 1
      log.push(`start ${places} with ${data.at}`)
      return { messages, number: places }
    },
    draw: ({ messages, number }, { at }) => {
      log.push(`draw ${number} with ${at}, ${messages.isHeard() ? "heard" : "unheard"}`)
      if (at === 2) messages.tell("pick", at)
    },
    live: ({ number }, signal) => {
      log.push(`live ${number}`)
      signals.push(signal)
    },
  })
  const drawn = (/** @type {any} */ parentElement, /** @type {number} */ at, heard = {}) =>
    draw({ parentElement, data: { at, heard }, setTriggerValue: (_, value) => sent.push(/** @type {any} */ (value)) })
  return { drawn, log, signals, sent }
}

test("it starts once and lives until it leaves, and a place of its own has a state of its own", () => {
  const { drawn, log, signals } = counted()
  const [one, other] = [place(), place()]
  drawn(one, 1)
  const leave = drawn(one, 3)
  drawn(other, 4)
  assert.deepEqual(log, [
    ...["start 1 with 1", "live 1", "draw 1 with 1, heard", "draw 1 with 3, heard"],
    ...["start 2 with 4", "live 2", "draw 2 with 4, heard"],
  ])
  leave()
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  )
})

test("one that comes back to its place goes on with its state, and lives anew", () => {
  const { drawn, log, signals } = counted()
  const one = place()
  const leave = drawn(one, 1)
  leave()
  leave()
  drawn(one, 5)
  assert.deepEqual(log.slice(3), ["live 1", "draw 1 with 5, heard"])
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  )
})

test("a drawing knows whether Python has heard what was told before", () => {
  const { drawn, log, sent } = counted()
  const one = place()
  drawn(one, 2)
  drawn(one, 3)
  drawn(one, 4, { pick: sent[0][0].count })
  assert.deepEqual(log.slice(2), ["draw 1 with 2, heard", "draw 1 with 3, unheard", "draw 1 with 4, heard"])
})

test("one that needs nothing beyond itself has no live", () => {
  let draws = 0
  const draw = widget({ start: () => ({}), draw: () => (draws += 1) })
  draw({ parentElement: place(), data: { heard: {} }, setTriggerValue: () => {} })()
  assert.equal(draws, 1)
})
