"""k-means and spherical k-means, one code for CPU and GPU.

Seeds, starts and swaps are tried on a sample of the rows in their main directions, where a round costs little; what
they find is then settled on all rows in full.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from imclust_core.arrays.checks import check_k, check_points
from imclust_core.arrays.chunks import Step, nothing
from imclust_core.arrays.nearest import nearest, sums
from imclust_core.arrays.rows import Rows, chosen_device, one_thread
from imclust_core.clustering.kmeans_init import search

_LEAST_DIRECTIONS = 64
_DIRECTIONS = 2
"""Directions for each centroid: with fewer, clusters that differ cannot be told apart."""
_BASIS_ROWS = 2_048
_SAMPLE = 256
"""Rows for each centroid that are looked at for good centroids."""
_LEAST_SAMPLE, _MOST_SAMPLE = 8_192, 300_000
_ROUNDS = 100
_SEARCHING = 300
"""About how many rounds it takes to find good centroids, for telling how far the work is."""
_SETTLED = 2e-5
_AT_HAND = 128
"""Rows that fit into the processor's cache."""
_SAME = 1e-6
_FEW_ROUNDS = 12
"""Rounds over all rows where they are many more than the sample: each costs much and changes little."""
_MANY = 300_000
_SMALL = 100_000_000
"""Products of numbers in a round, below which one thread is enough."""


@dataclass(frozen=True)
class KMeans:
    """Clusters of n rows, the largest first, none of them empty.

    labels (n,): the nearest centroid of each row. centroids (m, d): the means of their rows, for spherical ones at
    length one. m is K, or less where there are fewer different rows. inertia: the sum of squared distances to them.
    """

    labels: np.ndarray
    centroids: np.ndarray
    inertia: float
    iterations: int


def kmeans(
    points: np.ndarray,
    k: int,
    *,
    seed: int = 0,
    spherical: bool = False,
    device: str | None = None,
    step: Step = nothing,
) -> KMeans:
    """Sort rows into k clusters around their means.

    Parameters
    ----------
    points: (n, d) of any float type. spherical: by angle, length does not count. device: "cpu" or "cuda"; by default a
    GPU where there is one. step: called often with (done, total); what it raises ends the work.

    Example: `kmeans(features, 20).labels` sorts (5011, 2048) features into twenty clusters.
    """
    check_points(points)
    check_k(len(points), k)
    rows = Rows(points, unit=spherical, device=chosen_device(device))
    random = torch.Generator().manual_seed(seed)
    ticks, total = 0, k + _SEARCHING + _ROUNDS * rows.passes

    def tick() -> None:
        nonlocal ticks
        ticks = min(ticks + 1, total - 1)
        step(ticks, total)

    with one_thread(rows.n * rows.d * k < _SMALL):
        return _settled(rows, _found(rows, k, random, tick), spherical, tick)


def _found(rows: Rows, k: int, random: torch.Generator, tick: Callable[[], None]) -> torch.Tensor:
    """Good centroids for a sample, in full: (k, d)."""
    size = min(rows.n, max(_LEAST_SAMPLE, min(_SAMPLE * k, _MOST_SAMPLE), k))
    index = torch.randperm(rows.n, generator=random)[:size].sort().values.numpy()
    sample = rows.take(index) if size < rows.n else rows.whole()
    points = sample
    directions = max(_LEAST_DIRECTIONS, _DIRECTIONS * k)
    if rows.d > 1.5 * directions and size > directions:
        points = sample @ _main_directions(sample, directions, random)
    centroids = search(points, k, random, tick)
    labels, _ = nearest(points, centroids, tick)
    counts = torch.bincount(labels, minlength=k)
    return sums(sample, labels, k) / counts.clamp(min=1)[:, None]


def _main_directions(points: torch.Tensor, number: int, random: torch.Generator) -> torch.Tensor:
    """Directions that span what some of the rows differ in most: (d, number), orthonormal; by random projection."""
    chosen = torch.randperm(len(points), generator=random)[: max(_BASIS_ROWS, 4 * number)]
    some = points[chosen.to(points.device)]
    some = some - some.mean(0)
    basis = torch.randn((points.shape[1], number), generator=random).to(points.device)
    for _ in range(2):
        basis = torch.linalg.qr(some.T @ (some @ basis)).Q
    return basis


def _settled(rows: Rows, centroids: torch.Tensor, spherical: bool, tick: Callable[[], None]) -> KMeans:
    """Lloyd's rounds over all rows until they change next to nothing."""
    most = _FEW_ROUNDS if rows.n > _MANY else _ROUNDS
    centroids = _distinct(torch.nn.functional.normalize(centroids, dim=1) if spherical else centroids, rows.spread)
    before, done = np.inf, 0
    while True:
        if spherical:
            centroids = torch.nn.functional.normalize(centroids, dim=1)
        labels, distances, total = _round(rows, centroids, tick)
        inertia = float(distances.sum(dtype=torch.float64))
        counts = torch.bincount(labels, minlength=len(centroids))
        empty = torch.nonzero(counts == 0)[:, 0]
        far = distances.topk(len(empty)).indices
        # Rows that lie on their centroid cannot have one of their own: there are fewer different rows than K.
        apart = distances[far] > _SAME * rows.spread
        if done == most or (inertia >= before * (1 - _SETTLED) and not apart.any()):
            return _result(rows, labels, centroids, done)
        before, done = inertia, done + 1
        centroids = total / counts.clamp(min=1)[:, None]
        centroids[empty[apart]] = rows.take(far[apart].cpu().numpy())


def _distinct(centroids: torch.Tensor, spread: float) -> torch.Tensor:
    """The centroids that differ by more than rounding: copies of one row would be dealt out among such."""
    near = torch.cdist(centroids, centroids, compute_mode="donot_use_mm_for_euclid_dist").square_() <= _SAME * spread
    return centroids[~near.tril(-1).any(1)]


def _round(
    rows: Rows, centroids: torch.Tensor, tick: Callable[[], None]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The nearest centroid of every row (n,), squared distances (n,), and the sums of the rows of each (k, d)."""
    k = len(centroids)
    labels, distances, total = [], [], torch.zeros_like(centroids)
    for _, block in rows.pieces():
        found, away = nearest(block, centroids, tick)
        labels.append(found)
        distances.append(away)
        total += sums(block, found, k)
    return torch.cat(labels), torch.cat(distances), total


def _result(rows: Rows, labels: torch.Tensor, centroids: torch.Tensor, iterations: int) -> KMeans:
    """The clusters that have rows, the largest first; inertia from differences, which products would round away."""
    counts = np.bincount(labels.cpu().numpy(), minlength=len(centroids))
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    place = np.zeros(len(counts), np.int64)
    place[order] = np.arange(len(order))
    inertia = 0.0
    for start, block in rows.pieces():
        size = _AT_HAND if block.device.type == "cpu" else len(block)
        for at in range(0, len(block), size):
            some = block[at : at + size]
            own = labels[start + at : start + at + len(some)]
            inertia += float((some - centroids[own]).square_().sum(dtype=torch.float64))
    shown = (centroids + rows.mean)[torch.from_numpy(order).to(centroids.device)]
    return KMeans(place[labels.cpu().numpy()].astype(np.int32), shown.cpu().numpy(), inertia, iterations)
