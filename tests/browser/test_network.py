"""The Network page as an analyst meets it: filters, a layer, a channel, the images that excite it, another image."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.explain.layers import STORED
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.explanations.feature_maps import read_peaks, read_survey, still_there, top_sampled, top_stored
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visit, Visitor
from tests.browser.test_embed import scanned
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described

PRESSED = re.compile("true")


def open_network(tab: Visit, server: Dashboard, source: Collection, more: str = "") -> Page:
    tab.page.goto(f"{server.url}/network?collection={source.id}{more}")
    expect(tiles(tab.page, "Kernels of the first convolution")).to_have_count(32, timeout=A_WHILE)
    return tab.page


def tiles(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True).locator(".tile")


def channels(page: Page) -> Locator:
    return tiles(page, "Channels of the layer")


def drawn(tile: Locator) -> list[int]:
    """What a small picture shows, pixel by pixel, once there is something to see."""
    expect(tile.locator("canvas")).to_be_visible()
    page = tile.page
    found = "one => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]"
    page.wait_for_function(
        "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(Boolean)",
        arg=tile.locator("canvas").element_handle(),
    )
    pixels: list[int] = tile.locator("canvas").evaluate(found)
    return pixels


def row(page: Page, name: str) -> Locator:
    return page.locator(".layers tr", has=page.get_by_role("button", name=name, exact=True))


def shown_images(page: Page) -> Locator:
    return page.get_by_label("Images that excite the channel most", exact=True).last.locator(".cell")


def names_shown(page: Page) -> list[str]:
    found: list[str] = shown_images(page).evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label') || one.title)"
    )
    return found


def test_from_the_first_filters_to_what_excites_a_channel_and_to_another_image(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    tab = visit()
    page = open_network(tab, server, samples)
    kernels = tiles(page, "Kernels of the first convolution")
    assert len({str(drawn(kernels.nth(number))) for number in range(32)}) == 32
    expect(channels(page)).to_have_count(64, timeout=A_WHILE)
    usual = page.locator(".layers tr.chosen")
    expect(usual).to_be_in_viewport()
    tab.picture("first")

    row(page, "blocks.2.0").click()
    expect(page.get_by_role("heading", name="What blocks.2.0 makes of a picture")).to_be_visible()
    expect(page.get_by_text("InvertedResidual: 40 channels at 28 × 28 places")).to_be_visible()
    expect(channels(page)).to_have_count(40, timeout=A_WHILE)
    assert "layer=blocks.2.0" in page.url
    before = drawn(channels(page).nth(2))
    number = channels(page).nth(2).get_attribute("data-number")
    channels(page).nth(2).click()
    expect(channels(page).nth(2)).to_have_attribute("aria-pressed", PRESSED)
    expect(page.get_by_role("heading", name=f"What excites channel {number} of blocks.2.0")).to_be_visible()
    over = page.locator("figure .over")
    expect(over).to_be_visible()
    page.wait_for_function("one => one.naturalWidth > 0", arg=over.element_handle())
    expect(shown_images(page)).to_have_count(36, timeout=A_WHILE)
    expect(page.get_by_text("of all 306 different images")).to_be_visible()
    tab.picture("top")

    one = embeddings_of(workspace, samples.id)[0]
    survey = read_survey(one)
    layer = survey.layer("blocks.2.0") if survey is not None else None
    assert layer is not None
    peaks = read_peaks(one, layer)
    assert peaks is not None
    top = top_sampled(layer, peaks, int(number or 0), 36)
    expected = [entry.name for entry in still_there(workspace, one, top) if entry is not None]
    assert [name in told for name, told in zip(expected, names_shown(page), strict=True)] == [True] * 36

    page.reload()
    expect(channels(page).nth(2)).to_have_attribute("aria-pressed", PRESSED, timeout=A_WHILE)
    expect(shown_images(page)).to_have_count(36)
    expect(row(page, "blocks.2.0")).to_be_in_viewport()

    # Another channel of the layer is there at once, and so are the images that excite it.
    channels(page).nth(7).click()
    other = channels(page).nth(7).get_attribute("data-number")
    expect(page.get_by_role("heading", name=f"What excites channel {other} of blocks.2.0")).to_be_visible()
    expect(shown_images(page)).to_have_count(36, timeout=5_000)

    lot = tiles(page, "Images to choose from")
    expect(lot).to_have_count(12)
    first = lot.evaluate_all("all => all.map(one => one.dataset.number)")
    page.get_by_role("button", name="Other images").click()
    expect(lot.first).not_to_have_attribute("data-number", first[0])
    lot.nth(3).click()
    expect(lot.nth(3)).to_have_attribute("aria-pressed", PRESSED)
    chosen = lot.nth(3).get_attribute("data-number")
    page.wait_for_url(re.compile(f"image={chosen}"))
    expect(channels(page).first).to_be_visible(timeout=A_WHILE)
    expect(page.locator(f".tile[data-number='{other}'][aria-pressed='true']").first).to_be_visible(timeout=A_WHILE)
    assert drawn(channels(page).nth(2)) != before
    tab.picture("another-image")

    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text("There is no clustering yet.")).to_be_visible()
    page.get_by_role("link", name="Network").click()
    expect(page.get_by_role("heading", name=f"What excites channel {other} of blocks.2.0")).to_be_visible()
    for part in ("layer=blocks.2.0", f"channel={other}", f"image={chosen}"):
        assert part in page.url


def test_the_stored_vector_is_looked_up_in_all_images_at_once(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    tab = visit(color_scheme="dark")
    page = open_network(tab, server, samples)
    page.get_by_role("button", name="Show the stored vector").click()
    expect(page.get_by_role("heading", name="What the stored vector makes of a picture")).to_be_visible()
    page.locator(".layers").scroll_into_view_if_needed()
    expect(row(page, "stored vector")).to_be_in_viewport()
    expect(channels(page)).to_have_count(64, timeout=A_WHILE)
    channels(page).first.click()
    expect(shown_images(page)).to_have_count(36)
    number = int(channels(page).first.get_attribute("data-number") or 0)
    one = embeddings_of(workspace, samples.id)[0]
    top = top_stored(workspace, one, number, 36)
    expected = [entry.name for entry in still_there(workspace, one, top) if entry is not None]
    assert [name in told for name, told in zip(expected, names_shown(page), strict=True)] == [True] * 36
    assert f"layer={STORED}" in page.url
    tab.picture("stored")


def test_a_search_can_be_stopped_and_begun_again_and_outlives_the_page(
    server: Dashboard, visit: Visitor, samples: Collection
) -> None:
    tab = visit()
    page = open_network(tab, server, samples, "&layer=conv_head&channel=5")
    stop = page.get_by_role("button", name="Cancel")
    expect(stop).to_be_visible(timeout=A_WHILE)
    stop.click()
    expect(page.get_by_text("Stopped; nothing of it is kept.")).to_be_visible(timeout=A_WHILE)
    tab.picture("stopped")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Running the network on the collection")).to_be_visible()
    page.goto(f"{server.url}/history?collection={samples.id}")
    expect(page.get_by_text("Looking for what excites a layer")).to_be_visible()
    page.goto(f"{server.url}/network?collection={samples.id}&layer=conv_head&channel=5")
    expect(shown_images(page)).to_have_count(36, timeout=A_WHILE)


def test_links_to_what_is_not_there_say_so_and_show_the_usual(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, photos: Path
) -> None:
    tab = visit()
    page = open_network(tab, server, samples, "&layer=layer4.2.conv1&channel=70000&image=99999999")
    expect(page.get_by_text("has no layer 'layer4.2.conv1'; the link may be for another network.")).to_be_visible()
    expect(page.get_by_text("There is no image '99999999' here")).to_be_visible()
    expect(channels(page)).to_have_count(64, timeout=A_WHILE)
    first = page_of_images(workspace, samples.id, offset=0, limit=1)[0]
    expect(page.locator("figcaption")).to_have_text(first.name)
    tab.picture("wrong-link")
    channels(page).nth(4).click()  # and goes on from there
    expect(page.get_by_role("heading", name="What excites channel")).to_be_visible()
    expect(page.get_by_text("has no layer")).to_have_count(0)
    page.goto(f"{server.url}/network?collection={samples.id}&layer=bn1&channel=70000")
    expect(page.get_by_text("The channels of bn1 are 0 to 31; there is no '70000'.")).to_be_visible()
    page.goto(f"{server.url}/network?collection={samples.id}&layer=%2e%2e/x&channel=-1&image=<b>1</b>")
    expect(page.get_by_text("has no layer '../x'")).to_be_visible()
    expect(channels(page)).to_have_count(64, timeout=A_WHILE)

    bare = scanned(workspace, photos)
    page.goto(f"{server.url}/network?collection={bare.id}")
    expect(page.get_by_text("No network has described these images yet.")).to_be_visible()
    tab.picture("empty")
    page.get_by_role("link", name="Go to 2 Embed").click()
    expect(page.get_by_role("heading", name="Embed", exact=False).first).to_be_visible()


def test_a_network_that_is_not_the_one_any_more_is_not_shown_for_it(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    with closing(sqlite3.connect(workspace.catalogue)) as db, db:
        db.execute("UPDATE embeddings SET recipe = json_set(recipe, '$.weights', 'others')")
    tab = visit()
    tab.page.goto(f"{server.url}/network?collection={samples.id}")
    expect(tab.page.get_by_text("is here with other weights than this embedding was made with")).to_be_visible(
        timeout=A_WHILE
    )
    expect(tab.page.get_by_role("button", name="Try again")).to_be_visible()
    tab.picture("other-weights")
