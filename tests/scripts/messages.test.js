// Messages to Python: none is lost, each holds all that is not heard, and none comes between a click and its answer.
import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { Messages, touch } from "../../pages/parts/kit/messages.js"

/** @type {any[][]} */
let sent = []
let connected = true

/** @param {Messages} messages @param {{ [name: string]: number }} heard */
function drawn(messages, heard) {
  const parentElement = /** @type {any} */ ({
    get isConnected() {
      return connected
    },
  })
  messages.take({
    data: { heard },
    parentElement,
    setTriggerValue: (_, value) => sent.push(/** @type {any} */ (value)),
  })
}

function started(heard = {}) {
  const messages = new Messages()
  drawn(messages, heard)
  return messages
}

const lastSent = () => (sent.at(-1) ?? []).map(({ name, value }) => [name, value])

mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 })
beforeEach(() => {
  mock.timers.tick(60_000)
  sent = []
  connected = true
})

test("a message is sent at once, and again ever more rarely until it is heard", () => {
  const messages = started()
  messages.tell("pick", 5)
  assert.equal(sent.length, 1)
  mock.timers.tick(1200)
  assert.equal(sent.length, 2)
  mock.timers.tick(1200)
  assert.equal(sent.length, 2)
  mock.timers.tick(1200)
  assert.equal(sent.length, 3)
  assert.ok(!messages.isHeard("pick") && messages.isHeard("other"))
  drawn(messages, { pick: sent[0][0].count })
  assert.ok(messages.isHeard())
  mock.timers.tick(60_000)
  assert.equal(sent.length, 3)
})

test("each message holds all that is not heard, oldest first, and numbers never go back", () => {
  const messages = started({ pick: 40 })
  messages.tell("step", "next", { each: true })
  messages.tell("step", "next", { each: true })
  messages.tell("pick", 1)
  messages.tell("pick", 2)
  assert.deepEqual(lastSent(), [
    ["step", "next"],
    ["step", "next"],
    ["pick", 2],
  ])
  const counts = (sent.at(-1) ?? []).map(({ count }) => count)
  assert.ok(counts[0] > 40 && counts[1] > counts[0] && counts[2] > counts[1])
  drawn(messages, { pick: 40, step: counts[0] })
  messages.flush()
  assert.deepEqual(lastSent(), [
    ["step", "next"],
    ["pick", 2],
  ])
})

test("what waits for the hand to rest is sent then, or when it is hurried", () => {
  const messages = started()
  messages.tell("chosen", [1], { rest: 250 })
  mock.timers.tick(200)
  messages.tell("chosen", [1, 2], { rest: 250 })
  mock.timers.tick(200)
  assert.equal(sent.length, 0)
  mock.timers.tick(50)
  assert.deepEqual(lastSent(), [["chosen", [1, 2]]])
  messages.hurry()
  assert.equal(sent.length, 1)
  messages.tell("chosen", [], { rest: 250 })
  messages.hurry()
  assert.deepEqual(lastSent(), [["chosen", []]])
})

test("nothing that nobody waits for comes within a moment of a click", () => {
  const messages = started()
  messages.tell("pick", 1)
  mock.timers.tick(1190)
  touch()
  mock.timers.tick(600)
  assert.equal(sent.length, 1)
  messages.tell("look", 7, { rest: 1 })
  mock.timers.tick(90)
  assert.equal(sent.length, 1)
  mock.timers.tick(20)
  assert.deepEqual(lastSent(), [
    ["pick", 1],
    ["look", 7],
  ])
  touch()
  messages.tell("pick", 2)
  assert.deepEqual(lastSent(), [
    ["look", 7],
    ["pick", 2],
  ])
})

test("what is forgotten is not sent, and what was told besides still is", () => {
  const messages = started()
  messages.tell("turn", 1, { each: true })
  messages.tell("chosen", [1], { rest: 250 })
  messages.forget("chosen")
  assert.ok(messages.isHeard("chosen") && !messages.isHeard("turn"))
  mock.timers.tick(1200)
  assert.deepEqual(lastSent(), [["turn", 1]])
})

test("a widget that has left the page sends nothing more", () => {
  const messages = started()
  messages.tell("pick", 1)
  connected = false
  mock.timers.tick(60_000)
  assert.equal(sent.length, 1)
})

test("a server that has forgotten what it heard hears newer messages", () => {
  const messages = started({ pick: 9 })
  messages.tell("pick", 1)
  drawn(messages, { pick: 10 })
  drawn(messages, {})
  messages.tell("pick", 2)
  assert.ok((sent.at(-1) ?? [])[0].count > 10)
})
