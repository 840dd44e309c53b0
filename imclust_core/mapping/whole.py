"""A map of features from beginning to end, for those who have arrays and no workspace."""

from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.errors import MapError
from imclust_core.mapping.graph import FITTED, Graph, axes_of, graph_of
from imclust_core.mapping.methods import LEAST, Given, Method, find_method, laid_out, started

_ALIKE = 2e-3
"""Rows of length one that differ by less along their main directions are alike, but for rounding."""


@dataclass(frozen=True)
class Made:
    """A map: places (n, 2) float32, the graph it was made from (None where none was needed), and notes for people."""

    places: np.ndarray
    graph: Graph | None
    notes: tuple[str, ...] = ()


def make(
    features: np.ndarray,
    method: str = "umap",
    *,
    seed: int = 0,
    graph: Graph | None = None,
    before: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    fitted: int = FITTED,
    step: Step = nothing,
) -> Made:
    """Lay the rows of features (n, d) out on a plane.

    Parameters
    ----------
    method: "umap", "tsne" or "pca". graph: what an earlier map of the same rows was made from, which spares that work.
    before (n, 2): their places on an earlier map, not a number for rows that are new: the map then changes little.
    groups (n,): names as numbers, -1 for none; different ones are held apart, by UMAP only. fitted: at most so many
    rows are laid out, by a fair draw, and the others placed among them.

    Example: `make(features, "tsne", graph=make(features).graph).places` is a second map of the same rows for less.
    """
    check_features(features)
    way, n = find_method(method), len(features)
    if way.find is None or n < LEAST:
        few = () if way.find is None else (f"{n} images are too few for {way.title}: these are their main directions.",)
        axes = axes_of(features, seed)
        return Made(axes, None, _alike(axes) or few)
    found = graph if graph is not None else graph_of(features, seed, fitted=fitted, step=step)
    return from_graph(found, method, seed=seed, before=before, groups=groups, step=step)


def from_graph(
    graph: Graph,
    method: str = "umap",
    *,
    seed: int = 0,
    before: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    step: Step = nothing,
) -> Made:
    """The same from a graph that is there; without the features."""
    way, n = find_method(method), graph.rows
    _check_groups(way, groups, n)
    if (alike := _alike(graph.axes)) or n == 1:
        return Made(np.zeros((n, 2), np.float32), graph, alike)
    if way.find is None:
        return Made(graph.axes, graph)
    some = groups[graph.chosen] if groups is not None else None
    start = started(graph, before) if before is not None else None
    places = laid_out(way.find, Given(graph, seed, start, some, step))
    notes = (f"Made of {len(graph.chosen):,} images by a fair draw; the others lie among the nearest of these.",)
    return Made(places, graph, notes if len(graph.chosen) < n else ())


def _alike(axes: np.ndarray) -> tuple[str, ...]:
    """The note on images that do not differ in what counts most; none on others, and on a single one."""
    same = len(axes) > 1 and float(np.ptp(axes, axis=0).max()) < _ALIKE
    return ("All images are the same to the network: they lie on one place.",) if same else ()


def check_features(features: np.ndarray) -> None:
    """MapError for what no map can be made of."""
    if features.ndim != 2 or not len(features) or not features.shape[1]:
        raise MapError(f"A map needs at least one row of numbers, not an array of shape {features.shape}.")
    if not np.isfinite(features).all():
        raise MapError("Some features are no numbers. Embed these images again, or leave them out.")


def _check_groups(way: Method, groups: np.ndarray | None, rows: int) -> None:
    if groups is not None and not way.by_names:
        raise MapError(f"{way.title} cannot hold different names apart. Choose UMAP for that, or leave them out.")
    if groups is not None and len(groups) != rows:
        raise MapError(f"There are {rows:,} rows and {len(groups):,} names. Each row needs one, or -1.")
