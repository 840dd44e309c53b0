// A picture, and what is laid over it.
export default function (component) {
  const { data, parentElement } = component
  const picture = parentElement.querySelector(".picture")
  const over = parentElement.querySelector(".over")
  picture.alt = data.alt
  if (picture.getAttribute("src") !== data.picture) picture.src = data.picture
  over.hidden = !data.over
  picture.parentElement.title = data.over ? data.hint : ""
  over.onerror = () => { over.hidden = true }
  if (data.over && over.getAttribute("src") !== data.over) over.src = data.over
  parentElement.querySelector("figcaption").textContent = data.caption
}
