"""A clustering of made-up images, and what people do to it, one call each."""

from typing import Any
from uuid import uuid4

import numpy as np

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import (
    merge_clusters,
    move_images,
    name_cluster,
    open_desk,
    split_cluster,
)
from imclust_core.store.annotations.events import Event, events_of
from imclust_core.store.clusterings import (
    ClusterContent,
    Clustering,
    ClusterRecipe,
    ClusterSummary,
    add_clustering,
)
from imclust_core.store.collections import add_collection
from imclust_core.store.workspace import Workspace

LABELS = (0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, -1)
"""Of the images 101 to 112: cluster 1 has five, cluster 2 four, cluster 3 two, and one is unassigned."""


def add(workspace: Workspace, labels: tuple[int, ...] = LABELS, seed: int = 0, first: int = 101) -> Clustering:
    """A clustering of made-up images, with no embedding behind it."""
    found = np.array(labels, int)
    n, k = len(found), int(found.max(initial=-1)) + 1
    away = np.random.default_rng(seed).random(n)
    content = ClusterContent(np.arange(n) + first, found, away, away + 1, np.full(n, -1), np.zeros((k, 2)))
    each, sizes = (0.5,) * k, tuple(np.bincount(found[found >= 0], minlength=k).tolist())
    summary = ClusterSummary(
        images=n,
        unassigned=int((found < 0).sum()),
        sizes=sizes,
        numbers=tuple(range(1, k + 1)),
        cohesion=each,
        silhouettes=each,
        stability=each,
        silhouette=None,
        calinski_harabasz=None,
        davies_bouldin=None,
        inertia=0.0,
        seconds=0.0,
        embedding="made up",
    )
    folder = workspace.root.parent / "photos"
    folder.mkdir(exist_ok=True)
    recipe, source = ClusterRecipe("l2", "kmeans", k, seed), add_collection(workspace, folder)
    return add_clustering(workspace, source.id, "embedding", recipe, "state", content, summary, "Ada")


def new() -> str:
    return str(uuid4())


def name(workspace: Workspace, stored: Clustering, number: int, text: str, author: str = "Ada", **more: Any) -> Event:
    """Name a cluster from what is there now, unless the base is given."""
    asked = {"state": "sure", "uuid": new(), "base": open_desk(workspace, stored).base_of(number), **more}
    return name_cluster(workspace, stored, number, text=text, author=author, **asked)


def move(
    workspace: Workspace, stored: Clustering, images: list[int], into: int, author: str = "Ada", **more: Any
) -> Event:
    asked = {"uuid": new(), "seen": open_desk(workspace, stored).version, **more}
    return move_images(workspace, stored, images, into, author=author, **asked)


def merge(workspace: Workspace, stored: Clustering, source: int, into: int, author: str = "Ada", **more: Any) -> Event:
    asked = {"uuid": new(), "base": open_desk(workspace, stored).base_of(source), **more}
    return merge_clusters(workspace, stored, source, into, author=author, **asked)


def split(workspace: Workspace, stored: Clustering, number: int, parts: Any, author: str = "Ada", **more: Any) -> Event:
    asked = {"uuid": new(), "base": open_desk(workspace, stored).base_of(number), "how": "by hand", **more}
    return split_cluster(workspace, stored, number, parts, author=author, **asked)


def images_in(desk: Desk, number: int) -> list[int]:
    return sorted(desk.image_ids[desk.rows_of(number)].tolist())


def written(workspace: Workspace, stored: Clustering) -> int:
    return len(events_of(workspace, stored.id))
