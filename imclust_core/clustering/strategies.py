"""Every way to cluster: a name -> what it is called, how it is run, how much it can take. A new way is one entry here.

What an entry runs is imported when it runs: pages read this table, and torch takes seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.errors import ClusteringError


@dataclass(frozen=True)
class Given:
    """What a strategy gets: points (n, d) as reduced, how many clusters, a seed, and whom to tell of each step.

    words: cuts the tree of labels into so many groups, (n,); for strategies that go by words.
    """

    points: np.ndarray
    k: int
    seed: int = 0
    step: Step = nothing
    words: Callable[[int], np.ndarray] | None = None


@dataclass(frozen=True)
class Strategy:
    """A way to cluster.

    find: labels (n,), -1 unassigned. says: one line for people. most: points it is given at most; the others go to the
    nearest centroid of what it found. apart: cannot be stopped from within, so from this many points on it runs in a
    process that can be ended; 0 for never.
    own_k: finds its own number of clusters. by_words: needs the tree of labels, and no features. repeats: how often it
    is run again, on samples, for the stability of its clusters. slow: may take minutes.
    """

    title: str
    says: str
    find: Callable[[Given], np.ndarray]
    most: int = 10_000_000
    apart: int = 0
    own_k: bool = False
    by_words: bool = False
    repeats: int = 6
    slow: bool = False


def _kmeans(given: Given, *, spherical: bool = False) -> np.ndarray:
    from imclust_core.clustering.kmeans import kmeans

    return kmeans(given.points, given.k, seed=given.seed, spherical=spherical, step=given.step).labels


def _ward(given: Given) -> np.ndarray:
    from imclust_core.clustering.sklearn_methods import ward

    return ward(given.points, given.k)


def _average(given: Given) -> np.ndarray:
    from imclust_core.clustering.sklearn_methods import average

    return average(given.points, given.k)


def _mixture(given: Given) -> np.ndarray:
    from imclust_core.clustering.sklearn_methods import mixture

    return mixture(given.points, given.k, seed=given.seed)


def _spectral(given: Given) -> np.ndarray:
    from imclust_core.clustering.sklearn_methods import spectral

    return spectral(given.points, given.k, seed=given.seed)


def _dense(given: Given) -> np.ndarray:
    from imclust_core.clustering.sklearn_methods import dense

    return dense(given.points)


def _distilled(given: Given) -> np.ndarray:
    from imclust_core.clustering.distilled import distilled

    return distilled(given.points, given.k, seed=given.seed, step=given.step)


def _words(given: Given) -> np.ndarray:
    if given.words is None:
        raise ClusteringError("The word tree clusters images by their labels. Give it an embedding that has labels.")
    return given.words(given.k)


STRATEGIES: dict[str, Strategy] = {
    "spherical": Strategy(
        "Spherical k-means", "around directions; quick, for any number of images", partial(_kmeans, spherical=True)
    ),
    "kmeans": Strategy("k-means", "around means; as quick", _kmeans),
    "ward": Strategy("Ward", "merges what adds least to the spread", _ward, most=12_000, apart=3_000),
    "average": Strategy("Average linkage", "merges what is nearest on average", _average, most=12_000, apart=3_000),
    "gmm": Strategy(
        "Gaussian mixture", "clusters of unlike width", _mixture, most=50_000, apart=600, repeats=3, slow=True
    ),
    "spectral": Strategy(
        "Spectral", "cuts the graph of neighbours", _spectral, most=12_000, apart=1_500, repeats=3, slow=True
    ),
    "hdbscan": Strategy(
        "HDBSCAN",
        "dense regions, as many as there are; the rest stays unassigned",
        _dense,
        most=20_000,
        apart=400,
        own_k=True,
        repeats=3,
        slow=True,
    ),
    "distilled": Strategy(
        "Self-distilled head", "a small network learns from neighbours", _distilled, repeats=3, slow=True
    ),
    "words": Strategy("Word tree", "cuts the tree of labels, as on Choose K", _words, by_words=True, repeats=0),
}


def find_strategy(name: str) -> Strategy:
    """The strategy of this name."""
    if name not in STRATEGIES:
        raise ClusteringError(f"{name!r} is no strategy. Expected one of: {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def find_named(name: str, points: np.ndarray, k: int, seed: int = 0) -> np.ndarray:
    """What a strategy makes of points (n, d): labels (n,), -1 unassigned."""
    return find_strategy(name).find(Given(points, k, seed))
