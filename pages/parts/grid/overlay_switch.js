// Whether the cells show pictures, CAM or backprop: switched here at once, and told to Python, which keeps it in the
// address and says so with its next data; grid.py puts this file before grid.js.
const NO_LOOK = "pictures" // an empty text would be no message

function listenShows(state) {
  for (const button of state.shows.children) button.onclick = () => switchShow(state, button.dataset.show)
}

// The looks as Python means them, but for a switch that it has not heard of. That message may have been lost, because the
// server was busy and a later one took its place.
function withShow(state, looks) {
  if (!looks || looks.show === state.wanted) state.wanted = null
  if (!looks || state.wanted === null) return looks
  clearTimeout(state.showTimer)
  state.showTimer = setTimeout(() => tellShow(state), REST)
  return { ...looks, show: state.wanted }
}

function switchShow(state, show) {
  if (state.data.looks.show === show) return
  state.wanted = show
  state.data = { ...state.data, looks: { ...state.data.looks, show } }
  tellShow(state)
  hearShow(state, show)
  layLooks(state)
}

function tellShow(state) {
  if (state.wanted !== null && state.grid.isConnected) state.send("show", state.wanted || NO_LOOK)
}

function markShows(state) {
  for (const button of state.shows.children) {
    button.setAttribute("aria-checked", button.dataset.show === state.data.looks.show)
  }
}
