"""What else could have drawn the map? Plotly, a datashader raster and Apple's embedding-atlas, each in Streamlit.

    python bench/map_peers.py [--peer plotly,datashader,atlas] [--points 200000] [--runs 3] [--pictures FOLDER]

Points are made from a seed: 20 round clusters, float32, with image ids that are no counting numbers. Every peer gets
them in a Streamlit page of its own and is used by the mouse of a real Chromium, as a person would. Medians of --runs.

first paint     seconds from opening the page of a running server until points can be seen. The server has made its
                figure once before, as it would have for the first visitor. For Plotly also with 2,000 points: what
                the page, Plotly's script and a busy machine take whatever the number of points
heard           seconds from letting go of the mouse until Python has the answer, for a lasso around some 5,000 points
drag            seconds that the lasso itself took; the mouse asks for 24 steps of 40 ms
exact           whether the ids are those of the points inside: of the polygon that the peer says it saw, and of the
                polygon that the mouse drew (which a peer may thin out); found here by counting edges to the right
hidden          the same with two entries of the legend hidden: whether hidden points come back
recolour        seconds from choosing other colours until they can be seen, and what is left of the selection
zoom            seconds from the hand to the new raster, and what of them datashader took

plotly          Scattergl in 20 traces, ids in customdata, st.plotly_chart(on_select="rerun")
datashader      a raster as an image in Plotly. st.plotly_chart tells Python of points, boxes and lassos, and not of
                zooming or panning, so a drawn box stands for the zoom
atlas           embedding_atlas.streamlit. It is tried as it comes; then with the files that it fetches from
                cdn.jsdelivr.net served from its own package; then with a WebGPU in software too. Of each: when its page
                stands (its table says how many points), whether the view has a canvas, and what a lasso gives

Needs playwright, streamlit and Chromium; peers that are not installed are only said to be so:
pip install plotly datashader embedding-atlas.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

PORT = 8834
GROUPS = 20
SIDE = 24
"""Corners of a lasso."""
FEW = 2000
"""Points of which only the page around them takes time: what is left is not the number of points."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"]
NEEDS = {"plotly": ("plotly",), "datashader": ("plotly", "datashader"), "atlas": ("embedding_atlas",)}
PATIENCE = 180_000

SHARED = """
import json, os, time
from pathlib import Path
import numpy as np, pandas as pd, streamlit as st
FOLDER = Path(os.environ["MAP_PEERS"])
st.set_page_config(layout="wide")

@st.cache_resource
def points():
    return np.load(FOLDER / "ids.npy"), np.load(FOLDER / "places.npy"), np.load(FOLDER / "groups.npy")

def tell(**heard):
    part = FOLDER / f"heard-{time.time_ns()}.part"
    part.write_text(json.dumps({"at": time.time(), **heard}))
    part.rename(FOLDER / "heard.json")
"""

PLOTLY_APP = """
import plotly.graph_objects as go
by = st.radio("Colours", ["one", "other"], horizontal=True)

@st.cache_resource
def figure(by):
    ids, places, groups = points()
    groups = groups if by == "one" else (groups * 7 + 3 * (ids % 2)) % 20
    traces = []
    for group in range(20):
        mine = groups == group
        traces.append(go.Scattergl(x=places[mine, 0], y=places[mine, 1], customdata=ids[mine], mode="markers",
                                   name=f"{by} {group}", marker={"size": 3}))
    made = go.Figure(traces)
    made.update_layout(height=700, dragmode="lasso", uirevision="same")
    return made

said = st.plotly_chart(figure(by), on_select="rerun", selection_mode=("lasso", "box"), key="map")
picked = said.selection.points
lasso = said.selection.lasso
tell(ids=[one["customdata"] if not isinstance(one["customdata"], list) else one["customdata"][0] for one in picked],
     lasso=[{"x": one["x"], "y": one["y"]} for one in lasso], by=by)
st.text(f"{len(picked)} picked")
"""

RASTER_APP = """
import datashader as ds, datashader.transfer_functions as tf, plotly.graph_objects as go
COLOURS = ["#%02x%02x%02x" % tuple(int(127 + 120 * np.sin(k * s)) for s in (1.3, 2.1, 3.7)) for k in range(20)]

@st.cache_resource
def frame():
    _, places, groups = points()
    return pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "g": pd.Categorical(groups)})

def raster(box):
    canvas = ds.Canvas(900, 640, x_range=box[:2], y_range=box[2:])
    counts = canvas.points(frame(), "x", "y", ds.count_cat("g"))
    drawn = tf.dynspread(tf.shade(counts, color_key=COLOURS, how="eq_hist", min_alpha=90), threshold=0.6, max_px=4)
    return tf.set_background(drawn, "white").to_pil()

data = frame()
whole = tuple(float(v) for v in (data.x.min(), data.x.max(), data.y.min(), data.y.max()))
box = st.session_state.get("box", whole)
start = time.perf_counter()
picture = raster(box)
took = time.perf_counter() - start
made = go.Figure(go.Scatter(x=box[:2], y=box[2:], mode="markers", marker={"opacity": 0}))
made.add_layout_image(source=picture, xref="x", yref="y", x=box[0], y=box[3], sizex=box[1] - box[0],
                      sizey=box[3] - box[2], sizing="stretch", layer="below")
made.update_layout(height=700, dragmode="select")
made.update_xaxes(range=box[:2], showgrid=False)
made.update_yaxes(range=box[2:], showgrid=False)

def zoomed():
    boxes = st.session_state[st.session_state["name"]].selection.box
    if boxes:
        st.session_state["box"] = (*sorted(boxes[0]["x"]), *sorted(boxes[0]["y"]))

st.session_state["name"] = f"map-{box}"
st.plotly_chart(made, on_select=zoomed, selection_mode="box", key=st.session_state["name"])
tell(seconds=took, box=box)
"""

ATLAS_APP = """
from embedding_atlas.streamlit import embedding_atlas

@st.cache_resource
def frame():
    ids, places, groups = points()
    return pd.DataFrame({"id": ids, "x": places[:, 0], "y": places[:, 1], "group": groups.astype(str)})

said = embedding_atlas(frame(), row_id="id", x="x", y="y", labels="disabled", key="map")
tell(predicate=(said or {}).get("predicate"))
st.text(str(said)[:500])
"""

DRAWN = """() => {
  const plot = document.querySelector('.js-plotly-plot')
  if (!plot?._fullData || plot._fullData.length < 20) return false
  return [...plot.querySelectorAll('canvas.gl-canvas')].some(canvas => {
    if (!canvas.width || !canvas.getContext) return false
    const small = document.createElement('canvas')
    small.width = small.height = 96
    const pen = small.getContext('2d')
    pen.drawImage(canvas, 0, 0, 96, 96)
    return pen.getImageData(0, 0, 96, 96).data.some((value, at) => at % 4 === 3 && value)
  })
}"""
AXES = """() => {
  const plot = document.querySelector('.js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout
  const { left, top } = plot.getBoundingClientRect()
  return [left + xaxis._offset, top + yaxis._offset, xaxis._length, yaxis._length, ...xaxis.range, ...yaxis.range]
}"""


def made_points(folder: Path, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids, places and groups, kept where the pages read them."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-20, 20, (GROUPS, 2))
    groups = rng.integers(0, GROUPS, number)
    places = (centres[groups] + rng.normal(0, 1.6, (number, 2))).astype(np.float32)
    ids = np.sort(rng.choice(number * 3, number, replace=False)).astype(np.int64)
    for name, array in (("ids", ids), ("places", places), ("groups", groups)):
        np.save(folder / f"{name}.npy", array)
    return ids, places, groups


def inside(places: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which places lie inside a polygon, by the even-odd rule."""
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    within = np.zeros(len(x), bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (ay > y) != (by > y)
        if ay != by:
            within ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return within


def around(places: np.ndarray, wanted: int) -> np.ndarray:
    """A round, slightly dented polygon about the middle of a cluster with some `wanted` points in it."""
    centre = np.median(places[: len(places) // 50], axis=0).astype(np.float64)
    centre = places[np.argmin(((places - centre) ** 2).sum(1))].astype(np.float64)
    radius = np.sqrt(np.partition(((places - centre) ** 2).sum(1), wanted)[wanted])
    angles = np.linspace(0, 2 * np.pi, SIDE, endpoint=False)
    reach = radius * (1 + 0.12 * np.sin(5 * angles))
    return np.stack([centre[0] + reach * np.cos(angles), centre[1] + reach * np.sin(angles)], axis=1)


@contextlib.contextmanager
def server(folder: Path, app: str) -> Iterator[None]:
    """A Streamlit page while the block runs."""
    (folder / "page.py").write_text(SHARED + app)
    (folder / "heard.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "page.py"), f"--server.port={PORT}"]
    command += ["--server.address=127.0.0.1"]
    command += ["--server.headless=true", "--browser.gatherUsageStats=false", "--server.maxMessageSize=1000"]
    with (folder / "server.log").open("w") as log:
        running = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"MAP_PEERS": str(folder)}, cwd=folder
        )
        try:
            while True:
                with contextlib.suppress(OSError):
                    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
                    connection.request("GET", "/_stcore/health")
                    if connection.getresponse().status == 200:
                        break
                time.sleep(0.05)
            yield
        finally:
            running.terminate()
            running.wait()


def heard(folder: Path, since: float, what: Callable[[dict[str, Any]], bool], patience: float = 60) -> dict[str, Any]:
    """What Python was told after a moment, as soon as it fits; empty where it never does."""
    until = time.time() + patience
    while time.time() < until:
        with contextlib.suppress(OSError, ValueError):
            said: dict[str, Any] = json.loads((folder / "heard.json").read_text())
            if said["at"] > since and what(said):
                return said
        time.sleep(0.01)
    return {}


def drag(page: Any, corners: list[tuple[float, float]]) -> tuple[float, float]:
    """Draw with the mouse; the seconds it took, and when the mouse was let go."""
    start = time.time()
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in [*corners[1:], corners[0]]:
        page.mouse.move(*corner)
        page.wait_for_timeout(40)
    let_go = time.time()
    page.mouse.up()
    return let_go - start, let_go


def opened(browser: Any, ready: str, pictures: Path | None = None, name: str = "") -> tuple[Any, float]:
    """A new tab on the page, and the seconds until it shows its points."""
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    start = time.perf_counter()
    page.goto(f"http://127.0.0.1:{PORT}/")
    page.wait_for_function(ready, polling=50)
    took = time.perf_counter() - start
    if pictures:
        page.screenshot(path=pictures / f"{name}.png")
    return page, took


def exactness(found: set[int], ids: np.ndarray, places: np.ndarray, polygon: np.ndarray, seen: np.ndarray) -> str:
    """How many ids came back that do not belong, and how many are missing."""
    wanted = set(ids[inside(places, polygon) & seen].tolist())
    wrong, missing = len(found - wanted), len(wanted - found)
    return "exact" if not wrong and not missing else f"{wrong} wrong, {missing} missing of {len(wanted)}"


def lasso(page: Any, folder: Path, places: np.ndarray, wanted: int) -> tuple[float, float, dict[str, Any], np.ndarray]:
    """Draw one on Plotly's figure: seconds of dragging and until heard, what was heard, and the polygon drawn."""
    left, top, width, height, x0, x1, y0, y1 = page.evaluate(AXES)
    polygon = around(places, wanted)
    corners = [
        (round(left + (x - x0) / (x1 - x0) * width), round(top + (y1 - y) / (y1 - y0) * height)) for x, y in polygon
    ]
    drawn = np.array([(x0 + (x - left) / width * (x1 - x0), y1 - (y - top) / height * (y1 - y0)) for x, y in corners])
    page.wait_for_timeout(500)
    dragged, let_go = drag(page, corners)
    said = heard(folder, let_go, lambda one: len(one["ids"]) > 0)
    return dragged, (said["at"] if said else float("nan")) - let_go, said, drawn


def try_plotly(browser: Any, folder: Path, points: Any, runs: int, pictures: Path | None) -> Iterator[tuple[str, str]]:
    """Rows of the table."""
    ids, places, _ = points
    everything = np.ones(len(ids), bool)
    few = folder / "few"
    few.mkdir(exist_ok=True)
    made_points(few, FEW)
    with server(few, PLOTLY_APP):
        yield f"first paint of {FEW:,} points, s", _first_paints(browser, runs)
    with server(folder, PLOTLY_APP):
        yield "first paint, s", _first_paints(browser, runs)
        page, _ = opened(browser, DRAWN, pictures, f"plotly-{len(ids)}")
        tries = []
        for _ in range(runs):
            dragged, waited, said, drawn = lasso(page, folder, places, 5000)
            tries.append((waited, dragged))
            if not said:
                break
            page.keyboard.press("Escape")
            page.mouse.dblclick(*_empty_corner(page))
            heard(folder, time.time() - 1, lambda one: not one["ids"], 5)
        if not said:
            yield "lasso of some 5,000", "never heard within 60 s"
            return
        found = set(said["ids"])
        theirs = np.array(list(zip(said["lasso"][0]["x"], said["lasso"][0]["y"], strict=True)), float)
        yield "lasso of some 5,000: heard, s", f"{statistics.median(one for one, _ in tries):.2f} ({len(found)} ids)"
        yield "  drag, s", f"{statistics.median(one for _, one in tries):.2f}"
        yield "  exact, by Plotly's polygon", exactness(found, ids, places, theirs, everything)
        mouse = exactness(found, ids, places, drawn, everything)
        yield "  exact, by the mouse's polygon", f"{mouse}; {len(theirs)} corners of {SIDE} left"
        yield from _recoloured(page, folder, runs, pictures, len(ids))
        yield from _hidden(page, folder, points)
        dragged, waited, said, _ = lasso(page, folder, places, len(ids) // 4)
        yield "  a lasso of a quarter: heard, s", f"{waited:.2f} ({len(said.get('ids', []))} ids), drag {dragged:.2f}"
        page.context.close()


def _first_paints(browser: Any, runs: int) -> str:
    """The median of later visitors, and the first."""
    times = []
    for _ in range(runs + 1):
        page, took = opened(browser, DRAWN)
        times.append(took)
        page.context.close()
    return f"{statistics.median(times[1:]):.2f} (first visitor {times[0]:.2f})"


def _empty_corner(page: Any) -> tuple[float, float]:
    left, top, width, height, *_ = page.evaluate(AXES)
    return left + width - 8, top + height - 8


def _recoloured(page: Any, folder: Path, runs: int, pictures: Path | None, number: int) -> Iterator[tuple[str, str]]:
    """Other colours, there and back, while a lasso stands."""
    names = "by => document.querySelector('.js-plotly-plot')?._fullData?.[0]?.name.startsWith(by)"
    times, left = [], None
    for turn in range(runs + 1):
        by = "other" if turn % 2 == 0 else "one"
        start = time.time()
        page.get_by_text(by, exact=True).click()
        page.wait_for_function(names, arg=by, polling=20)
        page.wait_for_function(DRAWN, polling=20)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        times.append(time.time() - start)
        if left is None:
            page.wait_for_timeout(2500)
            left = heard(folder, start, lambda one, by=by: one["by"] == by).get("ids", [])  # type: ignore[misc]
            if pictures:
                page.screenshot(path=pictures / f"plotly-{number}-recoloured.png")
    kept = len(left or [])
    yield "recolour, s", f"{statistics.median(times):.2f}; of the selection {kept} ids are left"
    if runs % 2 == 0:  # it ended on the other colours
        page.get_by_text("one", exact=True).click()
        page.wait_for_function(names, arg="one", polling=20)


def _hidden(page: Any, folder: Path, points: Any) -> Iterator[tuple[str, str]]:
    """Two entries of the legend hidden: what does a lasso bring?"""
    ids, places, groups = points
    polygon = around(places, len(ids) // 8)
    common = np.argsort(np.bincount(groups[inside(places, polygon)], minlength=GROUPS))[::-1][:2]
    for group in common:
        page.locator(".legendtoggle").nth(int(group)).click()
        page.wait_for_timeout(1500)
    hidden = page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullData"
        ".filter(one => one.visible === 'legendonly').map(one => one.name)"
    )
    _, waited, said, drawn = lasso(page, folder, places, len(ids) // 8)
    if not said:
        yield "two entries hidden", "never heard"
        return
    theirs = np.array(list(zip(said["lasso"][0]["x"], said["lasso"][0]["y"], strict=True)), float)
    seen = ~np.isin(groups, [int(name.split()[1]) for name in hidden])
    found = set(said["ids"])
    back = int((~seen & np.isin(ids, list(found))).sum())
    yield f"hidden: {', '.join(hidden)}", f"{back} hidden ids came back; {waited:.2f} s for {len(found)} ids"
    yield "  exact, by Plotly's polygon", exactness(found, ids, places, theirs, seen)
    mouse = exactness(found, ids, places, drawn, seen)
    yield "  exact, by the mouse's polygon", f"{mouse}; {len(theirs)} corners of {SIDE} left"


def try_raster(browser: Any, folder: Path, points: Any, runs: int, pictures: Path | None) -> Iterator[tuple[str, str]]:
    """Rows of the table."""
    shown = "() => document.querySelector('.js-plotly-plot image')?.getAttribute('href')?.length > 100"
    source = "() => document.querySelector('.js-plotly-plot image')?.getAttribute('href') ?? ''"
    other = f"before => (({source})()).length > 100 && (({source})()) !== before"
    with server(folder, RASTER_APP):
        page, cold = opened(browser, shown)
        compiled = heard(folder, 0, lambda _: True)["seconds"]
        times = []
        for _ in range(runs):
            page.context.close()
            page, took = opened(browser, shown, pictures, f"datashader-{len(points[0])}")
            times.append(took)
        yield (
            "first paint, s",
            f"{statistics.median(times):.2f} (first visitor {cold:.2f}, of it compiling {compiled:.2f})",
        )
        zooms, made = [], []
        for _ in range(runs):
            left, top, width, height, *_ = page.evaluate(AXES)
            before = page.evaluate(source)
            page.wait_for_timeout(500)
            page.mouse.move(left + width * 0.2, top + height * 0.2)
            page.mouse.down()
            for share in (0.4, 0.6, 0.8):
                page.mouse.move(left + width * share, top + height * share)
                page.wait_for_timeout(40)
            start = time.time()
            page.mouse.up()
            page.wait_for_function(other, arg=before, polling=20)
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            zooms.append(time.time() - start)
            made.append(heard(folder, start, lambda _: True)["seconds"])
        yield "zoom by a box, s", f"{statistics.median(zooms):.2f}, of it datashader {statistics.median(made):.2f}"
        yield "points, ids, lasso", "none: the browser has a picture; picking would be ours to write"
        if pictures:
            page.screenshot(path=pictures / f"datashader-{len(points[0])}-zoomed.png")
        page.context.close()


def try_atlas(browser: Any, folder: Path, points: Any, runs: int, pictures: Path | None) -> Iterator[tuple[str, str]]:
    """Rows of the table."""
    with server(folder, ATLAS_APP):
        yield from _atlas("as it comes", browser, folder, points, pictures)
        with its_own_files() as answer:
            for _ in range(runs):
                yield from _atlas("its files at hand", browser, folder, points, pictures, answer)
            other = browser.browser_type.launch(
                executable_path=chromium(), args=[one for one in ARGUMENTS if one != "--disable-gpu"] + SOFTWARE_WEBGPU
            )
            yield "WebGPU in software", drawing_by(other, folder)
            yield from _atlas("files and WebGPU", other, folder, points, pictures, answer)
            other.close()


def _atlas(
    how: str,
    browser: Any,
    folder: Path,
    points: Any,
    pictures: Path | None,
    answer: Callable[[Any], None] | None = None,
) -> Iterator[tuple[str, str]]:
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    outside: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda one: None if "//127.0.0." in one.url else outside.add(one.url.partition("?")[0]))
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    if answer is not None:
        page.context.route(lambda url: "//127.0.0." not in url and url.startswith("http"), answer)
    start = time.perf_counter()
    page.goto(f"http://127.0.0.1:{PORT}/")
    frame = page.frame_locator("iframe")
    stands = frame.get_by_text(f"{len(points[0]):,} points", exact=True).first
    with contextlib.suppress(Exception):
        stands.wait_for(timeout=PATIENCE / 3)
    took = time.perf_counter() - start
    page.wait_for_timeout(3000)
    if pictures:
        page.screenshot(path=pictures / f"atlas-{len(points[0])}-{how.replace(' ', '-')}.png")
    yield f"{how}: stands after, s", f"{took:.2f}" if stands.count() else f"not within {PATIENCE // 3000}"
    unable = frame.get_by_text("WebGPU is unavailable")
    if unable.count():
        yield "  it says", " ".join(unable.first.inner_text().split())
    if stands.count():
        yield "  lasso", _atlas_lasso(page, frame, folder)
    yield "  fetched from outside", ", ".join(sorted(one for one in outside if one.startswith("http"))) or "nothing"
    yield "  errors", " | ".join(dict.fromkeys(one[:200] for one in complaints)) or "none"
    page.context.close()


def _atlas_lasso(page: Any, frame: Any, folder: Path) -> str:
    """Draw in the middle of its view, after a click on the lasso at its foot, and say what Python hears."""
    buttons = frame.locator("button[title*=asso i], button[aria-label*=asso i]")
    if not buttons.count():
        return "no button for it"
    buttons.first.click()
    box = buttons.first.bounding_box()
    middle = (box["x"] - 350, box["y"] - 200)
    angles = np.linspace(0, 2 * np.pi, SIDE, endpoint=False)
    _, let_go = drag(page, [(middle[0] + 90 * np.cos(one), middle[1] + 90 * np.sin(one)) for one in angles])
    said = heard(folder, let_go - 1, lambda one: bool(one["predicate"]), 15)
    return f"after {said['at'] - let_go:.2f} s: {said['predicate'][:120]}" if said else "Python heard nothing in 15 s"


@contextlib.contextmanager
def its_own_files() -> Iterator[Callable[[Any], None]]:
    """A server for what the component asks the internet for, out of its own wheel; yields what sends it there."""
    import embedding_atlas

    root = Path(embedding_atlas.__file__).parent / "static"

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(root))

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    def answer(route: Any) -> None:
        stem, _, ending = route.request.url.rpartition("/")[2].rpartition(".")
        files = [*root.glob(f"assets/{stem}-*.{ending}"), *root.rglob(f"{stem}.{ending}")]
        if not files:
            route.abort()
        elif ending == "wasm":  # large: not through the pipe of this script
            address = f"http://127.0.0.2:{PORT}/{files[0].relative_to(root)}"
            route.fulfill(status=302, headers={"Location": address, "Access-Control-Allow-Origin": "*"})
        else:
            headers = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(path=files[0], content_type="text/javascript", headers=headers)

    with ThreadingHTTPServer(("127.0.0.2", PORT), Files) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield answer
        running.shutdown()


def chromium() -> str:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))


def drawing_by(browser: Any, folder: Path) -> str:
    """What Chromium draws with: a card, or software. Asked on a page of ours, since others are told of no WebGPU."""
    page = browser.new_page()
    page.goto(folder.as_uri())
    found: str = page.evaluate("""async () => {
      const gl = document.createElement('canvas').getContext('webgl2')
      const names = gl?.getExtension('WEBGL_debug_renderer_info')
      const gpu = await navigator.gpu?.requestAdapter()
      const drawn = gl ? names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : 'yes' : 'none'
      const half = gpu?.features.has('shader-f16') ? 'with' : 'without'
      return `WebGL 2: ${drawn}; WebGPU: ${gpu ? `yes, ${half} shader-f16` : 'none'}`
    }""")
    page.close()
    return found


TRIES = {"plotly": try_plotly, "datashader": try_raster, "atlas": try_atlas}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default="plotly,datashader,atlas")
    parser.add_argument("--points", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pictures", type=Path, help="keep screenshots in this folder")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        points = made_points(folder, options.points)
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        print(f"{options.points:,} points, {os.cpu_count()} cores, Python {sys.version.split()[0]}", end=", ")
        print(f"Chromium {browser.version}, {time.strftime('%Y-%m-%d')}\n{drawing_by(browser, folder)}\n")
        print("| peer | what | found |\n|---|---|---|")
        for peer in options.peer.split(","):
            if not all(find_spec(module) for module in NEEDS[peer]):
                print(f"| {peer} | not installed | |")
                continue
            print(f"| {peer} | {_versions(*NEEDS[peer], 'streamlit')} | |")
            for what, found in TRIES[peer](browser, folder, points, options.runs, options.pictures):
                print(f"| {peer} | {what} | {found} |", flush=True)
        browser.close()


def _versions(*modules: str) -> str:
    found = []
    for module in modules:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{module} {version(module.replace('_', '-'))}")
    return ", ".join(found)


if __name__ == "__main__":
    main()
