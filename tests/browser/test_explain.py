"""What the network looked at, as analysts meet it on Browse: over the grid, beside the large picture, in words."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.annotation.editing import open_desk
from imclust_core.store.catalogue import paths
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import embedding
from imclust_core.store.explanations.saliency import read_attention
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visitor
from tests.browser.test_browse import at_the_desk, images, saved
from tests.browser.test_cluster import clustered
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described


@pytest.fixture
def stored(workspace: Workspace, samples: Collection) -> Clustering:
    return clustered(workspace, samples, k=17)


def layers(page: Page) -> Locator:
    return page.get_by_role("listbox").locator(".cell img.look")


def show(page: Page, what: str) -> None:
    page.get_by_role("radiogroup", name="What the images show").get_by_role("radio", name=what, exact=True).click()


def figure(page: Page, number: int) -> Locator:
    return page.get_by_role("dialog").locator("figure").nth(number)


def explained(page: Page, number: int) -> str:
    """The target of what a figure of the large view shows, once it is there."""
    expect(figure(page, number)).to_have_attribute("aria-busy", "false", timeout=A_WHILE)
    source = figure(page, number).locator("img.look").get_attribute("src") or ""
    return parse_qs(urlsplit(source).query)["target"][0]


def shown(server: Dashboard, page: Page) -> bytes:
    """The heat map of the large view, as the server sends it."""
    address = urlsplit(figure(page, 1).locator("img.look").get_attribute("src") or "")
    answer = server.get(f"{address.path}?{address.query}")
    assert answer.status == 200
    return answer.body


def test_the_grid_and_the_large_view_show_what_the_network_looked_at(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = at_the_desk(tab, server, samples)
    show(page, "CAM")
    expect(layers(page).first).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_text("little")).to_be_visible()
    expect(page).to_have_url(re.compile("overlay=cam"))
    expect(page.get_by_text("of the attention lies near the edges")).to_be_visible(timeout=A_WHILE)
    found = read_attention(embedding(workspace, stored.embedding_id), stored.id)
    assert found is not None and len(found.numbers) == 17
    page.reload()  # the address holds it
    expect(layers(page).first).to_be_visible(timeout=A_WHILE)
    tab.picture("cam")

    images(page).first.click()
    assert explained(page, 1) == f"cluster/{stored.id}/1/0" == explained(page, 2)
    expect(figure(page, 2).locator("figcaption")).to_have_text("Guided backprop")
    tab.picture("large")
    reasons = page.get_by_role("dialog").locator(".reasons button")
    before = shown(server, page)
    reasons.nth(3).click()  # the cluster, its rival, the first label, the second
    expect(reasons.nth(3)).to_have_attribute("aria-pressed", "true")
    expect(figure(page, 1).locator("figcaption")).to_have_text(re.compile("Looked at for"), timeout=A_WHILE)
    assert re.fullmatch(r"class/\d+", explained(page, 1)) and explained(page, 1) == explained(page, 2)
    after = shown(server, page)
    assert before != after
    page.keyboard.press("2")
    expect(figure(page, 2).locator("figcaption")).to_have_text(re.compile("Looked at for cluster"), timeout=A_WHILE)
    one, other = explained(page, 1).split("/"), explained(page, 2).split("/")
    assert one[0] == other[0] == "contrast" and one[2:4] == other[3:1:-1]
    page.keyboard.press("w")
    expect(figure(page, 1)).to_be_hidden()
    assert open_desk(workspace, stored).names == {}  # these keys name nothing while a picture is large
    for key in ("Escape", "n"):  # at once: the box keeps the keyboard, though the picture is still closing
        page.keyboard.press(key)
    page.keyboard.type("Last 15")
    page.keyboard.press("Shift+Enter")
    saved(page)
    assert open_desk(workspace, stored).names[1].text == "Last 15"

    show(page, "Backprop")
    expect(layers(page).first).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_text("Guided backprop:")).to_be_visible()
    tab.picture("backprop")
    show(page, "Pictures")
    expect(layers(page)).to_have_count(0)


def test_an_image_that_is_gone_is_said_and_the_others_are_shown(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    stored: Clustering,
    tmp_path: Path,
) -> None:
    desk = open_desk(workspace, stored)
    known, lost = paths(workspace, samples.id), int(desk.image_ids[desk.rows_of(2)][0])
    file = Path(samples.folder) / known[lost].decode()
    file.rename(tmp_path / "away")  # and back in the end: other tests have this photograph too
    try:
        tab = visit(color_scheme="dark")
        page = tab.page
        page.goto(f"{server.url}/browse?collection={samples.id}&cluster=2&overlay=cam&explain=label&colours=jet")
        expect(page.locator(".cell .blind")).to_have_count(1, timeout=A_WHILE)
        expect(page.locator(".cell .blind")).to_have_attribute("title", re.compile("file|folder"))
        expect(layers(page).nth(5)).to_be_visible(timeout=A_WHILE)
        source = layers(page).first.get_attribute("src") or ""
        assert parse_qs(urlsplit(source).query)["target"] == ["top1"] and "colours=jet" in source
        tab.picture("gone")
    finally:
        (tmp_path / "away").rename(file)
