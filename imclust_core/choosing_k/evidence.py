"""Evidence for K: what the words and the images each say, as curves over K.

Words: how far apart the merges of the tree of labels are, and how well its cuts fit the images. Images: the same of
their own tree, how well its cuts fit them, how the spread falls, whether other samples give the same groups, and how
many dense regions there are.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.arrays.linkage import distances_between, unit_rows
from imclust_core.choosing_k.curves import Curve, Evidence
from imclust_core.clustering.scores import silhouette_of_each
from imclust_core.label_tree.tree import Tree, cut, groups

MOST = 200
"""No K above this is looked at."""
_DIMENSIONS = 100
_DENSITY_DIMENSIONS = 20
_RESAMPLED = 0.7
_MOST_RESAMPLED = 2_000
_BEST = 3
_ALIKE = 1e-6
_LEAST_HEIGHT = 0.02
"""Heights below this share of the highest are alike: copies of one picture would make endless gaps."""


def reduced(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Unit-length features in their main directions: (n, at most 100), in float32."""
    unit = unit_rows(features)
    most = min(_DIMENSIONS, len(unit) - 1, unit.shape[1])
    if most < 1:
        return np.zeros((len(unit), 1), np.float32)
    unit = unit - unit.mean(axis=0)
    if np.abs(unit).max() < _ALIKE:
        return np.zeros((len(unit), 1), np.float32)
    found: np.ndarray = PCA(most, random_state=seed, svd_solver="auto").fit_transform(unit)
    return found.astype(np.float32)


def word_evidence(tree: Tree, leaf_of: np.ndarray, points: np.ndarray) -> Evidence:
    """What the tree of labels says: where its gaps are, and which of its cuts suit the images.

    Parameters
    ----------
    leaf_of: (n,), the leaf that each looked-at image is at home in, or -1. points: (n, d) from `reduced`.
    """
    most = min(tree.leaves - 1, MOST)
    # A tree's first splits part the world (animals, things), and its last ones synonyms: neither tells kinds of image.
    telling = range(min(4, tree.leaves // 2), tree.leaves // 2 + 1)
    curves = {"word_gap": _peaked(range(2, most + 1), _gaps(tree.heights, most), telling)}
    used = leaf_of >= 0
    if used.sum() > 2:
        levels = ((k, groups(tree, cut(tree, k))[leaf_of[used]]) for k in range(2, most + 1))
        curves["word_fit"] = _silhouettes(distances_between(points[used], "euclidean"), levels)
    return Evidence(int(used.sum()), curves)


def image_evidence(points: np.ndarray, *, repeats: int, seed: int = 0, step: Step = nothing) -> Evidence:
    """What the images say by themselves; points (n, d) from `reduced`, repeats is how many samples test stability."""
    n = len(points)
    if n < 5:
        return Evidence(n, {})
    most = max(2, min(MOST, n // 4))
    total = repeats + 3
    step(0, total)
    distances = pdist(points.astype(np.float64))
    merges = linkage(distances, "ward")
    ks = range(2, most + 1)
    levels = {k: fcluster(merges, k, "maxclust") - 1 for k in ks}
    step(1, total)
    curves = {"gap": _peaked(ks, _gaps(merges[:, 2], most))}
    curves["silhouette"] = _silhouettes(distances_between(points, "euclidean"), iter(levels.items()))
    curves["elbow"] = _elbow(merges[:, 2], most)
    step(2, total)
    dense = len(set(HDBSCAN(max(5, n // 200), copy=True).fit_predict(points[:, :_DENSITY_DIMENSIONS]).tolist()) - {-1})
    curves["density"] = Curve((), (), (dense,) if dense > 1 else ())
    curves["stability"] = _stability(points, levels, repeats, seed, lambda done: step(3 + done, total))
    return Evidence(n, curves)


def _gaps(heights: np.ndarray, most: int) -> list[float]:
    """How much higher the merge that ends K groups is than the one that makes them, for K from 2 to most."""
    high = heights[::-1]
    if not len(high) or high[0] <= 0:
        return [0.0] * max(0, most - 1)
    floor = _LEAST_HEIGHT * float(high[0])
    level = np.log(np.maximum(np.append(high, 0.0), floor))
    return [float(level[k - 2] - level[k - 1]) for k in range(2, most + 1)]


def _elbow(heights: np.ndarray, most: int) -> Curve:
    """The spread within the groups, as a share of all of it; its peaks are where it bends most."""
    squares = heights**2 / 2  # what each of Ward's merges adds to the spread
    within = np.cumsum(squares)
    share = [float(within[len(heights) - k] / within[-1]) if within[-1] > 0 else 0.0 for k in range(2, most + 1)]
    # The point furthest below the straight line between both ends, over the logarithm of K.
    x = np.log(np.arange(2, most + 1, dtype=float))
    span = max(float(x[-1] - x[0]), 1e-12)
    below = share[0] + (share[-1] - share[0]) * (x - x[0]) / span - np.array(share)
    ks = tuple(range(2, most + 1))
    return Curve(ks, tuple(share), (ks[int(below.argmax())],) if len(ks) > 2 and below.max() > _ALIKE else ())


def _silhouettes(distances: np.ndarray, levels: Iterator[tuple[int, np.ndarray]]) -> Curve:
    """The mean silhouette of each level of a tree: (K, labels (n,) from 0)."""
    ks, values = [], []
    for k, labels in levels:
        used, place = np.unique(labels, return_inverse=True)
        if not 1 < len(used) < len(labels):
            continue
        ks.append(k)
        values.append(float(silhouette_of_each(distances, place).mean()))
    return _peaked(ks, values)


def _stability(
    points: np.ndarray, levels: dict[int, np.ndarray], repeats: int, seed: int, step: Callable[[int], None]
) -> Curve:
    """How alike the groups of samples are to those of all: the mean adjusted Rand index over the repeats."""
    rng = np.random.default_rng(seed)
    size = min(int(_RESAMPLED * len(points)), _MOST_RESAMPLED)
    ks = [k for k, labels in levels.items() if k <= size // 2 and labels.any()]  # one group is always the same
    values = np.zeros(len(ks))
    for repeat in range(repeats):
        chosen = rng.choice(len(points), size, replace=False)
        merges = linkage(pdist(points[chosen].astype(np.float64)), "ward")
        values += [adjusted_rand_score(levels[k][chosen], fcluster(merges, k, "maxclust")) / repeats for k in ks]
        step(repeat + 1)
    return _peaked(ks, values.tolist()) if repeats else Curve((), (), ())


def _peaked(ks: Sequence[int], values: Sequence[float], among: range | None = None) -> Curve:
    """A curve and its highest peaks, of those K that are `among`."""
    v = np.array([-np.inf, *values, -np.inf])
    peaks = [at for at in range(len(ks)) if v[at + 1] >= v[at] and v[at + 1] > v[at + 2]]
    peaks = [at for at in peaks if among is None or ks[at] in among]
    peaks.sort(key=lambda at: -values[at])
    best = [ks[at] for at in peaks[:_BEST] if values[at] > 0]
    return Curve(tuple(ks), tuple(float(value) for value in values), tuple(best))
