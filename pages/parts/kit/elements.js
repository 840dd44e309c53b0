// Small pieces that several widgets draw. Text is only ever set as text, and never as markup.

/** @import { Child, Look } from "./types.d.ts" */

/**
 * The one element of this kind that must be there.
 * @template {Element} [E=HTMLElement] @param {ParentNode} root @param {string} selector @param {new () => E} [kind] @returns {E}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector)
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`no ${selector} in this widget`)
  return /** @type {E} */ (found)
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} kind @param {Look<NoInfer<K>>} [look] @param {Child[]} children @returns {HTMLElementTagNameMap[K]} */
export function element(kind, look = {}, ...children) {
  const { attributes, dataset, style, ...properties } = typeof look === "string" ? { className: look } : look
  const made = Object.assign(document.createElement(kind), properties)
  Object.assign(made.dataset, dataset)
  Object.assign(made.style, style)
  return grown(made, attributes, children)
}

/** @template {keyof SVGElementTagNameMap} K @param {K} kind @param {{ [name: string]: string | number }} attributes @param {Child[]} children */
export function vector(kind, attributes, ...children) {
  return grown(document.createElementNS("http://www.w3.org/2000/svg", kind), attributes, children)
}

/** @template {Element} E @param {E} made @param {{ [name: string]: string | number }} attributes @param {Child[]} children */
function grown(made, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  made.append(...children.filter((one) => one !== null).map((one) => (one instanceof Node ? one : String(one))))
  return made
}

/** @param {Look<"button">} look @param {(event: MouseEvent) => void} act @param {Child[]} children */
export function button(look, act, ...children) {
  const made = element("button", look, ...children)
  return Object.assign(made, { type: "button", onclick: act })
}

/** What is done when these are pressed. @param {ParentNode} root @param {{ [selector: string]: (event: MouseEvent) => void }} acts */
export function press(root, acts) {
  for (const [selector, act] of Object.entries(acts)) find(root, selector).onclick = act
}

/** The number of a cluster on its colour. @param {string | number} sign @param {string} colour @param {string} ink */
export function swatch(sign, colour, ink) {
  return element("span", { className: "swatch", style: { background: colour, color: ink } }, sign)
}

/** A bar as long as a share of the largest; never too short to be seen. @param {number} share @param {string} colour */
export function bar(share, colour) {
  const style = { width: `${Math.max(1, 100 * share)}%`, background: colour }
  return element("span", "bar", element("span", { className: "part", style }))
}

/** @type {WeakMap<Element, string>} */
const shown = new WeakMap()

/**
 * Draw again what is in a box, and say so, if it is to show something else: a button that is pressed keeps the keyboard.
 * @param {Element} box @param {unknown} what @param {() => Node[]} make
 */
export function fill(box, what, make) {
  const text = JSON.stringify(what)
  if (shown.get(box) === text) return false
  shown.set(box, text)
  box.replaceChildren(...make())
  return true
}

/** Of each button whether this holds. @param {ParentNode} root @param {string} name @param {(one: HTMLButtonElement) => boolean} holds */
export function markAll(root, name, holds) {
  for (const one of root.querySelectorAll("button")) one.setAttribute(name, String(holds(one)))
}

/** @param {number} count */
export const countText = (count) => count.toLocaleString("en")

/** @param {number} count @param {string} noun */
export const plural = (count, noun) => `${countText(count)} ${noun}${count === 1 ? "" : "s"}`

/** @param {Element} target @param {string} name @param {string | boolean | null} value */
export function setOrRemove(target, name, value) {
  if (value === null) target.removeAttribute(name)
  else target.setAttribute(name, String(value))
}

/** Have the browser save a file. @param {string} url of a blob, let go of soon after @param {string} name */
export function saveAs(url, name) {
  element("a", { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
