"""One pick for Browse and Choose K: what is chosen on one shows on the other, and picked images can be acted on."""

import re
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.annotation.editing import open_desk
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.selections import keep_selection
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visitor
from tests.browser.test_browse import images, shelf
from tests.browser.test_cluster import clustered
from tests.conftest import wait_for
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described


@pytest.fixture
def stored(workspace: Workspace, samples: Collection) -> Clustering:
    return clustered(workspace, samples, k=17)


@pytest.fixture
def several(workspace: Workspace, samples: Collection, stored: Clustering) -> tuple[str, list[int]]:
    """A set of two images of each of three clusters: its key, and their ids."""
    desk = open_desk(workspace, stored)
    found = np.concatenate([desk.image_ids[desk.rows_of(number)[:2]] for number in (1, 2, 3)])
    return keep_selection(workspace, samples.id, found), sorted(found.tolist())


def address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def sign(page: Page) -> Locator:
    """What the name bar shows of the group it is about."""
    return page.locator(".bar .swatch")


def by_name(page: Page, name: str) -> None:
    page.get_by_placeholder("Your name").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_placeholder("Your name")).to_be_hidden()


def test_picked_images_are_shown_selected_and_become_a_cluster(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    stored: Clustering,
    several: tuple[str, list[int]],
) -> None:
    key, ids = several
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/browse?collection={samples.id}&pick={key}")
    by_name(page, "Ada")
    expect(shelf(page).first).to_contain_text("Picked: 6 images")
    expect(page.get_by_text("6 selected")).to_be_visible()
    assert sorted(int(one) for one in images(page).evaluate_all("cells => cells.map((one) => one.dataset.id)")) == ids
    expect(shelf(page).nth(1)).to_have_attribute("title", re.compile("2 of the picked"))
    tab.picture("picked")
    images(page).first.click(modifiers=["Control"])
    expect(page.get_by_text("5 selected")).to_be_visible()
    left = [one for one in ids if one != int(images(page).first.get_attribute("data-id") or 0)]
    shelf(page).nth(5).click()
    expect(sign(page)).to_have_text("5")
    expect(page.get_by_text("5 selected")).to_be_hidden()
    assert address(page)["pick"] == "c5"
    shelf(page).first.click()
    expect(sign(page)).to_have_text("◎")
    expect(page.get_by_text("5 selected")).to_be_visible()
    assert address(page)["pick"] == key
    page.keyboard.press("p")
    expect(sign(page)).to_have_text("18", timeout=A_WHILE)
    page.keyboard.type("Odd ones")  # at once
    page.keyboard.press("Shift+Enter")
    expect(shelf(page).last).to_contain_text("Odd ones")
    desk = open_desk(workspace, stored)
    assert sorted(desk.image_ids[desk.rows_of(18)].tolist()) == left and desk.name_of(18) == "Odd ones"
    tab.picture("gathered")
    page.keyboard.press("Escape")
    for events in (3, 4):
        page.keyboard.press("u")
        wait_for(lambda events=events: len(open_desk(workspace, stored).events) == events, what="an undo")
        page.wait_for_timeout(500)
    expect(sign(page)).to_have_text("◎", timeout=A_WHILE)
    assert (open_desk(workspace, stored).group == desk.base).all()
    page.get_by_role("button", name="Clear the pick").click()
    expect(sign(page)).to_have_text("1")
    expect(shelf(page)).to_have_count(17)
    assert "pick" not in address(page)


def test_a_cluster_shows_in_the_tree_and_a_branch_among_the_clusters(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/browse?collection={samples.id}")
    by_name(page, "Ada")
    shelf(page).nth(2).click()
    expect(sign(page)).to_have_text("3")
    size = open_desk(workspace, stored).sizes[3]
    page.get_by_role("link", name="3 Choose K").click()
    expect(page.get_by_text(f"{size} picked (cluster 3):")).to_be_visible(timeout=A_WHILE)
    bars = page.locator(".picked-share")
    expect(bars.first).to_be_attached(timeout=A_WHILE)
    assert sum(int(one) for one in bars.evaluate_all("all => all.map((bar) => bar.dataset.picked)")) == size
    facts = page.locator(".groups .facts").all_inner_texts()
    counts = [int(found[1]) for one in facts if (found := re.match(r"(\d+) picked", one))]
    assert sum(counts) == size
    tab.picture("cluster-in-the-tree")
    card = page.locator(".groups .group").nth(1)
    name, node = card.locator(".name").inner_text(), card.get_attribute("data-node")
    number = int(re.search(r"(\d+) image", card.locator(".facts").inner_text())[1])  # type: ignore[index]
    card.click()
    expect(page.locator(".branch .title")).to_contain_text(name)
    expect(bars).to_have_count(0)
    assert address(page)["pick"].endswith(f".{node}")
    page.reload()
    expect(page.locator(".branch .title")).to_contain_text(name, timeout=A_WHILE)
    page.get_by_role("link", name="5 Browse and name").click()
    expect(sign(page)).to_have_text("◎", timeout=A_WHILE)
    expect(page.get_by_text(f"{number} selected")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("placeholder", re.compile(re.escape(name)))
    tab.picture("branch-among-clusters")
    page.get_by_role("link", name="3 Choose K").click()
    page.get_by_role("button", name="Close").click(timeout=A_WHILE)
    expect(page.locator(".branch .title")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("pick="))


def back(page: Page, *, forward: bool = False) -> None:
    """The browser's own way back; `page.go_back` waits for a page to load, and this one stays."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=A_WHILE)
    page.wait_for_timeout(1000)  # as a hand does it: what a page still tells would come after
    page.evaluate(f"history.{'forward' if forward else 'back'}()")


def test_back_in_the_browser_undoes_one_choice_after_the_other(
    server: Dashboard, visit: Visitor, samples: Collection, stored: Clustering
) -> None:
    page = visit().page
    page.goto(f"{server.url}/browse?collection={samples.id}")
    expect(sign(page)).to_have_text("1", timeout=A_WHILE)
    page.get_by_role("radio", name="S", exact=True).click()
    expect(page).to_have_url(re.compile("size=s"))
    for number in (3, 5):
        shelf(page).nth(number - 1).click()
        expect(sign(page)).to_have_text(str(number))
        expect(page).to_have_url(re.compile(f"pick=c{number}"))
    back(page)
    expect(sign(page)).to_have_text("3", timeout=A_WHILE)
    expect(page).to_have_url(re.compile("pick=c3"))
    back(page)
    expect(sign(page)).to_have_text("1", timeout=A_WHILE)
    assert "pick" not in address(page)
    back(page, forward=True)
    expect(sign(page)).to_have_text("3", timeout=A_WHILE)
    page.get_by_text("Random").click()
    expect(page).to_have_url(re.compile("order=random"))
    back(page)
    expect(page).not_to_have_url(re.compile("order=random"))
    expect(page.get_by_role("radio", name="Typical")).to_be_checked()
    expect(sign(page)).to_have_text("3")
