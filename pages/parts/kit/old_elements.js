// Small pieces that several widgets draw; their Python files put this file before their own.

function element(kind, name, text = "") {
  const made = document.createElement(kind)
  made.className = name
  made.textContent = text
  return made
}

// The number of a cluster on its colour.
function swatch(sign, colour, ink) {
  const made = element("span", "swatch", sign)
  made.style.background = colour
  made.style.color = ink
  return made
}

// A bar in a cluster's colour, as long as its share of the largest; never too short to be seen.
function bar(share, colour) {
  const made = element("span", "bar")
  const part = element("span", "part")
  part.style.width = `${Math.max(1, 100 * share)}%`
  part.style.background = colour
  made.append(part)
  return made
}
