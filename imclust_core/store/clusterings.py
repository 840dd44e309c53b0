"""Clusterings of a collection: immutable, any number of them, each found again by how it was made. All SQL is here.

The arrays of a clustering are one file in the workspace, not in its embedding's folder: names hang on clusterings.
"""

import functools
import hashlib
import json
import sqlite3
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imclust_core.errors import ClusteringError
from imclust_core.names import shown
from imclust_core.store.annotations.events import is_labelled
from imclust_core.store.database import all_rows, arrays_in, made_of, one_row, packed, write, write_atomically
from imclust_core.store.workspace import Workspace

VERSION = 1
"""Raised when the same recipe gives other clusters than before."""


@dataclass(frozen=True)
class ClusterRecipe:
    """All that decides which clusters an embedding gives.

    reduce: as `reduction_from` reads it. k: 0 where the strategy finds its own. words: for the word tree, how the tree
    is made and what was split and joined by hand, as JSON.
    """

    reduce: str
    strategy: str
    k: int
    seed: int = 0
    words: str = ""


@dataclass(frozen=True)
class ClusterSummary:
    """What there is to say of a clustering of `images` images into the clusters 0 to k - 1, the largest first.

    numbers: what each cluster is called and coloured by; a cluster that goes on from an earlier clustering has the
    number it had there. stability: None where it was not tested. notes: what a person should know.
    """

    images: int
    unassigned: int
    sizes: tuple[int, ...]
    numbers: tuple[int, ...]
    cohesion: tuple[float, ...]
    silhouettes: tuple[float, ...]
    stability: tuple[float | None, ...]
    silhouette: float | None
    calinski_harabasz: float | None
    davies_bouldin: float | None
    inertia: float
    seconds: float
    embedding: str
    notes: tuple[str, ...] = field(default=())

    @property
    def k(self) -> int:
        return len(self.sizes)

    @property
    def mean_stability(self) -> float | None:
        """The mean over the clusters whose stability was tested."""
        tested = [one for one in self.stability if one is not None]
        return sum(tested) / len(tested) if tested else None


@dataclass(frozen=True)
class Clustering:
    """A stored clustering. embedding_id: what it was made of, which may have been removed since."""

    id: str
    collection_id: str
    embedding_id: str
    recipe: ClusterRecipe
    summary: ClusterSummary
    author: str
    created_at: int
    path: Path


@dataclass(frozen=True)
class ClusterContent:
    """The arrays of a clustering of n images into k clusters.

    image_ids (n,); labels (n,), the cluster or -1; own, second (n,): distances to the own and the nearest other
    centroid; other (n,): which that is, or -1; centroids (k, d) of features at length one.
    """

    image_ids: np.ndarray
    labels: np.ndarray
    own: np.ndarray
    second: np.ndarray
    other: np.ndarray
    centroids: np.ndarray

    @functools.cached_property
    def margin(self) -> np.ndarray:
        """How much nearer the own centroid is than the next one, from 0 to 1: (n,)."""
        with np.errstate(invalid="ignore"):  # without any cluster both are infinite
            share = self.own / np.maximum(self.second, 1e-12)
        found: np.ndarray = np.nan_to_num(1 - share, neginf=0.0).clip(0, 1)
        return found

    def typical(self, cluster: int, most: int) -> list[int]:
        """Image ids of a cluster (-1 for the unassigned), those nearest their centroid first."""
        order, labels = self._by_cluster
        first, stop = np.searchsorted(labels, [cluster, cluster + 1])
        return self.image_ids[order[first : min(stop, first + most)]].tolist()  # type: ignore[no-any-return]

    @functools.cached_property
    def _by_cluster(self) -> tuple[np.ndarray, np.ndarray]:
        """The images by cluster, those nearest their centroid first, and the cluster of each."""
        order = np.lexsort((self.own, self.labels))
        return order, self.labels[order]


def fingerprint_of(embedding_id: str, recipe: ClusterRecipe, state: str) -> str:
    """What the same clustering has in common: how it is made, and of what; state: as `state_of` has it."""
    facts = json.dumps([VERSION, embedding_id, state, asdict(recipe)], sort_keys=True)
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


def add_clustering(
    workspace: Workspace,
    collection_id: str,
    embedding_id: str,
    recipe: ClusterRecipe,
    state: str,
    content: ClusterContent,
    summary: ClusterSummary,
    author: str,
) -> Clustering:
    """Keep a clustering. Its id follows from how it was made and what came out."""
    kinds = {"image_ids": np.int64, "labels": np.int32, "other": np.int32}
    names = ClusterContent.__annotations__
    data = packed(**{name: getattr(content, name).astype(kinds.get(name, np.float32)) for name in names})
    print_ = fingerprint_of(embedding_id, recipe, state)
    new = hashlib.blake2b(data + print_.encode(), digest_size=6).hexdigest()
    write_atomically(workspace.clusterings / f"{new}.npz", data)
    facts = (json.dumps(asdict(recipe)), json.dumps(asdict(summary)), author, int(time.time()))
    write(
        workspace.catalogue,
        "INSERT INTO clusterings (id, collection_id, embedding_id, fingerprint, recipe, summary, author, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET removed_at = NULL",
        *(new, collection_id, embedding_id, print_, *facts),
    )
    return clustering(workspace, new)


def clustering(workspace: Workspace, clustering_id: str) -> Clustering:
    """One clustering that was not removed, or ClusteringError."""
    row = one_row(workspace.catalogue, "SELECT * FROM clusterings WHERE id = ? AND removed_at IS NULL", clustering_id)
    if row is None:
        raise ClusteringError(
            f"There is no clustering {clustering_id!r} here. It may have been removed. Choose another, or cluster "
            "again."
        )
    return _clustering(workspace, row)


def find_clustering(workspace: Workspace, collection_id: str, fingerprint: str) -> Clustering | None:
    """The clustering made like this, if it is there with its arrays; also one that was removed."""
    query = "SELECT * FROM clusterings WHERE collection_id = ? AND fingerprint = ? ORDER BY number DESC LIMIT 1"
    row = one_row(workspace.catalogue, query, collection_id, fingerprint)
    found = _clustering(workspace, row) if row else None
    return found if found is not None and found.path.is_file() else None


def clusterings_of(workspace: Workspace, collection_id: str) -> list[Clustering]:
    """The clusterings of a collection, the newest first, without those removed."""
    query = "SELECT * FROM clusterings WHERE collection_id = ? AND removed_at IS NULL ORDER BY number DESC"
    return [_clustering(workspace, row) for row in all_rows(workspace.catalogue, query, collection_id)]


def is_clustered(workspace: Workspace, collection_id: str) -> bool:
    """Whether a collection has any clustering. Every page asks."""
    query = "SELECT 1 FROM clusterings WHERE collection_id = ? AND removed_at IS NULL"
    return one_row(workspace.catalogue, query, collection_id) is not None


def is_named(workspace: Workspace, collection_id: str) -> bool:
    """Whether anybody has said anything of a clustering of this collection. Every page asks."""
    query = "SELECT id FROM clusterings WHERE collection_id = ? AND removed_at IS NULL"
    return is_labelled(workspace, [row["id"] for row in all_rows(workspace.catalogue, query, collection_id)])


def remove_clustering(workspace: Workspace, clustering_id: str) -> None:
    """Take a clustering out of sight; `restore_clustering` brings it back."""
    write(workspace.catalogue, "UPDATE clusterings SET removed_at = ? WHERE id = ?", int(time.time()), clustering_id)


def restore_clustering(workspace: Workspace, clustering_id: str) -> None:
    """Bring a removed clustering back."""
    write(workspace.catalogue, "UPDATE clusterings SET removed_at = NULL WHERE id = ?", clustering_id)


def read_clustering(stored: Clustering) -> ClusterContent:
    """The arrays of a clustering."""
    try:
        content = ClusterContent(**arrays_in(stored.path))
        _check(content, stored.summary)
        return content
    except Exception as error:
        raise ClusteringError(
            f"The clustering could not be read ({shown(stored.path)}: {type(error).__name__}). Run the same one again; "
            "it comes out the same."
        ) from error


def _check(content: ClusterContent, summary: ClusterSummary) -> None:
    """ValueError for arrays that do not fit each other, or what was said of them."""
    n, k = summary.images, summary.k
    sound = all(len(getattr(content, name)) == n for name in ("image_ids", "labels", "own", "second", "other"))
    if not sound or len(content.centroids) != k or (n and not -1 <= content.labels.min() <= content.labels.max() < k):
        raise ValueError("its arrays do not fit each other")


def _clustering(workspace: Workspace, row: sqlite3.Row) -> Clustering:
    facts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row["summary"]).items()
    }
    return made_of(
        Clustering,
        row,
        recipe=ClusterRecipe(**json.loads(row["recipe"])),
        summary=ClusterSummary(**facts),
        path=workspace.clusterings / f"{row['id']}.npz",
    )
