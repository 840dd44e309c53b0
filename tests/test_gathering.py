"""Images of whatever clusters become a cluster of their own: one event that can be undone, or nothing and a reason."""

import numpy as np
import pytest

from imclust_core.annotation import editing
from imclust_core.annotation.annotated import ASIDE
from imclust_core.annotation.history import history
from imclust_core.errors import LabelConflict, LabelsError
from imclust_core.exchange.exports.members import open_members
from imclust_core.store.doctor.label_health import check_labels
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.editing import add, new
from tests.helpers.people import People


@pytest.fixture
def people(workspace: Workspace) -> People:
    """Of the images 101 to 112: cluster 1 has five, cluster 2 four, cluster 3 two, and one is unassigned."""
    return People(workspace, add(workspace))


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
