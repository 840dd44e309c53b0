"""The two steps of k-means: which centroid is nearest to each row, and the sums of the rows of each."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.sparse import csr_matrix

Tick = Callable[[], None]
"""Called at every piece of work; what it raises ends all of it."""

_SCORES = 2**23
"""How many distances are held at a time."""


def nearest(
    points: torch.Tensor, centroids: torch.Tensor, tick: Tick = lambda: None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest centroid of each row, and the squared distance to it.

    points (n, d), centroids (k, d), or (r, k, d) for r sets at once. Returns labels int64 and distances: (n,), (r, n).
    """
    sets = centroids[None] if centroids.ndim == 2 else centroids
    r, k, d = sets.shape
    labels = torch.empty((r, len(points)), dtype=torch.int64, device=points.device)
    distances = torch.empty((r, len(points)), device=points.device)
    for where, scores, own in _scores(points, sets.reshape(r * k, d)):
        tick()
        scores = scores.reshape(len(own), r, k)
        found = _argmin(scores)
        labels[:, where] = found.T
        distances[:, where] = (scores.gather(2, found[:, :, None])[:, :, 0] + own[:, None]).clamp_(min=0).T
    return (labels[0], distances[0]) if centroids.ndim == 2 else (labels, distances)


def two_nearest(
    points: torch.Tensor, centroids: torch.Tensor, tick: Tick = lambda: None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The nearest of at least two centroids for each row, and the squared distances to it and to the next one: (n,)."""
    found = []
    for _, scores, own in _scores(points, centroids):
        tick()
        first = _argmin(scores)[:, None]
        near = scores.gather(1, first)
        scores.scatter_(1, first, torch.inf)
        far = scores.gather(1, _argmin(scores)[:, None])
        found.append((first[:, 0], (near[:, 0] + own).clamp_(min=0), (far[:, 0] + own).clamp_(min=0)))
    labels, distances, second = (torch.cat(parts) for parts in zip(*found, strict=True))
    return labels, distances, second


def _scores(points: torch.Tensor, centroids: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor, torch.Tensor]]:
    """Piece by piece: which rows, squared distances (some, k) without the rows' own squares, and those (some,)."""
    squares = (centroids * centroids).sum(1)
    size = max(64, _SCORES // len(centroids))
    for start in range(0, len(points), size):
        block = points[start : start + size]
        scores = torch.addmm(squares, block, centroids.T, alpha=-2)
        yield slice(start, start + len(block)), scores, torch.linalg.vector_norm(block, dim=1).square_()


def _argmin(scores: torch.Tensor) -> torch.Tensor:
    # On a CPU, NumPy looks through rows eight times as fast as torch does.
    if scores.device.type == "cpu":
        return torch.from_numpy(scores.numpy().argmin(axis=-1))
    return scores.argmin(-1)


def sums(points: torch.Tensor, labels: torch.Tensor, k: int) -> torch.Tensor:
    """The sum of the rows of each label: (k, d)."""
    n = len(points)
    if points.device.type == "cpu":  # as a product with a sparse matrix: many times as fast here as index_add_
        member = csr_matrix((np.ones(n, np.float32), labels.numpy(), np.arange(n + 1)), shape=(n, k))
        return torch.from_numpy(np.ascontiguousarray(member.T @ points.numpy()))
    out = torch.zeros((k, points.shape[1]), device=points.device)
    size = max(64, _SCORES // k)
    for start in range(0, n, size):  # a product of matrices too: a GPU's index_add_ sums in another order each time
        some = labels[start : start + size]
        member = torch.zeros((len(some), k), device=points.device).scatter_(1, some[:, None], 1.0)
        out += member.T @ points[start : start + size]
    return out
