"""Splitting a cluster in two, by what its images look like to the network."""

from typing import Any

import numpy as np

from imclust_core.annotation.checks import check_cluster
from imclust_core.annotation.editing import open_desk, split_cluster
from imclust_core.clustering.kmeans import kmeans
from imclust_core.errors import ClusteringError
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.store.annotations.events import Event
from imclust_core.store.clusterings import clustering
from imclust_core.store.embeddings import embedding
from imclust_core.store.vectors import features_at, locate, read_rows
from imclust_core.store.workspace import Workspace

HOW = "in two by likeness"
_MOST = 200_000
"""Images whose features are read at once: 0.5 GB at 1,280 numbers each."""


def split_in_two(
    workspace: Workspace, clustering_id: str, number: int, report: Report, *, author: str, uuid: str, base: int
) -> dict[str, Any]:
    """Split a cluster by spherical 2-means of its images' features; the smaller half gets a new number.

    The event bears the uuid it is given, so that a job that is done again after a kill splits nothing twice.
    """
    stored = clustering(workspace, clustering_id)
    desk = open_desk(workspace, stored)
    if (again := desk.written(uuid)) is not None:
        return _result(again)
    check_cluster(desk, number)
    one = embedding(workspace, stored.embedding_id)
    ids = desk.image_ids[desk.rows_of(number)]
    if len(ids) > _MOST:
        raise ClusteringError(
            f"Cluster {number} has {len(ids):,} images, more than the {_MOST:,} that can be split by hand. Cluster "
            "again with a larger K."
        )
    report(0, len(ids), "reading features")
    rows = read_rows(one)
    at = locate(workspace, one, rows).rows_of(ids)
    there = at >= 0
    if there.sum() < 2:
        raise ClusteringError(f"Cluster {number} has fewer than two images with features, so it cannot be split.")
    features = features_at(one, rows, at[there]).astype(np.float32)
    found = kmeans(features, 2, spherical=True, step=lambda done, total: report(done, total, "splitting"))
    smaller = ids[there][found.labels == 1]
    if not len(smaller):
        raise ClusteringError(f"All images of cluster {number} look the same to the network, so it cannot be split.")
    return _result(
        split_cluster(workspace, stored, number, [smaller.tolist()], how=HOW, author=author, uuid=uuid, base=base)
    )


def _result(event: Event) -> dict[str, Any]:
    return {"event": event.id, "number": event.value["parts"][0]["into"], "target": event.target}


def split_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    who = {"author": asked["author"], "uuid": f"job-{job.id}", "base": asked["base"]}
    return split_in_two(workspace, asked["clustering"], asked["number"], report, **who)
