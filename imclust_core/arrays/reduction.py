"""What is done to features before they are clustered: "none", "l2", "pca:256", "pca:256:white", "umap:50"."""

import warnings
from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.chunks import Step, chosen_rows, nothing, pieces
from imclust_core.arrays.linkage import unit_rows
from imclust_core.errors import ClusteringError

KINDS = ("none", "l2", "pca", "umap")
DEFAULTS = {"pca": 256, "umap": 50}
_NOTHING = 1e-10
"""Rows of length one that vary by less are all alike in that direction."""
_NEIGHBOURS = 15
UMAP_ROWS = 50_000
"""UMAP is fitted to at most so many rows; the others are placed among their nearest of these."""
_AMONG = 5
_PCA_ROWS = 10_000
"""Directions are found from at most so many rows, so that it takes seconds whatever their number."""


@dataclass(frozen=True)
class Reduction:
    """A way to reduce features. dims: how many are left, 0 where none are taken away. white: each of equal weight."""

    kind: str
    dims: int = 0
    white: bool = False

    def __str__(self) -> str:
        return ":".join([self.kind, *([str(self.dims)] if self.dims else []), *(["white"] if self.white else [])])


def reduction_from(text: str) -> Reduction:
    """The reduction that a text like "pca:256:white" names."""
    kind, *rest = text.strip().split(":")
    white = kind == "pca" and rest[-1:] == ["white"]
    numbers = rest[:-1] if white else rest
    known = kind in KINDS and len(numbers) <= (1 if kind in DEFAULTS else 0)
    if not known or not all(one.isascii() and one.isdigit() and 0 < len(one) < 6 and int(one) for one in numbers):
        raise ClusteringError(
            f"{text!r} is no reduction. Expected one of: none, l2, pca:N, pca:N:white, umap:N, with N from 1 to 99999."
        )
    return Reduction(kind, int(numbers[0]) if numbers else DEFAULTS.get(kind, 0), white)


def reduce(features: np.ndarray, how: Reduction, seed: int = 0, step: Step = nothing) -> np.ndarray:
    """The features (n, d) reduced: (n, d') float32.

    All but "none" start from features of length one. Whitened components are brought to length one again, as
    DeepCluster does it. There are at most n - 1 components, whatever was asked for.
    """
    if how.kind == "none":
        return np.asarray(features, np.float32)
    unit = unit_rows(np.asarray(features, np.float32))
    if how.kind == "l2" or len(unit) < 3:
        return unit
    return _pca(unit, how, seed) if how.kind == "pca" else _umap(unit, how.dims, seed, step)


def _pca(unit: np.ndarray, how: Reduction, seed: int) -> np.ndarray:
    from sklearn.decomposition import PCA  # it takes a second to import, and pages read the names in this module

    some = unit[chosen_rows(len(unit), _PCA_ROWS, seed)]
    n, d = some.shape
    solver = "covariance_eigh" if n > 2 * d else "auto"  # a second for ten thousand rows, where "auto" takes four
    model = PCA(min(how.dims, n - 1, d), whiten=how.white, svd_solver=solver, random_state=seed)
    found = np.empty((len(unit), model.n_components), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows that are all alike vary in no direction
        model.fit(some)
        for where in pieces(*unit.shape):
            found[where] = np.nan_to_num(model.transform(unit[where]), posinf=0, neginf=0)
    # Where there are copies, the last directions hold nothing but rounding, and white ones would weigh like the others.
    found[:, ~(model.explained_variance_ > _NOTHING)] = 0
    return unit_rows(found) if how.white else found


def _umap(unit: np.ndarray, dims: int, seed: int, step: Step) -> np.ndarray:
    chosen = chosen_rows(len(unit), UMAP_ROWS, seed)
    return placed_among(unit, chosen, fitted_umap(unit[chosen], dims, seed, step), step)


def fitted_umap(unit: np.ndarray, dims: int, seed: int = 0, step: Step = nothing) -> np.ndarray:
    """UMAP of rows (n, d) of length one: (n, dims)."""
    from umap import UMAP  # half a minute to import and compile, and seldom asked for

    from imclust_core.arrays.neighbours import nearest_rows

    n = len(unit)
    near, away = nearest_rows(unit, unit, min(_NEIGHBOURS, n), step=step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one thread, which the seed asks for; and of graphs in several parts
        model = UMAP(
            n_neighbors=near.shape[1],
            n_components=min(dims, n - 2),
            min_dist=0.0,
            init="random" if n < 4 * dims else "spectral",
            random_state=seed,
            precomputed_knn=(near, away, None),
        )
        return np.asarray(model.fit_transform(unit), np.float32)


def placed_among(unit: np.ndarray, chosen: np.ndarray, found: np.ndarray, step: Step = nothing) -> np.ndarray:
    """All rows (n, d) where their nearest of the chosen ones (m,) were put: found (m, dims) -> (n, dims)."""
    if len(chosen) == len(unit):
        return found
    from imclust_core.arrays.neighbours import nearest_rows

    near, away = nearest_rows(unit, unit[chosen], _AMONG, step=step)
    return amid(near, away, found)


def amid(near: np.ndarray, away: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Places amid those of the nearest, the nearer the more: near, away (n, k), found (m, dims) -> (n, dims)."""
    weight = 1 / np.maximum(away, 1e-6)
    weight /= weight.sum(axis=1, keepdims=True)
    placed: np.ndarray = np.einsum("ij,ijk->ik", weight, found[near]).astype(np.float32)
    return placed
