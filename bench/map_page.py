"""The Map page with very many points, in a real browser: used by bench/pages.py."""

import json
import time
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from bench.desk import IS_DRAWN
from imclust_core import Workspace
from imclust_core.store.catalogue import contents
from imclust_core.store.clusterings import ClusterContent, ClusterRecipe, ClusterSummary, add_clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import (
    Embedding,
    EmbeddingSummary,
    Recipe,
    add_embedding,
    embedding,
    finish_embedding,
)
from imclust_core.store.maps import MapContent, MapRecipe, keep_map
from imclust_core.store.selections import read_selection

CLUSTERS = 20
CORNERS = 24
WINDOW: ViewportSize = {"width": 1360, "height": 900}
READY = ".map[data-state=ready]"


def many_points(workspace: Workspace, source: Collection, points: int) -> tuple[Embedding, str, MapContent]:
    """An embedding, a clustering in 20, and a map of so many points: what the page draws, and nothing was computed.

    Images beyond those of the collection have points and no pictures.
    """
    recipe = Recipe("bench", f"{points:,} points", "bench", "bench", False, "own", {}, "fp32", 8, f"bench{points}", "")
    one = add_embedding(workspace, source.id, recipe, [])
    finish_embedding(workspace, one.id, EmbeddingSummary(images=points))
    one = embedding(workspace, one.id)
    known, _ = contents(workspace, source.id)
    ids = np.append(known, known.max() + 1 + np.arange(max(0, points - len(known))))[:points]
    rng = np.random.default_rng(0)
    group = rng.integers(0, CLUSTERS, points)
    centres = rng.uniform(-10, 10, (CLUSTERS, 2))
    places = (centres[group] + rng.normal(0, 1, (points, 2))).astype(np.float32)
    content = MapContent(ids, places)
    keep_map(one, MapRecipe("umap"), "bench", content, seconds=0, trustworthiness=None)
    return one, _clustering(workspace, source, one, ids, group), content


def _clustering(workspace: Workspace, source: Collection, one: Embedding, ids: np.ndarray, group: np.ndarray) -> str:
    own = np.random.default_rng(1).random(len(ids)).astype(np.float32)
    sizes = np.bincount(group, minlength=CLUSTERS)
    same = (0.5,) * CLUSTERS
    content = ClusterContent(ids, group, own, own + 1, (group + 1) % CLUSTERS, np.ones((CLUSTERS, 8), np.float32))
    summary = ClusterSummary(
        len(ids),
        0,
        tuple(sizes.tolist()),
        tuple(range(1, CLUSTERS + 1)),
        same,
        same,
        (None,) * CLUSTERS,
        None,
        None,
        None,
        inertia=0.0,
        seconds=0.0,
        embedding="bench",
    )
    recipe = ClusterRecipe("none", "kmeans", CLUSTERS)
    return add_clustering(workspace, source.id, one.id, recipe, f"bench{len(ids)}", content, summary, "bench").id


def measure_map(
    browser: Browser, url: str, workspace: Workspace, source: Collection, content: MapContent, times: int
) -> dict[str, Any]:
    """Seconds, medians of so many: to the first paint, from a lasso to its images, to other colours."""
    paints = [first_paint(browser, url) for _ in range(times + 1)]
    page = browser.new_context(viewport=WINDOW).new_page()
    page.goto(url)
    drawn = page.locator(READY)
    drawn.wait_for(timeout=120_000)
    page.wait_for_timeout(2_000)
    lassos = [lasso(page, workspace, source, content, at) for at in range(times)]
    colours = [recolour(page, drawn, way) for way in ("Margin", "Cluster") * max(1, times // 2)]
    found = {
        "first_visitor_s": round(paints[0], 2),
        "first_paint_s": sorted(round(one, 2) for one in paints[1:]),
        "lasso": lassos,
        "recolour_s": sorted(round(one, 2) for one in colours),
        "redraw_ms": drawn.get_attribute("data-ms"),
    }
    page.context.close()
    return found


def first_paint(browser: Browser, url: str) -> float:
    """From asking a running server for the page to the points on the screen, in a browser that knows nothing yet."""
    page = browser.new_context(viewport=WINDOW).new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(READY).wait_for(timeout=120_000)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    seconds = time.perf_counter() - start
    page.context.close()
    return seconds


def lasso(page: Page, workspace: Workspace, source: Collection, content: MapContent, number: int) -> dict[str, Any]:
    """A loop around some 5,000 points: the seconds until the first picture is there, and whether the ids are exact."""
    around = content.places[number * 97]
    distance = np.linalg.norm(content.places - around, axis=1)
    radius = float(np.partition(distance, 5_000)[5_000])
    view = json.loads(page.locator(".map").get_attribute("data-view") or "")
    box = page.locator(".map .top").bounding_box()
    assert box is not None
    turn = np.linspace(0, 2 * np.pi, CORNERS)
    xs = box["x"] + (around[0] + radius * np.cos(turn) - view["x"]) * view["k"] + view["width"] / 2
    ys = box["y"] + view["height"] / 2 - (around[1] + radius * np.sin(turn) - view["y"]) * view["k"]
    before = page.evaluate("() => new URLSearchParams(location.search).get('pick')")
    page.locator(".map").get_by_role("radio", name="Lasso").click()
    page.mouse.move(float(xs[0]), float(ys[0]))
    page.mouse.down()
    for x, y in zip(xs[1:].tolist(), ys[1:].tolist(), strict=True):
        page.mouse.move(x, y)
    start = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(
        "before => ![null, before].includes(new URLSearchParams(location.search).get('pick'))", arg=before
    )
    heard = time.perf_counter() - start
    page.locator(".grid .cell img").first.evaluate(IS_DRAWN)
    seconds = time.perf_counter() - start
    key = page.evaluate("() => new URLSearchParams(location.search).get('pick')")
    polygon = np.array(json.loads(page.locator(".map").get_attribute("data-polygon") or ""))
    inside = content.image_ids[even_odd(polygon, content.places.astype(np.float64))]
    picked = read_selection(workspace, source.id, key)
    return {
        "images": len(picked),
        "address_s": round(heard, 2),
        "first_picture_s": round(seconds, 2),
        "exact": bool(np.array_equal(np.sort(inside), picked)),
    }


def even_odd(polygon: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which places (n, 2) lie inside of a polygon (m, 2): an odd number of its sides lie to their right."""
    inside = np.zeros(len(places), bool)
    x, y = places.T
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, 1, axis=0), strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def recolour(page: Page, drawn: Locator, way: str) -> float:
    """From the choice of other colours to their being drawn."""
    before = page.locator(".map .legend .by").inner_text()
    page.get_by_label("Colour by").click()
    start = time.perf_counter()
    page.get_by_role("option", name=way).click()
    page.wait_for_function(
        """before => {
          const find = (root, what) => root.querySelector(what) ?? [...root.querySelectorAll('*')]
            .filter(one => one.shadowRoot).map(one => find(one.shadowRoot, what)).find(Boolean)
          return find(document, '.map .legend .by').textContent !== before
        }""",
        arg=before,
    )
    drawn.wait_for()
    return time.perf_counter() - start
