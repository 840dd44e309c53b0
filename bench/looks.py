"""How soon does a page of the grid show what the network looked at? In a real browser, with the bundled network.

    python bench/looks.py [--rounds 5]

The sample photographs in nine clusters of 34. The worker has looked at something before, so that the network is
loaded. cold: nothing of the cluster was looked at; from the click to the last layer in the window, drawn. kept: the
same in a browser that knows nothing, when all is on the disk.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.described import SAMPLES, samples, workspace_of  # noqa: E402
from bench.pages import ARGUMENTS, PORT, dashboard, process  # noqa: E402
from bench.scan import WORK  # noqa: E402
from imclust_core import Workspace  # noqa: E402
from imclust_core.jobs.kinds.cluster import cluster  # noqa: E402
from imclust_core.store.clusterings import ClusterRecipe  # noqa: E402
from imclust_core.store.collections import collections  # noqa: E402
from imclust_core.store.embeddings import embeddings_of  # noqa: E402

CLUSTERS = 9
WINDOW: ViewportSize = {"width": 1360, "height": 1400}
ALL_DRAWN = """async (show) => {
  const find = (root, what) => root.querySelector(what) ?? [...root.querySelectorAll('*')]
    .filter(one => one.shadowRoot).map(one => find(one.shadowRoot, what)).find(Boolean)
  const grid = find(document, '.grid')
  const start = performance.now()
  const inside = (cell) => { const box = cell.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight }
  const drawn = (cell) => { const img = cell.querySelector('img.look'); return img && img.complete && img.naturalWidth }
  [...find(document, '.shows').children].find(one => one.textContent === show).click()
  for (;;) {
    await new Promise(requestAnimationFrame)
    const cells = [...find(document, '.grid').children].filter(inside)
    if (cells.length && cells.every(drawn)) return [performance.now() - start, cells.length]
    if (performance.now() - start > 60000) throw new Error('the looks did not come')
  }
}"""


def opened(browser: Browser, url: str) -> Page:
    """The page with its pictures drawn, in a browser that knows nothing yet."""
    page = browser.new_context(viewport=WINDOW).new_page()
    page.goto(url)
    page.locator(".grid .cell img").first.wait_for()
    page.wait_for_timeout(3000)
    return page


def clicked(browser: Browser, url: str, show: str) -> tuple[float, int]:
    """Milliseconds from the click to the last layer in the window, and how many there are."""
    page = opened(browser, url)
    took, images = page.evaluate(ALL_DRAWN, show)
    page.context.close()
    return took, images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="clusters that are looked at")
    options = parser.parse_args()
    samples()
    folder = WORK / "looks-workspace"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(workspace_of(SAMPLES.resolve()), folder)
    workspace = Workspace.open(folder)
    source = collections(workspace)[0]
    one = embeddings_of(workspace, source.id)[0]
    shutil.rmtree(one.folder / "looks", ignore_errors=True)
    made = cluster(workspace, one.id, ClusterRecipe("pca:256", "spherical", CLUSTERS), lambda *_, **__: None)
    base = f"http://127.0.0.1:{PORT}/browse?collection={source.id}&clustering={made['clustering']}&explain=label"
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright, process(dashboard(workspace), PORT, "/_stcore/health"):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        print(json.dumps({"cold_worker_ms": round(clicked(browser, f"{base}&cluster=1", "CAM")[0])}))
        page = opened(browser, f"{base}&cluster=1&overlay=cam")
        page.get_by_text("of the attention lies near").wait_for(timeout=300_000)  # so that nothing else runs
        page.context.close()
        for number in range(2, 2 + options.rounds):
            for show in ("CAM", "Backprop"):
                for state in ("cold", "kept"):
                    took, images = clicked(browser, f"{base}&cluster={number}", show)
                    found.setdefault(f"{show}_{state}_ms", []).append(took)
                    print(
                        json.dumps(
                            {"cluster": number, "show": show, "state": state, "ms": round(took), "images": images}
                        )
                    )
        browser.close()
    print(json.dumps({name: [round(statistics.median(took)), round(max(took))] for name, took in found.items()}))
    print(f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}; median and worst")


if __name__ == "__main__":
    main()
