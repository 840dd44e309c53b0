"""Images of whatever clusters become a cluster of their own: one event that can be undone, or nothing and a reason."""

from typing import Any

import numpy as np
import pytest

from imclust_core.annotation import editing
from imclust_core.annotation.annotated import ASIDE
from imclust_core.annotation.editing import gather_images, open_desk, redo, undo
from imclust_core.annotation.history import history
from imclust_core.errors import LabelConflict, LabelsError
from imclust_core.exchange.exports.members import open_members
from imclust_core.store.annotations.events import Event, events_of
from imclust_core.store.clusterings import Clustering
from imclust_core.store.doctor.label_health import check_labels
from imclust_core.store.workspace import Workspace
from tests.helpers.editing import add, images_in, merge, move, name, new, split, written


@pytest.fixture
def stored(workspace: Workspace) -> Clustering:
    """Of the images 101 to 112: cluster 1 has five, cluster 2 four, cluster 3 two, and one is unassigned."""
    return add(workspace)


def gather(workspace: Workspace, stored: Clustering, images: list[int], author: str = "Ada", **more: Any) -> Event:
    asked = {"uuid": new(), "seen": open_desk(workspace, stored).version, "how": "by hand", **more}
    return gather_images(workspace, stored, images, author=author, **asked)


def test_images_of_several_clusters_and_of_none_become_the_next_cluster(
    workspace: Workspace, stored: Clustering
) -> None:
    move(workspace, stored, [102], ASIDE)
    event = gather(workspace, stored, [112, 101, 106, 106, 102])
    assert event.kind == "split" and event.target == ""
    assert event.value == {"from": 0, "how": "by hand", "parts": [{"into": 4, "images": [101, 102, 106, 112]}]}
    desk = open_desk(workspace, stored)
    assert images_in(desk, 4) == [101, 102, 106, 112]
    assert desk.sizes == {1: 3, 2: 3, 3: 2, 4: 4}
    name(workspace, stored, 4, "odd ones")
    assert open_desk(workspace, stored).called(4) == "4 odd ones"


@pytest.mark.parametrize("seed", range(8))
def test_no_image_is_lost_or_twice_there_numbers_are_never_given_again_and_undo_brings_all_back(
    workspace: Workspace, seed: int
) -> None:
    stored, rng, given = add(workspace, seed=seed), np.random.default_rng(seed), []
    for _ in range(6):
        before = open_desk(workspace, stored)
        images = rng.permutation(before.image_ids)[: rng.integers(1, 9)]
        try:
            event = gather(workspace, stored, images.tolist(), str(rng.choice(["Ada", "Bob"])))
        except LabelsError as error:
            assert "a cluster already" in str(error)
            continue
        (part,) = event.value["parts"]
        after = open_desk(workspace, stored)
        assert sum(after.sizes.values()) == 12 and images_in(after, part["into"]) == sorted(images.tolist())
        elsewhere = ~np.isin(after.image_ids, images)
        assert (after.group[elsewhere] == before.group[elsewhere]).all()
        given.append(part["into"])
        if rng.random() < 0.5:
            undo(workspace, stored, author=event.author, uuid=new())
            assert (open_desk(workspace, stored).group == before.group).all()
    editing._desks.clear()
    given.append(gather(workspace, stored, [101, 106, 110]).value["parts"][0]["into"])
    assert given == list(range(4, 4 + len(given)))
    for author in ("Ada", "Bob"):
        while undo(workspace, stored, author=author, uuid=new()) is not None:
            continue
    desk = open_desk(workspace, stored)
    assert (desk.group == desk.base).all()


def test_a_gathering_can_be_done_again_and_asking_twice_makes_one(workspace: Workspace, stored: Clustering) -> None:
    uuid, seen = new(), 0
    first = gather(workspace, stored, [101, 106], uuid=uuid, seen=seen)
    assert gather(workspace, stored, [101, 106], uuid=uuid, seen=seen) == first
    undo(workspace, stored, author="Ada", uuid=new())
    redo(workspace, stored, author="Ada", uuid=new())
    assert images_in(open_desk(workspace, stored), 4) == [101, 106] and written(workspace, stored) == 3


@pytest.mark.parametrize("images", [[], [999], [101, 999], [101, 101, -4], [0], [2**62]])
def test_images_of_another_clustering_are_not_gathered(
    workspace: Workspace, stored: Clustering, images: list[int]
) -> None:
    with pytest.raises(LabelsError, match=r"not in this clustering\. No cluster was made"):
        gather(workspace, stored, images)
    assert written(workspace, stored) == 0


def test_all_images_of_one_cluster_are_a_cluster_already(workspace: Workspace, stored: Clustering) -> None:
    name(workspace, stored, 3, "lynx")
    with pytest.raises(LabelsError, match="all of cluster 3 lynx, so they are a cluster already"):
        gather(workspace, stored, [110, 111])
    assert gather(workspace, stored, [110, 111, 112]).value["parts"][0]["into"] == 4
    assert open_desk(workspace, stored).clusters == [1, 2, 4], "a cluster of which all were taken is gone, as by moves"


def test_all_that_is_in_no_cluster_can_be_gathered(workspace: Workspace, stored: Clustering) -> None:
    gather(workspace, stored, [112])
    assert open_desk(workspace, stored).sizes == {1: 5, 2: 4, 3: 2, 4: 1}


def test_images_that_somebody_put_elsewhere_meanwhile_are_not_gathered(
    workspace: Workspace, stored: Clustering
) -> None:
    seen = open_desk(workspace, stored).version
    move(workspace, stored, [101], 3, "Bob")
    with pytest.raises(LabelConflict, match=r"^Bob has put 1 of these 2 images elsewhere \(3\).*Nothing was changed"):
        gather(workspace, stored, [101, 106], seen=seen)
    assert gather(workspace, stored, [102, 106], seen=seen).value["parts"][0]["into"] == 4, "nobody touched these"
    with pytest.raises(LabelConflict, match="Ada has put 1 of these 1 images elsewhere"):
        gather(workspace, stored, [102], "Bob", seen=seen)


@pytest.mark.parametrize(("uuid", "author"), [("", "Ada"), ("x" * 81, "Ada"), ("one", " ")])
def test_a_gathering_needs_an_author_and_a_uuid(
    workspace: Workspace, stored: Clustering, uuid: str, author: str
) -> None:
    with pytest.raises(LabelsError, match=r"uuid|somebody"):
        gather(workspace, stored, [101, 106], author, uuid=uuid)
    assert written(workspace, stored) == 0


def test_a_gathered_cluster_merges_splits_and_is_told_of_in_words(workspace: Workspace, stored: Clustering) -> None:
    gather(workspace, stored, [101, 106, 112])
    split(workspace, stored, 4, [[112]])
    merge(workspace, stored, 5, 1)
    told = list(history(open_desk(workspace, stored)))
    assert [(one.text, one.clusters) for one in told] == [
        ("merged cluster 5 into 1", (5, 1)),
        ("split cluster 4 by hand: new 5 (1 image)", (4, 5)),
        ("gathered images by hand: new 4 (3 images)", (4,)),
    ]
    rows = {row.image: (row.cluster, row.group) for row in open_members(workspace, stored)}
    assert len(rows) == 12 and rows[101] == (4, "cluster 4") and rows[112] == (1, "cluster 1")


def test_a_gathering_comes_back_from_either_copy_of_the_labels(workspace: Workspace, stored: Clustering) -> None:
    event = gather(workspace, stored, [101, 106, 112])
    assert check_labels(workspace).findings == ()
    workspace.labels.unlink()
    assert all(one.mended for one in check_labels(workspace, repair=True).findings)
    editing._desks.clear()
    assert events_of(workspace, stored.id) == [event]
    assert open_desk(workspace, stored).sizes == {1: 4, 2: 3, 3: 2, 4: 3}
