"""Step 2 as an analyst meets it, in a real browser on the real server, with a real network."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from imclust_core.backbones.registry import BUNDLED
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.speeds import decode_key, keep_speed
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import Visit, Visitor
from tests.browser.test_folder import thumbnails_shown
from tests.conftest import wait_for
from tests.helpers.backbones import ASKED, TINY
from tests.helpers.embedded import pin_speed, quietly
from tests.helpers.server import Dashboard


def scanned(workspace: Workspace, folder: Path) -> Collection:
    """A collection whose speed is known, so that no test waits for a measurement."""
    pin_speed(workspace, BUNDLED, TINY)
    source = add_collection(workspace, folder)
    keep_speed(workspace, decode_key(source.id), {"images_per_s": 200.0})
    scan(workspace, source.id, quietly)
    return source


@pytest.fixture
def samples(workspace: Workspace, sample_photographs: Path) -> Collection:
    return scanned(workspace, sample_photographs)


@pytest.fixture
def few(workspace: Workspace, photos: Path) -> Collection:
    return scanned(workspace, photos)


@pytest.fixture
def offline(workspace: Workspace, tmp_path: Path) -> Iterator[Dashboard]:
    """A server whose downloads end at a port nobody listens on, and that has no weights but the bundled ones."""
    with Dashboard(workspace, TORCH_HOME=str(tmp_path / "torch"), https_proxy="http://127.0.0.1:9") as running:
        yield running


def open_embed(tab: Visit, server: Dashboard, source: Collection, more: str = "") -> Page:
    tab.page.goto(f"{server.url}/embed?collection={source.id}{more}")
    expect(tab.page.get_by_role("heading", name="Embed", exact=False).first).to_be_visible()
    return tab.page


def metric(page: Page, label: str) -> str:
    named = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return named.get_by_test_id("stMetricValue").inner_text()


def test_without_a_collection_the_page_says_where_to_start(server: Dashboard, visit: Visitor) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/embed")
    expect(tab.page.get_by_text("Choose a folder of images first.")).to_be_visible()
    tab.picture("empty")
    tab.page.get_by_role("link", name="Go to 1 Folder").click()
    expect(tab.page.get_by_role("heading", name="Point at a folder of images")).to_be_visible()


def test_embedding_the_sample_through_refresh_cancel_and_resume(
    workspace: Workspace, samples: Collection, server: Dashboard, visit: Visitor
) -> None:
    tab = visit()
    page = open_embed(tab, server, samples)
    expect(page.get_by_text("EfficientNet-Lite0 runs right now")).to_be_visible()
    tab.picture("cards")
    expect(page.get_by_role("button", name="Embed 306 images")).to_have_count(4)
    page.get_by_role("button", name="Embed 306 images").nth(1).click()
    expect(page.get_by_text(re.compile(r"\d+ of 306")).first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("group", name="Seen now").locator(".cell").first).to_be_visible()
    wait_for(lambda: thumbnails_shown(page) >= 2, what="the strip of images")
    tab.picture("busy")
    page.reload()
    expect(page.get_by_text(re.compile(r"\d+ of 306")).first).to_be_visible()
    server.kill()
    server.start()
    open_embed(tab, server, samples)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text(re.compile("Cancelled after"))).to_be_visible(timeout=30_000)
    tab.picture("cancelled")
    assert embeddings_of(workspace, samples.id) == []
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Distinct labels")).to_be_visible(timeout=90_000)
    assert metric(page, "Images") == "306"
    expect(page.get_by_text("The most frequent labels")).to_be_visible()
    expect(page.get_by_role("group", name="Least sure").locator(".cell")).to_have_count(60)
    expect(page.get_by_role("link", name="2 Embed")).to_be_visible()
    tab.picture("labels")


def test_similar_images_from_a_picture_and_from_a_link(
    workspace: Workspace, few: Collection, server: Dashboard, visit: Visitor
) -> None:
    embed(workspace, few.id, ASKED, quietly)
    tab = visit()
    page = open_embed(tab, server, few)
    expect(page.get_by_text("Random weights: this network was never trained.")).to_be_visible()
    page.get_by_role("group", name="Least sure").locator(".cell").nth(2).click()
    page.get_by_role("button", name="Find similar").first.click()
    alike = page.get_by_role("group", name="Similar images").locator(".cell")
    expect(alike).to_have_count(12)
    expect(alike.first).to_contain_text("this one")
    tab.picture("similar")
    first = page.url
    alike.nth(3).click()
    page.get_by_role("button", name="Find similar").first.click()
    expect(page).not_to_have_url(first)
    second = page.url
    page.get_by_text("All images", exact=True).click()
    page.get_by_role("group", name="Images, page 1").locator(".cell").nth(11).click()
    page.get_by_role("button", name="Find similar").last.click()
    expect(page).not_to_have_url(second)
    expect(alike).to_have_count(12)
    other = visit()
    other.page.goto(page.url)
    expect(other.page.get_by_role("group", name="Similar images").locator(".cell")).to_have_count(12)
    other.page.get_by_role("button", name="Close", exact=True).first.click()
    expect(other.page.get_by_role("group", name="Similar images")).to_have_count(0)


def test_weights_that_cannot_be_downloaded_offer_the_bundled_network(
    workspace: Workspace, few: Collection, offline: Dashboard, visit: Visitor
) -> None:
    tab = visit()
    page = open_embed(tab, offline, few)
    expect(page.get_by_role("button", name="Embed 12 images")).to_have_count(4)
    page.get_by_role("button", name="Embed 12 images").first.click()
    alert = page.get_by_role("alert").filter(has_text="could not be downloaded")
    expect(alert).to_be_visible(timeout=60_000)
    for part in ("resnet152-394f9c45.pth", "download.pytorch.org", "put it at"):
        expect(alert).to_contain_text(part)
    tab.picture("no-download")
    page.get_by_role("button", name="Use EfficientNet-Lite0, which needs no download").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Distinct labels")).to_be_visible(timeout=90_000)
    (one,) = embeddings_of(workspace, few.id)
    assert one.recipe.backbone == BUNDLED


def test_a_network_by_name_and_a_name_that_is_wrong(
    workspace: Workspace, few: Collection, server: Dashboard, visit: Visitor
) -> None:
    tab = visit()
    page = open_embed(tab, server, few)
    page.get_by_role("button", name="Other networks, own weights, options").click()
    page.get_by_role("combobox", name=re.compile("Network")).fill("another")
    page.get_by_role("option", name="another name").click()
    page.get_by_label("Its name").fill("resnet5O")
    page.get_by_label("Its name").press("Enter")
    page.get_by_text("Random weights", exact=True).click()
    tab.picture("form")
    page.get_by_role("button", name="Embed with these").click()
    expect(page.get_by_role("alert").filter(has_text="Did you mean resnet50")).to_be_visible()
    tab.picture("explained")
    assert embeddings_of(workspace, few.id, finished=False) == []


def test_two_embeddings_side_by_side_and_the_chosen_one_in_the_link(
    workspace: Workspace, few: Collection, server: Dashboard, visit: Visitor
) -> None:
    embed(workspace, few.id, ASKED, quietly)
    embed(workspace, few.id, EmbedRequest(TINY, random_weights=True, preprocess="squash"), quietly)
    newest, oldest = embeddings_of(workspace, few.id)
    tab = visit(color_scheme="dark")
    page = open_embed(tab, server, few)
    expect(page.get_by_text("preprocessing squash")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Embedding")).click()
    page.get_by_role("option", name=oldest.title, exact=True).click()
    expect(page.get_by_text("preprocessing own")).to_be_visible()
    expect(page).to_have_url(re.compile(f"embedding={oldest.id}"))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    tab.picture("dark")
    other = visit()
    other.page.goto(page.url)
    expect(other.page.get_by_text("preprocessing own")).to_be_visible()
    other.page.get_by_role("button", name="Remove", exact=True).click()
    other.page.get_by_role("button", name="Remove embedding").click()
    expect(other.page.get_by_text("preprocessing squash")).to_be_visible()
    assert [one.id for one in embeddings_of(workspace, few.id)] == [newest.id]


def test_images_that_came_later_are_embedded_by_one_button(
    workspace: Workspace, few: Collection, photos: Path, server: Dashboard, visit: Visitor
) -> None:
    embed(workspace, few.id, ASKED, quietly)
    (photos / "later.jpg").write_bytes((photos / "01.jpg").read_bytes() + b"later")
    scan(workspace, few.id, quietly)
    tab = visit()
    page = open_embed(tab, server, few)
    expect(page.get_by_text("1 image came after this embedding was made.")).to_be_visible()
    tab.picture("new")
    page.get_by_role("button", name="Embed the new ones").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Images").first).to_contain_text("13", timeout=60_000)
