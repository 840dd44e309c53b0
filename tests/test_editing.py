"""What people do to a clustering is one event, or nothing and a reason; nobody's work is lost beside another's."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation import editing
from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, at_version
from imclust_core.annotation.editing import cluster_names
from imclust_core.annotation.history import history
from imclust_core.annotation.text import MOST_AUTHOR, MOST_NAME, MOST_NOTE, clean
from imclust_core.errors import ClusteringError, LabelConflict, LabelsError
from imclust_core.exchange.exports.members import open_members
from imclust_core.store.annotations.events import Event, append
from imclust_core.store.annotations.log import read_log
from imclust_core.store.clusterings import clustering, read_clustering, remove_clustering, restore_clustering
from imclust_core.store.doctor.label_health import check_labels
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.editing import LABELS, add, new
from tests.helpers.people import People

VERBS: dict[str, Callable[..., Event | None]] = {
    "name": lambda people, **more: people.name(1, "lion", **more),
    "merge": lambda people, **more: people.merge(3, 1, **more),
    "split": lambda people, **more: people.split(1, [[101], [103, 102]], **more),
    "move": lambda people, **more: people.move([105, 112], 2, **more),
    "undo": lambda people, **more: people.undo(**more),
    "redo": lambda people, **more: people.redo(**more),
}
"""Each of the things people do; undo and redo have something to do after `prepared_for`."""

TO_THE_THIRD: dict[str, Any] = {"merge": 1, "split": [[111]], "name": "puma"}
"""Each of the things that are done to one cluster, as they are asked of cluster 3."""


@pytest.fixture
def people(workspace: Workspace) -> People:
    """At images 101 to 112: cluster 1 has five, cluster 2 four, cluster 3 two, and one is unassigned."""
    return People(workspace, add(workspace))


def prepared_for(verb: str, people: People) -> People:
    if verb in ("undo", "redo"):
        people.name(2, "lynx")
    if verb == "redo":
        people.undo()
    return people


def test_each_thing_people_do_is_one_event_however_often_it_is_asked_for_with_one_uuid(workspace: Workspace) -> None:
    for seed, (verb, act) in enumerate(VERBS.items()):
        people, uuid = prepared_for(verb, People(workspace, add(workspace, seed=seed))), new()
        with case(verb):
            before = people.events
            event = act(people, uuid=uuid)
            assert event is not None
            assert (event.kind, event.author, event.clustering_id) == (verb, "Ada", people.stored.id)
            assert people.events == [*before, event] and people.desk.events[-1] == event
            assert act(people, uuid=uuid) == event and people.events == [*before, event]
            later = people.merge(1, 2, "Bob")  # although what it was about has gone since
            assert act(people, uuid=uuid) == event and people.events == [*before, event, later]


def test_a_change_needs_somebody_of_a_name_with_an_end_and_a_uuid(people: People) -> None:
    before = prepared_for("redo", people).events
    for author, verb in product(("", "\u200d", "\u202e\n\0", "x" * (MOST_AUTHOR + 1)), VERBS):
        refused = pytest.raises(LabelsError, match=r"Say who you are|Your name can have up to 80 characters")
        with case(ascii(author), verb), refused:
            VERBS[verb](people, author=author)
    for uuid in ("", "x" * 81, "half \ud83e"):
        with case(ascii(uuid)), pytest.raises(LabelsError, match=r"uuid|no text"):
            people.name(1, "lion", uuid=uuid)
    assert people.events == before


def test_what_each_thing_does_is_seen_on_the_desk(people: People) -> None:
    people.name(1, "lion", note="and cubs", via="proposal")
    parts = [{"into": 4, "images": [105]}, {"into": 5, "images": [101, 103]}]
    assert people.split(1, [[105], [101, 103]]).value["parts"] == parts
    people.merge(3, 2)
    people.move([112, 106], 4)
    people.move([107], UNASSIGNED)
    groups = {number: people.inside(number) for number in people.desk.sizes}
    assert groups == {0: [107], 1: [102, 104], 2: [108, 109, 110, 111], 4: [105, 106, 112], 5: [101, 103]}
    named = people.desk.names[1]
    assert (named.text, named.note, named.via) == ("lion", "and cubs", "proposal")
    assert cluster_names(people.workspace, people.stored) == ["1 lion", "2", "3"]


def test_what_somebody_changed_meanwhile_is_not_changed_unseen(workspace: Workspace) -> None:
    def named_and_undone(people: People) -> None:
        people.name(3, "x", "Bob")
        people.undo("Bob")

    meanwhile: dict[str, Callable[[People], object]] = {
        "named": lambda people: people.name(3, "lion", "Bob"),
        "split": lambda people: people.split(3, [[110]], "Bob"),
        "named and undone": named_and_undone,
    }
    for seed, (happened, verb) in enumerate(product(meanwhile, TO_THE_THIRD)):
        people = People(workspace, add(workspace, seed=seed))
        base = people.desk.base_of(3)
        meanwhile[happened](people)
        theirs = people.events
        with case(happened, verb):
            with pytest.raises(LabelConflict, match=r"Bob has changed the cluster 3 since.*Nothing was saved") as told:
                getattr(people, verb)(3, TO_THE_THIRD[verb], base=base)
            assert people.events == theirs and told.value.theirs == people.desk.base_of(3) == theirs[-1].id
            assert people.name(3, "puma", base=told.value.theirs) == people.events[-1]


def test_a_cluster_that_was_merged_away_is_said_to_be_where_it_went(people: People) -> None:
    people.name(2, "lynx")
    people.merge(3, 2, "Bob")
    for verb, base in product(TO_THE_THIRD, (0, people.desk.base_of(3))):
        gone = pytest.raises(LabelConflict, match=r"no cluster 3 any more. Bob has merged it into 2 lynx\.")
        with case(verb, base), gone:
            getattr(people, verb)(3, TO_THE_THIRD[verb], base=base)
    for act in (people.move, people.merge):
        with case(act), pytest.raises(LabelConflict, match=r"merged it into 2 lynx"):
            act([101] if act == people.move else 1, 3)
    assert len(people.events) == 2


def test_clusters_and_images_that_never_were_are_refused(people: People) -> None:
    for number in (0, -1, -7, 4, 10**12):
        for verb, asked in (
            *(("name", (number, "x")), ("split", (number, [[101]]))),
            *(("merge", (number, 1)), ("merge", (1, number))),
        ):
            with case(verb, asked), pytest.raises(LabelConflict, match=f"There is no cluster {number} "):
                getattr(people, verb)(*asked)
    with pytest.raises(LabelsError, match="itself"):
        people.merge(1, 1)
    for images in ([], [999], [101, 999], [101, 101, 999], [-1], [2**62]):
        with case(images), pytest.raises(LabelsError, match="not in this clustering"):
            people.move(images, 2)
    with pytest.raises(LabelsError, match="no group -7"):
        people.move([101], -7)
    assert people.events == []


def test_images_that_somebody_moved_meanwhile_are_not_moved_and_it_is_said_who_did(people: People) -> None:
    seen = people.desk.version
    people.move([101], 2, "Bob")
    people.name(2, "lynx", "Cleo")
    people.move([105], ASIDE, "Dan")
    before = people.events
    with pytest.raises(LabelConflict, match=r"^Bob has put 1 of these 2 images elsewhere \(2 lynx\)"):
        people.move([101, 102], 3, seen=seen)
    with pytest.raises(LabelConflict, match=r"^Dan has put 1 of these 1 images elsewhere \(set aside\)"):
        people.move([105], 3, seen=seen + 1)
    assert people.events == before
    people.move([102, 103], 3, seen=seen)  # nobody touched these
    assert people.inside(3) == [102, 103, 110, 111]
    people.undo("Dan")
    assert people.move([105], 3, seen=seen).value == {"images": [105], "into": 3}, "it came back meanwhile"


def test_images_that_went_elsewhere_with_others_are_not_moved_unseen(workspace: Workspace) -> None:
    acts: list[tuple[str, Callable[[People], object]]] = [
        ("Bob", lambda people: people.merge(1, 2, "Bob")),
        ("Bob", lambda people: people.split(1, [[101]], "Bob")),
        ("Eve", lambda people: people.undo("Eve")),
    ]
    for seed, (who, act) in enumerate(acts):
        people = People(workspace, add(workspace, seed=seed))
        people.move([101], 3, "Eve")
        if who == "Bob":
            people.undo("Eve")
        seen = people.desk.version
        act(people)
        people.move([112], ASIDE, "Fay")
        with case(seed), pytest.raises(LabelConflict, match=f"^{who} has put 1 of these 1 images elsewhere"):
            people.move([101], 2 if who == "Eve" else 3, seen=seen)


def test_only_images_that_are_elsewhere_are_moved_and_each_once_also_aside_and_back(people: People) -> None:
    assert people.move([106, 101, 101, 102], 2).value == {"images": [101, 102], "into": 2}
    with pytest.raises(LabelsError, match=r"in 2 already"):
        people.move([101, 106], 2)
    people.undo()
    people.move([101, 112], ASIDE)
    assert people.inside(ASIDE) == [101, 112] and people.desk.sizes == {ASIDE: 2, 1: 4, 2: 4, 3: 2}
    people.move([101], 1)
    people.undo()
    people.undo()
    assert people.desk.sizes == {UNASSIGNED: 1, 1: 5, 2: 4, 3: 2}


def test_a_cluster_all_of_whose_images_were_moved_away_is_gone_until_they_come_back(people: People) -> None:
    people.name(3, "lynx")
    people.move([110, 111], ASIDE, "Bob")
    assert people.desk.clusters == [1, 2]
    with pytest.raises(LabelConflict, match=r"There is no cluster 3 any more\. Nothing"):
        people.name(3, "puma")
    people.undo("Bob")
    assert people.desk.called(3) == "3 lynx"


def test_parts_of_a_split_are_of_its_cluster_apart_and_leave_something_of_it(people: People) -> None:
    none = "needs images of this clustering, and no image can be in two"
    for parts in ([], [[]], [[101], []], [[999]], [[101], [999]], [[101, 999]], [[101, 101]], [[101, 102], [102]]):
        with case(parts), pytest.raises(LabelsError, match=none):
            people.split(1, parts)
    for parts in ([[101, 102, 103, 104, 105]], [[101, 102], [103, 104, 105]]):
        with case(parts), pytest.raises(LabelsError, match="nothing would be left"):
            people.split(1, parts)
    moved = people.move([101], 2, "Bob")
    for number, parts in ((1, [[101, 102]]), (3, [[112]])):
        with pytest.raises(LabelConflict, match=rf"no longer in cluster {number}.*Nothing was split"):
            people.split(number, parts)
    assert people.events == [moved]


def test_numbers_of_split_off_clusters_are_not_given_again_after_an_undo(people: People) -> None:
    given = []
    for author in ("Ada", "Bob", "Ada"):
        given += [part["into"] for part in people.split(1, [[101], [102]], author).value["parts"]]
        people.undo(author)
    editing._desks.clear()
    given += [part["into"] for part in people.split(2, [[106]]).value["parts"]]
    assert given == [4, 5, 6, 7, 8, 9, 10]


def test_everybody_takes_back_only_their_own(people: People) -> None:
    ada, bob = people.name(1, "lion", "Ada"), people.name(1, "puma", "Bob")
    taken = people.undo("Ada")
    assert taken is not None and taken.value == {"event": ada.id}
    assert people.desk.names[1].event == bob.id
    assert people.undo("Ada") is None and people.redo("Bob") is None
    assert people.undo("  Bob \n") is not None, "as the name is kept"
    assert people.desk.names == {} and len(people.events) == 4


def test_an_undo_in_another_window_comes_first_or_none_is_done(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    people.move([101], 2)
    people.move([102], 2)

    def other_window_first(*given: Any) -> Event:
        monkeypatch.setattr(editing, "append", append)
        people.undo()
        return append(*given)

    monkeypatch.setattr(editing, "append", other_window_first)
    with pytest.raises(LabelConflict, match=r"in another window\. Nothing was saved"):
        people.undo()
    assert people.inside(2) == [101, 106, 107, 108, 109]


def test_undoing_everything_gives_back_what_the_clustering_gave_whose_file_stays_as_it_is(people: People) -> None:
    before, whole = people.desk, people.stored.path.read_bytes()
    for verb in ("name", "split", "merge", "move"):
        assert VERBS[verb](people)
    done = people.desk
    assert at_version(done, 0).group.tolist() == done.base.tolist() != done.group.tolist()
    for step in (people.undo, people.redo, people.undo):
        while step():
            pass
        desk, expected = people.desk, before if step == people.undo else done
        assert desk.group.tolist() == expected.group.tolist() and desk.names == expected.names
    assert people.stored.path.read_bytes() == whole
    assert desk.base.tolist() == [label + 1 for label in read_clustering(people.stored).labels.tolist()]


# What people type

ODD = {
    "a\u202eb\u2066c\u2069": "a b c",
    "nul\0 and\nlines\r\n\tand tabs": "nul and lines and tabs",
    "half \ud83e a pair": "half a pair",
    "  lion   cub  ": "lion cub",
    "\u200b\u2028\ufeff": "",
    "\u200d \u200c": "",
    "\u3164\u2800\ufe0f\u034f\uffa0\u17b4\u17b5\u180b\u115f\u1160 \ufe0f\u200d \U000e0100": "",
    "\u2764\ufe0f \u2800 lion": "\u2764\ufe0f lion",
}
ODD |= {
    text: text
    for text in (
        *("<script>alert(1)</script>", "=HYPERLINK(1)", "'; DROP TABLE label_events; --"),
        *("👩‍👩‍👧 family", "می‌خواهم"),
    )
}


def test_whatever_is_typed_is_kept_as_one_legible_line(people: People) -> None:
    for typed, kept in ODD.items():
        with case(ascii(typed)):
            event = people.name(1, typed, note=typed, via=typed, author=f"Ada {typed}")
            assert [event.value[part] for part in ("name", "note", "via")] == [kept] * 3
            assert event.author == f"Ada {kept}".strip() and people.desk.name_of(1) == kept
            *_, (_, logged) = read_log(people.workspace.label_log)
            assert logged is not None and logged["value"] == event.value
            assert clean(kept, MOST_NAME, "A name") == kept


def test_what_is_too_long_or_no_state_is_refused_with_what_may_be(people: People) -> None:
    for said, why in (
        ({"text": "x" * 10_240}, rf"up to {MOST_NAME:,} characters, and this one has 10,240. Nothing was saved"),
        ({"note": "y" * 10_240}, rf"up to {MOST_NOTE:,} characters, and this one has 10,240. Nothing was saved"),
        ({"state": "certain"}, "one of sure, doubtful, mixed, leftover, not 'certain'"),
    ):
        with case(why), pytest.raises(LabelsError, match=why):
            people.name(1, **{"text": "lion", **said})
    assert people.events == []
    assert people.name(1, "x" * MOST_NAME, note="y" * MOST_NOTE)
    assert people.name(1, "", state="leftover").value["state"] == "leftover"


def test_threads_that_edit_at_once_lose_nothing(people: People) -> None:
    def work(number: int, author: str) -> None:
        for at in range(12):
            people.name(number, f"{author} {at}", author)
            people.move([number * 5 + 96], ASIDE if at % 2 == 0 else number, author)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (1, 2), ("Ada", "Bob")))
    desk = people.desk
    assert len(desk.events) == 48 and (desk.name_of(1), desk.name_of(2)) == ("Ada 11", "Bob 11")
    assert [sum(event.author == author for event in desk.events) for author in ("Ada", "Bob")] == [24, 24]
    assert desk.group.tolist() == desk.base.tolist()


def test_of_many_who_split_at_once_each_gets_a_number_of_its_own(workspace: Workspace) -> None:
    people = People(workspace, add(workspace, tuple(range(8)) * 3))

    def work(number: int) -> int:
        (part,) = people.split(number, [[number + 100, number + 108]], f"author {number}").value["parts"]
        return int(part["into"])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(1, 9))) == list(range(9, 17))
    assert people.desk.sizes == {number: 1 if number < 9 else 2 for number in range(1, 17)}


ANOTHER = """
import sys
from pathlib import Path
from imclust_core.annotation.editing import name_cluster, open_desk
from imclust_core.store.clusterings import clustering
from imclust_core.store.doctor.label_health import check_labels
from imclust_core.store.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
stored = clustering(workspace, sys.argv[2])
desk = open_desk(workspace, stored)
print(desk.group.tolist(), desk.called(1), desk.version)
name_cluster(workspace, stored, 2, text='lynx', state='', author='Bob', uuid='theirs', base=desk.base_of(2))
"""


def test_a_desk_opened_by_another_process_has_everything(people: People) -> None:
    for verb in ("name", "split", "merge", "move", "undo"):
        VERBS[verb](people)
    here = people.desk
    asked = [sys.executable, "-c", ANOTHER, str(people.workspace.root), people.stored.id]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"{here.group.tolist()} 1 lion {here.version}", done.stderr
    assert people.desk.called(2) == "2 lynx", "and what it wrote is seen here"


def test_what_is_said_of_one_clustering_is_not_said_of_another_and_comes_back_with_it(people: People) -> None:
    workspace, stored = people.workspace, people.stored
    other = People(workspace, add(workspace, LABELS[::-1], seed=1))
    said = people.name(1, "lion")
    other.move([101], 1, "Bob")
    other.name(1, "lynx", "Bob")
    assert people.desk.events == (said,) and people.desk.group.tolist() == people.desk.base.tolist()
    assert (other.desk.name_of(1), people.desk.name_of(1)) == ("lynx", "lion") and other.undo() is None
    remove_clustering(workspace, stored.id)
    with pytest.raises(ClusteringError):
        clustering(workspace, stored.id)
    restore_clustering(workspace, stored.id)
    assert cluster_names(workspace, clustering(workspace, stored.id)) == ["1 lion", "2", "3"]


def test_more_clusterings_than_are_kept_in_memory_are_all_there(workspace: Workspace) -> None:
    made = [People(workspace, add(workspace, seed=seed)) for seed in range(12)]
    for at, people in enumerate(made):
        people.name(1, f"lion {at}")
    assert [people.desk.name_of(1) for people in made] == [f"lion {at}" for at in range(12)]
    assert len(editing._desks) <= editing._KEPT


def test_a_clustering_of_next_to_nothing_has_a_desk(workspace: Workspace) -> None:
    for seed, labels in enumerate([(), (-1,), (-1, -1), (0,)]):
        people = People(workspace, add(workspace, labels, seed=seed))
        with case(labels):
            assert len(people.desk.group) == len(labels) and people.desk.clusters == [1] * (0 in labels)
            assert people.undo() is None and cluster_names(workspace, people.stored) == ["1"] * (0 in labels)
            with pytest.raises(LabelsError):
                people.split(1, [[101]])
            assert people.events == []


def test_images_of_several_clusters_and_of_none_become_the_next_one_also_after_a_repair(people: People) -> None:
    people.move([102], ASIDE)
    event = people.gather([112, 101, 106, 106, 102])
    assert event.kind == "split" and event.target == ""
    assert event.value == {"from": 0, "how": "by hand", "parts": [{"into": 4, "images": [101, 102, 106, 112]}]}
    people.name(4, "odd ones")
    events = people.events
    assert check_labels(people.workspace).findings == ()
    people.workspace.labels.unlink()
    assert all(one.mended for one in check_labels(people.workspace, repair=True).findings)
    editing._desks.clear()
    assert people.events == events and people.desk.called(4) == "4 odd ones"
    assert people.inside(4) == [101, 102, 106, 112] and people.desk.sizes == {1: 3, 2: 3, 3: 2, 4: 4}


def test_no_image_is_lost_or_twice_there_no_number_given_again_and_undo_brings_all_back(workspace: Workspace) -> None:
    for seed in range(4):
        with case(seed):
            made_at_random(People(workspace, add(workspace, seed=seed)), np.random.default_rng(seed))


def made_at_random(people: People, rng: np.random.Generator) -> None:
    given = []
    for _ in range(6):
        before = people.desk
        images = rng.permutation(before.image_ids)[: rng.integers(1, 9)]
        try:
            event = people.gather(images.tolist(), str(rng.choice(["Ada", "Bob"])))
        except LabelsError as error:
            assert "a cluster already" in str(error)
            continue
        (part,) = event.value["parts"]
        after = people.desk
        assert sum(after.sizes.values()) == 12 and people.inside(part["into"]) == sorted(images.tolist())
        elsewhere = ~np.isin(after.image_ids, images)
        assert (after.group[elsewhere] == before.group[elsewhere]).all()
        given.append(part["into"])
        if rng.random() < 0.5:
            people.undo(event.author)
            assert (people.desk.group == before.group).all()
    editing._desks.clear()
    given.append(people.gather([101, 106, 110]).value["parts"][0]["into"])
    assert given == list(range(4, 4 + len(given)))
    for author in ("Ada", "Bob"):
        while people.undo(author) is not None:
            continue
    assert (people.desk.group == people.desk.base).all()


def test_a_gathering_can_be_done_again_and_asking_twice_makes_one(people: People) -> None:
    uuid = new()
    first = people.gather([101, 106], uuid=uuid, seen=0)
    assert people.gather([101, 106], uuid=uuid, seen=0) == first
    people.undo()
    people.redo()
    assert people.inside(4) == [101, 106] and len(people.events) == 3


def test_a_gathering_is_of_images_of_this_clustering_and_needs_an_author_and_a_uuid(people: People) -> None:
    for images in ([], [999], [101, 999], [101, 101, -4], [0], [2**62]):
        with case(images), pytest.raises(LabelsError, match=r"not in this clustering\. No cluster was made"):
            people.gather(images)
    for uuid, author in (("", "Ada"), ("x" * 81, "Ada"), ("one", " ")):
        with case(uuid, author), pytest.raises(LabelsError, match=r"uuid|somebody"):
            people.gather([101, 106], author, uuid=uuid)
    assert people.events == []


def test_all_images_of_one_cluster_are_a_cluster_already_and_all_of_none_are_not(people: People) -> None:
    named = people.name(3, "lynx")
    with pytest.raises(LabelsError, match="all of cluster 3 lynx, so they are a cluster already"):
        people.gather([110, 111])
    assert people.events == [named]
    people.gather([112])
    assert people.desk.sizes == {1: 5, 2: 4, 3: 2, 4: 1}
    people.undo()
    assert people.gather([110, 111, 112]).value["parts"][0]["into"] == 5
    assert people.desk.clusters == [1, 2, 5], "a cluster of which all were taken is gone, as by moves"


def test_images_that_somebody_put_elsewhere_meanwhile_are_not_gathered(people: People) -> None:
    seen = people.desk.version
    people.move([101], 3, "Bob")
    with pytest.raises(LabelConflict, match=r"^Bob has put 1 of these 2 images elsewhere \(3\).*Nothing was changed"):
        people.gather([101, 106], seen=seen)
    assert people.gather([102, 106], seen=seen).value["parts"][0]["into"] == 4, "nobody touched these"
    with pytest.raises(LabelConflict, match="Ada has put 1 of these 1 images elsewhere"):
        people.gather([102], "Bob", seen=seen)


def test_a_gathered_cluster_merges_splits_and_is_told_of_in_words(people: People) -> None:
    people.gather([101, 106, 112])
    people.split(4, [[112]])
    people.merge(5, 1)
    assert [(one.text, one.clusters) for one in history(people.desk)] == [
        ("merged cluster 5 into 1", (5, 1)),
        ("split cluster 4 by hand: new 5 (1 image)", (4, 5)),
        ("gathered images by hand: new 4 (3 images)", (4,)),
    ]
    rows = {row.image: (row.cluster, row.group) for row in open_members(people.workspace, people.stored)}
    assert len(rows) == 12 and rows[101] == (4, "cluster 4") and rows[112] == (1, "cluster 1")
