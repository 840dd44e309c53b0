// The layers of a network as a list, one of which is chosen. Text is only ever set as textContent.
const lists = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const box = parentElement.querySelector(".layers")
  const body = parentElement.querySelector("tbody")
  const drawn = JSON.stringify(data.layers)
  if (lists.get(parentElement) !== drawn) {
    lists.set(parentElement, drawn)
    body.replaceChildren(...data.layers.map(row))
  }
  let chosen = null
  for (const one of body.rows) {
    const is = one.dataset.name === data.chosen
    one.classList.toggle("chosen", is)
    one.querySelector("button").setAttribute("aria-pressed", is)
    if (is) chosen = one
  }
  // Where a link or another page chose it, it may be far down; the page itself must not move.
  if (chosen && (chosen.offsetTop < box.scrollTop + 30 || chosen.offsetTop + chosen.offsetHeight > box.scrollTop + box.clientHeight))
    box.scrollTop = chosen.offsetTop - box.clientHeight / 2

  function row(layer) {
    const made = document.createElement("tr")
    made.dataset.name = layer.name
    const button = element("button", "name", layer.title)
    button.type = "button"
    const first = document.createElement("td")
    first.append(button)
    made.append(first, element("td", "kind", layer.kind), element("td", "output", layer.output), element("td", "number", layer.parameters))
    made.onclick = () => setTriggerValue("pick", layer.name)
    return made
  }
}
