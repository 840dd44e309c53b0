// Groups or clusters as cards. Text is only ever set as textContent.
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".groups")
  list.classList.toggle("wide", data.wide)
  const drawn = JSON.stringify(data.groups)
  if (states.get(parentElement) !== drawn) {
    states.set(parentElement, drawn)
    list.replaceChildren(...data.groups.map(card))
  }
  // Not drawn anew for this: the card that was pressed would lose the keyboard.
  for (const one of list.children) one.setAttribute("aria-pressed", one.dataset.node === String(data.branch))

  function card(group) {
    const button = element("button", "group")
    button.type = "button"
    button.dataset.node = group.node
    const swatch = element("span", "swatch", group.number)
    swatch.style.background = group.colour
    swatch.style.color = group.ink
    const text = element("span", "text")
    text.append(element("strong", "name", group.name), element("span", "facts", group.facts), element("span", "words", group.words))
    if (group.share !== null) {
      const bar = element("span", "bar")
      const part = element("span", "part")
      part.style.width = `${Math.max(1, 100 * group.share)}%`
      part.style.background = group.colour
      bar.append(part)
      text.append(bar)
    }
    const pictures = element("span", "pictures")
    for (const picture of group.pictures) {
      const img = document.createElement("img")
      img.loading = "lazy"
      img.decoding = "async"
      img.alt = "" // the card's words say what is in it
      img.onerror = () => img.classList.add("lost")
      img.src = picture
      pictures.append(img)
    }
    button.append(swatch, text, pictures)
    button.onclick = () => setTriggerValue("pick", group.node)
    return button
  }
}

function element(kind, name, text = "") {
  const made = document.createElement(kind)
  made.className = name
  made.textContent = text
  return made
}
