// Small pieces that several widgets draw. Text is only ever set as textContent.

/**
 * The one element of this kind that must be there.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} [kind]
 * @returns {E}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector)
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`no ${selector} in this widget`)
  return /** @type {E} */ (found)
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} kind
 * @param {string} [name]
 * @param {string | number} [text]
 */
export function element(kind, name = "", text = "") {
  const made = document.createElement(kind)
  if (name) made.className = name
  made.textContent = String(text)
  return made
}

/**
 * @param {string} name
 * @param {string | number} text
 * @param {(event: MouseEvent) => void} act
 */
export function button(name, text, act) {
  const made = element("button", name, text)
  made.type = "button"
  made.onclick = act
  return made
}

/** The number of a cluster on its colour. @param {string | number} sign @param {string} colour @param {string} ink */
export function swatch(sign, colour, ink) {
  const made = element("span", "swatch", sign)
  made.style.background = colour
  made.style.color = ink
  return made
}

/** A bar as long as a share of the largest; never too short to be seen. @param {number} share @param {string} colour */
export function bar(share, colour) {
  const made = element("span", "bar")
  const part = element("span", "part")
  part.style.width = `${Math.max(1, 100 * share)}%`
  part.style.background = colour
  made.append(part)
  return made
}

/** @param {number} count */
export function countText(count) {
  return count.toLocaleString("en")
}

/** @param {Element} target @param {string} name @param {string | boolean | null} value */
export function setOrRemove(target, name, value) {
  if (value === null) target.removeAttribute(name)
  else target.setAttribute(name, String(value))
}

/** Have the browser save a file. @param {string} url of a blob, let go of soon after @param {string} name */
export function saveAs(url, name) {
  const link = element("a")
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
