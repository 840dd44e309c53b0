"""How quick are the pages? First paint of a cold server, turning grid pages, and the image route.

    python bench/pages.py [--files 100000] [--turns 100] [--starts 5] [--slider-steps 60] [--only slider|desk|map]
                           [--points 200000 1000000]

A real Chromium on a real server, over a catalogue of 100,000 images (those of bench/scan.py). The peer of
the image route is a server of Starlette's own that sends the same thumbnails as plain files. The slider of the Choose
K page is moved over a tree of all 1,000 labels. The desk of the Browse page has all images in one cluster. The map has
200,000 and then a million points in 20 clusters; points beyond the images there are have no picture.
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
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder, in which "pages" would be this very file

from bench.desk import first_images, first_images_inside, one_cluster, renderer_megabytes  # noqa: E402
from bench.map_page import many_points, measure_map  # noqa: E402
from bench.scan import WORK, make_files  # noqa: E402
from bench.slider import move_slider, thousand_labels  # noqa: E402
from imclust_core import Workspace, scan  # noqa: E402
from imclust_core.store.catalogue import page_of_images  # noqa: E402
from imclust_core.store.collections import Collection, add_collection, find_collection  # noqa: E402
from pages.parts.images.address import image_address  # noqa: E402

PORT = 8777
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

LATE = 1600
TURN = """async (grid) => {
  const button = document.querySelector('[data-testid=stPaginationNext]')
  const before = grid.firstElementChild.dataset.id
  const start = performance.now()
  const frame = () => new Promise((go, stop) => {
    const late = performance.now() - start > 30_000
    const lacking = inside().filter(img => !img.naturalWidth).length
    late ? stop(Error(`still ${before}, without ${lacking}`)) : requestAnimationFrame(go)
  })
  const inside = () => [...grid.querySelectorAll('img')].filter(img => img.getBoundingClientRect().top < innerHeight)
  button.click()
  while (grid.firstElementChild.dataset.id === before) await frame()
  const turned = performance.now() - start
  while (!inside().every(img => img.complete && img.naturalWidth)) await frame()
  return [turned, performance.now() - start]
}"""

PLAIN_SERVER = """
import sys
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
import uvicorn
app = Starlette(routes=[Mount("/", StaticFiles(directory=sys.argv[1]))])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


@contextlib.contextmanager
def process(command: list[str], port: int, ready: str = "/") -> Iterator[float]:
    """A server while the block runs; yields the seconds it took until it answered."""
    start = time.perf_counter()
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", ready)
                connection.getresponse().read()
                break
            time.sleep(0.01)
        yield time.perf_counter() - start
    finally:
        running.terminate()
        running.wait()


def dashboard(workspace: Workspace) -> list[str]:
    """The command of a server; `imclust ui` without its own process in between, which would hide a second."""
    os.environ["IMCLUST_WORKSPACE"] = str(workspace.root)
    return [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={PORT}"]


def first_paint(browser: Browser, workspace: Workspace, collection_id: str) -> tuple[float, float]:
    """Seconds from starting a server to its answering, and from then to a page a person can use."""
    with process(dashboard(workspace), PORT, "/_stcore/health") as started:
        page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
        start = time.perf_counter()
        page.goto(f"http://127.0.0.1:{PORT}/?collection={collection_id}")
        page.get_by_role("heading", name="photographs").wait_for()
        seconds = time.perf_counter() - start
        page.context.close()
    return started, seconds


def turn_pages(page: Page, url: str, turns: int) -> dict[str, Any]:
    """Milliseconds from the click to the new page's cells, and to its pictures in the window."""
    page.goto(url)
    page.locator(".grid .cell").first.wait_for()
    grid = page.locator(".grid")
    times = [grid.evaluate(TURN) for _ in range(turns)]
    page.goto(f"{url}&page={LATE}")
    page.locator(".grid .cell").first.wait_for()
    late = [grid.evaluate(TURN) for _ in range(min(turns, 30))]
    return {
        "turn_ms": spread([turned for turned, _ in times]),
        "with_pictures_ms": spread([drawn for _, drawn in times]),
        f"turn_at_page_{LATE}_ms": spread([turned for turned, _ in late]),
    }


def show_desk(browser: Browser, workspace: Workspace, collection_id: str, turns: int) -> dict[str, Any]:
    """The first images of a cluster of them all, turning its pages, and what the browser holds before and after."""
    clustering_id = one_cluster(workspace, collection_id)
    with process(dashboard(workspace), PORT, "/_stcore/health"):
        url = f"http://127.0.0.1:{PORT}/browse?collection={collection_id}&clustering={clustering_id}"
        firsts = [first_images(browser, url) for _ in range(6)]
        page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
        page.goto(url)
        page.locator(".grid .cell").first.wait_for()
        inside = [first_images_inside(page) for _ in range(6)]
        page.locator(".grid .cell").first.wait_for()
        grid, memory = page.locator(".grid"), []
        times = []
        for number in range(turns):
            times.append(grid.evaluate(TURN))
            if number in (turns // 10, turns // 2, turns - 1):
                memory.append(renderer_megabytes())
        rested = []
        for _ in range(min(turns, 30)):
            page.wait_for_timeout(1500)  # as people do, who look at what they turned to
            rested.append(grid.evaluate(TURN))
        page.context.close()
    return {
        "first_images_cold_s": round(firsts[0], 2),
        "first_images_s": [round(one, 2) for one in firsts[1:]],
        "first_images_inside_s": [round(one, 2) for one in inside],
        "turn_ms": spread([turned for turned, _ in times]),
        "with_pictures_ms": spread([drawn for _, drawn in times]),
        "turn_after_a_rest_ms": spread([turned for turned, _ in rested]),
        "with_pictures_after_a_rest_ms": spread([drawn for _, drawn in rested]),
        "renderer_mb_after_a_tenth_half_and_all": memory,
    }


def show_map(browser: Browser, workspace: Workspace, source: Collection, points: int, times: int = 5) -> dict[str, Any]:
    """The Map page with so many points."""
    one, clustering_id, content = many_points(workspace, source, points)
    with process(dashboard(workspace), PORT, "/_stcore/health"):
        url = f"http://127.0.0.1:{PORT}/map?collection={source.id}&embedding={one.id}&clustering={clustering_id}"
        return measure_map(browser, url, workspace, source, content, times)


def spread(values: list[float]) -> dict[str, int]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered)),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]),
        "worst": round(ordered[-1]),
    }


def per_second(port: int, paths: list[str]) -> float:
    """Requests a second over eight connections that are kept open."""

    def fetch(part: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in part:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200 and body, path
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fetch, [paths[number::8] for number in range(8)]))
    return len(paths) / (time.perf_counter() - start)


def serve_images(workspace: Workspace, collection_id: str, number: int = 2000) -> dict[str, float]:
    """Thumbnails a second: made for the first time, then kept ones, then the same files served plainly."""
    shutil.rmtree(workspace.thumbnails)
    workspace.thumbnails.mkdir()
    rows = page_of_images(workspace, collection_id, offset=50_000, limit=number)
    key = workspace.signing_key()
    paths = [image_address(key, collection_id, row, "thumb") for row in rows]
    with process(dashboard(workspace), PORT, "/_stcore/health"):
        made = per_second(PORT, paths)
        kept = per_second(PORT, paths)
    plain = [f"/{path.relative_to(workspace.thumbnails)}" for path in workspace.thumbnails.rglob("*.jpg")]
    command = [sys.executable, "-c", PLAIN_SERVER, str(workspace.thumbnails), str(PORT + 1)]
    with process(command, PORT + 1):
        peer = per_second(PORT + 1, plain)
    return {
        "made_per_s": round(made),
        "kept_per_s": round(kept),
        "plain_files_per_s": round(peer),
        "kept_to_plain": round(kept / peer, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--slider-steps", type=int, default=60)
    parser.add_argument(
        "--only", choices=("slider", "desk", "map"), help="only the slider of Choose K, the desk, or the map"
    )
    parser.add_argument("--points", type=int, nargs="*", default=[200_000, 1_000_000], help="on the map")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
    folder = WORK / f"files-{options.files}"
    make_files(folder, options.files)
    workspace = Workspace.open(WORK / "pages-workspace")
    source = add_collection(workspace, folder, "photographs")
    scan(workspace, source.id, lambda *_: None)
    source = find_collection(workspace, source.id)  # as it is after the scan
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if options.only in (None, "map"):
            for points in options.points:
                print(json.dumps({f"map_of_{points}": show_map(browser, workspace, source, points)}), flush=True)
        if options.only == "map":
            return
        if options.only != "slider":
            print(json.dumps({"desk": show_desk(browser, workspace, source.id, options.turns)}))
        if options.only == "desk":
            return
        one, _ = thousand_labels(workspace, source)
        with process(dashboard(workspace), PORT, "/_stcore/health"):
            page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
            url = f"http://127.0.0.1:{PORT}/choose_k?collection={source.id}&embedding={one.id}"
            moved = move_slider(page, url, options.slider_steps, WORK / "slider.png")
            print(json.dumps({f"slider_{name}_ms": spread(values) for name, values in moved.items()}))
        if options.only:
            return
        starts = [first_paint(browser, workspace, source.id) for _ in range(options.starts)]
        print(json.dumps({"server_answers_s": [round(one, 2) for one, _ in starts]}))
        print(json.dumps({"then_first_paint_s": [round(one, 2) for _, one in starts]}))
        with process(dashboard(workspace), PORT, "/_stcore/health"):
            page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
            print(json.dumps(turn_pages(page, f"http://127.0.0.1:{PORT}/?collection={source.id}", options.turns)))
        browser.close()
    print(json.dumps(serve_images(workspace, source.id)))


if __name__ == "__main__":
    main()
