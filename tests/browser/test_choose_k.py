"""Step 3 as an analyst meets it: the tree under the hand, in a real browser, of labels a real network gave."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from imclust_core.store.choices import last_choice
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import class_names, embeddings_of
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import A_WHILE, Visit, Visitor
from tests.browser.test_embed import scanned
from tests.helpers.server import Dashboard

pytestmark = pytest.mark.described


def open_tree(tab: Visit, server: Dashboard, source: Collection, more: str = "") -> Page:
    tab.page.goto(f"{server.url}/choose_k?collection={source.id}{more}")
    expect(branches(tab.page).first).to_be_attached(timeout=A_WHILE)
    expect(cards(tab.page).first).to_be_visible()
    return tab.page


def branches(page: Page) -> Locator:
    return page.locator(".dendrogram .group")


def cards(page: Page) -> Locator:
    return page.locator(".groups .group")


def colours(page: Page) -> dict[str, str]:
    """Group number -> colour, as the tree shows them."""
    found = branches(page).evaluate_all(
        "all => all.map(one => [one.dataset.number, one.querySelector('rect').getAttribute('fill')])"
    )
    return dict(found)


def nodes(of: Locator) -> set[str]:
    return set(of.evaluate_all("all => all.map(one => one.dataset.node)"))


def same_groups(page: Page, number: int) -> None:
    """The tree, cut in the browser, and the cards, cut by Python, show the same branches."""
    expect(branches(page)).to_have_count(number, timeout=A_WHILE)
    expect(cards(page)).to_have_count(number)
    assert nodes(branches(page)) == nodes(cards(page))


def test_without_images_or_an_embedding_the_page_says_where_to_go(
    server: Dashboard, workspace: Workspace, visit: Visitor, photos: Path
) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/choose_k?collection=new")
    expect(tab.page.get_by_text("Choose a folder of images first.")).to_be_visible()
    bare = scanned(workspace, photos)
    tab.page.goto(f"{server.url}/choose_k?collection={bare.id}")
    expect(tab.page.get_by_text("No network has described these images yet.")).to_be_visible()
    tab.picture("empty")
    tab.page.get_by_role("link", name="Go to 2 Embed").click()
    expect(tab.page.get_by_role("heading", name="Embed", exact=False).first).to_be_visible()


def test_from_the_suggestion_to_a_chosen_k(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    tab = visit()
    tab.page.goto(f"{server.url}/embed?collection={samples.id}")
    tab.page.get_by_role("link", name="Next: Choose K").click()
    page = tab.page
    expect(page.get_by_text("Suggested: K = 18.")).to_be_visible(timeout=A_WHILE)
    same_groups(page, 18)
    expect(page.get_by_text("after a closer look")).to_be_visible(timeout=A_WHILE)
    tab.picture("suggested")

    slider = page.locator("input.k")
    before = colours(page)
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(page.locator(".count")).to_have_text("20 groups")
    same_groups(page, 20)
    assert before.items() <= colours(page).items(), "a branch keeps its colour while K moves"
    slider.press("ArrowLeft")
    same_groups(page, 19)
    expect(page.get_by_role("button", name="Use K = 19")).to_be_visible()
    assert "k=19" in page.url

    big = max(nodes(branches(page)), key=int)  # merged last, so there is something to split
    card = page.locator(f".groups .group[data-node='{big}']")
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Split this branch")).to_be_enabled()
    expect(page.locator(".grid .cell").first).to_be_visible()
    tab.picture("a-branch")
    page.get_by_role("button", name="Split this branch").click()
    expect(page.locator(".count")).to_contain_text("20 groups: the line at 19")
    same_groups(page, 20)
    page.get_by_role("button", name="Join with its neighbour").click()
    same_groups(page, 19)
    undo = page.get_by_role("button", name="Undo splits and joins")
    expect(undo).to_be_hidden()  # joining what was just split leaves nothing to undo
    page.get_by_role("button", name="Join with its neighbour").click()
    expect(page.locator(".count")).to_contain_text("groups: the line at 19")
    undo.click()
    same_groups(page, 19)
    card.click()
    page.get_by_role("button", name="Split this branch").click()
    same_groups(page, 20)
    expect(page.get_by_role("button", name="Use K = 20")).to_be_visible()

    page.reload()
    same_groups(page, 20)
    expect(page.locator(".count")).to_contain_text("20 groups: the line at 19")
    page.get_by_role("button", name="Use K = 20").click()
    expect(page.get_by_role("heading", name="Cluster Sample photographs")).to_be_visible()
    expect(page.get_by_label("K", exact=True)).to_have_value("20")
    choice = last_choice(workspace, samples.id)
    assert choice is not None and (choice.k, choice.edits) == (20, f"s{big}")
    assert len(choice.facts["groups"]) == 20 and choice.facts["suggested"] == 18
    assert sum(group["images"] for group in choice.facts["groups"]) == 306
    page.get_by_role("link", name="3 Choose K").click()
    expect(page.get_by_text("K = 20 was chosen")).to_be_visible()
    same_groups(page, 20)


def test_marks_curves_the_line_and_the_numbers_all_move_the_cut(
    server: Dashboard, visit: Visitor, samples: Collection
) -> None:
    tab = visit(color_scheme="dark")
    page = open_tree(tab, server, samples, "&k=7")
    same_groups(page, 7)
    tab.picture("dark")
    page.get_by_role("button", name=re.compile(r"^K = 18:")).click()
    same_groups(page, 18)
    page.get_by_role("spinbutton", name="Number of groups").fill("5")
    page.get_by_role("spinbutton", name="Number of groups").press("Enter")
    same_groups(page, 5)
    line = page.locator(".dendrogram .line").bounding_box()
    assert line is not None
    page.mouse.move(line["x"] + 40, line["y"])
    page.mouse.down()
    page.mouse.move(line["x"] + 40, line["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator(".count")).not_to_have_text("5 groups")
    dragged = int(page.get_by_role("spinbutton", name="Number of groups").input_value())
    assert dragged > 5
    same_groups(page, dragged)
    curves = page.locator(".curves").bounding_box()
    assert curves is not None
    page.locator(".curves").click(position={"x": curves["width"] * 0.1, "y": 20})
    expect(page.locator(".count")).not_to_have_text(f"{dragged} groups")


def test_hovering_tells_the_words_and_the_picture_can_be_taken_away(
    server: Dashboard, visit: Visitor, samples: Collection, tmp_path: Path
) -> None:
    tab = visit()
    page = open_tree(tab, server, samples)
    page.locator(".dendrogram").hover(position={"x": 200, "y": 380})
    expect(page.locator(".tip")).to_contain_text("image")
    tab.picture("hover")
    page.locator(".dendrogram").click(position={"x": 200, "y": 380})
    expect(page.locator(".branch .title")).to_be_visible()
    for kind, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == f".{kind.lower()}" and path.read_bytes().startswith(start)
        assert path.stat().st_size > 5_000


def test_another_recipe_is_a_link_away_and_labels_without_a_vector_are_listed(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection, tmp_path: Path
) -> None:
    tab = visit()
    page = open_tree(tab, server, samples)
    page.get_by_role("button", name="How the tree is made").click()
    page.get_by_role("button", name="The origin's recipe").click()
    page.wait_for_url(re.compile("tree=first_word"))
    # Single linkage chains: one group has nearly all images.
    expect(cards(page).first).to_contain_text(re.compile(r"1[5-9]\d images"), timeout=A_WHILE)
    same_groups(page, 18)
    tab.picture("origin")

    one = embeddings_of(workspace, samples.id)[0]
    names = [class_names(one)[number] for number, _ in one.summary.labels] if one.summary else []
    single = [name for name in names if re.fullmatch("[a-z]+", name)]
    file = tmp_path / "vectors.txt"
    rows = [f"{name} {' '.join(str((hash_of(name) >> (4 * at)) % 16 - 7.5) for at in range(8))}" for name in single]
    file.write_text(f"{len(rows)} 8\n" + "\n".join(rows) + "\n")
    page.goto(f"{server.url}/choose_k?collection={samples.id}&tree=phrase|ward|cosine|1.0|{file}")
    page.get_by_role("button", name="Read them and grow the tree").click()
    expect(branches(page).first).to_be_attached(timeout=A_WHILE)
    lacking = page.get_by_text(re.compile(r"labels without a vector"))
    expect(lacking).to_be_visible()
    lacking.click()
    tab.picture("without-a-vector")

    page.goto(f"{server.url}/choose_k?collection={samples.id}&tree=phrase|ward|cosine|1.0|/etc/hostname")
    page.get_by_role("button", name="Read them and grow the tree").click()
    expect(page.get_by_text("cannot be read as word vectors")).to_be_visible(timeout=A_WHILE)
    tab.picture("no-vectors")
    page.goto(f"{server.url}/choose_k?collection={samples.id}&tree=loud|warp|x|y|/nowhere&cut=zz.s1.b9&k=abc")
    expect(page.get_by_text("The usual tree is shown.")).to_be_visible()
    same_groups(page, 18)


def hash_of(name: str) -> int:
    return int.from_bytes(name.encode().ljust(8, b"x")[:8], "little") * 2654435761


def test_a_tree_that_fails_says_why_and_can_be_tried_again(
    server: Dashboard, visit: Visitor, workspace: Workspace, samples: Collection
) -> None:
    one = embeddings_of(workspace, samples.id)[0]
    classes = (one.folder / "classes.json").read_bytes()
    (one.folder / "classes.json").write_bytes(b"[")
    tab = visit()
    tab.page.goto(f"{server.url}/choose_k?collection={samples.id}")
    expect(tab.page.get_by_text("The words of the embedding cannot be read")).to_be_visible(timeout=A_WHILE)
    tab.picture("failed")
    (one.folder / "classes.json").write_bytes(classes)
    tab.page.get_by_role("button", name="Try again").click()
    same_groups(tab.page, 18)
