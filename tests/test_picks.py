"""One pick for all pages: what is picked stays so from page to page, and the desk shows and selects it."""

from typing import Any

import numpy as np
import pytest
import streamlit as st

from imclust_core.annotation.editing import open_desk, undo
from imclust_core.annotation.selection import of_branch, of_cluster
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.selections import keep_selection
from imclust_core.store.trees import read_tree
from imclust_core.store.workspace import Workspace
from pages.parts.annotate import cluster_list as shelf
from pages.parts.annotate.edits import ANSWERS, make_change
from pages.parts.annotate.shown_group import ShownGroup
from pages.parts.annotate.state import (
    CLUSTER,
    PICKED,
    begin_desk,
    choose_group,
    current_group,
    go,
    selected,
    tick_picked,
)
from pages.parts.session.clustering import CLUSTERING_KEY, PICK, current_clustering
from pages.parts.session.selection import (
    Pick,
    asked_pick,
    at_hand,
    clustering_in_use,
    current_pick,
    keep_pick,
    loose_pick,
)
from tests.helpers.browser_address import Browser
from tests.helpers.clusterings import KMEANS, clustered
from tests.helpers.editing import images_in, merge, move, new
from tests.helpers.trees import grown


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The address of a visit of its own."""
    said = Browser()
    monkeypatch.setattr(st, "query_params", said)
    monkeypatch.setattr(st, "session_state", {})
    return said


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page warned of."""
    told: list[str] = []
    monkeypatch.setattr(st, "warning", lambda text, **_: told.append(text))
    return told


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source)


def lasso(workspace: Workspace, source: Collection, stored: Clustering) -> str:
    """Two images of each of the first two clusters, and one that the clustering does not have."""
    desk = open_desk(workspace, stored)
    images = [*images_in(desk, 1)[:2], *images_in(desk, 2)[:2], 10**6]
    return keep_selection(workspace, source.id, np.array(images))


def test_a_pick_is_kept_in_the_address_and_found_again_after_other_pages(
    browser: dict[str, str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    assert (asked_pick(), current_pick(workspace, source, stored)) == ("", None)
    for key in ("c2", lasso(workspace, source, stored), of_branch(grown(workspace, source).id, 0)):
        keep_pick(key)
        assert browser[PICK] == key
        browser.clear()  # another page, which drops it
        found = current_pick(workspace, source, stored)
        assert found is not None and found.key == browser[PICK] == key and len(found.image_ids)
    keep_pick("")
    assert PICK not in browser and current_pick(workspace, source, stored) is None


@pytest.mark.parametrize("key", ["c99", "s0123456789abcdef", "babc.1", "nonsense", "c7<b>[x](y)"])
def test_a_pick_that_leads_nowhere_is_said_to_once_and_dropped(
    browser: dict[str, str], warned: list[str], workspace: Workspace, source: Collection, stored: Clustering, key: str
) -> None:
    browser[PICK] = key
    assert current_pick(workspace, source, stored) is None and PICK not in browser
    (said,) = warned
    assert said.startswith("What was picked cannot be shown") and "<b>" not in said
    assert current_pick(workspace, source, stored) is None and len(warned) == 1


def test_a_cluster_that_was_picked_goes_with_its_clustering_and_other_picks_stay(
    browser: dict[str, str], warned: list[str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    other = clustered(workspace, source, KMEANS)
    assert other.id != stored.id
    keep_pick("c2")
    assert current_pick(workspace, source, stored) is not None
    assert current_pick(workspace, source, other) is None and PICK not in browser
    keep_pick("c2")
    assert current_pick(workspace, source, other) is not None, "chosen anew"
    for key in (lasso(workspace, source, stored), of_branch(grown(workspace, source).id, 0)):
        keep_pick(key)
        for one in (stored, other, None):
            found = current_pick(workspace, source, one)
            assert found is not None and found.key == key
    assert warned == []


def test_a_cluster_of_a_clustering_that_is_gone_is_not_taken_for_one_of_another(
    browser: dict[str, str], warned: list[str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    for use in (lambda: current_clustering([stored]), lambda: clustering_in_use(workspace, source)):
        browser |= {CLUSTERING_KEY: "0123456789ab", PICK: "c1"}
        st.session_state.clear()
        assert use() == stored and current_pick(workspace, source, stored) is None
        assert PICK not in browser


def test_a_set_stays_at_hand_while_clusters_are_looked_at_until_it_is_cleared(
    browser: dict[str, str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    key = lasso(workspace, source, stored)
    keep_pick(key)
    choose_group(2)
    assert (asked_pick(), browser[CLUSTER], at_hand()) == ("c2", "2", key)
    current = current_pick(workspace, source, stored)
    loose = loose_pick(workspace, source, stored, current)
    assert current is not None and current.cluster == 2 and loose is not None and loose.key == key
    choose_group(PICKED)
    assert (asked_pick(), browser[CLUSTER]) == (key, "picked")
    keep_pick("")
    assert at_hand() == "" and loose_pick(workspace, source, stored, None) is None


def test_the_group_that_is_shown_is_the_one_that_is_picked(
    browser: dict[str, str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    desk = open_desk(workspace, stored)
    assert current_group(desk) == 1 and PICK not in browser, "the first is shown, and nobody has picked it"
    browser[CLUSTER] = "3"
    assert current_group(desk) == 3
    keep_pick("c5")
    assert current_group(desk) == 5 and browser[CLUSTER] == "5"
    keep_pick(lasso(workspace, source, stored))
    assert current_group(desk) == PICKED and browser[CLUSTER] == "picked"
    keep_pick("")
    assert current_group(desk) == 1


def test_steps_go_round_over_the_picked_group_too(
    browser: dict[str, str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    desk, key = open_desk(workspace, stored), lasso(workspace, source, stored)
    last = desk.clusters[-1]
    go(desk, 1, "previous")
    assert asked_pick() == of_cluster(last)
    keep_pick(key)
    go(desk, PICKED, "next")
    assert asked_pick() == "c1"
    go(desk, 1, "previous")
    assert asked_pick() == key
    go(desk, PICKED, "previous")
    assert asked_pick() == of_cluster(last)
    go(desk, PICKED, "unnamed")
    assert asked_pick() == "c1" and browser[PICK] == "c1"


@pytest.mark.usefixtures("browser")
def test_a_new_pick_is_selected_and_comes_back_as_it_was_left(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    begin_desk(stored)
    desk = open_desk(workspace, stored)
    keep_pick(lasso(workspace, source, stored))
    pick = current_pick(workspace, source, stored)
    assert pick is not None
    there = set(pick.image_ids.tolist()) - {10**6}
    tick_picked(desk, PICKED, pick)
    assert selected() == there, "those that the clustering has"
    first = min(there)
    selected().discard(first)
    tick_picked(desk, PICKED, pick)
    assert first not in selected(), "drawn again, it stays as it is"
    tick_picked(desk, 2, pick)
    assert selected() == set()
    tick_picked(desk, PICKED, pick)
    assert selected() == there - {first}
    other = Pick("s0123456789abcdef", pick.image_ids[:2], "2 images")
    tick_picked(desk, PICKED, other)
    assert selected() == set(other.image_ids.tolist())
    begin_desk(clustered(workspace, source, KMEANS))
    assert selected() == set()


@pytest.mark.usefixtures("browser")
def test_a_shown_group_has_the_picked_images_that_are_in_the_clustering(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    desk, content = open_desk(workspace, stored), None
    keep_pick(lasso(workspace, source, stored))
    pick = current_pick(workspace, source, stored)
    shown: Any = ShownGroup(workspace, source, stored, desk, content, PICKED, pick)  # type: ignore[arg-type]
    assert pick is not None and sorted(desk.image_ids[shown.rows].tolist()) == pick.image_ids[:-1].tolist()
    assert shown.elsewhere == 1
    plain = ShownGroup(workspace, source, stored, desk, content, 2, pick)  # type: ignore[arg-type]
    assert sorted(desk.image_ids[plain.rows].tolist()) == images_in(desk, 2) and plain.elsewhere == 0


@pytest.mark.usefixtures("browser")
def test_the_shelf_begins_with_what_is_picked_and_says_who_holds_how_much(
    workspace: Workspace, source: Collection, stored: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught: list[dict[str, Any]] = []
    monkeypatch.setattr(shelf, "_list", lambda _key, data, _on: caught.append(data))
    desk = open_desk(workspace, stored)
    keep_pick(lasso(workspace, source, stored))
    pick = current_pick(workspace, source, stored)
    assert pick is not None

    def rows(picked: np.ndarray | None) -> list[dict[str, Any]]:
        shelf.show_shelf(
            desk, [1, 2, 3], 1, lambda _: "", key="s", picked=picked, called=pick.title, on_pick=lambda _: None
        )
        found: list[dict[str, Any]] = caught[-1]["rows"]
        return found

    assert [row["number"] for row in rows(None)] == [1, 2, 3]
    first, *others = rows(pick.image_ids)
    assert (first["number"], first["sign"], first["name"], first["title"]) == (
        PICKED,
        "◎",
        "Picked: 5 images",
        "5 images",
    )
    assert ["2 of the picked" in row["title"] for row in others] == [True, True, False]


@pytest.mark.usefixtures("browser")
def test_splitting_out_what_is_picked_gathers_it_and_a_cluster_is_split_as_before(
    workspace: Workspace, stored: Clustering
) -> None:
    desk = open_desk(workspace, stored)
    images = [images_in(desk, 1)[0], images_in(desk, 2)[0]]
    act: dict[str, Any] = {"uuid": new(), "do": "part", "cluster": PICKED, "base": 0, "seen": desk.version}
    event = make_change(workspace, stored, act, "Ada", images)
    number = event.value["parts"][0]["into"]
    assert images_in(open_desk(workspace, stored), number) == sorted(images) and number > max(desk.clusters)
    assert st.session_state[ANSWERS][act["uuid"]]["ok"]
    move(workspace, stored, images[:1], 2, "Bob")
    late = {**act, "uuid": new(), "seen": event.id}
    assert make_change(workspace, stored, late, "Ada", images) is None
    assert "Bob has put 1 of these 2 images elsewhere" in st.session_state[ANSWERS][late["uuid"]]["text"]
    undo(workspace, stored, author="Bob", uuid=new())
    plain = {**act, "uuid": new(), "cluster": 1, "base": open_desk(workspace, stored).base_of(1)}
    assert make_change(workspace, stored, plain, "Ada", images) is None
    assert "no longer in cluster 1" in st.session_state[ANSWERS][plain["uuid"]]["text"]


def test_a_picked_cluster_that_was_merged_away_is_said_to_be_gone(
    browser: dict[str, str], warned: list[str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    choose_group(1)
    merge(workspace, stored, 1, 2, "Bob")
    assert current_pick(workspace, source, stored) is None
    assert "no cluster 1 " in warned[0] and "Bob has merged it into 2" in warned[0]
    assert current_group(open_desk(workspace, stored)) == 2 and PICK not in browser


def test_a_branch_is_called_by_its_name(
    browser: dict[str, str], workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    tree = grown(workspace, source)
    browser[PICK] = of_branch(tree.id, 0)
    found = current_pick(workspace, source, stored)
    assert found is not None and found.title == f"branch {read_tree(tree).name_of(0)}" and found.cluster is None
