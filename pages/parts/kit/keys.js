// Keys that belong to the browser.

/** @param {{ ctrlKey: boolean, altKey: boolean, metaKey: boolean }} event */
export function isModified({ ctrlKey, altKey, metaKey }) {
  return ctrlKey || altKey || metaKey
}
