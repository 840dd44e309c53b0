"""In which order to look at the images of a group: the plain ones, the doubtful ones, or any."""

from collections.abc import Callable

import numpy as np

from imclust_core.annotation.predictions import Said
from imclust_core.store.clusterings import ClusterContent


def ordered(how: str, rows: np.ndarray, content: ClusterContent, said: Said | None, seed: int = 0) -> np.ndarray:
    """The places (n,) of some images in an order of `ORDERS`; by place where two are alike.

    Distances are those to the centroids that the clustering found, whatever was merged, split or moved since.
    """
    return ORDERS[how](rows, content, said, seed)


def _typical(rows: np.ndarray, content: ClusterContent, _said: Said | None, _seed: int) -> np.ndarray:
    return rows[np.argsort(content.own[rows], kind="stable")]


def _border(rows: np.ndarray, content: ClusterContent, _said: Said | None, _seed: int) -> np.ndarray:
    return rows[np.argsort(content.margin[rows], kind="stable")]


def _odd(rows: np.ndarray, content: ClusterContent, _said: Said | None, _seed: int) -> np.ndarray:
    return rows[np.argsort(-content.own[rows], kind="stable")]


def _random(rows: np.ndarray, _content: ClusterContent, _said: Said | None, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)


def _label(rows: np.ndarray, content: ClusterContent, said: Said | None, seed: int) -> np.ndarray:
    """The label that most of them have first, and of each label the surest first."""
    if said is None or not len(rows):
        return _typical(rows, content, said, seed)
    first = said.label_ids[rows, 0]
    labels, place, counts = np.unique(first, return_inverse=True, return_counts=True)
    return rows[np.lexsort((-said.probabilities[rows, 0], labels[place], -counts[place]))]


ORDERS: dict[str, Callable[[np.ndarray, ClusterContent, Said | None, int], np.ndarray]] = {
    "typical": _typical,
    "border": _border,
    "odd": _odd,
    "random": _random,
    "label": _label,
}
"""A new order is one function and one line here."""
