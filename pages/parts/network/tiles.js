// Small pictures: cut from one sheet, of their own, or bars. Text is only ever set as textContent.
const drawings = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".tiles")
  const lost = parentElement.querySelector(".lost")
  list.style.setProperty("--least", `${data.least}px`)
  list.style.gridTemplateColumns = data.across ? `repeat(${data.across}, minmax(0, 1fr))` : ""
  list.setAttribute("role", "group")
  list.setAttribute("aria-label", data.label)
  const drawn = JSON.stringify([data.tiles, data.sheet, data.pick])
  if (drawings.get(parentElement) !== drawn) {
    drawings.set(parentElement, drawn)
    lost.hidden = true
    list.replaceChildren(...data.tiles.map(tile))
    if (data.sheet) cut()
  }
  // Not drawn anew for this: the tile that was pressed would lose the keyboard.
  for (const one of data.pick ? list.children : []) one.setAttribute("aria-pressed", one.dataset.number === String(data.chosen))

  function tile(one) {
    const made = element(data.pick ? "button" : "div", "tile")
    made.dataset.number = one.number
    made.title = one.title
    made.setAttribute("aria-label", one.title)
    if (data.pick) {
      made.type = "button"
      made.onclick = () => setTriggerValue("pick", one.number)
    } else {
      made.setAttribute("role", "img")
    }
    if (one.picture) {
      const img = element("img", "picture")
      img.alt = "" // the tile's name says what it is
      img.decoding = "async"
      img.onerror = () => made.classList.add("gone")
      img.src = one.picture
      made.append(img)
    } else if (one.share !== null) {
      made.append(bar(one.share, "var(--st-primary-color)"))
    } else {
      const canvas = element("canvas", data.sheet.side <= 28 ? "picture coarse" : "picture")
      canvas.width = canvas.height = data.sheet.side
      made.append(canvas)
    }
    if (one.text) made.append(element("span", "text", one.text))
    return made
  }

  function cut() {
    const { address, side, columns } = data.sheet
    const sheet = new Image()
    sheet.onload = () => {
      if (drawings.get(parentElement) !== drawn) return // another sheet is shown by now
      data.tiles.forEach((one, index) => {
        const canvas = list.children[index]?.querySelector("canvas")
        const left = (one.at % columns) * side
        const upper = Math.floor(one.at / columns) * side
        canvas?.getContext("2d").drawImage(sheet, left, upper, side, side, 0, 0, side, side)
      })
      list.dataset.cut = drawn.length
    }
    sheet.onerror = () => {
      lost.textContent = data.lost
      lost.hidden = false
    }
    delete list.dataset.cut
    sheet.src = address
  }
}
