"""What people do to a clustering is one event, or nothing and a reason; nobody's work is lost beside another's."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imclust_core.annotation import editing
from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, at_version
from imclust_core.annotation.editing import (
    cluster_names,
    open_desk,
    redo,
    undo,
)
from imclust_core.annotation.text import MOST_AUTHOR, MOST_NAME, MOST_NOTE, clean
from imclust_core.errors import ClusteringError, LabelConflict, LabelsError
from imclust_core.store.annotations.events import Event, append, events_of
from imclust_core.store.annotations.log import read_log
from imclust_core.store.clusterings import (
    Clustering,
    clustering,
    read_clustering,
    remove_clustering,
    restore_clustering,
)
from imclust_core.store.workspace import Workspace
from tests.helpers.editing import LABELS, add, images_in, merge, move, name, new, split, written

VERBS: dict[str, Callable[..., Event | None]] = {
    "name": lambda workspace, stored, **more: name(workspace, stored, 1, "lion", **more),
    "merge": lambda workspace, stored, **more: merge(workspace, stored, 3, 1, **more),
    "split": lambda workspace, stored, **more: split(workspace, stored, 1, [[101], [103, 102]], **more),
    "move": lambda workspace, stored, **more: move(workspace, stored, [105, 112], 2, **more),
    "undo": lambda workspace, stored, **more: undo(workspace, stored, **{"author": "Ada", "uuid": new(), **more}),
    "redo": lambda workspace, stored, **more: redo(workspace, stored, **{"author": "Ada", "uuid": new(), **more}),
}
"""Each of the things people do; undo and redo have something to do after `prepared_for`."""


@pytest.fixture
def stored(workspace: Workspace) -> Clustering:
    return add(workspace)


def prepared_for(verb: str, workspace: Workspace, stored: Clustering) -> None:
    if verb in ("undo", "redo"):
        name(workspace, stored, 2, "lynx")
    if verb == "redo":
        undo(workspace, stored, author="Ada", uuid=new())


# One event, once


@pytest.mark.parametrize("verb", VERBS)
def test_each_thing_people_do_is_exactly_one_event(workspace: Workspace, stored: Clustering, verb: str) -> None:
    prepared_for(verb, workspace, stored)
    before = written(workspace, stored)
    event = VERBS[verb](workspace, stored)
    assert event is not None and (event.kind, event.author, event.clustering_id) == (verb, "Ada", stored.id)
    assert events_of(workspace, stored.id)[before:] == [event]
    assert open_desk(workspace, stored).events[-1] == event


@pytest.mark.parametrize("verb", VERBS)
def test_asked_for_twice_with_one_uuid_it_is_done_once(workspace: Workspace, stored: Clustering, verb: str) -> None:
    prepared_for(verb, workspace, stored)
    uuid = new()
    first = VERBS[verb](workspace, stored, uuid=uuid)
    before = written(workspace, stored)
    assert VERBS[verb](workspace, stored, uuid=uuid) == first and written(workspace, stored) == before
    merge(workspace, stored, 1, 2, "Bob")  # although what it was about has gone since
    assert VERBS[verb](workspace, stored, uuid=uuid) == first and written(workspace, stored) == before + 1


@pytest.mark.parametrize("author", ["", "\u200d", "\u202e\n\0", "x" * (MOST_AUTHOR + 1)], ids=ascii)
def test_a_change_of_nobody_or_of_an_endless_name_is_refused(
    workspace: Workspace, stored: Clustering, author: str
) -> None:
    prepared_for("redo", workspace, stored)
    before = written(workspace, stored)
    for verb in VERBS.values():
        with pytest.raises(LabelsError, match=r"Say who you are|Your name can have up to 80 characters"):
            verb(workspace, stored, author=author)
    assert written(workspace, stored) == before


@pytest.mark.parametrize("uuid", ["", "x" * 81, "half \ud83e"])
def test_a_change_needs_a_uuid_that_is_one(workspace: Workspace, stored: Clustering, uuid: str) -> None:
    with pytest.raises(LabelsError, match=r"uuid|no text"):
        name(workspace, stored, 1, "lion", uuid=uuid)
    assert written(workspace, stored) == 0


def test_what_each_thing_does_is_seen_on_the_desk(workspace: Workspace, stored: Clustering) -> None:
    name(workspace, stored, 1, "lion", note="and cubs", via="proposal")
    assert split(workspace, stored, 1, [[105], [101, 103]]).value["parts"] == [
        {"into": 4, "images": [105]},
        {"into": 5, "images": [101, 103]},
    ]
    merge(workspace, stored, 3, 2)
    move(workspace, stored, [112, 106], 4)
    move(workspace, stored, [107], UNASSIGNED)
    desk = open_desk(workspace, stored)
    groups = {number: images_in(desk, number) for number in desk.sizes}
    assert groups == {0: [107], 1: [102, 104], 2: [108, 109, 110, 111], 4: [105, 106, 112], 5: [101, 103]}
    assert (desk.names[1].text, desk.names[1].note, desk.names[1].via) == ("lion", "and cubs", "proposal")
    assert cluster_names(workspace, stored) == ["1 lion", "2", "3"]


# Two people at once


def test_of_two_who_name_one_cluster_from_the_same_view_the_second_is_told(
    workspace: Workspace, stored: Clustering
) -> None:
    base = open_desk(workspace, stored).base_of(1)
    theirs = name(workspace, stored, 1, "lion", "Bob", base=base)
    with pytest.raises(LabelConflict, match=r"Bob has changed the cluster 1.*Nothing was saved") as refused:
        name(workspace, stored, 1, "puma", "Ada", base=base)
    assert events_of(workspace, stored.id) == [theirs]
    desk = open_desk(workspace, stored)
    assert refused.value.theirs == desk.base_of(1) == theirs.id and desk.names[1].text == "lion"
    assert name(workspace, stored, 1, "puma", base=refused.value.theirs).value["name"] == "puma"


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda workspace, stored: name(workspace, stored, 3, "lion", "Bob"),
        lambda workspace, stored: split(workspace, stored, 3, [[110]], "Bob"),
        lambda workspace, stored: (
            name(workspace, stored, 3, "x", "Bob"),
            undo(workspace, stored, author="Bob", uuid=new()),
        ),
    ],
    ids=["named", "split", "named and undone"],
)
@pytest.mark.parametrize("verb", [merge, split, name])
def test_what_somebody_changed_meanwhile_is_not_changed_unseen(
    workspace: Workspace, stored: Clustering, verb: Callable[..., Event], meanwhile: Callable[..., object]
) -> None:
    base = open_desk(workspace, stored).base_of(3)
    meanwhile(workspace, stored)
    before = written(workspace, stored)
    asked: Any = {merge: 1, split: [[111]], name: "puma"}[verb]
    with pytest.raises(LabelConflict, match="Bob has changed the cluster 3 since you looked"):
        verb(workspace, stored, 3, asked, base=base)
    assert written(workspace, stored) == before


@pytest.mark.parametrize("verb", [merge, split, name])
def test_a_cluster_that_was_merged_away_is_said_to_be_where_it_went(
    workspace: Workspace, stored: Clustering, verb: Callable[..., Event]
) -> None:
    name(workspace, stored, 2, "lynx")
    merge(workspace, stored, 3, 2, "Bob")
    asked: Any = {merge: 1, split: [[111]], name: "puma"}[verb]
    for base in (0, open_desk(workspace, stored).base_of(3)):
        with pytest.raises(LabelConflict, match=r"no cluster 3 any more. Bob has merged it into 2 lynx\."):
            verb(workspace, stored, 3, asked, base=base)
    with pytest.raises(LabelConflict, match=r"merged it into 2 lynx"):
        move(workspace, stored, [101], 3)
    with pytest.raises(LabelConflict, match=r"merged it into 2 lynx"):
        merge(workspace, stored, 1, 3)
    assert written(workspace, stored) == 2


@pytest.mark.parametrize("number", [0, -1, -7, 4, 10**12])
def test_a_cluster_that_never_was_is_refused(workspace: Workspace, stored: Clustering, number: int) -> None:
    asked: list[tuple[Callable[..., Event], Any]] = [(name, (number, "x")), (merge, (number, 1)), (merge, (1, number))]
    for verb, what in [*asked, (split, (number, [[101]]))]:
        with pytest.raises(LabelConflict, match=f"There is no cluster {number} "):
            verb(workspace, stored, *what)
    with pytest.raises(LabelsError, match="itself"):
        merge(workspace, stored, 1, 1)
    assert written(workspace, stored) == 0


def test_images_that_somebody_moved_meanwhile_are_not_moved_and_it_is_said_who_did(
    workspace: Workspace, stored: Clustering
) -> None:
    seen = open_desk(workspace, stored).version
    move(workspace, stored, [101], 2, "Bob")
    name(workspace, stored, 2, "lynx", "Cleo")
    move(workspace, stored, [105], ASIDE, "Dan")
    before = written(workspace, stored)
    with pytest.raises(LabelConflict, match=r"^Bob has put 1 of these 2 images elsewhere \(2 lynx\)"):
        move(workspace, stored, [101, 102], 3, seen=seen)
    with pytest.raises(LabelConflict, match=r"^Dan has put 1 of these 1 images elsewhere \(set aside\)"):
        move(workspace, stored, [105], 3, seen=seen + 1)
    assert written(workspace, stored) == before
    move(workspace, stored, [102, 103], 3, seen=seen)  # nobody touched these
    assert images_in(open_desk(workspace, stored), 3) == [102, 103, 110, 111]


@pytest.mark.parametrize(
    ("act", "who"),
    [
        (lambda workspace, stored: merge(workspace, stored, 1, 2, "Bob"), "Bob"),
        (lambda workspace, stored: split(workspace, stored, 1, [[101]], "Bob"), "Bob"),
        (lambda workspace, stored: undo(workspace, stored, author="Eve", uuid=new()), "Eve"),
    ],
    ids=["merged", "split", "undone"],
)
def test_images_that_went_elsewhere_with_others_are_not_moved_unseen(
    workspace: Workspace, stored: Clustering, act: Callable[..., object], who: str
) -> None:
    move(workspace, stored, [101], 3, "Eve")
    if who == "Bob":
        undo(workspace, stored, author="Eve", uuid=new())
    seen = open_desk(workspace, stored).version
    act(workspace, stored)
    move(workspace, stored, [112], ASIDE, "Fay")
    with pytest.raises(LabelConflict, match=f"^{who} has put 1 of these 1 images elsewhere"):
        move(workspace, stored, [101], 2 if who == "Eve" else 3, seen=seen)


def test_images_that_came_back_meanwhile_can_be_moved(workspace: Workspace, stored: Clustering) -> None:
    seen = open_desk(workspace, stored).version
    move(workspace, stored, [101], 2, "Bob")
    undo(workspace, stored, author="Bob", uuid=new())
    assert move(workspace, stored, [101], 3, seen=seen).value == {"images": [101], "into": 3}


@pytest.mark.parametrize("images", [[], [999], [101, 999], [101, 101, 999], [-1], [2**62]])
def test_images_of_another_clustering_are_not_moved(
    workspace: Workspace, stored: Clustering, images: list[int]
) -> None:
    with pytest.raises(LabelsError, match="not in this clustering"):
        move(workspace, stored, images, 2)
    assert written(workspace, stored) == 0


def test_only_images_that_are_elsewhere_are_moved_and_each_once(workspace: Workspace, stored: Clustering) -> None:
    assert move(workspace, stored, [106, 101, 101, 102], 2).value == {"images": [101, 102], "into": 2}
    with pytest.raises(LabelsError, match=r"in 2 already"):
        move(workspace, stored, [101, 106], 2)
    with pytest.raises(LabelsError, match="no group -7"):
        move(workspace, stored, [101], -7)


def test_images_are_set_aside_and_come_back(workspace: Workspace, stored: Clustering) -> None:
    move(workspace, stored, [101, 112], ASIDE)
    desk = open_desk(workspace, stored)
    assert images_in(desk, ASIDE) == [101, 112] and desk.sizes == {ASIDE: 2, 1: 4, 2: 4, 3: 2}
    move(workspace, stored, [101], 1)
    undo(workspace, stored, author="Ada", uuid=new())
    undo(workspace, stored, author="Ada", uuid=new())
    assert open_desk(workspace, stored).sizes == {UNASSIGNED: 1, 1: 5, 2: 4, 3: 2}


def test_a_cluster_all_of_whose_images_were_moved_away_is_gone_until_they_come_back(
    workspace: Workspace, stored: Clustering
) -> None:
    name(workspace, stored, 3, "lynx")
    move(workspace, stored, [110, 111], ASIDE, "Bob")
    assert open_desk(workspace, stored).clusters == [1, 2]
    with pytest.raises(LabelConflict, match=r"There is no cluster 3 any more\. Nothing"):
        name(workspace, stored, 3, "puma")
    undo(workspace, stored, author="Bob", uuid=new())
    assert open_desk(workspace, stored).called(3) == "3 lynx"


# Splits


@pytest.mark.parametrize(
    "parts",
    [[], [[]], [[101], []], [[999]], [[101], [999]], [[101, 999]], [[101, 101]], [[101, 102], [102]]],
    ids=str,
)
def test_parts_that_are_empty_or_overlap_or_hold_unknown_images_are_refused(
    workspace: Workspace, stored: Clustering, parts: list[list[int]]
) -> None:
    with pytest.raises(LabelsError, match="needs images of this clustering, and no image can be in two"):
        split(workspace, stored, 1, parts)
    assert written(workspace, stored) == 0


def test_a_split_leaves_something_of_its_cluster(workspace: Workspace, stored: Clustering) -> None:
    for parts in ([[101, 102, 103, 104, 105]], [[101, 102], [103, 104, 105]]):
        with pytest.raises(LabelsError, match="nothing would be left"):
            split(workspace, stored, 1, parts)
    assert written(workspace, stored) == 0


def test_images_that_are_in_another_cluster_by_now_stop_a_split(workspace: Workspace, stored: Clustering) -> None:
    move(workspace, stored, [101], 2, "Bob")
    with pytest.raises(LabelConflict, match=r"no longer in cluster 1.*Nothing was split"):
        split(workspace, stored, 1, [[101, 102]])
    with pytest.raises(LabelConflict, match="no longer in cluster 3"):
        split(workspace, stored, 3, [[112]])
    assert written(workspace, stored) == 1


def test_numbers_of_split_off_clusters_are_not_given_again_after_an_undo(
    workspace: Workspace, stored: Clustering
) -> None:
    given = []
    for author in ("Ada", "Bob", "Ada"):
        parts = split(workspace, stored, 1, [[101], [102]], author).value["parts"]
        given += [part["into"] for part in parts]
        undo(workspace, stored, author=author, uuid=new())
    editing._desks.clear()
    given += [part["into"] for part in split(workspace, stored, 2, [[106]]).value["parts"]]
    assert given == [4, 5, 6, 7, 8, 9, 10]


# Undo and redo


def test_everybody_takes_back_only_their_own(workspace: Workspace, stored: Clustering) -> None:
    ada, bob = name(workspace, stored, 1, "lion", "Ada"), name(workspace, stored, 1, "puma", "Bob")
    taken = undo(workspace, stored, author="Ada", uuid=new())
    assert taken is not None and taken.value == {"event": ada.id}
    assert open_desk(workspace, stored).names[1].event == bob.id
    assert undo(workspace, stored, author="Ada", uuid=new()) is None
    assert redo(workspace, stored, author="Bob", uuid=new()) is None
    assert undo(workspace, stored, author="  Bob \n", uuid=new()) is not None, "as the name is kept"
    assert open_desk(workspace, stored).names == {} and written(workspace, stored) == 4


def test_an_undo_in_another_window_comes_first_or_nothing_is_done(
    workspace: Workspace, stored: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(workspace, stored, [101], 2)
    move(workspace, stored, [102], 2)

    def other_window_first(*given: Any) -> Event:
        monkeypatch.setattr(editing, "append", append)
        undo(workspace, stored, author="Ada", uuid=new())
        return append(*given)

    monkeypatch.setattr(editing, "append", other_window_first)
    with pytest.raises(LabelConflict, match=r"in another window\. Nothing was saved"):
        undo(workspace, stored, author="Ada", uuid=new())
    assert images_in(open_desk(workspace, stored), 2) == [101, 106, 107, 108, 109]


def test_undoing_everything_gives_back_what_the_clustering_gave(workspace: Workspace, stored: Clustering) -> None:
    before = open_desk(workspace, stored)
    for verb in ("name", "split", "merge", "move"):
        assert VERBS[verb](workspace, stored)
    done = open_desk(workspace, stored)
    for step in (undo, redo, undo):
        while step(workspace, stored, author="Ada", uuid=new()):
            pass
        desk, expected = open_desk(workspace, stored), before if step is undo else done
        assert desk.group.tolist() == expected.group.tolist() and desk.names == expected.names


# What people type

ODD = {
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "=HYPERLINK(1)": "=HYPERLINK(1)",
    "👩‍👩‍👧 family": "👩‍👩‍👧 family",
    "می‌خواهم": "می‌خواهم",
    "a\u202eb\u2066c\u2069": "a b c",
    "nul\0 and\nlines\r\n\tand tabs": "nul and lines and tabs",
    "half \ud83e a pair": "half a pair",
    "  lion   cub  ": "lion cub",
    "\u200b\u2028\ufeff": "",
    "\u200d \u200c": "",
    "\u3164\u2800\ufe0f\u034f\uffa0\u17b4\u17b5\u180b\u115f\u1160 \ufe0f\u200d \U000e0100": "",
    "\u2764\ufe0f \u2800 lion": "\u2764\ufe0f lion",
    "'; DROP TABLE label_events; --": "'; DROP TABLE label_events; --",
}


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_whatever_is_typed_is_kept_as_one_legible_line(workspace: Workspace, stored: Clustering, text: str) -> None:
    event = name(workspace, stored, 1, text, note=text, via=text, author=f"Ada {text}")
    assert [event.value[part] for part in ("name", "note", "via")] == [ODD[text]] * 3
    assert event.author == f"Ada {ODD[text]}".strip() and open_desk(workspace, stored).name_of(1) == ODD[text]
    ((_, logged),) = read_log(workspace.label_log)
    assert logged is not None and logged["value"] == event.value
    assert clean(ODD[text], MOST_NAME, "A name") == ODD[text]


@pytest.mark.parametrize(("most", "more"), [(MOST_NAME, {}), (MOST_NOTE, {"note": "y" * 10_240})])
def test_what_is_too_long_is_refused_with_how_much_it_may_be(
    workspace: Workspace, stored: Clustering, most: int, more: dict[str, str]
) -> None:
    text = "lion" if more else "x" * 10_240
    with pytest.raises(LabelsError, match=rf"up to {most:,} characters, and this one has 10,240. Nothing was saved"):
        name(workspace, stored, 1, text, **more)
    assert written(workspace, stored) == 0
    assert name(workspace, stored, 1, "x" * MOST_NAME, note="y" * MOST_NOTE)


def test_a_state_that_is_none_is_refused(workspace: Workspace, stored: Clustering) -> None:
    with pytest.raises(LabelsError, match=r"one of sure, doubtful, mixed, leftover, not 'certain'"):
        name(workspace, stored, 1, "lion", state="certain")
    assert name(workspace, stored, 1, "", state="leftover").value["state"] == "leftover"


# Many at once


def test_threads_that_edit_at_once_lose_nothing(workspace: Workspace, stored: Clustering) -> None:
    def work(number: int, author: str) -> None:
        for at in range(12):
            name(workspace, stored, number, f"{author} {at}", author)
            move(workspace, stored, [number * 5 + 96], ASIDE if at % 2 == 0 else number, author)

    threads = [threading.Thread(target=work, args=pair) for pair in ((1, "Ada"), (2, "Bob"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk = open_desk(workspace, stored)
    assert len(desk.events) == 48 and (desk.name_of(1), desk.name_of(2)) == ("Ada 11", "Bob 11")
    assert [sum(event.author == author for event in desk.events) for author in ("Ada", "Bob")] == [24, 24]
    assert desk.group.tolist() == desk.base.tolist()


def test_of_many_who_split_at_once_each_gets_a_number_of_its_own(workspace: Workspace) -> None:
    stored = add(workspace, tuple(range(8)) * 3)
    made: list[int] = []

    def work(number: int) -> None:
        images = [number + 100, number + 108]
        made.append(split(workspace, stored, number, [images], f"author {number}").value["parts"][0]["into"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(9, 17))
    assert open_desk(workspace, stored).sizes == {number: 1 if number < 9 else 2 for number in range(1, 17)}


def test_a_desk_opened_by_another_process_has_everything(workspace: Workspace, stored: Clustering) -> None:
    for verb in ("name", "split", "merge", "move", "undo"):
        VERBS[verb](workspace, stored)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from imclust_core.annotation.editing import name_cluster, open_desk\n"
        "from imclust_core.store.clusterings import clustering\n"
        "from imclust_core.store.workspace import Workspace\n"
        "workspace = Workspace.open(Path(sys.argv[1]))\n"
        "stored = clustering(workspace, sys.argv[2])\n"
        "desk = open_desk(workspace, stored)\n"
        "print(desk.group.tolist(), desk.called(1), desk.version)\n"
        "name_cluster(workspace, stored, 2, text='lynx', state='', author='Bob', uuid='theirs', base=desk.base_of(2))\n"
    )
    here = open_desk(workspace, stored)
    asked = [sys.executable, "-c", code, str(workspace.root), stored.id]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"{here.group.tolist()} 1 lion {here.version}", done.stderr
    assert open_desk(workspace, stored).called(2) == "2 lynx", "and what it wrote is seen here"


# What an edit does not touch


def test_the_file_of_the_clustering_stays_byte_for_byte(workspace: Workspace, stored: Clustering) -> None:
    before = hashlib.sha256(stored.path.read_bytes()).digest()
    for verb in VERBS:
        VERBS[verb](workspace, stored)
    assert hashlib.sha256(stored.path.read_bytes()).digest() == before
    desk, content = open_desk(workspace, stored), read_clustering(stored)
    assert desk.base.tolist() == [label + 1 for label in content.labels.tolist()]
    assert at_version(desk, 0).group.tolist() == desk.base.tolist() and desk.group.tolist() != desk.base.tolist()


def test_a_removed_clustering_comes_back_with_its_names(workspace: Workspace, stored: Clustering) -> None:
    name(workspace, stored, 1, "lion")
    remove_clustering(workspace, stored.id)
    with pytest.raises(ClusteringError):
        clustering(workspace, stored.id)
    restore_clustering(workspace, stored.id)
    assert cluster_names(workspace, clustering(workspace, stored.id)) == ["1 lion", "2", "3"]


def test_what_is_said_of_one_clustering_is_not_said_of_another(workspace: Workspace, stored: Clustering) -> None:
    other = add(workspace, LABELS[::-1], seed=1)
    name(workspace, stored, 1, "lion")
    move(workspace, other, [101], 1, "Bob")
    name(workspace, other, 1, "lynx", "Bob")
    assert [event.author for event in open_desk(workspace, stored).events] == ["Ada"]
    assert open_desk(workspace, stored).group.tolist() == open_desk(workspace, stored).base.tolist()
    assert open_desk(workspace, other).name_of(1) == "lynx" and open_desk(workspace, stored).name_of(1) == "lion"
    assert undo(workspace, other, author="Ada", uuid=new()) is None


def test_more_clusterings_than_are_kept_in_memory_are_all_there(workspace: Workspace) -> None:
    made = [add(workspace, seed=seed) for seed in range(12)]
    for at, stored in enumerate(made):
        name(workspace, stored, 1, f"lion {at}")
    assert [open_desk(workspace, stored).name_of(1) for stored in made] == [f"lion {at}" for at in range(12)]
    assert len(editing._desks) <= editing._KEPT


@pytest.mark.parametrize("labels", [(), (-1,), (-1, -1), (0,)])
def test_a_clustering_of_next_to_nothing_has_a_desk(workspace: Workspace, labels: tuple[int, ...]) -> None:
    stored = add(workspace, labels)
    desk = open_desk(workspace, stored)
    assert len(desk.group) == len(labels) and desk.clusters == [1] * (0 in labels)
    assert undo(workspace, stored, author="Ada", uuid=new()) is None and cluster_names(workspace, stored) == ["1"] * (
        0 in labels
    )
    with pytest.raises(LabelsError):
        split(workspace, stored, 1, [[101]])
    assert written(workspace, stored) == 0
