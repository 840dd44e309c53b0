"""Splitting in two by likeness, as the worker does it: both halves are there, once, or nothing is and it says why."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import imclust_core.jobs.kinds.split as split_job
from imclust_core.annotation.editing import open_desk, undo
from imclust_core.annotation.predictions import said_of
from imclust_core.errors import ClusteringError, EmbeddingError, ImclustError, LabelConflict
from imclust_core.jobs.kinds.split import HOW, split_in_two
from imclust_core.jobs.submitting import submit_split
from imclust_core.store.annotations.events import events_of
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import remove_embedding
from imclust_core.store.shards import TOP
from imclust_core.store.vectors import Located, features_at, locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.conftest import finish
from tests.helpers.cases import case
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.editing import images_in, merge, move, name, new
from tests.helpers.embedded import quietly
from tests.helpers.trees import newest


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source, replace(PLAIN, k=3))


def halve(workspace: Workspace, stored: Clustering, number: int, **more: Any) -> dict[str, Any]:
    """The job, in this process."""
    asked = {"author": "Ada", "uuid": new(), "base": open_desk(workspace, stored).base_of(number), **more}
    return split_in_two(workspace, stored.id, number, quietly, **asked)


def unit_features(workspace: Workspace, source: Collection, images: list[int]) -> np.ndarray:
    """The features of these images at length one."""
    one = newest(workspace, source)
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    found = features_at(one, rows, located.rows[np.searchsorted(located.image_ids, images)])
    unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def assert_halves(
    workspace: Workspace, source: Collection, stored: Clustering, whole: list[int], result: dict[str, Any]
) -> None:
    """The two are the cluster, the smaller has the new number, and every image is with those it is more like."""
    desk = open_desk(workspace, stored)
    kept = images_in(desk, int(result["target"].removeprefix("cluster ")))
    apart = images_in(desk, result["number"])
    assert sorted(kept + apart) == whole and 0 < len(apart) <= len(kept)
    assert result["number"] == stored.summary.k + 1 and desk.events[-1].id == result["event"]
    unit = unit_features(workspace, source, kept + apart)
    means = [half.mean(axis=0) / np.linalg.norm(half.mean(axis=0)) for half in (unit[: len(kept)], unit[len(kept) :])]
    nearer = unit @ means[0] > unit @ means[1]
    assert nearer.tolist() == [True] * len(kept) + [False] * len(apart)


def test_the_worker_splits_a_cluster_in_two(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    before = open_desk(workspace, stored)
    job = submit_split(workspace, stored, 1, author="Ada", base=0)
    assert submit_split(workspace, stored, 1, author="Bob", base=0).id == job.id, "while it waits, it is one job"
    done = finish(workspace, job)
    assert done.state == "done", done.error
    assert_halves(workspace, source, stored, images_in(before, 1), done.result or {})
    (event,) = events_of(workspace, stored.id)
    assert (event.kind, event.author, event.uuid, event.value["how"]) == ("split", "Ada", f"job-{done.id}", HOW)
    undo(workspace, stored, author="Ada", uuid=new())
    assert open_desk(workspace, stored).group.tolist() == before.group.tolist()


def test_the_worker_tells_who_was_faster_and_splits_nothing(workspace: Workspace, stored: Clustering) -> None:
    base = open_desk(workspace, stored).base_of(1)
    name(workspace, stored, 1, "lion", "Bob")
    done = finish(workspace, submit_split(workspace, stored, 1, author="Ada", base=base))
    assert done.state == "failed" and "Bob has changed the cluster 1 since you looked at it" in (done.error or "")
    assert [event.kind for event in events_of(workspace, stored.id)] == ["name"]


def test_halves_can_be_split_again_and_a_job_that_is_done_again_splits_once(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    whole = images_in(open_desk(workspace, stored), 1)
    first = halve(workspace, stored, 1, uuid="job-1")
    assert_halves(workspace, source, stored, whole, first)
    assert halve(workspace, stored, 1, uuid="job-1", base=0) == first
    assert (first["number"], halve(workspace, stored, 1)["number"]) == (4, 5)
    assert sum(open_desk(workspace, stored).sizes.values()) == stored.summary.images
    rest = images_in(open_desk(workspace, stored), 1)
    move(workspace, stored, rest[1:], 2)  # one image is left, which could not be split any more
    assert halve(workspace, stored, 1, uuid="job-1", base=0) == first
    merge(workspace, stored, 1, 2)
    assert halve(workspace, stored, 1, uuid="job-1", base=0) == first
    assert [event.kind for event in events_of(workspace, stored.id)] == ["split", "split", "move", "merge"]


def test_images_without_features_stay_where_they_are(
    workspace: Workspace, stored: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = images_in(open_desk(workspace, stored), 1)

    def without_two(*given: Any) -> Any:
        located = locate(*given)
        there = ~np.isin(located.image_ids, whole[:2])
        return replace(located, image_ids=located.image_ids[there], rows=located.rows[there])

    monkeypatch.setattr(split_job, "locate", without_two)
    made = halve(workspace, stored, 1)
    kept, apart = (images_in(open_desk(workspace, stored), number) for number in (1, made["number"]))
    assert sorted(kept + apart) == whole and set(whole[:2]) <= set(kept)


def test_a_cluster_that_cannot_be_split_is_said_to_be_so(
    workspace: Workspace, stored: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Located(np.zeros(0, np.int64), np.zeros(0, np.int64), {})
    first = images_in(open_desk(workspace, stored), 1)
    move(workspace, stored, first[5:], 2)
    for part, instead, why in (
        ("locate", lambda *_: nothing, "fewer than two images with features"),
        ("features_at", lambda _one, _rows, wanted: np.ones((len(wanted), 8)), "All images of cluster 1 look the same"),
        ("_MOST", 4, "Cluster 1 has 5 images, more than the 4 that can be split by hand"),
    ):
        with monkeypatch.context() as patch, case(part), pytest.raises(ClusteringError, match=why):
            patch.setattr(split_job, part, instead)
            halve(workspace, stored, 1)
    move(workspace, stored, first[1:5], 2)
    with pytest.raises(ClusteringError, match=r"Cluster 1 has fewer than two images with features, so it cannot"):
        halve(workspace, stored, 1)
    assert [event.kind for event in events_of(workspace, stored.id)] == ["move", "move"]


def test_a_cluster_that_was_merged_away_or_whose_embedding_is_gone_is_not_split(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    merge(workspace, stored, 3, 1, "Bob")
    with pytest.raises(LabelConflict, match=r"no cluster 3 any more\. Bob has merged it into 1"):
        halve(workspace, stored, 3)
    with pytest.raises(ImclustError, match="no cluster 99"):
        halve(workspace, stored, 99)
    remove_embedding(workspace, newest(workspace, source).id)
    with pytest.raises(EmbeddingError, match="may have been removed"):
        halve(workspace, stored, 1)
    assert len(events_of(workspace, stored.id)) == 1


# What the network says


def test_what_the_network_says_is_told_for_every_image_and_nothing_for_those_it_never_saw(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    one, ids = newest(workspace, source), open_desk(workspace, stored).image_ids
    said, mixed = said_of(workspace, one, ids), said_of(workspace, one, np.array([10**9, ids[3], -1]))
    assert said.label_ids.shape == said.probabilities.shape == (len(ids), TOP) and (said.label_ids[:, 0] >= 0).all()
    assert (np.diff(said.probabilities, axis=1) <= 0).all(), "the most probable first"
    assert mixed.label_ids[1].tolist() == said.label_ids[3].tolist()
    assert (mixed.label_ids[[0, 2]] == -1).all() and (mixed.probabilities[[0, 2]] == 0).all()
    assert said_of(workspace, one, ids[:0]).label_ids.shape == (0, TOP)
