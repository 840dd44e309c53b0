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
    const text = element("span", "text")
    text.append(element("strong", "name", group.name), element("span", "facts", group.facts), element("span", "words", group.words))
    if (group.share !== null) text.append(bar(group.share, group.colour))
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
    button.append(swatch(group.number, group.colour, group.ink), text, pictures)
    button.onclick = () => setTriggerValue("pick", group.node)
    return button
  }
}
