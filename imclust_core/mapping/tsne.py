"""t-SNE, by openTSNE, from neighbours that are known already."""

import numpy as np

from imclust_core.arrays.chunks import Step, nothing

PERPLEXITY = 30.0
_EARLY, _LATE, _AGAIN = 100, 500, 250
"""Rounds that draw groups apart, rounds that settle them, and those that do where most rows are at their places.

openTSNE's usual 250 and 500, and scikit-learn's 1,000 in all, end where these do from a start along main directions.
"""
_SMALL = 1e-4
_EVERY = 10
_SHARED = 2_000
"""Below so many rows threads wait for each other longer than they work."""
_TREES = 10_000
"""Up to so many rows Barnes and Hut's trees are quicker than a grid; measured here at 5,000: half the time."""


def tsne(
    near: np.ndarray,
    away: np.ndarray,
    axes: np.ndarray,
    *,
    seed: int = 0,
    start: np.ndarray | None = None,
    step: Step = nothing,
) -> np.ndarray:
    """Places (n, 2) for n rows, n at least 5.

    near, away (n, k): neighbours, itself first. axes (n, 2): where they start. start (n, 2): where they are already.
    """
    from openTSNE import TSNEEmbedding  # seconds to import, and not always asked for
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    known = PrecomputedNeighbors(near[:, 1:].astype(np.int64), np.maximum(away[:, 1:].astype(np.float64), 1e-9))
    total = _AGAIN if start is not None else _EARLY + _LATE
    done, threads = 0, 1 if len(near) < _SHARED else -1
    affinities = PerplexityBasedNN(perplexity=min(PERPLEXITY, (near.shape[1] - 1) / 3), knn_index=known, n_jobs=threads)

    def told(_round: int, _error: float, _places: np.ndarray) -> None:
        nonlocal done
        done += _EVERY
        step(min(done, total), total)

    way = "bh" if len(near) <= _TREES else "fft"
    places = TSNEEmbedding(
        _small(axes, seed) if start is None else start.astype(np.float64),
        affinities,
        negative_gradient_method=way,
        n_jobs=threads,
        random_state=seed,
        callbacks=told,
        callbacks_every_iters=_EVERY,
    )
    if start is None:
        places = places.optimize(_EARLY, exaggeration=12, momentum=0.8)
    places = places.optimize(total - _EARLY if start is None else total, momentum=0.8)
    return np.asarray(places, np.float32)


def _small(axes: np.ndarray, seed: int) -> np.ndarray:
    """Axes brought to the small size that t-SNE grows from, and a hair's breadth apart where rows are alike: (n, 2)."""
    spread = float(axes[:, 0].std())
    places = axes.astype(np.float64) * (_SMALL / spread) if spread > 0 else np.zeros(axes.shape)
    return places + np.random.default_rng(seed).normal(0, _SMALL * 1e-2, axes.shape)
