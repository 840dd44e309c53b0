"""Strategies that scikit-learn and scipy have, as functions of arrays: points (n, d) -> labels (n,), -1 unassigned."""

import warnings

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.cluster import HDBSCAN, SpectralClustering
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from imclust_core.arrays.checks import check_k, check_points
from imclust_core.arrays.linkage import distances_between
from imclust_core.clustering.kmeans import kmeans

_NEIGHBOURS = 10
_LEAST_MEMBERS = 5
_OF_EACH = 200
"""A dense region holds at least one image in so many."""


def ward(points: np.ndarray, k: int) -> np.ndarray:
    """Merge the two groups that add least to the spread, until k are left."""
    return _merged(points, k, "ward")


def average(points: np.ndarray, k: int) -> np.ndarray:
    """Merge the two groups whose images are nearest to each other on average, until k are left."""
    return _merged(points, k, "average")


def _merged(points: np.ndarray, k: int, method: str) -> np.ndarray:
    check_points(points)
    check_k(len(points), k)
    if len(points) == 1:
        return np.zeros(1, np.int64)
    # The distances as products of matrices: scipy's own go pair by pair.
    distances = distances_between(points, "euclidean")
    distances[distances < 1e-3 * distances.max()] = 0  # rounding: copies of one picture lie at one place
    merges = linkage(squareform(distances, checks=False), method)
    # By their order: of merges at one height all or none would count. Copies are merged in any case.
    merges[:, 2] = np.where(merges[:, 2] > 0, np.arange(1, len(points)), 0)
    found: np.ndarray = fcluster(merges, len(points) - k, "distance") - 1
    return found.astype(np.int64)


def mixture(points: np.ndarray, k: int, *, seed: int = 0) -> np.ndarray:
    """A mixture of k Gaussians, each with a variance of its own in every direction."""
    check_points(points)
    check_k(len(points), k)
    if len(points) == 1:
        return np.zeros(1, np.int64)
    start = kmeans(points, k, seed=seed)
    scale = float(points.var(axis=0, dtype=np.float64).mean())
    counts = np.bincount(start.labels)
    model = GaussianMixture(
        len(counts),
        covariance_type="diag",
        reg_covar=max(1e-2 * scale, 1e-9),  # in many dimensions a few images would have no spread in most of them
        weights_init=counts / counts.sum(),
        means_init=start.centroids,
        precisions_init=np.full((len(counts), points.shape[1]), 1 / max(scale, 1e-9)),
        init_params="random",
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: np.ndarray = model.fit_predict(points.astype(np.float64))
    return found.astype(np.int64)


def spectral(points: np.ndarray, k: int, *, seed: int = 0) -> np.ndarray:
    """Cut the graph of nearest neighbours into k parts."""
    check_points(points)
    check_k(len(points), k)
    n = len(points)
    if k in (1, n):
        return np.zeros(n, np.int64) if k == 1 else np.arange(n)
    model = SpectralClustering(
        k,
        affinity="nearest_neighbors",
        n_neighbors=min(_NEIGHBOURS, n),
        assign_labels="cluster_qr",
        # Few rows are solved in full: arpack finds fewer directions than there are rows.
        eigen_solver="lobpcg" if n < 5 * k + 1 else "arpack",
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the graph has several parts is what is looked for
        found: np.ndarray = model.fit_predict(points.astype(np.float64))
    return found.astype(np.int64)


def dense(points: np.ndarray) -> np.ndarray:
    """Dense regions (HDBSCAN), as many as there are; images between them are unassigned."""
    check_points(points)
    least = max(_LEAST_MEMBERS, len(points) // _OF_EACH)
    if len(points) < 2 * _LEAST_MEMBERS:
        return np.full(len(points), -1)  # too few for any region to stand out
    found: np.ndarray = HDBSCAN(least, copy=True).fit_predict(points)
    return found.astype(np.int64)
