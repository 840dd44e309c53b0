"""A clustering against the truth: how well its clusters fit the classes that somebody gave the images.

Classes are whole numbers (n,) from 0 to classes - 1; -1 is an image that the truth says nothing of, which is left out
of everything. An image that has a class but no cluster counts: it is in nobody's right place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imclust_core.clustering.matching import ari, contingency, matched, nmi


@dataclass(frozen=True)
class Scores:
    """How well a clustering fits the truth, for all images, for each class and for each cluster.

    images: those that have a class. table (k + 1, classes): how many images of each class are in each cluster, the
    last row being those without a cluster.
    class_images, best_cluster, recall (classes,): a class's images, the cluster that has most of them or -1, and the
    share of them that it has. cluster_images, majority, cluster_purity (k,): a cluster's images that have a class, the
    class of most of them or -1, and its share of them.
    """

    images: int
    nmi: float
    ari: float
    acc: float
    purity: float
    table: np.ndarray
    class_images: np.ndarray
    best_cluster: np.ndarray
    recall: np.ndarray
    cluster_images: np.ndarray
    majority: np.ndarray
    cluster_purity: np.ndarray


def score(labels: np.ndarray, truth: np.ndarray, k: int, classes: int) -> Scores:
    """How well the clusters labels (n,) fit the classes truth (n,).

    acc is the share of images that are right when each cluster stands for one class at most, and each class for one
    cluster, in the best way; purity when each cluster stands for the class of most of its images. Images without a
    cluster are wrong for both; for nmi and ari they are one group, as if they were a cluster. Without any class known
    all scores are 0.
    """
    table = contingency(labels, truth, k, classes)[:, :classes]
    images = int(table.sum())
    partner = matched(table[:k])
    right = np.where(partner >= 0, table[np.arange(k), partner], 0) if classes else np.zeros(k, np.int64)
    class_images, cluster_images = table.sum(axis=0), table[:k].sum(axis=1)
    best_cluster, in_best = _largest(table[:k].T)
    majority, in_majority = _largest(table[:k])
    return Scores(
        images=images,
        nmi=nmi(table) if images else 0.0,
        ari=ari(table) if images else 0.0,
        acc=int(right.sum()) / max(images, 1),
        purity=int(in_majority.sum()) / max(images, 1),
        table=table,
        class_images=class_images,
        best_cluster=best_cluster,
        recall=in_best / np.maximum(class_images, 1),
        cluster_images=cluster_images,
        majority=majority,
        cluster_purity=in_majority / np.maximum(cluster_images, 1),
    )


def _largest(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row's largest count is, the first if there are several or -1 if all are 0, and what it is."""
    most = counts.max(axis=1, initial=0)
    at = counts.argmax(axis=1) if counts.shape[1] else np.zeros(len(counts), np.int64)
    return np.where(most > 0, at, -1), most


def order_for_confusion(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The orders of rows (k + 1,) and columns (classes,) of a table of `Scores` for a picture of it.

    Clusters and classes that are matched one to one lie on the diagonal, the largest pair first; then come the other
    clusters and classes by their images, and last the row of images without a cluster.
    """
    k = len(table) - 1
    partner = matched(table[:k])
    rows = np.flatnonzero(partner >= 0)
    rows = rows[np.argsort(-table[rows, partner[rows]], kind="stable")]
    return np.append(_completed(rows, table[:k].sum(axis=1)), k), _completed(partner[rows], table.sum(axis=0))


def _completed(first: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The places that come first, and then all others by their images."""
    by_size = np.argsort(-images, kind="stable")
    return np.concatenate([first, by_size[~np.isin(by_size, first)]])


def class_numbers(names: Sequence[str | None]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each image's class (n,), -1 for None or no text, and the classes' names in order."""
    classes = tuple(sorted({name for name in names if name}))
    number = {name: at for at, name in enumerate(classes)}
    return np.array([number[name] if name else -1 for name in names], np.int64), classes
