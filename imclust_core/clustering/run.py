"""Running a strategy on any number of points: what it cannot take goes to the nearest centroid; clusters by size."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from imclust_core.arrays.checks import check_k, check_points
from imclust_core.arrays.chunks import chosen_rows, pieces
from imclust_core.clustering.stability import stability
from imclust_core.clustering.strategies import Given, Strategy, find_strategy
from imclust_core.errors import ClusteringError

Find = Callable[[Given], np.ndarray]


def grouped(given: Given, strategy: Strategy, find: Find | None = None) -> np.ndarray:
    """The cluster of each point, the largest cluster 0, unassigned -1: (n,) int32.

    find: runs the strategy, by default here and now. Beyond what the strategy can take, a random part is clustered and
    the others go to its nearest centroid; where clusters are dense regions, only those within reach of it.
    """
    find = find or strategy.find
    check_points(given.points)
    n = len(given.points)
    if not strategy.own_k:
        check_k(n, given.k)
        if given.k > strategy.most:
            raise ClusteringError(
                f"{strategy.title} looks at {strategy.most:,} images at most, which cannot make {given.k:,} clusters. "
                "Choose k-means, or a smaller K."
            )
    if n <= strategy.most:
        return by_size(find(given))
    chosen = chosen_rows(n, strategy.most, given.seed)
    part = by_size(find(replace(given, points=given.points[chosen])))
    return by_size(_placed(given.points, chosen, part, within=strategy.own_k))


def stability_of(given: Given, strategy: Strategy, labels: np.ndarray, k: int) -> np.ndarray:
    """How stable each of k clusters is: (k,), the strategy run again on samples of the points."""

    def again(chosen: np.ndarray, seed: int) -> np.ndarray:
        some = replace(given, points=given.points[chosen], k=max(1, min(given.k, len(chosen))), seed=seed)
        return grouped(some, strategy)

    return stability(labels, k, again, repeats=strategy.repeats, seed=given.seed, step=given.step)


def stability_named(name: str, points: np.ndarray, wanted: int, seed: int, labels: np.ndarray, k: int) -> np.ndarray:
    """The same for a strategy by its name; wanted: how many clusters it was asked for."""
    return stability_of(Given(points, wanted, seed), find_strategy(name), labels, k)


def by_size(labels: np.ndarray) -> np.ndarray:
    """The same clusters from the largest down, without empty ones; of equal ones the first to come is first."""
    used = labels[labels >= 0]
    _, first, place, counts = np.unique(used, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    out = np.full(len(labels), -1, np.int32)
    out[labels >= 0] = rank[place]
    return out


def _placed(points: np.ndarray, chosen: np.ndarray, part: np.ndarray, *, within: bool) -> np.ndarray:
    """Labels of all points from those of the chosen ones: the nearest centroid, or -1 beyond its farthest member."""
    k = int(part.max(initial=-1)) + 1
    out = np.full(len(points), -1, np.int32)
    if k:
        known = points[chosen]
        centroids = np.stack([known[part == cluster].mean(axis=0) for cluster in range(k)])
        reach = np.full(k, np.inf)
        if within:
            away = np.linalg.norm(known - centroids[part], axis=1)
            reach = np.array([away[part == cluster].max() for cluster in range(k)])
        for where in pieces(*points.shape):
            squares = np.square(centroids).sum(axis=1) - 2 * points[where] @ centroids.T
            nearest = squares.argmin(axis=1)
            distance = np.linalg.norm(points[where] - centroids[nearest], axis=1)
            out[where] = np.where(distance <= reach[nearest], nearest, -1)
    out[chosen] = part
    return out
