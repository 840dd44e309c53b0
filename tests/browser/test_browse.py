"""Step 5 as analysts meet it: naming by keys, editing, two people at one desk, names that come along."""

import json
import re
import shutil
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.annotation.editing import name_cluster, open_desk
from imclust_core.backbones.registry import BUNDLED
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.annotations.log import read_log
from imclust_core.store.catalogue import paths
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, SCREENS, Visit, Visitor
from tests.browser.test_cluster import clustered
from tests.conftest import wait_for
from tests.helpers.embedded import pin_speed, quietly
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described

TWO_SECONDS = 2_000
HOSTILE = "<img src=x onerror=alert(1)>=HYPERLINK()👩‍🚀"


@pytest.fixture
def stored(workspace: Workspace, samples: Collection) -> Clustering:
    return clustered(workspace, samples, k=17)


def at_the_desk(tab: Visit, server: Dashboard, samples: Collection, who: str = "Ada") -> Page:
    page = tab.page
    page.goto(f"{server.url}/browse?collection={samples.id}")
    page.get_by_placeholder("Your name").fill(who)
    page.keyboard.press("Enter")
    expect(page.get_by_placeholder("Your name")).to_be_hidden()
    expect(name_box(page)).to_be_enabled()
    expect(images(page).first).to_be_visible()
    return page


def name_box(page: Page) -> Locator:
    return page.get_by_label("Name", exact=True)


def images(page: Page) -> Locator:
    return page.get_by_role("listbox").locator(".cell")


def shelf(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Clusters").locator(".line")


def saved(page: Page) -> None:
    expect(page.get_by_text(re.compile("✓ Saved"))).to_be_visible()


def names(workspace: Workspace, stored: Clustering) -> dict[int, str]:
    return {number: name.text for number, name in open_desk(workspace, stored).names.items() if name.text}


def test_without_clusters_the_page_says_where_to_go(server: Dashboard, visit: Visitor, samples: Collection) -> None:
    page = visit().page
    page.goto(f"{server.url}/browse?collection={samples.id}")
    expect(page.get_by_text("There are no clusters yet.")).to_be_visible()
    page.goto(f"{server.url}/history?collection={samples.id}")
    expect(page.get_by_text("Nothing was named or moved yet.")).to_be_visible()
    page.get_by_role("link", name="Go to 4 Cluster").click()
    expect(page.get_by_role("heading", name="Cluster Sample photographs")).to_be_visible()


def test_names_by_keys_are_on_disk_before_the_tick(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = at_the_desk(tab, server, samples)
    proposed = page.get_by_role("group", name="Proposals").locator("strong").first.inner_text()
    page.keyboard.press("1")
    page.keyboard.press("n")  # all at once: the box keeps the keyboard, and what is typed is for the next clusters
    page.keyboard.type("Rocket")
    page.keyboard.press("Enter")
    page.keyboard.type("Cat?")
    page.keyboard.press("Shift+Enter")
    expect(shelf(page).nth(0)).to_contain_text(proposed)
    expect(shelf(page).nth(1).locator(".name")).to_have_text("Rocket")
    expect(shelf(page).nth(2).locator(".name")).to_have_text("Cat?")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="doubtful")).to_have_attribute("aria-pressed", "true")
    saved(page)
    assert names(workspace, stored) == {1: proposed, 2: "Rocket", 3: "Cat?"}
    assert [event["kind"] for _, event in read_log(workspace.label_log) if event] == ["name"] * 4
    expect(page.get_by_text("3 of 17 named")).to_be_visible()
    tab.picture("named")
    shelf(page).nth(7).click()
    expect(page.locator(".bar .swatch")).to_have_text("8")
    for key, number in (("k", "7"), ("j", "8"), (".", "9")):
        page.keyboard.press(key)
        expect(page.locator(".bar .swatch")).to_have_text(number, timeout=A_WHILE)
    shelf(page).nth(2).click()
    expect(page.locator(".bar .swatch")).to_have_text("3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    tab.picture("keys")
    page.reload()  # the browser remembers who is there, and the server the rest
    expect(shelf(page).nth(1)).to_contain_text("Rocket")
    expect(name_box(page)).to_have_value("Cat?")
    expect(name_box(page)).to_be_enabled()


def test_hostile_and_endless_names_do_no_harm(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = at_the_desk(tab, server, samples, who=HOSTILE)
    name_box(page).fill(HOSTILE)
    page.keyboard.press("Shift+Enter")
    expect(shelf(page).nth(0)).to_contain_text("onerror")
    name_box(page).fill("long " * 2_000)
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("A name can have up to 100 characters")).to_be_visible()
    tab.picture("too-long")
    assert names(workspace, stored) == {1: HOSTILE}
    for path in ("browse?view=sheet&", "history?", "cluster?", "compare?with=truth&"):
        page.goto(f"{server.url}/{path}collection={samples.id}")
        expect(page.get_by_text("Traceback")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_editing_by_keys_and_undoing_all_of_it(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    before = read_clustering(stored).labels
    tab = visit()
    page = at_the_desk(tab, server, samples)
    size = open_desk(workspace, stored).sizes
    images(page).nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("3 selected")).to_be_visible()
    tab.picture("selected")
    page.keyboard.press("m")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(shelf(page).nth(0)).to_contain_text(str(size[1] - 3))
    expect(shelf(page).nth(1)).to_contain_text(str(size[2] + 3))
    expect(images(page)).to_have_count(size[1] - 3)  # drawn after the list
    images(page).nth(1).click(modifiers=["Shift"])
    expect(page.get_by_text("selected", exact=False).first).to_be_visible()
    page.keyboard.press("o")
    expect(shelf(page).last).to_contain_text("set aside")
    images(page).nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("p")
    expect(shelf(page)).to_have_count(19)
    page.get_by_placeholder("Merge into…").fill("3")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(shelf(page)).to_have_count(18)
    wait_for(lambda: len(open_desk(workspace, stored).events) == 4, what="four changes")
    tab.picture("edited")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("4 changes by 1 person")).to_be_visible()
    tab.picture("history")
    for _ in range(4):
        count = len(open_desk(workspace, stored).events)
        expect(page.get_by_text(f"{count} changes by 1 person")).to_be_visible()
        page.get_by_role("button", name="Undo my last change").first.click()
        wait_for(lambda count=count: len(open_desk(workspace, stored).events) > count, what="an undo")
    desk = open_desk(workspace, stored)
    assert (desk.group == desk.base).all() and desk.sizes == size
    assert (read_clustering(stored).labels == before).all()


def test_a_cluster_splits_in_two_by_likeness_and_by_label(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    stored = clustered(workspace, samples, k=8)
    tab = visit()
    page = at_the_desk(tab, server, samples)
    size = open_desk(workspace, stored).sizes[1]
    page.get_by_role("button", name="Split this cluster").click()
    tab.picture("split")
    page.get_by_role("button", name="In two, by likeness").click()
    expect(shelf(page)).to_have_count(9, timeout=A_WHILE)
    expect(page.get_by_role("button", name="Split this cluster")).to_have_count(1)
    desk = open_desk(workspace, stored)
    assert desk.sizes[1] + desk.sizes[9] == size and desk.sizes[1] >= desk.sizes[9]
    page.get_by_role("combobox", name="By label").click()  # it is still open
    page.get_by_role("option", name=re.compile(r"\(\d+\)")).first.click()
    page.get_by_role("button", name=re.compile(r"Split out \d")).click()
    expect(shelf(page)).to_have_count(10)


def test_two_people_see_each_other_and_nothing_is_overwritten_in_silence(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    ada, bob = visit(), visit()
    a, b = at_the_desk(ada, server, samples, "Ada"), at_the_desk(bob, server, samples, "Bob")
    name_box(b).press_sequentially("Sheep")  # typed, and not saved yet
    name_box(a).fill("Cow")
    a.keyboard.press("Shift+Enter")
    saved(a)
    expect(shelf(b).nth(0)).to_contain_text("Cow", timeout=TWO_SECONDS)
    expect(name_box(b)).to_have_value("Sheep")
    name_box(b).press("Shift+Enter")
    expect(b.get_by_role("alert")).to_contain_text("Ada has given cluster 1 “Cow” (sure) meanwhile. You wrote “Sheep”")
    bob.picture("conflict")
    assert names(workspace, stored) == {1: "Cow"}
    b.get_by_role("button", name="Use mine").click()
    saved(b)
    expect(name_box(a)).to_have_value("Sheep", timeout=TWO_SECONDS)
    assert names(workspace, stored) == {1: "Sheep"}
    a.keyboard.press("Escape")
    a.keyboard.press("u")  # each takes back what they did themselves
    wait_for(lambda: len(open_desk(workspace, stored).events) == 3, what="an undo")
    assert names(workspace, stored) == {1: "Sheep"}
    b.keyboard.press("Escape")
    b.keyboard.press("u")
    expect(name_box(b)).to_have_value("")


def test_a_refusal_stays_until_it_is_answered_and_says_of_which_cluster(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    page = at_the_desk(visit(), server, samples)
    name_box(page).press_sequentially("Dog")
    name_cluster(workspace, stored, 1, text="Cat", state="sure", author="Bob", uuid="bob", base=0)
    shelf(page).nth(6).click()  # which ends the typing and asks to save it
    expect(page.locator(".bar .swatch")).to_have_text("7")
    expect(page.get_by_role("alert")).to_contain_text("Bob has given cluster 1 “Cat” (sure) meanwhile. You wrote “Dog”")
    page.keyboard.press("d")  # goes on with the seventh
    expect(page.get_by_role("button", name="doubtful")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Use mine").click()
    wait_for(lambda: names(workspace, stored) == {1: "Dog"}, what="the name that was insisted on")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator(".bar .swatch")).to_have_text("7")


def test_what_is_selected_stays_so_whatever_else_is_done(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    page = at_the_desk(visit(), server, samples)
    images(page).nth(1).click(modifiers=["Control"])
    images(page).nth(2).click(modifiers=["Control"])
    page.keyboard.press("d")  # in the same breath, and nothing of the selection's
    saved(page)
    expect(page.get_by_text("2 selected")).to_be_visible()
    chosen = images(page).evaluate_all("all => all.slice(1, 3).map(one => Number(one.dataset.id))")
    page.keyboard.press("o")
    images(page).nth(0).click(modifiers=["Control"])  # another one, at once
    wait_for(lambda: len(open_desk(workspace, stored).events) == 2, what="setting aside")
    assert sorted(open_desk(workspace, stored).events[-1].value["images"]) == sorted(chosen)
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_one_name_on_two_clusters_offers_to_merge_them(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    for number in (1, 4):
        name_cluster(workspace, stored, number, text="Stone", state="sure", author="Bob", uuid=f"u{number}", base=0)
    page = at_the_desk(visit(), server, samples)
    expect(page.get_by_text("Cluster 4 has this name too.")).to_be_visible()
    page.get_by_role("button", name="Merge them").click()
    expect(shelf(page)).to_have_count(16)
    expect(page.locator(".bar .swatch")).to_have_text("4")
    assert names(workspace, stored)[4] == "Stone"


def test_names_come_along_to_another_k(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, stored: Clustering
) -> None:
    for number in range(1, 18):
        name_cluster(
            workspace, stored, number, text=f"kind {number}", state="sure", author="Ada", uuid=f"u{number}", base=0
        )
    other = clustered(workspace, samples, k=15)
    tab = visit()
    page = at_the_desk(tab, server, samples)
    expect(page.get_by_text("can be brought over.")).to_be_visible()
    tab.picture("offer")
    page.get_by_role("button", name="Bring the names over").click()
    expect(page.get_by_text("15 names brought over. Left behind:")).to_be_visible()
    tab.picture("brought")
    assert len(names(workspace, other)) == 15
    assert len(names(workspace, stored)) == 17


def test_the_sample_sheet_shows_all_clusters_and_leads_to_each(
    server: Dashboard, visit: Visitor, samples: Collection, stored: Clustering
) -> None:
    tab = visit()
    page = tab.page
    page.goto(f"{server.url}/browse?collection={samples.id}&view=sheet")
    expect(page.locator(".groups.wide .group")).to_have_count(17)
    tab.picture("sheet")
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG").click()
    assert png.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as pdf:
        page.get_by_role("button", name="PDF to print").click()
    assert pdf.value.path().read_bytes().startswith(b"%PDF")
    page.locator(".groups.wide .group").nth(3).click()
    expect(shelf(page).nth(3)).to_have_attribute("aria-current", "true")
    wait_for(lambda: "cluster=4" in page.url, what="the cluster in the address")


def test_the_large_view_tells_labels_margin_and_likeness_and_orders_change_what_comes_first(
    server: Dashboard, visit: Visitor, samples: Collection, stored: Clustering
) -> None:
    tab = visit(color_scheme="dark")
    page = at_the_desk(tab, server, samples)
    first = images(page).first.get_attribute("data-id")
    page.get_by_role("radio", name="Odd").click()
    expect(images(page).first).not_to_have_attribute("data-id", str(first))
    page.get_by_role("radio", name="Border").click()
    expect(images(page).first.locator(".caption")).to_contain_text(re.compile(r"\d\.\d\d \d+"))
    tab.picture("border-dark")
    images(page).first.click()
    large = page.locator("dialog[open]")
    expect(large).to_contain_text("Labels")
    expect(large).to_contain_text("next nearest is")
    tab.picture("large-dark")
    page.get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("group", name="Similar images").locator(".cell").first).to_contain_text(
        "this one", timeout=A_WHILE
    )


GOOD_ENOUGH = {
    "Faces": {"face", "person"},
    "Leopards": {"leopard", "big cat"},
    "Motorbikes": {"motorcycle", "motorbike", "moped"},
    "airplanes": {"airplane", "airliner", "aircraft"},
    "bonsai": {"bonsai", "tree"},
    "butterfly": {"butterfly", "lepidopterous insect"},
    "car_side": {"car", "motor vehicle"},
    "chandelier": {"chandelier", "lamp"},
    "dalmatian": {"dalmatian", "dog"},
    "grand_piano": {"grand piano", "piano"},
    "hawksbill": {"sea turtle", "turtle"},
    "helicopter": {"helicopter", "aircraft"},
    "kangaroo": {"kangaroo", "wallaby"},
    "ketch": {"sailboat", "sailing vessel", "yawl", "vessel"},
    "laptop": {"laptop", "notebook", "portable computer"},
    "llama": {"llama"},
    "scorpion": {"scorpion"},
    "starfish": {"starfish", "sea star", "echinoderm"},
    "sunflower": {"sunflower", "daisy", "flower"},
    "watch": {"watch", "timepiece"},
}
"""What an analyst would let pass for each class; whatever is not among the proposals is typed."""


@pytest.mark.parametrize("images", [10, pytest.param(40, marks=pytest.mark.long)])
def test_twenty_clusters_are_named_from_the_keyboard_alone(
    workspace: Workspace, shared_data: Path, visit: Visitor, tmp_path: Path, images: int
) -> None:
    for folder in (shared_data / "caltech20").iterdir():
        (tmp_path / "caltech20" / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:images]:
            shutil.copy(path, tmp_path / "caltech20" / folder.name)
    source = add_collection(workspace, tmp_path / "caltech20")
    scan(workspace, source.id, quietly)
    pin_speed(workspace, BUNDLED)
    embed(workspace, source.id, EmbedRequest(BUNDLED), quietly)
    stored = clustered(workspace, source, k=20)
    classes = majority_classes(workspace, source, stored)
    keys, accepted, seconds = 0, 0, []
    tab = visit()
    with Dashboard(workspace) as server:
        page = at_the_desk(tab, server, source)
        for _ in range(20):
            start = time.perf_counter()
            number = int(page.locator(".bar .swatch").inner_text())
            proposed = page.get_by_role("group", name="Proposals").locator("strong").all_inner_texts()
            right = [at for at, name in enumerate(proposed) if name.lower() in GOOD_ENOUGH[classes[number]]]
            if right:
                page.keyboard.press(f"{right[0] + 1}")
                keys, accepted = keys + 1, accepted + 1
            else:
                page.keyboard.press("n")
                page.keyboard.type(classes[number])
                page.keyboard.press("Enter")
                keys += len(classes[number]) + 2
            if len(seconds) < 19:
                expect(page.locator(".bar .swatch")).not_to_have_text(str(number), timeout=A_WHILE)
                page.keyboard.press("Escape")  # out of the box, to look at the proposals first
            seconds.append(time.perf_counter() - start)
        expect(page.get_by_text(f"20 of 20 named · {20 * images} of {20 * images} images")).to_be_visible()
        tab.picture("all-named")
    assert len(names(workspace, stored)) == 20
    figures = {"keys": keys, "accepted": accepted, "median_s": round(statistics.median(seconds), 2)}
    (SCREENS / "twenty-clusters.json").write_text(json.dumps(figures))
    assert accepted >= 12 and keys < 20 * 10


def majority_classes(workspace: Workspace, source: Collection, stored: Clustering) -> dict[int, str]:
    """The folder that most images of each cluster lie in, by the cluster's number."""
    desk, where = open_desk(workspace, stored), paths(workspace, source.id)
    return {
        number: Counter(
            where[image].split(b"/")[0].decode() for image in desk.image_ids[desk.rows_of(number)].tolist()
        ).most_common(1)[0][0]
        for number in desk.clusters
    }
