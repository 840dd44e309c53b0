"""What was done is told in words, the newest first, and it is said what counts no more."""

from itertools import product

import numpy as np

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, advance, fresh
from imclust_core.annotation.history import Told, clusters_of, history, sentence
from imclust_core.store.annotations.events import Event
from tests.helpers.events import event, named, story
from tests.helpers.every import every

IMAGES = list(range(1, 1_501))
PARTS = [{"into": 8, "images": [1]}, {"into": 9, "images": [2, 3]}]


def desk_of(*events: Event) -> Desk:
    """One cluster of all images, and what was done to it."""
    return advance(fresh(np.array(IMAGES), np.ones(1_500), 1), events)


def unnamed(number: int, cluster: int, state: str = "", via: str = "") -> Event:
    value = {"number": cluster, "name": "", "state": state, "note": "", "via": via}
    return event(number, "name", "Ada", f"cluster {cluster}", **value)


@every(
    [
        (named(1, 7, "lion"), "named cluster 7 “lion” (sure)", (7,)),
        (named(1, 7, "lion", state="", note="cubs, too"), "named cluster 7 “lion”, note: cubs, too", (7,)),
        (unnamed(1, 7), "unnamed 7", (7,)),
        (unnamed(1, 7, "leftover", "proposal"), "unnamed 7 (leftover, proposal)", (7,)),
        (event(1, "merge", source=7, into=3), "merged cluster 7 into 3", (7, 3)),
        (
            event(1, "split", source=7, how="by hand", parts=PARTS),
            "split cluster 7 by hand: new 8 (1 image), 9 (2 images)",
            (7, 8, 9),
        ),
        (event(1, "move", images=IMAGES, into=3), "moved 1,500 images to cluster 3", (3,)),
        (event(1, "move", images=[1], into=ASIDE), "moved 1 image aside", ()),
        (event(1, "move", images=[1, 2], into=UNASSIGNED), "moved 2 images out of their cluster", ()),
        (event(1, "dance", partner="Bob"), "did something that this version does not know (dance)", ()),
    ]
)
def test_every_kind_of_change_is_told_in_words(done: Event, said: str, clusters: tuple[int, ...]) -> None:
    assert sentence(done) == said and clusters_of(done) == clusters
    assert list(history(desk_of(done))) == [Told(1, 1_001, "Ada", said, clusters, counts=True)]


def test_what_was_taken_back_counts_no_more_until_it_is_done_again() -> None:
    events = [named(1, 1, "lion"), event(2, "undo", event=1), event(3, "redo", event=1)]
    desks = [desk_of(*events[:stop]) for stop in (1, 2, 3)]
    said = "named cluster 1 “lion” (sure)"
    assert [one.text for one in history(desks[2])] == [f"did again: {said}", f"took back: {said}", said]
    assert [[one.counts for one in history(desk)][-1] for desk in desks] == [True, False, True]
    assert {one.clusters for one in history(desks[2])} == {(1,)}


@every([(99,), (2,)])
def test_taking_back_what_is_not_there_is_told_too(about: int) -> None:
    told = list(history(desk_of(event(2, "undo", event=about), event(5, "redo", event=2))))
    assert [(one.text, one.clusters) for one in told] == [("did again: took back", ()), ("took back", ())]


@every(
    (text,)
    for text in ["<script>alert(1)</script>", "[a](javascript:b)", "=1+1", ":red[x]", "{0} %s", "👩‍👩‍👧", "”) (sure"]
)
def test_a_hostile_name_is_told_as_it_is(text: str) -> None:
    (told,) = history(desk_of(named(1, 1, text, author=text, note=text)))
    assert told.text == f"named cluster 1 “{text}” (sure), note: {text}" and told.author == text


@every(product(range(20), (False, True)))
def test_all_that_was_done_is_told_once_the_newest_first(seed: int, wild: bool) -> None:
    desk = story(seed, wild)[-1]
    told = list(history(desk))
    assert [(one.id, one.author, one.at) for one in told] == [(e.id, e.author, e.at) for e in reversed(desk.events)]
    assert {one.id for one in told if not one.counts} == desk.undone & {one.id for one in told}
    assert all(one.text and min(one.clusters, default=1) > 0 for one in told)
