"""What there is to say of a clustering without any truth: where its clusters lie, how tight and how far apart they are.

All of it is measured on the features at length one, whatever they were reduced to for the clustering: so the figures of
two clusterings of one embedding can be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.chunks import Step, chosen_rows, nothing, pieces
from imclust_core.arrays.linkage import distances_between, unit_rows

_SAMPLE = 3_000
"""Images that the silhouette is taken from, all of them or so many: it needs every distance between them."""


@dataclass(frozen=True)
class Placed:
    """Where n images lie among k clusters.

    centroids (k, d): the mean of each cluster's features at length one. own, second (n,): the distances to the own
    centroid, for an unassigned image the nearest, and to the nearest other one; infinite where there is none.
    other (n,): which that is, or -1.
    """

    centroids: np.ndarray
    own: np.ndarray
    second: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class Measured:
    """sizes, cohesion, silhouettes (k,): images of each cluster, mean cosine with its centroid, mean silhouette.

    silhouette, calinski_harabasz (the higher the better), davies_bouldin (the lower the better): None where there are
    fewer than two clusters, or as many as images. inertia: the sum of squared distances to the own centroid.
    Unassigned images are left out.
    """

    sizes: np.ndarray
    cohesion: np.ndarray
    silhouettes: np.ndarray
    silhouette: float | None
    calinski_harabasz: float | None
    davies_bouldin: float | None
    inertia: float


def place(features: np.ndarray, labels: np.ndarray, k: int, step: Step = nothing) -> Placed:
    """Where each image lies: features (n, d), labels (n,) from 0 to k - 1, or -1 for none."""
    n, d = features.shape
    centroids = np.zeros((k, d))
    for where, unit in _units(features):
        step(0, n)
        some = labels[where]
        for cluster in np.unique(some[some >= 0]):
            centroids[cluster] += unit[some == cluster].sum(axis=0, dtype=np.float64)
    centroids /= np.maximum(_sizes(labels, k), 1)[:, None]
    own, second, other = np.full(n, np.inf), np.full(n, np.inf), np.full(n, -1)
    for where, unit in _units(features) if k else ():
        step(where.start, n)
        away = _away(unit, centroids.astype(np.float32))
        rows = np.arange(len(unit))
        mine = np.where(labels[where] >= 0, labels[where], away.argmin(axis=1))
        own[where] = away[rows, mine]
        away[rows, mine] = np.inf
        if k > 1:
            other[where] = away.argmin(axis=1)
            second[where] = away.min(axis=1)
    return Placed(centroids.astype(np.float32), own.astype(np.float32), second.astype(np.float32), other)


def measure(features: np.ndarray, labels: np.ndarray, placed: Placed, seed: int = 0) -> Measured:
    """The figures of a clustering; the silhouette from a sample of at most 3,000 images."""
    k, used = len(placed.centroids), labels >= 0
    sizes, n = _sizes(labels, k), int(used.sum())
    squares = np.bincount(labels[used], np.square(placed.own[used], dtype=np.float64), minlength=k)
    lengths = np.linalg.norm(placed.centroids, axis=1)
    # Of unit vectors, the mean of the cosines with their mean's direction is that mean's length.
    cohesion = np.where(sizes > 0, lengths, 0.0)
    inertia = float(squares.sum())
    if not 1 < (sizes > 0).sum() < n:
        return Measured(sizes, cohesion, np.zeros(k), None, None, None, inertia)
    silhouettes, silhouette = _silhouettes(features, labels, k, seed)
    centre = np.average(placed.centroids, axis=0, weights=sizes)
    between = float((sizes * np.square(placed.centroids - centre).sum(axis=1)).sum())
    full = int((sizes > 0).sum())
    calinski = between / (full - 1) / (inertia / (n - full)) if inertia > 0 else None
    return Measured(sizes, cohesion, silhouettes, silhouette, calinski, _davies_bouldin(placed, labels, sizes), inertia)


def silhouette_of_each(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The silhouette of each image (n,), from all distances (n, n) and labels (n,) from 0; single images have 0.

    It is asked for hundreds of times in a row: this is one product of matrices where scikit-learn's goes by rows.
    """
    counts = np.bincount(labels).astype(distances.dtype)
    member = np.zeros((len(labels), len(counts)), distances.dtype)
    rows = np.arange(len(labels))
    member[rows, labels] = 1
    sums = distances @ member
    own = counts[labels]
    within = sums[rows, labels] / np.maximum(own - 1, 1)
    means = sums / counts
    means[rows, labels] = np.inf
    nearest = means.min(axis=1)
    score = (nearest - within) / np.maximum(np.maximum(nearest, within), 1e-12)
    return np.where(own > 1, score, 0)


def _silhouettes(features: np.ndarray, labels: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, float | None]:
    """The mean silhouette of each cluster, and of all images, in a sample."""
    used = np.flatnonzero(labels >= 0)
    used = used[chosen_rows(len(used), _SAMPLE, seed)]
    there, among = np.unique(labels[used], return_inverse=True)
    if len(there) < 2:
        return np.zeros(k), None
    each = silhouette_of_each(distances_between(features[used], "unit"), among)
    means = np.zeros(k)
    means[there] = np.bincount(among, each) / np.bincount(among)
    return means, float(each.mean())


def _davies_bouldin(placed: Placed, labels: np.ndarray, sizes: np.ndarray) -> float | None:
    """The mean over clusters of how much the most similar other one overlaps it."""
    full = np.flatnonzero(sizes)
    used = labels >= 0
    spread = np.bincount(labels[used], placed.own[used], minlength=len(sizes))[full] / sizes[full]
    apart = distances_between(placed.centroids[full], "euclidean").astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    if not (apart > 0).all():
        return None  # two clusters with one centroid overlap without bound
    return float(((spread[:, None] + spread) / apart).max(axis=1).mean())


def _sizes(labels: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(labels[labels >= 0], minlength=k)


def _units(features: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for where in pieces(*features.shape):
        yield where, unit_rows(np.asarray(features[where], np.float32))


def _away(unit: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Distances between rows (n, d) and centroids (k, d)."""
    squares = np.einsum("ij,ij->i", unit, unit)[:, None] + np.einsum("ij,ij->i", centroids, centroids)
    found: np.ndarray = np.sqrt(np.maximum(squares - 2 * unit @ centroids.T, 0))
    return found
