"""Stored clusterings beside each other, and beside the truth: the images that both have, as arrays."""

from dataclasses import dataclass

import numpy as np

from imclust_core.clustering.matching import Carried, Comparison, Lost, carry, compare
from imclust_core.clustering.truth import Scores, class_numbers, score
from imclust_core.errors import ClusteringError, TruthError
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.truth import read_truth
from imclust_core.store.workspace import Workspace


@dataclass(frozen=True)
class Compared:
    """Two clusterings of the n images that both have: image_ids, a, b (n,), how alike they are, and what carries over.

    only_one: images that one of them has and the other has not.
    """

    image_ids: np.ndarray
    a: np.ndarray
    b: np.ndarray
    comparison: Comparison
    carried: tuple[Carried, ...]
    lost: tuple[Lost, ...]
    only_one: int


@dataclass(frozen=True)
class Evaluated:
    """A clustering against the truth. image_ids, labels, truth (n,): the images of the clustering, class -1 unknown.

    classes: their names by number. unused: rows of the table that name no image of the collection.
    """

    image_ids: np.ndarray
    labels: np.ndarray
    truth: np.ndarray
    classes: tuple[str, ...]
    scores: Scores
    unused: int


def compared(a: Clustering, b: Clustering) -> Compared:
    """How two clusterings of one collection differ."""
    if a.collection_id != b.collection_id:
        raise ClusteringError("The two clusterings are of different collections. Choose two of the same one.")
    left, right = read_clustering(a), read_clustering(b)
    ids, at_a, at_b = np.intersect1d(left.image_ids, right.image_ids, return_indices=True)
    if not len(ids):
        raise ClusteringError("The two clusterings have no image in common. Cluster again, and compare the new ones.")
    one, two = left.labels[at_a], right.labels[at_b]
    ka, kb = a.summary.k, b.summary.k
    carried, lost = carry(one, two, ka, kb)
    only_one = len(left.image_ids) + len(right.image_ids) - 2 * len(ids)
    return Compared(ids, one, two, compare(one, two, ka, kb), carried, lost, only_one)


def evaluated(workspace: Workspace, stored: Clustering, source: str) -> Evaluated:
    """How well a clustering fits the truth: "folders", or the path of a table."""
    truth = read_truth(workspace, stored.collection_id, source)
    content = read_clustering(stored)
    numbers, classes = class_numbers([truth.classes.get(image) for image in content.image_ids.tolist()])
    if not classes:
        raise TruthError(
            "The truth says nothing of the images of this clustering. Put the images of each class into a folder of "
            "its own, or give a CSV file with their paths and classes."
        )
    scores = score(content.labels, numbers, stored.summary.k, len(classes))
    return Evaluated(content.image_ids, content.labels, numbers, classes, scores, truth.unused)
