"""Step 6 as analysts meet it: lassoes that come back exact, one pick on all pages, maps side by side, odd images."""

import csv
import io
import json
import math
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.predictions import said_of
from imclust_core.backbones.registry import BUNDLED
from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.map import draw_map
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, EmbedRequest, check_clustering
from imclust_core.store.clusterings import Clustering, clustering, clusterings_of
from imclust_core.store.collections import Collection, add_collection, collections
from imclust_core.store.embeddings import Embedding, embeddings_of, labels_of
from imclust_core.store.maps import MapContent, MapRecipe, maps_of, read_map
from imclust_core.store.selections import keep_selection, read_selection
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visitor
from tests.browser.test_browse import images, saved, shelf
from tests.browser.test_cluster import clustered
from tests.browser.test_picks import by_name, sign
from tests.conftest import wait_for
from tests.helpers.embedded import quietly
from tests.helpers.hostile import jpeg
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described

Place = tuple[float, float]
"""Where on the map's stage: shares of its width and of its height, from the left and from above."""
UMAP = MapRecipe("umap")


@pytest.fixture(scope="module")
def described(described: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The described photographs with a map of them and two clusterings; tests work on copies."""
    root = tmp_path_factory.mktemp("mapped") / "workspace"
    shutil.copytree(described, root)
    workspace = Workspace.open(root)
    source = collections(workspace)[0]
    draw_map(workspace, embeddings_of(workspace, source.id)[0].id, UMAP, quietly)
    for k in (12, 17):
        clustered(workspace, source, k=k)
    return root


@pytest.fixture
def one(workspace: Workspace, samples: Collection) -> Embedding:
    return embeddings_of(workspace, samples.id)[0]


@pytest.fixture
def content(one: Embedding) -> MapContent:
    return read_map(maps_of(one)[0])


@pytest.fixture
def stored(workspace: Workspace, samples: Collection) -> Clustering:
    return next(one for one in clusterings_of(workspace, samples.id) if one.recipe.k == 17)


def the_map(page: Page, which: int = 0) -> Locator:
    return page.locator(".map").nth(which)


def facts(page: Page, which: int = 0) -> dict[str, str]:
    """What a map tells of itself."""
    told: dict[str, str] = the_map(page, which).evaluate("map => ({...map.dataset})")
    return told


def address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.evaluate("location.href")).query).items()}


def drawn(page: Page, which: int = 0) -> None:
    expect(the_map(page, which)).to_have_attribute("data-state", "ready", timeout=A_WHILE)
    expect(the_map(page, which)).to_have_attribute("data-drawn", re.compile(r"\d+"), timeout=A_WHILE)


def at_rest(page: Page) -> None:
    """No script of the page is running: what is clicked now is not replaced under the hand."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=A_WHILE)


def open_map(page: Page, server: Dashboard, source: Collection, **query: str) -> Page:
    said = "".join(f"&{key}={value}" for key, value in query.items())
    page.goto(f"{server.url}/map?collection={source.id}{said}")
    drawn(page)
    at_rest(page)
    return page


def drag(page: Page, places: Sequence[Place], *keys: str, which: int = 0) -> None:
    """Draw from place to place on the stage, with these keys held down."""
    stage = the_map(page, which).locator(".top")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def ring(x: float, y: float, radius: float, *, corners: int = 48) -> list[Place]:
    """A round lasso with bays, as a hand draws it."""
    turns = [2 * math.pi * at / corners for at in range(corners)]
    return [(x + radius * (1 + 0.15 * math.sin(5 * t)) * math.cos(t), y + radius * math.sin(t)) for t in turns]


def star(x: float, y: float, radius: float) -> list[Place]:
    """A line that crosses itself: what it goes round twice is not inside."""
    corners = [(2 * math.pi * 2 * at / 5) - math.pi / 2 for at in range(6)]
    ends = [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in corners]
    return [(a + (c - a) * t / 8, b + (d - b) * t / 8) for (a, b), (c, d) in pairwise(ends) for t in range(8)]


def inside(polygon: Iterable[Sequence[float]], places: np.ndarray) -> np.ndarray:
    """Which places (n, 2) a polygon holds: straight up from each, an odd number of its edges is crossed."""
    corners, (xs, ys) = np.array(list(polygon), float), places.astype(float).T
    crossed = np.zeros(len(places), int)
    for (x1, y1), (x2, y2) in pairwise([*corners, corners[0]]):
        beside = (np.minimum(x1, x2) <= xs) & (xs < np.maximum(x1, x2))
        at = y1 + (xs[beside] - x1) / (x2 - x1) * (y2 - y1)
        crossed[beside] += at > ys[beside]
    return crossed % 2 == 1


def on_stage(page: Page, content: MapContent) -> np.ndarray:
    """Where the images lie on the stage: (n, 2) shares of its width and height, as `Place` has them."""
    view = json.loads(facts(page)["view"])
    size = np.array([view["width"], view["height"]])
    return np.array((content.places - (view["x"], view["y"])) * (view["k"], -view["k"]) / size + 0.5)


def within(page: Page, content: MapContent) -> np.ndarray:
    """The images inside of what was drawn last."""
    return content.image_ids[inside(json.loads(facts(page)["polygon"]), content.places)]


def come_back(page: Page, workspace: Workspace, source: Collection) -> np.ndarray:
    """The images that the address picks, once that is what the map shows."""

    def settled() -> bool:
        pick = facts(page).get("pick", "")
        return pick.startswith("s") and address(page).get("pick") == pick

    wait_for(settled, what="the pick in the address")
    found = read_selection(workspace, source.id, address(page)["pick"])
    assert facts(page)["picked"] == str(len(found))
    return found


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    at_rest(page)
    # Half in view it is scrolled to when it takes the focus, and Streamlit's lists close when the page scrolls.
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    page.wait_for_timeout(100)
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).first.click()


def colour_by(page: Page, what: str) -> None:
    choose(page, "Colour by", what)
    expect(page.locator(".legend .by")).to_have_text(what, timeout=A_WHILE)
    at_rest(page)


def nearest_the_middle(content: MapContent, ids: np.ndarray, groups: Sequence[int], group: np.ndarray) -> int:
    """The group whose images lie nearest to the middle of the map."""
    of = group[np.searchsorted(ids, content.image_ids)]
    middle = (content.places.min(axis=0) + content.places.max(axis=0)) / 2
    return min(groups, key=lambda one: float(np.abs(content.places[of == one] - middle).sum(axis=1).mean()))


def legend(page: Page, title: str) -> Locator:
    return page.locator(f'.legend .entry[data-title="{title}"]')


def test_a_lasso_brings_back_exactly_the_images_inside_that_are_shown(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    stored: Clustering,
    one: Embedding,
    content: MapContent,
) -> None:
    tab = visit()
    page = open_map(tab.page, server, samples, clustering=stored.id)
    desk = open_desk(workspace, stored)
    order = np.argsort(desk.image_ids)
    ids, group = desk.image_ids[order], desk.group[order]
    hidden = nearest_the_middle(content, ids, desk.clusters, group)
    legend(page, desk.called(hidden)).locator(".shown").uncheck()

    drag(page, ring(0.5, 0.5, 0.3), "Shift")
    all_inside, found = within(page, content), come_back(page, workspace, samples)
    of_hidden = group[np.searchsorted(ids, all_inside)] == hidden
    assert of_hidden.any() and len(np.unique(group[np.searchsorted(ids, found)])) >= 3
    assert np.array_equal(found, all_inside[~of_hidden])
    tab.picture("lasso")

    colour_by(page, "Label")
    assert facts(page)["picked"] == str(len(found))
    said = said_of(workspace, one, content.image_ids)
    first = np.array([labels_of(one)[label].name for label in said.label_ids[:, 0]])
    names, counts = np.unique(first[inside(star(0.5, 0.5, 0.47), on_stage(page, content))], return_counts=True)
    title = str(names[counts.argmax()])
    legend(page, title).locator(".shown").uncheck()
    page.get_by_role("radio", name="Lasso").click()
    drag(page, star(0.5, 0.5, 0.47))
    polygon = inside(json.loads(facts(page)["polygon"]), content.places)
    lassoed = come_back(page, workspace, samples)
    assert 0 < len(lassoed) < polygon.sum() < len(polygon)
    assert np.array_equal(lassoed, content.image_ids[polygon & (first != title)])
    tab.picture("star-by-label")
    page.get_by_role("button", name="Show all").click()

    page.get_by_role("radio", name="Box").click()
    drag(page, [(0.3, 0.25), (0.5, 0.5), (0.75, 0.7)])
    boxed = come_back(page, workspace, samples)
    assert len(json.loads(facts(page)["polygon"])) == 4 and len(boxed)
    assert np.array_equal(boxed, within(page, content))
    drag(page, [(0.05, 0.55), (0.45, 0.98)], "Alt")
    more = within(page, content)
    added = come_back(page, workspace, samples)
    assert len(added) > len(boxed) and np.array_equal(added, np.union1d(boxed, more))
    drag(page, [(0.2, 0.4), (0.55, 0.65)], "Control")
    fewer = within(page, content)
    left = come_back(page, workspace, samples)
    assert 0 < len(left) < len(added) and np.array_equal(left, np.setdiff1d(added, fewer))


def test_what_is_picked_is_shown_beside_ticked_and_becomes_a_cluster_that_is_named(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = open_map(tab.page, server, samples, clustering=stored.id)
    expect(page.get_by_text("Draw a lasso around images on the map, or choose a cluster")).to_be_visible()
    shelf(page).nth(3).click()
    expect(the_map(page)).to_have_attribute("data-pick", "c4", timeout=A_WHILE)
    assert facts(page)["picked"] == str(open_desk(workspace, stored).sizes[4])
    expect(sign(page)).to_have_text("4", timeout=A_WHILE)
    drag(page, ring(0.5, 0.5, 0.35), "Shift")
    found = come_back(page, workspace, samples)
    by_name(page, "Ada")
    expect(page.get_by_text(f"{len(found)} selected")).to_be_visible(timeout=A_WHILE)
    assert cells_begin(page) < 700
    shown = set(cells(page))
    tab.picture("picked")
    assert len(found) > 120 == len(shown)
    expect(page.get_by_role("listbox").locator(".cell[aria-selected=true]")).to_have_count(120)
    at_rest(page)
    page.get_by_role("button", name="Page 2").or_(page.get_by_role("button", name="2", exact=True)).first.click()
    wait_for(lambda: not shown & set(cells(page)) and cells(page), what="the second page")
    assert sorted([*shown, *cells(page)]) == found.tolist()

    page.get_by_role("button", name="Split out as a new cluster").click()
    expect(sign(page)).to_have_text("18", timeout=A_WHILE)
    page.keyboard.type("Odd ones")  # at once
    page.keyboard.press("Shift+Enter")
    saved(page)
    desk = open_desk(workspace, stored)
    assert sorted(desk.image_ids[desk.rows_of(18)].tolist()) == found.tolist() and desk.name_of(18) == "Odd ones"
    expect(the_map(page)).to_have_attribute("data-pick", "c18", timeout=A_WHILE)
    expect(the_map(page)).to_have_attribute("data-picked", str(len(found)))
    expect(legend(page, "18 Odd ones")).to_contain_text(str(len(found)), timeout=A_WHILE)
    tab.picture("named")
    page.keyboard.press("Escape")
    for events in (3, 4):
        page.keyboard.press("u")
        wait_for(lambda events=events: len(open_desk(workspace, stored).events) == events, what="an undo")
        at_rest(page)
    desk = open_desk(workspace, stored)
    assert (desk.group == desk.base).all()
    expect(sign(page)).to_have_text("◎", timeout=A_WHILE)
    assert come_back(page, workspace, samples).tolist() == found.tolist()
    expect(legend(page, "18 Odd ones")).to_have_count(0)


def cells(page: Page) -> list[int]:
    found: list[int] = images(page).evaluate_all("all => all.map((one) => Number(one.dataset.id))")
    return found


def cells_begin(page: Page) -> float:
    """How far down the window the first image beside the map is."""
    box = images(page).first.bounding_box()
    assert box is not None
    return box["y"]


def test_one_pick_is_shown_by_the_map_by_browse_and_by_the_tree(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = open_map(tab.page, server, samples, clustering=stored.id)
    drag(page, ring(0.5, 0.5, 0.3), "Shift")
    count = len(come_back(page, workspace, samples))
    key = address(page)["pick"]
    go_to(page, "5 Browse and name")
    expect(sign(page)).to_have_text("◎", timeout=A_WHILE)
    expect(page.get_by_text(f"{count} selected")).to_be_visible()
    expect(shelf(page).first).to_contain_text(f"Picked: {count} images")
    assert address(page)["pick"] == key
    go_to(page, "3 Choose K")
    expect(page.get_by_text(f"{count} picked:")).to_be_visible(timeout=A_WHILE)
    bars = page.locator(".picked-share")
    expect(bars.first).to_be_attached(timeout=A_WHILE)
    assert sum(bars.evaluate_all("all => all.map((bar) => Number(bar.dataset.picked))")) == count

    go_to(page, "5 Browse and name")
    by_name(page, "Ada")
    at_rest(page)
    shelf(page).nth(5).click()
    expect(sign(page)).to_have_text("5", timeout=A_WHILE)
    go_to(page, "6 Map")
    drawn(page)
    expect(the_map(page)).to_have_attribute("data-pick", "c5", timeout=A_WHILE)
    assert facts(page)["picked"] == str(open_desk(workspace, stored).sizes[5])
    expect(sign(page)).to_have_text("5")
    tab.picture("cluster-on-the-map")

    go_to(page, "3 Choose K")
    at_rest(page)
    card = page.locator(".groups .group").nth(1)
    expect(card).to_be_visible(timeout=A_WHILE)
    number = re.search(r"(\d+) image", card.locator(".facts").inner_text())
    assert number is not None
    at_rest(page)
    card.click()
    wait_for(lambda: address(page).get("pick", "").startswith("b"), what="the branch in the address")
    go_to(page, "6 Map")
    branch = address(page)["pick"]
    for load in (lambda: None, page.reload, lambda: page.goto(page.evaluate("location.href"))):
        load()
        drawn(page)
        expect(the_map(page)).to_have_attribute("data-pick", branch, timeout=A_WHILE)
        expect(the_map(page)).to_have_attribute("data-picked", number[1])
    tab.picture("branch-on-the-map")
    other = visit().page
    other.goto(page.evaluate("location.href"))
    drawn(other)
    expect(the_map(other)).to_have_attribute("data-pick", branch, timeout=A_WHILE)
    expect(the_map(other)).to_have_attribute("data-picked", number[1])
    expect(other.get_by_text(f"{number[1]} selected")).to_be_visible(timeout=A_WHILE)


def go_to(page: Page, step: str) -> None:
    at_rest(page)
    page.get_by_role("link", name=step).click()
    url = {"3": "choose_k", "5": "browse", "6": "map"}[step[0]]
    wait_for(lambda: urlsplit(page.evaluate("location.href")).path == f"/{url}", what=f"the page {step}")
    at_rest(page)


def test_the_pick_stays_whatever_the_colours_and_the_method_and_two_maps_move_together(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    stored: Clustering,
    one: Embedding,
    content: MapContent,
) -> None:
    some = content.image_ids[10:50]
    key = keep_selection(workspace, samples.id, some)
    tab = visit()
    page = open_map(tab.page, server, samples, clustering=stored.id, pick=key)
    expect(the_map(page)).to_have_attribute("data-picked", "40", timeout=A_WHILE)
    for what in ("Confidence", "Margin", "Label"):
        colour_by(page, what)
        assert (facts(page)["picked"], facts(page)["pick"], address(page)["pick"]) == ("40", key, key)
        tab.picture(what.lower())
    before = facts(page)["view"]
    page.get_by_role("radio", name="PCA").click()
    expect(page.get_by_text("PCA of all images").or_(the_map(page))).to_be_visible()
    wait_for(lambda: any(each.recipe.method == "pca" for each in maps_of(one)), what="the map by PCA")
    expect(the_map(page)).not_to_have_attribute("data-view", before, timeout=A_WHILE)
    drawn(page)
    expect(the_map(page)).to_have_attribute("data-picked", "40", timeout=A_WHILE)
    assert address(page)["pick"] == key
    tab.picture("pca")

    colour_by(page, "Cluster")
    choose(page, "Beside it", re.compile("Clustering: .*12"))
    expect(page.locator(".map")).to_have_count(2, timeout=A_WHILE)
    for which in (0, 1):
        drawn(page, which)
        expect(the_map(page, which)).to_have_attribute("data-picked", "40", timeout=A_WHILE)
    at_rest(page)
    wait_for(lambda: facts(page)["view"] == facts(page, 1)["view"], what="one view for both maps")
    assert page.locator(".legend").nth(0).locator(".entry").count() == 17
    assert page.locator(".legend").nth(1).locator(".entry").count() == 12
    view = facts(page)["view"]
    the_map(page).locator(".top").hover(position={"x": 150, "y": 120})
    page.mouse.wheel(0, -400)
    wait_for(lambda: facts(page)["view"] != view, what="the zoom")
    wait_for(lambda: facts(page)["view"] == facts(page, 1)["view"], what="the other map to follow")
    drag(page, [(0.4, 0.4), (0.55, 0.6)], which=1)  # moves the other one
    wait_for(lambda: facts(page)["view"] == facts(page, 1)["view"] != view, what="the first map to follow")
    the_map(page, 1).get_by_role("button", name="Fit").click()
    wait_for(lambda: facts(page)["view"] == facts(page, 1)["view"] == view, what="the whole map on both")
    drag(page, ring(0.5, 0.5, 0.3), "Shift", which=1)
    wait_for(lambda: address(page)["pick"] not in (key, ""), what="the pick of the second map")
    chosen = read_selection(workspace, samples.id, address(page)["pick"])
    for which in (0, 1):
        expect(the_map(page, which)).to_have_attribute("data-picked", str(len(chosen)))
        expect(the_map(page, which)).to_have_attribute("data-pick", address(page)["pick"], timeout=A_WHILE)
    tab.picture("side-by-side")


def collected(workspace: Workspace, folder: Path, name: str, *, embedded: bool = True) -> Collection:
    """A collection that is scanned, and as is wanted embedded and mapped."""
    source = add_collection(workspace, folder, name)
    scan(workspace, source.id, quietly)
    if embedded:
        draw_map(workspace, embed(workspace, source.id, EmbedRequest(BUNDLED), quietly)["embedding"], UMAP, quietly)
    return source


def filled(folder: Path, count: int, picture: Callable[[int], bytes] = jpeg) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:02}.jpg").write_bytes(picture(number))
    return folder


def test_few_images_equal_images_and_images_without_a_cluster_are_a_plain_map(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, one: Embedding, tmp_path: Path
) -> None:
    few = [collected(workspace, filled(tmp_path / f"few{n}", n), f"few{n}") for n in (1, 2, 3, 10)]
    same = collected(workspace, filled(tmp_path / "same", 20, lambda _number: jpeg(5)), "same")
    tab = visit()
    page = tab.page
    for source, count in zip([*few, same], (1, 2, 3, 10, 20), strict=True):
        open_map(page, server, source)
        assert (facts(page)["inView"], facts(page)["way"]) == (str(count), "discs")
        expect(page.get_by_text(re.compile(rf"^{count} images?\b"))).not_to_have_count(0)
        expect(page.get_by_text("Once the images are clustered, you can name what you pick")).to_be_visible()
        tab.picture(source.name)
        drag(page, [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)], "Shift")
        assert len(come_back(page, workspace, source)) == count
        expect(page.get_by_label("Picked images").locator(".cell")).to_have_count(count)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("All images are the same to the network")).to_be_visible()

    recipe = check_clustering(replace(DEFAULT_CLUSTERING, strategy="hdbscan", k=0, reduce="pca:2"))
    made = clustering(workspace, cluster(workspace, one.id, recipe, quietly)["clustering"])
    open_map(page, server, samples, clustering=made.id)
    loose = open_desk(workspace, made).sizes.get(0, 0)
    assert loose
    expect(legend(page, "no cluster")).to_contain_text(str(loose))
    tab.picture("unassigned")
    legend(page, "no cluster").locator(".alone").click()
    expect(the_map(page)).to_have_attribute("data-in-view", str(loose))
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_without_an_embedding_the_page_says_what_to_do(
    server: Dashboard, visit: Visitor, workspace: Workspace, photos: Path
) -> None:
    source = collected(workspace, photos, "photos", embedded=False)
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/map?collection={source.id}")
    expect(page.get_by_text("No network has described these images yet. All images then lie on one map")).to_be_visible(
        timeout=A_WHILE
    )
    tab.picture("not-embedded")
    page.get_by_role("link", name="Go to 2 Embed").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Embed")
    page.get_by_role("link", name="6 Map").click()
    expect(page).to_have_url(re.compile(f"/map.*collection={source.id}"))  # although the page stops early


def test_a_map_tells_what_it_shows_and_can_be_taken_along(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    stored: Clustering,
    content: MapContent,
) -> None:
    tab = visit()
    page = open_map(tab.page, server, samples, clustering=stored.id)
    view = json.loads(facts(page)["view"])
    left, above = on_stage(page, content)[123] * (view["width"], view["height"])
    assert facts(page)["placed"] == "0"  # groups are so tight that pictures would hide them
    page.locator(".top").hover(position={"x": left, "y": above})
    for _ in range(30):
        before = facts(page)["drawn"]
        page.mouse.wheel(0, -600)
        expect(the_map(page)).not_to_have_attribute("data-drawn", before)
        if facts(page)["placed"] != "0":
            break
    assert int(facts(page)["inView"]) <= 17 and int(facts(page)["placed"]) >= int(facts(page)["inView"]) / 3
    tab.picture("near")
    page.get_by_role("button", name="Fit").click()
    expect(the_map(page)).to_have_attribute("data-placed", "0")
    page.get_by_role("radio", name="never").click()
    page.locator(".top").hover(position={"x": left, "y": above})
    expect(the_map(page)).to_have_attribute("data-hover", re.compile(r"\d+"))
    expect(page.locator(".card")).to_be_visible()
    picture = page.locator(".card img")
    wait_for(lambda: picture.evaluate("one => one.complete && one.naturalWidth > 0"), what="the picture on the card")
    assert f"/image/{samples.id}/{facts(page)['hover']}/thumb?" in str(picture.get_attribute("src"))
    hovered = content.places[content.image_ids == int(facts(page)["hover"])][0]
    assert np.hypot(*(hovered - content.places[123])) * view["k"] <= 1
    tab.picture("card")

    light = ground(page)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: sum(ground(page)) < 200 < 600 < sum(light), what="the dark ground")
    tab.picture("dark")
    page.emulate_media(color_scheme="light")
    wait_for(lambda: ground(page) == light, what="the light ground")

    sizes = open_desk(workspace, stored).sizes
    entry = page.locator(".legend .entry").nth(2)
    number = int(str(entry.get_attribute("data-title")))
    entry.locator(".alone").click()
    expect(the_map(page)).to_have_attribute("data-in-view", str(sizes[number]))
    page.get_by_role("button", name="Show all").click()
    expect(the_map(page)).to_have_attribute("data-in-view", str(len(content.image_ids)))

    assert taken(page, page.get_by_role("button", name="PNG")).startswith(b"\x89PNG")
    vectors = taken(page, page.get_by_role("button", name="SVG")).decode()
    circles = """text => {
        const read = new DOMParser().parseFromString(text, "image/svg+xml")
        return [read.querySelectorAll("parsererror").length, read.querySelectorAll("circle").length]
    }"""
    assert page.evaluate(circles, vectors) == [0, len(content.image_ids)]
    at_rest(page)
    page.get_by_role("button", name="Make and take along").click()
    whole = taken(page, page.get_by_role("button", name="Map as HTML")).decode()
    assert whole.lstrip().lower().startswith("<!doctype html>") and len(whole) > 10_000
    table = list(
        csv.DictReader(io.StringIO(taken(page, page.get_by_role("button", name="Places as CSV")).decode("utf-8-sig")))
    )
    assert len(table) == len(content.image_ids)
    assert np.allclose([float(row["x"]) for row in table], content.places[:, 0], atol=1e-3)


def ground(page: Page) -> list[int]:
    """The colour of a corner of the map, where no point lies."""
    found: list[int] = page.locator(".points").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(2, 2, 1, 1).data].slice(0, 3)"
    )
    return found


def taken(page: Page, button: Locator) -> bytes:
    with page.expect_download(timeout=A_WHILE) as waiting:
        button.click()
    found: bytes = Path(waiting.value.path()).read_bytes()
    return found
