// Messages to Python, each sent again until Python has heard it. A message that comes while the server is busy may be
// lost, and of two the later one counts: so every message holds all that was not heard yet, oldest first.
const AGAIN_MS = 1200
const MAX_AGAIN_MS = 10_000 // one that is only slow is not helped by haste
const QUIET_MS = 700

// A message that comes some 30 ms after a click takes away the click: Streamlit ends the run that was to answer it. What
// nobody waits for is sent when the hand has rested. Back and Forward are clicks, too.
let touchedAt = Number.NEGATIVE_INFINITY

export function touch() {
  touchedAt = Date.now()
}

for (const kind of ["pointerdown", "pointerup", "keydown", "popstate"])
  globalThis.window?.addEventListener(kind, touch, true)

/** @typedef {{ count: number, name: string, value: unknown }} Message */
/** @typedef {{ [name: string]: number }} Heard */

export class Messages {
  /** @type {Message[]} */
  waiting = []
  count = 0
  again = AGAIN_MS
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined
  resting = false
  sentAt = 0
  /** @type {(messages: Message[]) => void} */
  send = () => {}
  isThere = () => true

  /**
   * What each drawing of the widget brings: a way to send, and how far Python has heard.
   * @param {{ data: { heard: Heard }, parentElement: ParentNode & Node, setTriggerValue: (name: string, value: unknown) => void }} component
   */
  take({ data, parentElement, setTriggerValue }) {
    this.send = (messages) => setTriggerValue("messages", messages)
    this.isThere = () => parentElement.isConnected
    this.count = Math.max(this.count, ...Object.values(data.heard))
    this.waiting = this.waiting.filter(({ name, count }) => count > (data.heard[name] ?? 0))
    if (this.waiting.length) return
    clearTimeout(this.timer)
    this.again = AGAIN_MS
  }

  /**
   * Tell Python. A newer value takes the place of an older one of the same name, unless `each` of them counts.
   * @param {string} name @param {unknown} value
   * @param {{ rest?: number, each?: boolean }} [options] rest: how long the hand has to rest before it is sent, in ms
   */
  tell(name, value, { rest = 0, each = false } = {}) {
    if (!each) this.forget(name)
    this.count += 1
    this.waiting.push({ count: this.count, name, value })
    this.again = AGAIN_MS
    this.resting = rest > 0
    if (rest) this.later(rest)
    else this.flush()
  }

  /** Send what waits, now; and later again. */
  flush() {
    clearTimeout(this.timer)
    this.resting = false
    if (!this.waiting.length || !this.isThere()) return
    this.sentAt = Date.now()
    this.send(this.waiting.slice())
    this.later(this.again)
    this.again = Math.min(2 * this.again, MAX_AGAIN_MS)
  }

  /** Send after this time, and not while somebody is at it. @param {number} time */
  later(time) {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      const left = touchedAt + QUIET_MS - Date.now()
      if (left > 0) this.later(left)
      else this.flush()
    }, time)
  }

  /** What was told and not heard counts no more. @param {string} name */
  forget(name) {
    this.waiting = this.waiting.filter((message) => message.name !== name)
  }

  /** Send at once what waits for the hand to rest. */
  hurry() {
    if (this.resting) this.flush()
  }

  /** Whether Python has heard all messages of this name, or all there are. @param {string} [name] */
  isHeard(name) {
    return !this.waiting.some((message) => name === undefined || message.name === name)
  }
}
