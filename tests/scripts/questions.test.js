// What the network looked at is asked for again and again, until each image is there or it is said why it is not.
import assert from "node:assert/strict"
import { afterEach, mock, test } from "node:test"
import { askFor, gradientsTitle, isNothing, readyFor, undertaking } from "../../pages/parts/grid/questions.js"

const WANT = { target: "class/3", methods: ["cam", "guided"] }

/** @param {any[]} answers what the server answers, one after another: JSON, a refusal in words, or nothing at all */
function asked(answers) {
  /** @type {string[]} */
  const questions = []
  const left = [...answers]
  mock.method(globalThis, "fetch", async (/** @type {string} */ address) => {
    questions.push(address)
    const answer = left.shift()
    if (answer === undefined) throw new TypeError("no such server")
    if (typeof answer !== "string") return Response.json(answer)
    return new Response(answer, { status: 403, headers: { "content-type": "text/plain; charset=utf-8" } })
  })
  const looks = {
    show: "",
    ask: "/looks/CL?sign=s",
    picture: "/look/CL/{id}/{method}?sign=s",
    opacity: 1,
    guided: "Gradients",
  }
  const grid = { isConnected: true }
  const state = /** @type {any} */ ({ grid, data: { looks }, ready: new Map(), titles: new Map(), nothing: new Set() })
  return { state, grid, questions }
}

/** Ask for these images with no time in between. @param {any} state @param {number[]} ids @param {() => void} [heard] */
async function askedFor(state, ids, heard = () => {}) {
  mock.method(globalThis, "setTimeout", (/** @type {() => void} */ act) => setImmediate(act))
  const run = undertaking(state, {})
  const want = { ...WANT, ids, failed: new Map() }
  await askFor(state, run, want, heard)
  return { run, failed: Object.fromEntries(want.failed) }
}

afterEach(() => mock.restoreAll())

test("it asks for what is missing until all is there, and never again", async () => {
  const { state, questions } = asked([
    { ready: [1], busy: true, message: "2 before you" },
    { failed: { 2: "The file is damaged." }, guided: "Guided backprop", busy: true },
    { ready: [3], nothing: [3], busy: true },
  ])
  const messages = [""]
  const { run, failed } = await askedFor(state, [1, 2, 3], () => messages.push("heard"))
  const about = "/looks/CL?sign=s&target=class%2F3&methods=cam,guided&ids="
  assert.deepEqual(questions, [`${about}1,2,3`, `${about}2,3`, `${about}3`])
  assert.deepEqual([failed, run.error, run.message], [{ 2: "The file is damaged." }, "", ""])
  for (const method of WANT.methods) assert.deepEqual([...readyFor(state, WANT.target, method)], [1, 3])
  assert.ok(isNothing(state, WANT.target, 3) && !isNothing(state, WANT.target, 1))
  assert.equal(gradientsTitle(state), "Guided backprop")
  await askedFor(state, [1, 3])
  assert.equal(questions.length, 3)
})

test("where nobody is at work, what is missing has failed", async () => {
  const { state } = asked([{ ready: [1], busy: false }])
  const { failed } = await askedFor(state, [1, 2])
  assert.deepEqual(Object.keys(failed), ["2"])
})

test("a refusal is said at once, a server that does not answer after three questions in a row", async () => {
  const refused = asked(["Sign in again."])
  assert.equal((await askedFor(refused.state, [1])).run.error, "Sign in again.")
  const away = asked([])
  assert.match((await askedFor(away.state, [1])).run.error, /does not answer/)
  assert.equal(away.questions.length, 3)
  const back = asked([undefined, undefined, { ready: [], busy: true }, undefined, { ready: [1] }])
  assert.equal((await askedFor(back.state, [1])).run.error, "")
})

test("a grid that has left the page asks no more", async () => {
  const { state, grid, questions } = asked([{ ready: [], busy: true }, { ready: [1] }])
  const { run } = await askedFor(state, [1], () => {
    grid.isConnected = false
  })
  assert.ok(run.signal.aborted)
  assert.equal(questions.length, 1)
})
