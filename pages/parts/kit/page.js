// What reaches beyond a widget: keys that belong to the browser, the keyboard's place, what widgets tell each other.

/** @param {{ ctrlKey: boolean, altKey: boolean, metaKey: boolean }} event */
export const isModified = ({ ctrlKey, altKey, metaKey }) => ctrlKey || altKey || metaKey

/** What has the keyboard, in the widget that this is in. @param {Element} one */
export function activeBeside(one) {
  const root = one.getRootNode()
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null
}

/** @param {string} kind @param {unknown} detail */
export function tellPage(kind, detail) {
  document.dispatchEvent(new CustomEvent(kind, { detail }))
}

/** @param {string} kind @param {(detail: any) => void} then @param {AbortSignal} signal */
export function hearPage(kind, then, signal) {
  document.addEventListener(kind, (event) => event instanceof CustomEvent && then(event.detail), { signal })
}

/** @param {Element} one @param {() => void} then @param {AbortSignal} signal */
export function watchSize(one, then, signal) {
  const watch = new ResizeObserver(then)
  watch.observe(one)
  signal.addEventListener("abort", () => watch.disconnect())
}
