"""What all maps start from: main directions of features, and the neighbours of each row. Made once for all methods."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from imclust_core.arrays.chunks import Step, chosen_rows, nothing
from imclust_core.arrays.linkage import unit_rows
from imclust_core.arrays.reduction import Reduction, reduce

FITTED = 200_000
"""Maps are made of at most so many rows by a fair draw; the others are placed among their nearest of these."""
NEIGHBOURS = 91
"""Three times the usual perplexity, as t-SNE wants it, and the row itself; UMAP takes the nearest 15 of them."""
_DIRECTIONS = 128
"""With 50, where classes are many, a quarter of the neighbours are others; with 128 one in seven."""
_AMONG = 5
_EXACT = 16_000
"""Up to so many rows each is compared with each: the cells would cost more than they spare."""


@dataclass(frozen=True)
class Graph:
    """n rows, of which m are fitted.

    chosen (m,): the places of the fitted rows among all, in order. axes (n, 2): all rows along the two main directions.
    near, away (m, k): the nearest fitted rows of each, itself first, and how far they are. beside, off (n - m, 5): the
    nearest fitted rows of each of the others, and how far they are.
    """

    chosen: np.ndarray
    axes: np.ndarray
    near: np.ndarray
    away: np.ndarray
    beside: np.ndarray
    off: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.axes)

    @property
    def others(self) -> np.ndarray:
        """The places of the rows that are not fitted: (n - m,)."""
        mask = np.ones(self.rows, bool)
        mask[self.chosen] = False
        return np.flatnonzero(mask)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it by name, to be kept."""
        return dict(vars(self))


def graph_of(features: np.ndarray, seed: int = 0, *, fitted: int = FITTED, step: Step = nothing) -> Graph:
    """The graph of features (n, d), n at least 1."""
    directions = reduce(features, Reduction("pca", _DIRECTIONS), seed)
    points = unit_rows(directions)
    n = len(points)
    chosen = chosen_rows(n, fitted, seed)
    among = points[chosen] if len(chosen) < n else points
    near, away = _near(among, among, min(NEIGHBOURS, len(among)), seed, step)
    nobody = np.zeros((0, _AMONG), np.int32)
    graph = Graph(chosen, _axes(directions), *_itself_first(near, away), nobody, nobody.astype(np.float32))
    if len(chosen) == n:
        return graph
    beside, off = _near(points[graph.others], among, _AMONG, seed, step)
    return replace(graph, beside=beside, off=off)


def _near(rows: np.ndarray, among: np.ndarray, number: int, seed: int, step: Step) -> tuple[np.ndarray, np.ndarray]:
    if len(among) > _EXACT:
        from imclust_core.mapping.cells import near_rows  # brings torch in, and pages read the names of methods

        return near_rows(rows, among, number, seed=seed, step=step)
    from sklearn.neighbors import NearestNeighbors  # as quick as torch up to here, which takes 3 s to import

    away, near = NearestNeighbors(algorithm="brute").fit(among).kneighbors(rows, number)
    return near.astype(np.int32), away.astype(np.float32)


def graph_from(arrays: Mapping[str, np.ndarray]) -> Graph | None:
    """The graph that `Graph.arrays` were of, or None where they are none."""
    if set(arrays) != set(Graph.__annotations__):
        return None
    graph = Graph(**arrays)
    try:
        return graph if _is_sound(graph) else None
    except (TypeError, ValueError, IndexError):  # arrays of other kinds or shapes than any graph has
        return None


def _is_sound(graph: Graph) -> bool:
    m, n, k = len(graph.chosen), graph.rows, graph.near.shape[1]
    kinds = all(part.dtype.kind == "i" for part in (graph.chosen, graph.near, graph.beside))
    shapes = (
        graph.axes.shape == (n, 2)
        and graph.near.shape == graph.away.shape == (m, k)
        and graph.beside.shape == graph.off.shape == (n - m, _AMONG)
    )
    order = m > 0 and graph.chosen[0] >= 0 and bool((np.diff(graph.chosen) > 0).all()) and graph.chosen[-1] < n
    within = all(not part.size or 0 <= part.min() <= part.max() < m for part in (graph.near, graph.beside))
    finite = all(np.isfinite(part).all() for part in (graph.axes, graph.away, graph.off))
    return kinds and shapes and order and within and finite


def axes_of(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """The rows of features (n, d) along their two main directions: (n, 2)."""
    return _axes(reduce(features, Reduction("pca", _DIRECTIONS), seed))


def _axes(directions: np.ndarray) -> np.ndarray:
    """The first two main directions, turned so that the longer tail is on the right and above: (n, 2)."""
    axes = np.zeros((len(directions), 2), np.float32)
    width = min(2, directions.shape[1])
    if len(directions) < 3 and directions.shape[1] > width:  # too few for main directions: these are features
        axes[:, 0] = np.linalg.norm(directions - directions[:1], axis=1)
        return axes
    axes[:, :width] = directions[:, :width]
    tails = (axes.astype(np.float64) ** 3).sum(axis=0)
    return axes * np.where(tails < 0, -1, 1).astype(np.float32)


def _itself_first(near: np.ndarray, away: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row as its own first neighbour: among copies, or by rounding, another one may come before it."""
    own = np.arange(len(near), dtype=near.dtype)
    near, away = near.copy(), away.copy()
    at = np.argmax(near == own[:, None], axis=1)
    there = near[np.arange(len(near)), at] == own
    at[~there] = near.shape[1] - 1  # not found among that many copies: the last one makes room
    near[np.arange(len(near)), at] = near[:, 0]
    away[np.arange(len(near)), at] = away[:, 0]
    near[:, 0], away[:, 0] = own, 0
    return near, away
