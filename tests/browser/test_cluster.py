"""Step 4 and Compare as an analyst meets them, in a real browser, on what a real network saw."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, check_clustering
from imclust_core.store.clusterings import Clustering, clustering, clusterings_of
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visitor
from tests.browser.test_embed import scanned
from tests.conftest import wait_for
from tests.helpers.embedded import quietly
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described

ROW, HEAD = 35, 35  # pixels of the table's rows and of its first line


def clustered(workspace: Workspace, source: Collection, *, k: int, strategy: str = "spherical") -> Clustering:
    one = embeddings_of(workspace, source.id)[0]
    made = cluster(workspace, one.id, check_clustering(replace(DEFAULT_CLUSTERING, strategy=strategy, k=k)), quietly)
    return clustering(workspace, made["clustering"])


def cards(page: Page) -> Locator:
    return page.locator(".groups.wide .group")


def images_on_cards(page: Page) -> int:
    return sum(int(text.split()[0].replace(",", "")) for text in cards(page).locator(".name").all_inner_texts())


def colours(page: Page) -> dict[str, str]:
    """Cluster number -> colour, as the cards show them."""
    swatches = page.locator(".groups.wide .swatch")
    return dict(swatches.evaluate_all("all => all.map(one => [one.textContent, one.style.background])"))


def select_runs(page: Page, *rows: int) -> None:
    """Tick rows of the table of clusterings, which is drawn on a canvas."""
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    for row in rows:
        table.click(position={"x": 18, "y": HEAD + row * ROW + ROW // 2})


def test_without_images_or_an_embedding_or_a_clustering_the_pages_say_where_to_go(
    server: Dashboard, workspace: Workspace, visit: Visitor, photos: Path, samples: Collection
) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/cluster?collection=new")
    expect(tab.page.get_by_text("Choose a folder of images first.")).to_be_visible()
    bare = scanned(workspace, photos)
    tab.page.goto(f"{server.url}/cluster?collection={bare.id}")
    expect(tab.page.get_by_text("No network has described these images yet.")).to_be_visible()
    tab.page.goto(f"{server.url}/compare?collection={samples.id}")
    expect(tab.page.get_by_text("There is no clustering yet.")).to_be_visible()
    tab.page.get_by_role("link", name="Go to 4 Cluster").click()
    expect(tab.page.get_by_text("No K is chosen yet.")).to_be_visible()
    tab.picture("empty")
    tab.page.get_by_role("link", name="Go to 3 Choose K").click()
    expect(tab.page.get_by_role("heading", name="Choose K for Sample photographs")).to_be_visible()


def test_from_a_chosen_k_to_two_clusterings_that_are_compared(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/choose_k?collection={samples.id}&k=17")
    page.get_by_role("button", name="Use K = 17").click(timeout=A_WHILE)
    expect(page.get_by_label("K", exact=True)).to_have_value("17")
    # Streamlit sometimes loses a click that comes while it still draws the page that it was sent to.
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    page.get_by_role("button", name="Cluster", exact=True).click()
    expect(cards(page)).to_have_count(17, timeout=A_WHILE)
    assert images_on_cards(page) == 306
    first = clusterings_of(workspace, samples.id)[0]
    wait_for(lambda: f"clustering={first.id}" in page.url, what="the clustering in the address")
    expect(page.get_by_text("Spherical k-means · K = 17").first).to_be_visible()
    tab.picture("clusters")
    before = colours(page)

    page.get_by_label("K", exact=True).fill("20")
    page.get_by_role("combobox", name="Strategy").click()
    page.get_by_role("option", name="Ward").click()
    page.get_by_role("button", name="Cluster", exact=True).click()
    expect(page.get_by_text("Ward · K = 20").first).to_be_visible(timeout=A_WHILE)
    expect(cards(page)).to_have_count(20)
    assert images_on_cards(page) == 306
    assert before.items() <= colours(page).items(), "clusters that go on keep number and colour"

    cards(page).first.click()
    dialog = page.get_by_role("dialog").first
    expect(dialog.locator(".grid .cell").first).to_be_visible()
    tab.picture("a-cluster")
    dialog.get_by_role("button", name="Close").first.click()

    select_runs(page, 0, 1)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text(re.compile(r"of 17 clusters are the same"))).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    tab.picture("compared")
    page.get_by_role("tab", name="What names would do").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_role("tab", name="Images that switch").click()
    expect(page.locator(".grid .cell").first).to_be_visible()
    second = clusterings_of(workspace, samples.id)[0]
    assert f"a={first.id}" in page.url and f"b={second.id}" in page.url


def test_a_clustering_is_scored_against_a_table_of_the_truth(
    server: Dashboard,
    visit: Visitor,
    workspace: Workspace,
    samples: Collection,
    sample_photographs: Path,
    tmp_path: Path,
) -> None:
    one = clustered(workspace, samples, k=18)
    tab = visit(color_scheme="dark")
    page = tab.page
    page.goto(f"{server.url}/compare?collection={samples.id}")
    expect(page.get_by_text("All images lie in one folder")).to_be_visible()
    where = page.get_by_label("Where the truth is", exact=True)
    where.fill(str(tmp_path / "none.csv"))
    where.press("Enter")
    expect(page.get_by_text("There is no file")).to_be_visible()
    where = page.get_by_label("Where the truth is", exact=True)
    where.fill(str(sample_photographs / "truth.csv"))
    where.press("Enter")
    expect(page.get_by_text("306 images of 18 classes in 18 clusters.")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="ACC")).to_contain_text("1.000")
    tab.picture("truth")
    with (sample_photographs / "truth.csv").open() as table:
        assert len(list(csv.reader(table))) >= one.summary.images


def test_runs_are_deleted_and_brought_back_and_a_link_shows_one(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    few, many = clustered(workspace, samples, k=5), clustered(workspace, samples, k=9)
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/cluster?collection={samples.id}&clustering={few.id}")
    expect(cards(page)).to_have_count(5)
    expect(page.get_by_text("2 clusterings")).to_be_visible()
    select_runs(page, 0)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(cards(page)).to_have_count(9)
    select_runs(page, 0)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 clustering deleted.")).to_be_visible()
    expect(cards(page)).to_have_count(5)
    assert [one.id for one in clusterings_of(workspace, samples.id)] == [few.id]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 clusterings")).to_be_visible()
    assert {one.id for one in clusterings_of(workspace, samples.id)} == {few.id, many.id}
    page.goto(f"{server.url}/cluster?collection={samples.id}&clustering=000000000000")
    expect(cards(page)).to_have_count(9)  # the newest, where the one in the link is gone


def test_several_clusterings_are_one_job_that_can_be_cancelled_and_goes_on(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    clustered(workspace, samples, k=6)
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/cluster?collection={samples.id}")
    page.get_by_role("button", name="Try several...").click()
    page.get_by_label("K from", exact=True).fill("2")
    page.get_by_label("K from", exact=True).press("Enter")
    page.get_by_role("button", name="Run 40 clusterings").click()
    panel = page.get_by_test_id("stMain")
    wait_for(lambda: len(clusterings_of(workspace, samples.id)) > 3, what="the first runs")
    page.reload()
    panel.get_by_role("button", name="Cancel").first.click()
    expect(panel.get_by_text("Cancelled after")).to_be_visible(timeout=A_WHILE)
    tab.picture("cancelled")
    done = {one.id for one in clusterings_of(workspace, samples.id)}
    assert 3 < len(done) < 40
    panel.get_by_role("button", name="Resume").first.click()
    wait_for(lambda: Queue(workspace).last(samples.id, ("several",)).state == "done", what="the end")  # type: ignore[union-attr]
    known = clusterings_of(workspace, samples.id)
    assert done <= {one.id for one in known} and len(known) == 40  # four strategies, K from 2 to 11, one was there
    expect(page.get_by_text("40 clusterings")).to_be_visible(timeout=A_WHILE)


def test_an_impossible_clustering_says_why(server: Dashboard, visit: Visitor, samples: Collection) -> None:
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/cluster?collection={samples.id}")
    page.get_by_label("K", exact=True).fill("500")
    page.get_by_role("button", name="Cluster", exact=True).click()
    expect(page.get_by_text("K = 500 is more than the 306 images there are.")).to_be_visible(timeout=A_WHILE)
    tab.picture("failed")
