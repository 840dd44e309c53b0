// The keys of a cluster: what the help of the name bar promises.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { ACTIONS, keyAction } from "../../pages/parts/annotate/name_bar_keys.js"
import { isModified } from "../../pages/parts/kit/page.js"

const HELP = readFileSync(new URL("../../pages/parts/annotate/name_bar.html", import.meta.url), "utf8")

test("every key does what it says", () => {
  assert.deepEqual(
    ["1", "2", "3"].map(keyAction),
    [0, 1, 2].map((at) => ({ kind: "propose", at })),
  )
  for (const [key, state] of [
    ["s", "sure"],
    ["d", "doubtful"],
    ["x", "mixed"],
    ["l", "leftover"],
  ]) {
    assert.deepEqual(keyAction(key), { kind: "mark", state })
  }
  for (const [key, where] of [
    ["j", "next"],
    ["k", "previous"],
    [".", "unnamed"],
  ]) {
    assert.deepEqual(keyAction(key), { kind: "go", where })
  }
  for (const [key, act, onSelection] of [
    ["p", "part", true],
    ["o", "aside", true],
    ["u", "undo", false],
    ["U", "redo", false],
  ]) {
    assert.deepEqual(keyAction(String(key)), { kind: "act", act, onSelection })
  }
  assert.deepEqual(
    ["n", "m", "?"].map((key) => keyAction(key)?.kind),
    ["name", "into", "help"],
  )
})

test("every key of ours stands in the help", () => {
  const keys = [...HELP.matchAll(/<kbd>([^<]+)<\/kbd>/g)].map(([, key]) => key)
  for (const key of Object.keys(ACTIONS)) assert.ok(keys.includes(key === "U" ? "Shift u" : key), key)
})

test("keys that are not ours are left alone, whatever they are called", () => {
  for (const key of ["q", "Enter", "ArrowUp", "4", "", "toString", "constructor", "__proto__"])
    assert.equal(keyAction(key), null)
  assert.ok(isModified({ ctrlKey: true, altKey: false, metaKey: false }))
  assert.ok(!isModified({ ctrlKey: false, altKey: false, metaKey: false }))
})
