"""What people said of one clustering comes along to another: names, and what was moved by hand, and nothing twice."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation import carry_over as carrying
from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, advance, fresh
from imclust_core.annotation.carry_over import Plan, bring_over, plan_for
from imclust_core.errors import LabelConflict
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.editing import add, new
from tests.helpers.events import event, named
from tests.helpers.people import People

OLD = (0,) * 10 + (1,) * 8 + (2,) * 6 + (-1,) * 2
"""Of the images 101 to 126."""


def desk_of(groups: dict[int, int], said: dict[int, str] | None = None) -> Desk:
    """A desk of images by id, in these groups; and names by number."""
    desk = fresh(np.array(list(groups), np.int64), np.array(list(groups.values()), int), max([0, *groups.values()]))
    return advance(desk, [named(at, number, text) for at, (number, text) in enumerate((said or {}).items(), 1)])


def blocks(*parts: tuple[int, int, int], said: dict[int, str]) -> tuple[Desk, Desk]:
    """Two desks of the same images, from (old cluster, new cluster, how many images); names of the old one."""
    old, new_, images = np.array(parts).T
    groups = [dict(enumerate(np.repeat(side, images).tolist(), 1)) for side in (old, new_)]
    return desk_of(groups[0], said), desk_of(groups[1])


def told(plan: Plan) -> dict[int, tuple[str, bool, bool]]:
    """Of each name: the text, whether its cluster is the heir, and whether it is doubtful."""
    assert len({one.number for one in plan.names}) == len(plan.names), "one name for each cluster"
    return {one.number: (one.name.text, one.heir, one.doubtful) for one in plan.names}


def test_to_an_identical_clustering_all_names_come_along() -> None:
    for seed in range(10):
        with case(seed):
            rng = np.random.default_rng(seed)
            groups = dict(zip(rng.permutation(500)[:80].tolist(), rng.integers(0, 7, 80).tolist(), strict=True))
            said = {number: f"name {number}" for number in range(1, 7)}
            to = dict(zip(range(7), [0, *(rng.permutation(6) + 1).tolist()], strict=True))
            shuffled = {image: to[groups[image]] for image in rng.permutation(list(groups)).tolist()}
            plan = plan_for(desk_of(groups, said), desk_of(shuffled))
            assert told(plan) == {to[number]: (text, True, False) for number, text in said.items()}
            assert {one.share for one in plan.names} == {1.0}
            assert (plan.moves, plan.kept, plan.lost, plan.loose, plan.empty) == ((), (), (), 0, False)


LION, LYNX = ("lion", True, False), ("lynx", True, False)
NAMED = {1: "lion", 2: "lynx"}
FATES: dict[str, tuple[list[tuple[int, int, int]], dict[int, str], dict[int, Any], list[Any]]] = {
    "it splits: both the heir and a plain part bear its name": (
        [(1, 1, 30), (1, 3, 16), (2, 3, 4), (2, 2, 40)],
        NAMED,
        {1: LION, 2: LYNX, 3: ("lion", False, False)},
        [],
    ),
    "a part that is less than four fifths of a cluster gets no name": (
        [(1, 1, 30), (1, 3, 15), (2, 3, 4), (2, 2, 40)],
        NAMED,
        {1: LION, 2: LYNX},
        [],
    ),
    "of two that merge the larger one keeps its name": ([(1, 1, 30), (2, 1, 10)], NAMED, {1: LION}, [(2, "lynx", 10)]),
    "most images never had the name": ([(1, 1, 49), (0, 1, 51)], {1: "lion"}, {1: ("lion", True, True)}, []),
    "half of the images had the name": ([(1, 1, 50), (0, 1, 50)], {1: "lion"}, {1: LION}, []),
    "one's heir and another's part gets one name, that of most of its images": (
        [(1, 1, 60), (1, 2, 40), (2, 2, 10)],
        NAMED,
        {1: LION, 2: ("lion", False, False)},
        [(2, "lynx", 10)],
    ),
    "one's heir and the part of another that has no name": (
        [(1, 1, 60), (1, 2, 40), (2, 2, 10)],
        {2: "lynx"},
        {2: ("lynx", True, True)},
        [],
    ),
}


def test_what_becomes_of_a_name_is_what_becomes_of_its_cluster() -> None:
    for fate, (parts, said, expected, gone) in FATES.items():
        with case(fate):
            plan = plan_for(*blocks(*parts, said=said))
            assert told(plan) == expected and [(number, text.text, n) for number, text, n in plan.lost] == gone


def test_names_that_are_there_are_kept_and_what_was_only_marked_comes_along() -> None:
    old, new_ = blocks((1, 1, 9), (2, 2, 9), (3, 3, 9), said={})
    said = [named(1, 1, "", state="leftover"), named(2, 2, "", state=""), named(3, 3, "", state="", note="?")]
    assert told(plan_for(advance(old, said), new_)) == {1: ("", True, False)}
    plan = plan_for(advance(old, [named(1, 1, "lion"), named(2, 2, "lynx")]), advance(new_, [named(1, 2, "puma")]))
    assert told(plan) == {1: LION} and plan.kept == (2,) and not plan.lost


def test_names_follow_what_was_merged_and_split_by_hand() -> None:
    old, new_ = blocks((1, 1, 9), (2, 2, 9), (3, 3, 9), said={2: "lion"})
    hand = [
        event(11, "merge", source=1, into=2),
        event(12, "split", source=3, parts=[{"into": 4, "images": [19, 20, 21, 22, 23]}]),
        named(13, 4, "lynx"),
    ]
    plan = plan_for(advance(old, hand), new_)
    assert told(plan) == {1: ("lion", True, False), 2: ("lion", False, False), 3: ("lynx", True, False)}


def test_images_moved_by_hand_go_to_the_heir_of_where_they_were_put() -> None:
    old, new_ = blocks((1, 5, 20), (2, 6, 20), said={})
    hand = [
        event(1, "move", images=[1, 2, 3], into=2),
        event(2, "move", images=[3], into=1),  # and back
        event(3, "move", images=[4], into=ASIDE),
        event(4, "move", images=[5], into=UNASSIGNED),
        event(5, "move", images=[6], into=2),
        event(6, "undo", event=5),
    ]
    plan = plan_for(advance(old, hand), new_)
    assert plan.moves == ((ASIDE, (4,)), (UNASSIGNED, (5,)), (6, (1, 2))) and plan.loose == 0
    assert not plan.names and not plan.empty


def test_images_moved_by_hand_go_along_when_their_cluster_was_merged_and_are_counted_where_it_is_lost() -> None:
    old, new_ = blocks((1, 4, 20), (2, 5, 8), (3, 6, 20), said={})
    hand = [event(1, "move", images=[1], into=2), event(2, "merge", **{"from": 2, "into": 3})]
    plan = plan_for(advance(old, hand), new_)
    assert plan.moves == ((6, (1,)),) and plan.loose == 0
    old, new_ = blocks((1, 1, 20), (2, 1, 5), (3, 3, 9), said={})
    plan = plan_for(advance(old, [event(1, "move", images=[30, 31], into=2)]), new_)
    assert plan.moves == () and plan.loose == 2 and plan.empty


def test_images_that_somebody_has_placed_in_the_new_clustering_stay_there() -> None:
    old, new_ = blocks((1, 1, 20), (2, 2, 20), said={})
    hand = [event(1, "move", images=[1, 2], into=2)]
    there = advance(new_, [event(1, "move", images=[1], into=ASIDE), event(2, "move", images=[2], into=ASIDE)])
    undone = advance(there, [event(3, "undo", event=2)])
    assert plan_for(advance(old, hand), there).empty
    assert plan_for(advance(old, hand), undone).moves == ((2, (2,)),)


def test_images_that_came_or_went_do_no_harm() -> None:
    old = desk_of(dict.fromkeys(range(1, 21), 1) | dict.fromkeys(range(21, 41), 2), {1: "lion", 2: "lynx"})
    old = advance(old, [event(9, "move", images=[1, 2, 12], into=ASIDE)])
    new_ = desk_of(dict.fromkeys(range(90, 60, -1), 3) | dict.fromkeys(range(20, 10, -1), 1))
    plan = plan_for(old, new_)
    assert told(plan) == {1: ("lion", True, False)} and plan.names[0].images == 9
    assert plan.moves == ((ASIDE, (12,)),) and [(number, images) for number, _, images in plan.lost] == [(2, 20)]


def test_next_to_nothing_gives_a_plan() -> None:
    for old in [{}, {1: 1}, {1: 0}, {7: 1, 8: 2}]:
        for new_ in [{}, {1: 1}, {1: 0}, {9: 3}]:
            with case(old, new_):
                said = {number: "lion" for number in old.values() if number}
                plan = plan_for(desk_of(old, said), desk_of(new_))
                assert len(plan.names) == (old == new_ == {1: 1}) and plan.moves == () and plan.loose == 0
                assert len(plan.names) + len(plan.lost) == len(said)


def test_every_name_comes_along_or_is_kept_back_or_is_listed_as_lost() -> None:
    for seed in range(30):
        with case(seed):
            rng = np.random.default_rng(seed)
            a = dict(zip(rng.permutation(300)[:150].tolist(), rng.integers(0, 8, 150).tolist(), strict=True))
            b = {image: int(rng.integers(0, 6)) if rng.random() < 0.4 else min(group, 5) for image, group in a.items()}
            b |= dict.fromkeys(range(900, 910), 1)
            old = desk_of(a, {number: f"name {number}" for number in range(1, 8, 2)})
            new_ = desk_of(b, {2: "kept"})
            plan = plan_for(old, new_)
            told(plan)
            assert {one.old for one in plan.names} | {number for number, *_ in plan.lost} <= {1, 3, 5, 7}
            assert not {one.number for one in plan.names} & {2} and set(plan.kept) <= {2}
            assert not {one.old for one in plan.names} & {number for number, *_ in plan.lost}
            for one in plan.names:
                both = [image for image in a if a[image] == one.old and b[image] == one.number]
                assert one.images == len(both) and one.share == len(both) / sum(b[image] == one.number for image in a)
                assert one.heir or one.share >= 0.8


Pair = tuple[People, People]


@pytest.fixture
def pair(workspace: Workspace) -> Pair:
    """An old clustering with names and hand work, and a new one in which its first cluster has split."""
    old = People(workspace, add(workspace, OLD))
    old.name(1, "lion", "Bob", note="and cubs", state="mixed")
    old.name(2, "lynx", "Bob")
    old.split(3, [[119, 120]], "Bob")
    old.name(4, "puma", "Bob")
    old.move([111, 112], 1, "Bob")
    old.move([113, 126], ASIDE, "Bob")
    return old, People(workspace, add(workspace, (0,) * 6 + (3,) * 4 + OLD[10:], seed=1))


def bring(old: People, to: People, plan: Plan | None = None, new_uuid: Callable[[], str] = new) -> int:
    made = plan or plan_for(old.desk, to.desk)
    return bring_over(to.workspace, to.stored, made, "the old one", author="Ada", new_uuid=new_uuid)


def test_names_and_moves_come_along_as_events_of_whoever_brings_them_once_and_again_when_taken_back(pair: Pair) -> None:
    old, to = pair
    before, plan = old.events, plan_for(old.desk, to.desk)
    assert bring(old, to) == 5
    desk = to.desk
    lion = ("lion", "mixed", "and cubs")
    said = {number: (said.text, said.state, said.note) for number, said in desk.names.items()}
    assert said == {1: lion, 2: ("lynx", "sure", ""), 4: lion}
    assert {said.via for said in desk.names.values()} == {"brought over from the old one"}
    assert desk.group[[10, 11, 12, 25]].tolist() == [1, 1, ASIDE, ASIDE]
    assert [(one.kind, one.author) for one in desk.events] == [("name", "Ada")] * 3 + [("move", "Ada")] * 2
    assert plan_for(old.desk, desk).empty and bring(old, to) == 0
    assert bring(old, to, plan) == 0, "also by a page that was drawn before"
    assert to.events == list(desk.events) and old.events == before, "and nothing happens to the old one"
    while to.undo():
        pass
    assert to.desk.names == {} and bring(old, to) == 5
    assert to.desk.group.tolist() == desk.group.tolist()
    assert {number: (said.text, said.state, said.note) for number, said in to.desk.names.items()} == said


def test_what_somebody_did_since_the_plan_was_made_stays(pair: Pair) -> None:
    old, to = pair
    plan = plan_for(old.desk, to.desk)
    to.name(2, "wolf", "Cleo")
    to.move([111, 112, 126], 3, "Cleo")
    assert bring(old, to, plan) == 3
    assert to.desk.name_of(2) == "wolf" and to.desk.names[2].author == "Cleo"
    assert to.desk.group[[10, 11, 12, 25]].tolist() == [3, 3, ASIDE, 3]


def test_a_doubtful_name_comes_as_doubtful(workspace: Workspace) -> None:
    old = People(workspace, add(workspace, (0,) * 4 + (1,) * 5 + (-1,) * 3))
    to = People(workspace, add(workspace, (0,) * 12, seed=1))
    old.name(1, "lion")
    bring(old, to)
    assert to.desk.names == {}, "another one has more images there, though it has no name"
    old.name(2, "lynx")
    bring(old, to)
    assert (to.desk.names[1].text, to.desk.names[1].state) == ("lynx", "doubtful")


@pytest.mark.parametrize("how", ["name", "merge"])
def test_who_is_faster_in_the_middle_of_it_stops_it_and_the_rest_comes_when_it_is_done_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    old, to = pair

    def uuids() -> Iterator[str]:
        yield new()
        getattr(to, how)(4, "wolf" if how == "name" else 3, "Cleo")
        yield from iter(new, "")

    given, before = uuids(), to.desk
    plan = plan_for(old.desk, before)
    monkeypatch.setattr(carrying, "open_desk", lambda *_: before)
    with pytest.raises(LabelConflict, match="Cleo has"):
        bring(old, to, plan, given.__next__)
    monkeypatch.undo()
    assert bring(old, to) == 2
    assert (to.desk.name_of(1), to.desk.name_of(2)) == ("lion", "lynx")
