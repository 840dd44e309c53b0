// What the keys of the page mean while a cluster is shown.

/**
 * @typedef {{ kind: "name" | "into" | "help" } | { kind: "propose", at: number } | { kind: "mark", state: string }
 *   | { kind: "go", where: import("./types.d.ts").Step } | { kind: "act", act: string, onSelection: boolean }} Action
 */

/** @type {{ [key: string]: Action }} */
export const ACTIONS = {
  n: { kind: "name" },
  m: { kind: "into" },
  "?": { kind: "help" },
  1: { kind: "propose", at: 0 },
  2: { kind: "propose", at: 1 },
  3: { kind: "propose", at: 2 },
  s: { kind: "mark", state: "sure" },
  d: { kind: "mark", state: "doubtful" },
  x: { kind: "mark", state: "mixed" },
  l: { kind: "mark", state: "leftover" },
  j: { kind: "go", where: "next" },
  k: { kind: "go", where: "previous" },
  ".": { kind: "go", where: "unnamed" },
  p: { kind: "act", act: "part", onSelection: true },
  o: { kind: "act", act: "aside", onSelection: true },
  u: { kind: "act", act: "undo", onSelection: false },
  U: { kind: "act", act: "redo", onSelection: false },
}

/** What a key does; null for keys that are not ours. @param {string} key @returns {Action | null} */
export const keyAction = (key) => (Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : null)
