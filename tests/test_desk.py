"""What stands on the desk follows from the events alone: no image is lost, and whatever is undone comes back."""

from collections import defaultdict
from itertools import product

import numpy as np

from imclust_core.annotation import annotated
from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, UNDOING, Desk, Name, advance, at_version, fresh
from imclust_core.store.annotations.events import Event
from tests.helpers.events import AUTHORS, event, named, story
from tests.helpers.every import every

TAME = [(seed,) for seed in range(100)]
ALL = [(seed, wild) for wild in (False, True) for seed in range(100)]
NOTHING = np.zeros(0, np.int64)


def desk_of(*groups: int, events: tuple[Event, ...] = ()) -> Desk:
    """A desk of the images 1, 2, 3... in these groups, and what was done to it."""
    return advance(fresh(np.arange(1, len(groups) + 1), np.array(groups, int), max([0, *groups])), events)


def same(one: Desk, other: Desk) -> bool:
    return looks_same(one, other) and (one.events, one.undone, one.highest) == (
        *(other.events, other.undone, other.highest),
    )


def looks_same(one: Desk, other: Desk) -> bool:
    """Whether images and names are alike, however that came."""
    return one.group.tolist() == other.group.tolist() and one.names == other.names


def next_of(desk: Desk, author: str, kind: str = "undo") -> int | None:
    """The event that an undo or redo of this author would be about."""
    about = getattr(annotated, f"to_{kind}")(desk, author)
    return None if about is None else int(about.id)


def step_back(desk: Desk, author: str, kind: str = "undo") -> Desk | None:
    """The desk after an undo or redo, or None where there is nothing to do."""
    about = next_of(desk, author, kind)
    if about is None:
        return None
    target = next(one.target for one in desk.events if one.id == about)
    return advance(desk, [event(desk.version + 1, kind, author, target, event=about)])


def by_hand(desk: Desk) -> tuple[dict[int, int], dict[int, str]]:
    """Groups by image and names by number, replayed in the plainest way there is."""
    undone: set[int] = set()
    for one in desk.events:
        if one.kind in UNDOING:
            (undone.add if one.kind == "undo" else undone.discard)(one.value["event"])
    group = dict(zip(desk.image_ids.tolist(), desk.base.tolist(), strict=True))
    names: dict[int, str] = {}
    for one in (one for one in desk.events if one.id not in undone):
        value = one.value
        if one.kind == "name":
            names[value["number"]] = value["name"]
        elif one.kind == "merge":
            poured = [image for image in group if group[image] == value["from"]]
            group.update(dict.fromkeys(poured, value["into"]))
            if poured and names.get(value["from"]) and not names.get(value["into"]):
                names[value["into"]] = names[value["from"]]
        elif one.kind in ("split", "move"):
            for part in value.get("parts", [value]):
                group.update({image: part["into"] for image in part["images"] if image in group})
    return group, names


@every(ALL)
def test_no_image_is_lost_and_none_is_there_twice(seed: int, wild: bool) -> None:
    first, *later = story(seed, wild)
    for desk in later:
        assert desk.image_ids.tolist() == first.image_ids.tolist() and desk.base.tolist() == first.base.tolist()
        assert sum(desk.sizes.values()) == len(first.group) == len(desk.group)
        assert all(ASIDE <= group <= max(desk.highest, 99) for group in desk.sizes)
        assert desk.clusters == sorted(set(desk.sizes) - {ASIDE, UNASSIGNED})
        rows = np.concatenate([desk.rows_of(group) for group in desk.sizes] or [NOTHING])
        assert sorted(rows.tolist()) == list(range(len(first.group)))
        assert desk.named[0] <= len(desk.clusters) and desk.named[1] <= len(first.group)


@every(ALL)
def test_the_desk_is_what_the_plainest_replay_gives_in_one_go_and_event_by_event(seed: int, wild: bool) -> None:
    first, *_, last = desks = (*story(seed, wild), story(seed, wild)[-1])
    group, names = by_hand(last)
    assert dict(zip(last.image_ids.tolist(), last.group.tolist(), strict=True)) == group
    assert {number: name.text for number, name in last.names.items()} == names
    middle = desks[np.random.default_rng(seed).integers(len(desks))]
    for start in (first, middle):
        assert same(advance(start, last.events[len(start.events) :]), last)
    assert advance(last, []) is last


@every(ALL)
def test_an_earlier_version_is_the_desk_as_it_was_then_whatever_is_made_of_it(seed: int, wild: bool) -> None:
    desks = story(seed, wild)
    kept = [(desk.group.copy(), dict(desk.names)) for desk in desks]
    for desk in desks:
        then = at_version(desks[-1], desk.version)
        assert looks_same(then, desk) and (then.events, then.undone) == (desk.events, desk.undone)
        assert same(advance(then, desks[-1].events[len(desk.events) :]), desks[-1])
    assert at_version(desks[-1], desks[-1].version + 9) is desks[-1]
    assert looks_same(at_version(desks[-1], -5), desks[0])
    for desk, (group, names) in zip(desks, kept, strict=True):
        assert desk.group.tolist() == group.tolist() and desk.names == names


@every(TAME)
def test_when_everybody_has_undone_everything_all_is_as_the_clustering_gave_it(seed: int) -> None:
    desk, rng, authors = story(seed)[-1], np.random.default_rng(seed), list(AUTHORS)
    while authors:
        author = str(rng.choice(authors))
        stepped = step_back(desk, author)
        if stepped is None:
            authors.remove(author)
        desk = stepped or desk
    assert desk.group.tolist() == story(seed)[0].base.tolist() and desk.names == {}
    assert desk.undone == {one.id for one in desk.events if one.kind not in UNDOING}


@every((seed, author) for (seed,) in TAME for author in AUTHORS)
def test_undo_and_then_redo_is_as_before_however_many_steps(seed: int, author: str) -> None:
    trail = [story(seed)[-1]]
    while (stepped := step_back(trail[-1], author)) is not None:
        trail.append(stepped)
    desk = trail.pop()
    for before in reversed(trail):
        redone = step_back(desk, author, "redo")
        assert redone is not None and looks_same(redone, before) and redone.undone == before.undone
        desk = redone


@every(TAME)
def test_numbers_of_split_off_clusters_are_never_given_twice(seed: int) -> None:
    desks = story(seed)
    given = [part["into"] for one in desks[-1].events if one.kind == "split" for part in one.value["parts"]]
    assert len(set(given)) == len(given) and min(given, default=99) > desks[0].highest
    assert [desk.highest for desk in desks] == sorted(desk.highest for desk in desks)
    assert desks[-1].highest == max(given, default=desks[0].highest)


@every(TAME)
def test_each_author_has_a_stack_of_their_own_to_undo_and_redo_and_a_cluster_its_newest_event(seed: int) -> None:
    done: dict[str, list[int]] = defaultdict(list)
    undone: dict[str, list[int]] = defaultdict(list)
    for desk in story(seed)[1:]:
        last = desk.events[-1]
        mine, taken = done[last.author], undone[last.author]
        if last.kind in UNDOING:
            source, goal = (mine, taken) if last.kind == "undo" else (taken, mine)
            goal.append(source.pop())
            assert last.value["event"] == goal[-1]
        else:
            mine.append(last.id)
            taken.clear()
        for author in AUTHORS:
            assert next_of(desk, author) == (done[author][-1] if done[author] else None)
            assert next_of(desk, author, "redo") == (undone[author][-1] if undone[author] else None)
    desk = story(seed)[-1]
    for number in range(1, desk.highest + 1):
        about = [one.id for one in desk.events if one.target == annotated.target_of(number)]
        assert desk.base_of(number) == max(about, default=0)


def test_a_name_is_kept_with_who_said_it_and_when() -> None:
    desk = desk_of(1, 1, 2, events=(named(7, 1, "lion", "Bob", "doubtful", "or a puma"),))
    assert desk.names == {1: Name("lion", "doubtful", "or a puma", "Bob", 1_007, 7)}
    assert desk.called(1) == "1 lion" and desk.called(2) == "2" and desk.name_of(2) == ""
    assert desk.called(ASIDE) == "set aside" and desk.called(UNASSIGNED) == "no cluster"
    assert (desk.version, desk.base_of(1), desk.base_of(2), desk.named) == (7, 7, 0, (1, 2))


@every([("lion", "", 1), ("lion", "mixed", 1), ("", "leftover", 1), ("", "", 0), ("", "doubtful", 0)])
def test_a_cluster_is_settled_by_a_name_or_by_holding_nothing_worth_one(text: str, state: str, settled: int) -> None:
    desk = desk_of(1, 1, events=(named(1, 1, text, state=state),))
    assert desk.names[1].settled is bool(settled) and desk.named == (settled, 2 * settled)


def test_a_name_goes_with_its_cluster_into_one_that_has_none() -> None:
    desk = desk_of(1, 2, 2, events=(named(1, 1, "lion", "Bob"), event(2, "merge", source=1, into=2)))
    assert desk.called(2) == "2 lion" and desk.names[2].author == "Bob" and desk.sizes == {2: 3}
    stepped = step_back(desk, "Ada")
    assert stepped is not None and stepped.called(2) == "2" and stepped.called(1) == "1 lion"


def test_a_name_gives_way_to_what_is_said_of_the_cluster_it_is_poured_into() -> None:
    poured = event(3, "merge", source=1, into=2)
    desk = desk_of(1, 2, events=(named(1, 1, "lion"), named(2, 2, "lynx"), poured))
    assert desk.called(2) == "2 lynx"
    assert advance(desk, [event(4, "undo", event=2)]).called(2) == "2 lion", "the one that is left is not lost"
    said = (named(1, 1, "", state="doubtful", note="?"), named(2, 2, "", state="leftover", note="only dust"))
    desk = desk_of(1, 2, events=(*said, poured))
    assert (desk.names[2].state, desk.names[2].note) == ("leftover", "only dust")


def test_a_cluster_that_is_no_more_when_it_is_poured_passes_no_name_on() -> None:
    cut = event(1, "split", source=1, parts=[{"into": 3, "images": [2]}])
    desk = desk_of(1, 1, 2, events=(cut, named(2, 3, "lion", "Bob"), event(3, "merge", "Bob", source=3, into=2)))
    assert desk.called(2) == "2 lion" and desk.sizes == {1: 1, 2: 2}
    undone = step_back(desk, "Ada")
    assert undone is not None and undone.sizes == {1: 2, 2: 1} and undone.called(2) == "2"


def test_what_others_did_afterwards_stays_when_a_merge_or_a_split_is_undone_and_its_number_is_not_given_again() -> None:
    back = event(3, "undo", "Ada", event=1)
    cut = event(2, "split", "Bob", source=2, parts=[{"into": 3, "images": [1, 3]}])
    desk = desk_of(1, 1, 2, 2, events=(event(1, "merge", "Ada", source=1, into=2), cut, back))
    assert desk.group.tolist() == [3, 1, 3, 2]
    cut = event(1, "split", "Ada", source=1, parts=[{"into": 3, "images": [1]}])
    desk = desk_of(1, 1, 2, events=(cut, event(2, "move", "Bob", images=[3], into=3), back))
    assert desk.group.tolist() == [1, 1, 3] and desk.highest == 3


@every([("Ada", None, 3, None), ("Bob", 1, None, 3)])
def test_after_a_new_change_of_ones_own_what_was_undone_before_cannot_be_done_again(
    author: str, forth: int | None, back: int | None, theirs: int | None
) -> None:
    desk = desk_of(1, 2, events=(named(1, 1, "lion"), event(2, "undo", event=1), named(3, 2, "lynx", author)))
    assert (next_of(desk, "Ada", "redo"), next_of(desk, "Ada"), next_of(desk, "Bob")) == (forth, back, theirs)
    assert next_of(desk, "Bob", "redo") is next_of(desk, "Cleo") is next_of(desk, "") is None


JUNK = (
    *(event(1, "redo", event=99), event(1, "undo", event=99), event(1, "undo", event=1), event(1, "dance", event=3)),
    *(event(1, "merge", source=77, into=78), event(1, "merge", source=77, into=77)),
    *(event(1, "move", images=[-4, 10**15], into=77), event(1, "move", images=[], into=ASIDE)),
    event(1, "split", source=77, parts=[]),
    event(1, "split", source=77, parts=[{"into": 78, "images": [999]}]),
)


@every(product([(), (1,), (0,), (1, 1, 2, 0)], JUNK))
def test_events_about_what_is_not_there_do_no_harm(groups: tuple[int, ...], junk: Event) -> None:
    desk = desk_of(*groups, events=(junk,))
    assert desk.group.tolist() == list(groups) and desk.names == {} and desk.version == 1
    after = advance(desk, [named(2, 1, "lion"), event(3, "move", images=[1], into=ASIDE)])
    assert after.group.tolist() == [ASIDE, *groups[1:]][: len(groups)] and after.name_of(1) == "lion"
    assert looks_same(desk_of(*groups, events=after.events), after)


def test_images_are_found_by_id_in_the_order_they_are_asked_for_and_events_by_their_uuid() -> None:
    desk = fresh(np.array([30, 10, 20]), np.array([1, 1, 2]), 2)
    assert desk.rows_at([20, 30, 99, 10, -1]).tolist() == [2, 0, 1]
    assert desk.rows_at([]).tolist() == [] and desk.rows_at(NOTHING).tolist() == []
    desk = desk_of(1, events=(named(1, 1, "lion"), named(2, 1, "lynx")))
    assert desk.written("uuid-2") == desk.events[1] and desk.written("uuid-9") is None


def test_an_empty_desk_has_nothing_and_says_so() -> None:
    desk = desk_of()
    assert (desk.version, desk.sizes, desk.clusters, desk.named, desk.newest) == (0, {}, [], (0, 0), {})
    assert next_of(desk, "Ada") is next_of(desk, "Ada", "redo") is None and desk.rows_at([1, 2]).tolist() == []
