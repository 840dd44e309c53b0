"""One pick for all pages: what is picked stays so from page to page, and the desk shows and selects it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from imclust_core.annotation.annotated import Desk
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
    STEPS,
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
from tests.helpers.cases import case
from tests.helpers.clusterings import KMEANS, clustered
from tests.helpers.editing import images_in, merge, move, new
from tests.helpers.trees import grown


@dataclass
class Visit:
    """A visit with an address of its own, to a clustering of six; warned: what the page warned of."""

    workspace: Workspace
    source: Collection
    stored: Clustering
    browser: Browser
    warned: list[str]

    @property
    def desk(self) -> Desk:
        return open_desk(self.workspace, self.stored)

    def pick(self) -> Pick | None:
        return self.pick_with(self.stored)

    def pick_with(self, stored: Clustering | None) -> Pick | None:
        return current_pick(self.workspace, self.source, stored)

    def lasso(self) -> str:
        """Two images of each of the first two clusters, and one that the clustering does not have."""
        images = [*images_in(self.desk, 1)[:2], *images_in(self.desk, 2)[:2], 10**6]
        return keep_selection(self.workspace, self.source.id, np.array(images))

    def lassoed(self) -> Pick:
        keep_pick(self.lasso())
        found = self.pick()
        assert found is not None
        return found


@pytest.fixture
def visit(workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch) -> Visit:
    made = Visit(workspace, source, clustered(workspace, source), Browser(), [])
    monkeypatch.setattr(st, "query_params", made.browser)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "warning", lambda text, **_: made.warned.append(text))
    return made


def test_a_pick_is_kept_in_the_address_and_found_again_after_other_pages(visit: Visit) -> None:
    assert (asked_pick(), visit.pick()) == ("", None)
    tree = grown(visit.workspace, visit.source)
    for key in ("c2", visit.lasso(), of_branch(tree.id, 0)):
        keep_pick(key)
        assert visit.browser[PICK] == key
        visit.browser.clear()  # another page, which drops it
        found = visit.pick()
        assert found is not None and found.key == visit.browser[PICK] == key and len(found.image_ids)
    assert found.title == f"branch {read_tree(tree).name_of(0)}" and found.cluster is None
    keep_pick("")
    assert PICK not in visit.browser and visit.pick() is None


def test_a_pick_that_leads_nowhere_is_said_to_once_and_dropped(visit: Visit) -> None:
    for key in ("c99", "s0123456789abcdef", "babc.1", "nonsense", "c7<b>[x](y)"):
        visit.browser[PICK] = key
        visit.warned.clear()
        with case(key):
            assert visit.pick() is None and PICK not in visit.browser
            (said,) = visit.warned
            assert said.startswith("What was picked cannot be shown") and "<b>" not in said
            assert visit.pick() is None and len(visit.warned) == 1


def test_a_cluster_that_was_picked_goes_with_its_clustering_and_other_picks_stay(visit: Visit) -> None:
    other = clustered(visit.workspace, visit.source, KMEANS)
    assert other.id != visit.stored.id
    keep_pick("c2")
    assert visit.pick() is not None
    assert visit.pick_with(other) is None and PICK not in visit.browser
    keep_pick("c2")
    assert visit.pick_with(other) is not None, "chosen anew"
    for key in (visit.lasso(), of_branch(grown(visit.workspace, visit.source).id, 0)):
        keep_pick(key)
        for one in (visit.stored, other, None):
            found = visit.pick_with(one)
            assert found is not None and found.key == key
    assert visit.warned == []


def test_a_cluster_of_a_clustering_that_is_gone_is_not_taken_for_one_of_another(visit: Visit) -> None:
    for use in (
        lambda: current_clustering([visit.stored]),
        lambda: clustering_in_use(visit.workspace, visit.source),
    ):
        visit.browser |= {CLUSTERING_KEY: "0123456789ab", PICK: "c1"}
        st.session_state.clear()
        assert use() == visit.stored and visit.pick() is None
        assert PICK not in visit.browser


def test_a_set_stays_at_hand_while_clusters_are_looked_at_until_it_is_cleared(visit: Visit) -> None:
    key = visit.lasso()
    keep_pick(key)
    choose_group(2)
    assert (asked_pick(), visit.browser[CLUSTER], at_hand()) == ("c2", "2", key)
    current = visit.pick()
    loose = loose_pick(visit.workspace, visit.source, visit.stored, current)
    assert current is not None and current.cluster == 2 and loose is not None and loose.key == key
    choose_group(PICKED)
    assert (asked_pick(), visit.browser[CLUSTER]) == (key, "picked")
    keep_pick("")
    assert at_hand() == "" and loose_pick(visit.workspace, visit.source, visit.stored, None) is None


def test_the_group_that_is_shown_is_the_one_that_is_picked_and_steps_go_round_over_it_too(visit: Visit) -> None:
    desk, key = visit.desk, visit.lasso()
    assert current_group(desk) == 1 and PICK not in visit.browser, "the first is shown, and nobody has picked it"
    visit.browser[CLUSTER] = "3"
    assert current_group(desk) == 3
    keep_pick("c5")
    assert current_group(desk) == 5 and visit.browser[CLUSTER] == "5"
    keep_pick(key)
    assert current_group(desk) == PICKED and visit.browser[CLUSTER] == "picked"
    keep_pick("")
    assert current_group(desk) == 1
    last = of_cluster(desk.clusters[-1])
    go(desk, 1, "previous")
    assert asked_pick() == last
    keep_pick(key)
    for group, way, wanted in (
        (PICKED, "next", "c1"),
        (1, "previous", key),
        (PICKED, "previous", last),
        (PICKED, "unnamed", "c1"),
    ):
        go(desk, group, way)
        assert asked_pick() == visit.browser[PICK] == wanted, (group, way)


def test_scripts_and_python_know_the_same_steps() -> None:
    types = (Path(shelf.__file__).parent / "types.d.ts").read_text()
    (words,) = re.findall(r"^export type Step = (.*)$", types, re.M)
    assert set(re.findall(r'"(\w+)"', words)) == {*STEPS, "clear"}


def test_a_new_pick_is_selected_and_comes_back_as_it_was_left(visit: Visit) -> None:
    begin_desk(visit.stored)
    desk, pick = visit.desk, visit.lassoed()
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
    begin_desk(clustered(visit.workspace, visit.source, KMEANS))
    assert selected() == set()


def test_a_shown_group_and_the_shelf_have_what_is_picked_and_say_who_holds_how_much(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, pick = visit.desk, visit.lassoed()
    nothing: Any = None
    shown, plain = (
        ShownGroup(visit.workspace, visit.source, visit.stored, desk, nothing, group, pick) for group in (PICKED, 2)
    )
    assert sorted(desk.image_ids[shown.rows].tolist()) == pick.image_ids[:-1].tolist() and shown.elsewhere == 1
    assert sorted(desk.image_ids[plain.rows].tolist()) == images_in(desk, 2) and plain.elsewhere == 0
    caught: list[dict[str, Any]] = []
    monkeypatch.setattr(shelf, "_list", lambda _key, data, _on: caught.append(data))
    for picked in (None, pick.image_ids):
        shelf.show_shelf(
            desk, [1, 2, 3], 1, lambda _: "", key="s", picked=picked, called=pick.title, on_pick=lambda _: None
        )
    without, (first, *others) = (data["rows"] for data in caught)
    assert [row["number"] for row in without] == [1, 2, 3]
    told = (first["number"], first["sign"], first["name"], first["title"])
    assert told == (PICKED, "◎", "Picked: 5 images", "5 images")
    assert ["2 of the picked" in row["title"] for row in others] == [True, True, False]


def test_splitting_out_what_is_picked_gathers_it_and_a_cluster_is_split_as_before(visit: Visit) -> None:
    workspace, stored, desk = visit.workspace, visit.stored, visit.desk
    images = [images_in(desk, 1)[0], images_in(desk, 2)[0]]
    act: dict[str, Any] = {"uuid": new(), "do": "part", "cluster": PICKED, "base": 0, "seen": desk.version}
    event = make_change(workspace, stored, act, "Ada", images)
    number = event.value["parts"][0]["into"]
    assert images_in(visit.desk, number) == sorted(images) and number > max(desk.clusters)
    assert st.session_state[ANSWERS][act["uuid"]]["ok"]
    move(workspace, stored, images[:1], 2, "Bob")
    late = {**act, "uuid": new(), "seen": event.id}
    assert make_change(workspace, stored, late, "Ada", images) is None
    assert "Bob has put 1 of these 2 images elsewhere" in st.session_state[ANSWERS][late["uuid"]]["text"]
    undo(workspace, stored, author="Bob", uuid=new())
    plain = {**act, "uuid": new(), "cluster": 1, "base": visit.desk.base_of(1)}
    assert make_change(workspace, stored, plain, "Ada", images) is None
    assert "no longer in cluster 1" in st.session_state[ANSWERS][plain["uuid"]]["text"]


def test_a_picked_cluster_that_was_merged_away_is_said_to_be_gone(visit: Visit) -> None:
    choose_group(1)
    merge(visit.workspace, visit.stored, 1, 2, "Bob")
    assert visit.pick() is None
    assert "no cluster 1 " in visit.warned[0] and "Bob has merged it into 2" in visit.warned[0]
    assert current_group(visit.desk) == 2 and PICK not in visit.browser
