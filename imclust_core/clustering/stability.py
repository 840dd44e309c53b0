"""How far the clusters of a clustering come back when part of the images is clustered anew."""

from collections.abc import Callable

import numpy as np

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.clustering.matching import contingency

STABLE, SHAKY = 0.85, 0.6
"""From the first on a cluster comes back nearly whole; below the second it is rather chance."""
_SHARE = 0.8
_MOST = 2_000
_OF_EACH = 20
"""A sample has at most so many images, or so many for each cluster."""
_LEAST = 10

Again = Callable[[np.ndarray, int], np.ndarray]
"""Clusters some of the images, given by their places (m,), with another seed: labels (m,)."""


def stability(
    labels: np.ndarray, k: int, again: Again, *, repeats: int, seed: int = 0, step: Step = nothing
) -> np.ndarray:
    """The mean over samples of the Jaccard index of each cluster with the one most like it there: (k,).

    labels (n,): the clustering of all images. NaN for clusters of which no sample had an image, and for all of them
    where there is too little to take samples of.
    """
    n = len(labels)
    size = min(int(_SHARE * n), max(_MOST, _OF_EACH * k))
    total, seen = np.zeros(k), np.zeros(k)
    if size >= max(_LEAST, k + 1):
        rng = np.random.default_rng(seed)
        for repeat in range(repeats):
            step(repeat, repeats)
            chosen = np.sort(rng.choice(n, size, replace=False))
            found = again(chosen, seed + repeat + 1)
            best, there = _likeness(labels[chosen], found, k)
            total += best
            seen += there
    return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


def _likeness(labels: np.ndarray, found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """For each cluster the Jaccard index with the most similar one found, and whether it has images here: (k,) each."""
    many = int(found.max(initial=-1)) + 1
    table = contingency(labels, found, k, many)
    own, theirs = table[:k].sum(axis=1), table[:, :many].sum(axis=0)
    shared = table[:k, :many]
    either = own[:, None] + theirs - shared
    return (shared / np.maximum(either, 1)).max(axis=1, initial=0), own > 0
