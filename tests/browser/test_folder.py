"""Step 1 as an analyst meets it, in a real browser on the real server."""

import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.queue import Queue
from imclust_core.store.catalogue import count_images
from imclust_core.store.collections import add_collection, collections
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import Visit, Visitor
from tests.conftest import MANY, stop_workers, wait_for, worker_pids
from tests.helpers.embedded import quietly
from tests.helpers.hostile import EVIL_NAMES, jpeg, make_hostile_folder
from tests.helpers.oidc_provider import provider
from tests.helpers.server import Dashboard
from tests.helpers.sign_in import SECRETS


def thumbnails_shown(page: Page) -> int:
    """How many thumbnails in the window have really been drawn."""
    return int(
        page.locator(".grid .cell img").evaluate_all(
            "all => all.filter(img => img.complete && img.naturalWidth).length"
        )
    )


def type_folder(page: Page, text: str | Path) -> None:
    page.get_by_label("Full path of a folder on this machine").fill(str(text))
    page.get_by_role("button", name="Scan", exact=True).click()


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


@pytest.fixture
def scanned(workspace: Workspace, photos: Path) -> str:
    """The id of a collection of twelve images that is scanned already."""
    source = add_collection(workspace, photos)
    scan(workspace, source.id, quietly)
    return source.id


def test_a_first_start_says_what_to_do(server: Dashboard, visit: Visitor) -> None:
    tab = visit()
    tab.page.goto(server.url)
    expect(tab.page.get_by_role("heading", name="Point at a folder of images")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Try the sample images")).to_be_visible()
    for step in ("1 Folder", "2 Embed", "3 Choose K", "4 Cluster", "5 Browse and name", "6 Map"):
        expect(tab.page.get_by_role("link", name=step)).to_be_visible()
    expect(tab.page.get_by_text("Choose a collection")).to_have_count(0)
    tab.picture("empty")


def test_the_sample_collection_in_one_click(server: Dashboard, visit: Visitor) -> None:
    tab = visit()
    tab.page.goto(server.url)
    tab.page.get_by_role("button", name="Try the sample images").click()
    expect(tab.page.get_by_text("Making the sample images").first).to_be_visible()
    tab.picture("busy")
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("306", timeout=60_000)
    wait_for(lambda: thumbnails_shown(tab.page) >= 24, what="thumbnails")
    assert metric(tab.page, "Skipped") == "1"
    tab.page.get_by_text("1 file skipped").click()
    expect(tab.page.get_by_text("truth.csv")).to_be_visible()
    tab.picture("done")


def test_a_bad_path_is_explained_and_can_be_corrected(server: Dashboard, visit: Visitor, photos: Path) -> None:
    tab = visit()
    tab.page.goto(server.url)
    why = {"/no/such/folder": "does not exist", "photos": "relative path", "/etc/hostname": "is a file"}
    for path, message in why.items():
        type_folder(tab.page, path)
        expect(tab.page.get_by_role("alert").filter(has_text=message)).to_be_visible()
    tab.picture("explained")
    type_folder(tab.page, photos)
    expect(tab.page.get_by_role("heading", name="photos")).to_be_visible()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("12")


def test_a_folder_outside_the_roots_is_refused(
    workspace: Workspace, visit: Visitor, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "allowed" / "inner").mkdir(parents=True)
    with Dashboard(workspace, IMCLUST_ROOTS=str(tmp_path / "allowed")) as server:
        tab = visit()
        tab.page.goto(server.url)
        type_folder(tab.page, photos)
        expect(tab.page.get_by_role("alert").filter(has_text="outside the folders")).to_be_visible()
        tab.page.get_by_role("button", name="Browse folders").click()
        dialog = tab.page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="inner")).to_be_visible()
        expect(dialog.get_by_role("button", name="Up")).to_be_disabled()
        tab.picture("roots")
    assert collections(workspace) == []


def test_browsing_to_a_folder(workspace: Workspace, visit: Visitor, photos: Path, tmp_path: Path) -> None:
    with Dashboard(workspace, IMCLUST_ROOTS=str(tmp_path)) as server:
        tab = visit()
        tab.page.goto(server.url)
        tab.page.get_by_role("button", name="Browse folders").click()
        dialog = tab.page.get_by_role("dialog")
        dialog.get_by_role("button", name="photos").click()
        expect(dialog.get_by_role("button", name="below")).to_be_visible()
        dialog.get_by_role("button", name="Up").click()
        expect(dialog.get_by_role("button", name="photos")).to_be_visible()
        dialog.get_by_role("button", name="photos").click()
        expect(dialog.get_by_role("button", name="below")).to_be_visible()
        tab.picture("dialog")
        dialog.get_by_role("button", name="Scan this folder").click()
        expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("12")


def test_a_cold_deep_link_gets_the_frame_and_the_collection(workspace: Workspace, scanned: str, visit: Visitor) -> None:
    for path in ("/", "/folder", "/map"):
        with Dashboard(workspace) as server:
            tab = visit()
            tab.page.goto(f"{server.url}{path}?collection={scanned}")
            expect(tab.page.get_by_test_id("stSidebarNav").get_by_text("1 Folder")).to_be_visible()
            expect(tab.page.get_by_role("combobox", name="Collection")).to_have_value("photos")
            if path == "/map":
                expect(tab.page.get_by_role("heading", name="Map of photos")).to_be_visible()
                expect(tab.page.get_by_role("link", name="Go to 2 Embed")).to_be_visible()
                tab.page.get_by_role("link", name="1 Folder").click()
            wait_for(lambda tab=tab: thumbnails_shown(tab.page) == 12, what="thumbnails")  # type: ignore[misc]
            assert f"collection={scanned}" in tab.page.url


def test_a_link_to_a_collection_that_is_gone_says_so(server: Dashboard, visit: Visitor) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/?collection=0123456789ab")
    expect(tab.page.get_by_text("The collection in this link is not here")).to_be_visible()
    expect(tab.page.get_by_role("heading", name="Point at a folder of images")).to_be_visible()


def start_long_scan(tab: Visit, server: Dashboard, folder: Path) -> None:
    tab.page.goto(server.url)
    type_folder(tab.page, folder)
    expect(tab.page.get_by_text(re.compile(r"[\d,]+ of 24,000")).first).to_be_visible()


def test_a_refresh_during_a_scan_shows_its_progress_again(server: Dashboard, visit: Visitor, many_photos: Path) -> None:
    tab = visit()
    start_long_scan(tab, server, many_photos)
    tab.picture("running")
    wait_for(lambda: thumbnails_shown(tab.page) >= 24, what="the first images, while the scan still runs")
    tab.page.reload()
    expect(tab.page.get_by_text(re.compile(r"[\d,]+ of 24,000 · [\d,]+/s · .* left")).first).to_be_visible()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("24,000", timeout=60_000)


def test_a_scan_can_be_cancelled_and_go_on(
    workspace: Workspace, server: Dashboard, visit: Visitor, many_photos: Path
) -> None:
    tab = visit()
    start_long_scan(tab, server, many_photos)
    wait_for(lambda: count_images(workspace, collections(workspace)[0].id) > 0, what="the first rows")
    tab.page.get_by_role("button", name="Cancel").first.click()
    expect(tab.page.get_by_text("Cancelled after")).to_be_visible()
    tab.picture("cancelled")
    kept = count_images(workspace, collections(workspace)[0].id)
    assert 0 < kept < MANY
    tab.page.get_by_role("button", name="Resume", exact=True).click()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("24,000", timeout=60_000)


def test_a_killed_server_loses_nothing_and_the_page_shows_progress_again_with_or_without_the_worker(
    workspace: Workspace, server: Dashboard, visit: Visitor, many_photos: Path
) -> None:
    tab = visit()
    start_long_scan(tab, server, many_photos)
    (job,) = Queue(workspace).recent()
    wait_for(lambda: count_images(workspace, collections(workspace)[0].id) > 0, what="the first rows")
    server.kill()
    assert worker_pids(workspace), "the worker lives on without the server"
    server.start()
    tab.page.goto(f"{server.url}/?collection={job.collection_id}")
    expect(tab.page.get_by_text(re.compile(r"[\d,]+ of 24,000")).first).to_be_visible()
    server.kill()
    stop_workers(workspace)
    server.start()
    tab.page.goto(f"{server.url}/?collection={job.collection_id}")
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("24,000", timeout=90_000)
    ended = Queue(workspace).job(job.id)
    assert ended.state == "done" and ended.result is not None and ended.result["images"] == MANY
    assert len(Queue(workspace).recent()) == 1


def test_a_second_server_on_the_same_workspace_shows_the_same_work(
    workspace: Workspace, server: Dashboard, visit: Visitor, many_photos: Path
) -> None:
    start_long_scan(visit(), server, many_photos)
    (source,) = collections(workspace)
    with Dashboard(workspace) as second:
        other = visit()
        other.page.goto(f"{second.url}/?collection={source.id}")
        expect(other.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text(
            "24,000", timeout=60_000
        )
        wait_for(lambda: thumbnails_shown(other.page) >= 24, what="thumbnails")
    assert len(Queue(workspace).recent()) == 1


def test_a_lost_folder_pauses_and_says_what_to_do(
    server: Dashboard, scanned: str, visit: Visitor, photos: Path
) -> None:
    photos.rename(photos.parent / "unplugged")
    tab = visit()
    tab.page.goto(f"{server.url}/?collection={scanned}")
    expect(tab.page.locator(".grid .cell")).to_have_count(12)
    tab.page.get_by_role("button", name="Rescan", exact=True).click()
    expect(tab.page.get_by_text("reconnect it and resume").first).to_be_visible()
    assert metric(tab.page, "Images") == "12"
    tab.picture("paused")
    (photos.parent / "unplugged").rename(photos)
    tab.page.get_by_role("button", name="Resume", exact=True).click()
    expect(tab.page.get_by_text("reconnect it and resume")).to_have_count(0)


def test_hostile_names_are_legible_everywhere_and_nothing_in_them_runs(
    workspace: Workspace, server: Dashboard, visit: Visitor, tmp_path: Path
) -> None:
    folder = tmp_path / "<img src=x onerror=alert(1)> $\\href{javascript:alert(2)}{x}$ **b**"
    expected = make_hostile_folder(folder)
    images = sum(one.reason is None for one in expected.values())
    tab = visit()
    tab.page.goto(server.url)
    type_folder(tab.page, folder)
    expect(tab.page.get_by_role("heading", name=folder.name)).to_be_visible()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text(str(images))
    wait_for(lambda: thumbnails_shown(tab.page) == images, what="every thumbnail")
    titles = tab.page.locator(".grid .cell").evaluate_all("all => all.map(cell => cell.title)")
    assert "<img src=x onerror=alert(1)>.jpg" in titles and "not-utf8-\\xff\\xfe.jpg" in titles
    assert len(set(titles)) == images >= len(EVIL_NAMES)
    tab.page.get_by_text(re.compile(r"\d+ files skipped")).click()
    tab.page.get_by_text(re.compile(r"3 duplicates")).click()
    expect(tab.page.get_by_text("01-truncated.jpg")).to_be_visible()
    for title in ("<img src=x onerror=alert(1)>.jpg", "=1+1.jpg"):
        tab.page.locator(".grid .cell").nth(titles.index(title)).click()
        expect(tab.page.locator("dialog .name")).to_have_text(title)
        tab.page.keyboard.press("Escape")
    tab.picture("names")
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download the list").click()
    table = Path(download.value.path()).read_text("utf-8-sig")
    assert len(table.splitlines()) == 1 + len(expected) - images


def test_pages_of_the_grid_turn_by_mouse_and_keys_and_stay_in_the_address(
    workspace: Workspace, server: Dashboard, visit: Visitor, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(130):
        (folder / f"{number:03}.jpg").write_bytes(jpeg(number))
    source = add_collection(workspace, folder)
    scan(workspace, source.id, quietly)
    tab = visit()
    tab.page.goto(f"{server.url}/?collection={source.id}")
    expect(tab.page.get_by_text("1 to 60 of 130 images")).to_be_visible()
    tab.page.get_by_role("button", name="Page 2", exact=True).click()
    expect(tab.page.get_by_text("61 to 120 of 130 images")).to_be_visible()
    expect(tab.page.locator(".grid .cell").first).to_have_attribute("title", "060.jpg")
    assert "page=2" in tab.page.url
    tab.page.reload()
    expect(tab.page.get_by_text("61 to 120 of 130 images")).to_be_visible()
    tab.page.locator(".grid .cell").first.focus()
    tab.page.keyboard.press("PageDown")
    expect(tab.page.get_by_text("121 to 130 of 130 images")).to_be_visible()
    expect(tab.page.locator(".grid .cell")).to_have_count(10)
    tab.page.locator(".grid .cell").first.focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("dialog .name")).to_have_text("121.jpg")
    tab.page.keyboard.press("ArrowRight")
    expect(tab.page.locator("dialog .name")).to_have_text("122.jpg")
    tab.picture("large")
    for _ in range(3):
        tab.page.keyboard.press("ArrowLeft")
    expect(tab.page.locator("dialog .name")).to_have_text("119.jpg")  # the last of the page before
    expect(tab.page.get_by_text("61 to 120 of 130 images")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("dialog")).not_to_be_visible()


def test_a_page_number_from_nowhere_opens_the_first_page(server: Dashboard, scanned: str, visit: Visitor) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/?collection={scanned}&page=99")
    expect(tab.page.get_by_text("1 to 12 of 12 images")).to_be_visible()


def test_a_collection_is_renamed_removed_and_restored(
    workspace: Workspace, server: Dashboard, scanned: str, visit: Visitor, photos: Path
) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/?collection={scanned}")
    tab.page.get_by_role("button", name="Rename").click()
    tab.page.get_by_label("Name", exact=True).fill("Birds <b>of</b> *2018*")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", name="Birds <b>of</b> *2018*")).to_be_visible()
    expect(tab.page.get_by_role("combobox", name="Collection")).to_have_value("Birds <b>of</b> *2018*")
    expect(tab.page.get_by_role("button", name="Save name")).to_have_count(0)
    tab.page.get_by_role("button", name="Remove", exact=True).click()
    tab.page.get_by_role("button", name="Remove collection").click()
    expect(tab.page.get_by_role("heading", name="Point at a folder of images")).to_be_visible()
    expect(tab.page.get_by_text("The collection in this link is not here")).to_have_count(0)
    assert len(list(photos.rglob("*.jpg"))) == 12
    tab.page.get_by_text("Trash (1)").click()
    tab.picture("trash")
    tab.page.get_by_role("button", name="Restore").click()
    tab.page.get_by_role("main").get_by_role("button", name="Birds").click()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("12")


def test_a_zip_is_uploaded_and_scanned(server: Dashboard, visit: Visitor, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Holiday.zip", "w") as bundle:
        for number in range(5):
            bundle.writestr(f"day/{number}.jpg", jpeg(number))
    tab = visit()
    tab.page.goto(server.url)
    tab.page.get_by_text("Or upload images or a zip").click()
    tab.page.locator("input[type=file]").set_input_files(tmp_path / "Holiday.zip")
    expect(tab.page.get_by_text("Holiday.zip")).to_be_visible()
    tab.page.get_by_role("button", name="Upload and scan").click()
    expect(tab.page.get_by_role("heading", name="Holiday")).to_be_visible()
    expect(tab.page.get_by_test_id("stMetric").filter(has_text="Images")).to_contain_text("5")


def test_sign_in_stands_in_front_of_every_page(
    workspace: Workspace, scanned: str, visit: Visitor, tmp_path: Path
) -> None:
    server = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text(SECRETS.format(port=server.port, provider="http://127.0.0.1:9"))
    with server:
        for path in ("/", "/folder", "/embed"):
            tab = visit()
            tab.page.goto(f"{server.url}{path}?collection={scanned}")
            expect(tab.page.get_by_role("heading", name="Sign in to imclust")).to_be_visible()
            expect(tab.page.locator(".grid")).to_have_count(0)
            assert "photos" not in tab.page.inner_text("body")
            tab.picture("gate")


@pytest.mark.parametrize("allowed", [True, False])
def test_signing_in_opens_the_pages_and_their_images_to_those_on_the_list(
    workspace: Workspace, scanned: str, visit: Visitor, tmp_path: Path, allowed: bool
) -> None:
    server = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    with provider("ada@example.org" if allowed else "eve@example.org") as identity:
        listed = '[imclust]\nallowed_emails = ["Ada@example.org"]\n'
        (tmp_path / "secrets.toml").write_text(listed + SECRETS.format(port=server.port, provider=identity.url))
        with server:
            tab = visit()
            tab.page.goto(f"{server.url}/?collection={scanned}")
            tab.page.get_by_role("button", name="Sign in").click()
            if allowed:
                expect(tab.page.get_by_text("Signed in as Ada Analyst")).to_be_visible()
                tab.page.goto(f"{server.url}/?collection={scanned}")
                wait_for(lambda: thumbnails_shown(tab.page) == 12, what="thumbnails")
                tab.picture("in")
                tab.page.get_by_role("button", name="Sign out").click()
                expect(tab.page.get_by_role("heading", name="Sign in to imclust")).to_be_visible()
            else:
                expect(tab.page.get_by_role("heading", name="No access")).to_be_visible()
                assert "photos" not in tab.page.inner_text("body")
                tab.picture("no-access")


def test_a_page_that_fails_shows_words_and_a_number(
    workspace: Workspace, server: Dashboard, scanned: str, visit: Visitor
) -> None:
    tab = visit()
    tab.page.goto(server.url)
    expect(tab.page.get_by_role("heading", name="Point at a folder of images")).to_be_visible()
    whole = workspace.catalogue.read_bytes()
    workspace.catalogue.write_bytes(b"not a database" * len(whole))
    tab.page.reload()
    expect(tab.page.get_by_role("alert").filter(has_text="catalog.db cannot be used")).to_be_visible()
    tab.picture("damaged")
    workspace.catalogue.write_bytes(whole)
    with closing(sqlite3.connect(workspace.catalogue)) as db, db:
        db.execute("UPDATE collections SET summary = 'no json'")
    tab.page.goto(f"{server.url}/?collection={scanned}")
    expect(tab.page.get_by_role("alert").filter(has_text="Nothing that was saved is lost")).to_be_visible()
    tab.picture("failed")
    number = re.search(r"in its log: (\w+)", tab.page.inner_text("body"))
    assert number and number[1] in (workspace.logs / "server.log").read_text()


def test_light_and_dark_both_show_the_collection(server: Dashboard, scanned: str, visit: Visitor) -> None:
    backgrounds = {}
    for scheme in ("light", "dark"):
        tab = visit(color_scheme=scheme)
        tab.page.goto(f"{server.url}/?collection={scanned}")
        wait_for(lambda tab=tab: thumbnails_shown(tab.page) == 12, what="thumbnails")
        backgrounds[scheme] = tab.page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
        tab.page.locator(".grid .cell").first.click()
        tab.picture(scheme)
    assert backgrounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
