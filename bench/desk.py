"""The desk with all images in one cluster, in a real browser: how soon the first are there, and what pages cost."""

import contextlib
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from imclust_core import Workspace
from imclust_core.store.catalogue import contents
from imclust_core.store.clusterings import ClusterContent, ClusterRecipe, ClusterSummary, add_clustering

IS_DRAWN = "async (img) => { while (!(img.complete && img.naturalWidth)) await new Promise(requestAnimationFrame) }"


def one_cluster(workspace: Workspace, collection_id: str) -> str:
    """A clustering that has all images in one cluster, at distances drawn by lot; returns its id."""
    ids, _ = contents(workspace, collection_id)
    n, own = len(ids), np.random.default_rng(0).random(len(ids)).astype(np.float32)
    content = ClusterContent(ids, np.zeros(n, int), own, own + 1, np.full(n, -1), np.ones((1, 8), np.float32))
    unknown = (0.0,)
    summary = ClusterSummary(
        n, 0, (n,), (1,), unknown, unknown, (None,), None, None, None, inertia=0.0, seconds=0.0, embedding="none"
    )
    recipe = ClusterRecipe("none", "kmeans", 1)
    return add_clustering(workspace, collection_id, "none", recipe, "bench", content, summary, "bench").id


def first_images(browser: Browser, url: str) -> float:
    """Seconds from asking a warm server for the page to the first picture, in a browser that knows nothing yet."""
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(".grid .cell img").first.evaluate(IS_DRAWN)
    seconds = time.perf_counter() - start
    page.context.close()
    return seconds


def first_images_inside(page: Page) -> float:
    """Seconds from a click on the step, in a dashboard that is open at another one, to the first picture."""
    page.get_by_role("link", name="4 Cluster").click()
    page.get_by_role("heading", name="Cluster", exact=False).first.wait_for()
    page.locator(".grid").wait_for(state="detached")
    page.wait_for_timeout(1500)
    start = time.perf_counter()
    page.get_by_role("link", name="5 Browse and name").click()
    page.locator(".grid .cell img").first.evaluate(IS_DRAWN)
    return time.perf_counter() - start


def renderer_megabytes() -> int:
    """What the largest renderer process on this machine holds for itself."""
    found = [0]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                lines = (process / "smaps_rollup").read_text().splitlines()
                found.append(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")))
    return round(max(found) / 1000)
