"""The ways to lay rows out on a plane: one function each, and one line here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.arrays.reduction import amid
from imclust_core.errors import MapError
from imclust_core.mapping.graph import Graph

LEAST = 16
"""Below so many rows there are no neighbourhoods to keep, and all maps show the two main directions."""


@dataclass(frozen=True)
class Given:
    """What a method starts from: the graph of n rows, of which it lays out the m that are fitted.

    start (m, 2): where they are already, or None. groups (m,): names as numbers, -1 for none, or None.
    """

    graph: Graph
    seed: int = 0
    start: np.ndarray | None = None
    groups: np.ndarray | None = None
    step: Step = nothing


@dataclass(frozen=True)
class Method:
    """A way to lay out. find: places (m, 2), or None for the two main directions as they are.

    says: what it is good for. by_names: whether it can hold different names apart.
    """

    title: str
    find: Callable[[Given], np.ndarray] | None
    says: str
    by_names: bool = False


def _umap(given: Given) -> np.ndarray:
    from imclust_core.mapping import gpu
    from imclust_core.mapping.umap import umap  # brings torch in

    graph, axes = given.graph, given.graph.axes[given.graph.chosen]
    if gpu.is_here() and given.start is None and given.groups is None:
        return gpu.umap(graph.near, graph.away, axes, seed=given.seed)
    return umap(graph.near, graph.away, axes, seed=given.seed, start=given.start, groups=given.groups, step=given.step)


def _tsne(given: Given) -> np.ndarray:
    from imclust_core.mapping.tsne import tsne

    graph = given.graph
    return tsne(graph.near, graph.away, graph.axes[graph.chosen], seed=given.seed, start=given.start, step=given.step)


METHODS = {
    "umap": Method("UMAP", _umap, "groups stand apart, and neighbouring groups are alike", by_names=True),
    "tsne": Method("t-SNE", _tsne, "neighbours stay together; how far groups are from each other says little"),
    "pca": Method("PCA", None, "the two directions in which images differ most; nothing is bent"),
}


def find_method(name: str) -> Method:
    """The method of this name."""
    if name not in METHODS:
        raise MapError(f"There is no map {name!r}. Choose one of: {', '.join(METHODS)}.")
    return METHODS[name]


def laid_out(find: Callable[[Given], np.ndarray], given: Given) -> np.ndarray:
    """All n rows of a graph on a plane: (n, 2) float32. Rows that are not fitted go where their nearest are."""
    graph = given.graph
    fitted = find(given).astype(np.float32)
    if not np.isfinite(fitted).all():
        raise MapError("The map could not be laid out: some places came out as no numbers. Make it anew, or by PCA.")
    if len(graph.chosen) == graph.rows:
        return fitted
    places = np.empty((graph.rows, 2), np.float32)
    places[graph.chosen] = fitted
    places[graph.others] = amid(graph.beside, graph.off, fitted)
    return places


def started(graph: Graph, before: np.ndarray) -> np.ndarray | None:
    """Where the fitted rows start: where they were, and new ones amid their nearest that were there: (m, 2).

    before (n, 2): the places of all rows on an earlier map, not a number for those that were not there. None where
    fewer than half of the rows have a place: then a new map is better.
    """
    known = before[graph.chosen]
    there = np.isfinite(known).all(axis=1)
    if there.mean() < 0.5:
        return None
    near = there[graph.near]
    held = np.where(near[..., None], known[graph.near], 0).sum(axis=1) / np.maximum(near.sum(axis=1), 1)[:, None]
    middle = np.where(near.any(axis=1)[:, None], held, known[there].mean(axis=0))
    found: np.ndarray = np.where(there[:, None], known, middle).astype(np.float32)
    return found
