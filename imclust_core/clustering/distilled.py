"""Self-distilled heads on frozen features: many small classifiers learn that an image and its neighbour are of a kind.

The idea is TEMI's (Adaloglou et al. 2023): a student learns from its own moving average, by weighted pointwise mutual
information. The heads start from k-means and are trained all at once; the most telling of them gives the labels.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import normalize

from imclust_core.arrays.chunks import Step, nothing, pieces
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.arrays.rows import chosen_device
from imclust_core.clustering.kmeans import kmeans

_ROWS = 50_000
"""Heads learn from at most so many rows, and neighbours are looked for among these; the winner sorts all of them."""
_DIRECTIONS = 128
_BASIS_ROWS = 10_000
_NEIGHBOURS = 50
_HEADS = 16
_OUTPUTS = 2_048
"""Clusters of all heads together, about: with very many clusters there are fewer heads."""
_MOVED = 0.3
"""The last head starts with this share of its centroids put elsewhere, the first with none."""
_BATCH = 512
_STEPS, _MOST_STEPS = 120, 600
_STEPS_FOR = 800
"""So many rows take the least steps; the number grows with the root of how many there are."""
_RATE = 0.01
_WARM = 10
_TEMPERATURE = 0.1
_BETA = 0.75
"""Below 1 it keeps the clusters from collapsing; the smaller, the more they become alike in size."""
_TEACHER_KEEPS = 0.98
_SHARES_KEEP = 0.9
_JUDGED = 2_048
_TINY = 1e-9


def distilled(points: np.ndarray, k: int, *, seed: int = 0, step: Step = nothing) -> np.ndarray:
    """Sort rows into k clusters by a linear head that was trained to give neighbours the same cluster.

    Parameters
    ----------
    points: (n, d) float32; length does not count. step: called often with (done, total); what it raises ends the work.

    Returns labels (n,) int64 in 0..k-1. Some clusters may be empty.
    """
    n = len(points)
    if k == 1 or n <= k:
        step(1, 1)
        return np.zeros(n, np.int64) if k == 1 else np.arange(n, dtype=np.int64)
    random = torch.Generator().manual_seed(seed)
    used = torch.randperm(n, generator=random)[:_ROWS].numpy()
    steps = min(_MOST_STEPS, max(_STEPS, int(_STEPS * (len(used) / _STEPS_FOR) ** 0.5)))
    total = 4 * steps  # a quarter each: neighbours, k-means, training, sorting all rows

    def part(number: int) -> Step:
        return lambda done, of: step(number * steps + min(steps, steps * done // max(of, 1)), total)

    step(0, total)
    mean, basis = _directions(points[used[:_BASIS_ROWS]], random, part(0))
    z = _placed(points, used, mean, basis)
    number = max(2, min(_NEIGHBOURS, len(z) // (2 * k)))
    near, _ = nearest_rows(z.cpu().numpy(), z.cpu().numpy(), min(number + 1, len(z)), step=part(0))
    neighbours = torch.from_numpy(near[:, 1:]).to(z.device)  # the first is mostly the row itself
    heads = _started(z, k, seed, random, part(1))
    weights, biases = _trained(z, neighbours, heads, steps, random, part(2))
    best = _most_telling(z, neighbours, weights, biases, lambda: step(3 * steps, total))
    labels = np.empty(n, np.int64)
    for where in pieces(n, max(points.shape[1], k)):
        part(3)(where.stop, n)
        block = _placed(points, np.arange(where.start, where.stop), mean, basis)
        labels[where] = (block @ weights[best] + biases[best]).argmax(1).cpu().numpy()
    return labels


def _directions(some: np.ndarray, random: torch.Generator, step: Step) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The mean of unit rows (d,), and what they differ in most (d, at most 128), or None where d is no more."""
    unit = _unit(some)
    mean = unit.mean(0)
    if unit.shape[1] <= _DIRECTIONS:
        return mean, None
    centred = unit - mean
    basis = torch.randn((unit.shape[1], _DIRECTIONS), generator=random).to(unit.device)
    for _ in range(5):
        step(0, 1)
        basis = torch.linalg.qr(centred.T @ (centred @ basis)).Q
    return mean, basis


def _unit(rows: np.ndarray) -> torch.Tensor:
    found = torch.from_numpy(np.ascontiguousarray(rows, np.float32)).to(chosen_device())
    # Squares of very large or small numbers would leave float32.
    return normalize(found / found.abs().amax(1, keepdim=True).clamp_min(1e-30), dim=1)


def _placed(points: np.ndarray, rows: np.ndarray, mean: torch.Tensor, basis: torch.Tensor | None) -> torch.Tensor:
    """The rows of these numbers as directions from the mean: (len(rows), d'), of length one."""
    found = torch.empty((len(rows), len(mean) if basis is None else basis.shape[1]), device=mean.device)
    for where in pieces(len(rows), points.shape[1]):
        centred = _unit(points[rows[where]]) - mean
        found[where] = centred if basis is None else centred @ basis
    return normalize(found, dim=1, eps=1e-6)  # rows on the mean have no direction but rounding


def _started(z: torch.Tensor, k: int, seed: int, random: torch.Generator, step: Step) -> torch.Tensor:
    """Centroids for every head, (heads, d', k): those of k-means, with more and more of them put on random rows."""
    count = max(1, min(_HEADS, _OUTPUTS // k))
    rows = z.cpu()
    centroids = rows[torch.randperm(len(rows), generator=random)[:k]]
    found = torch.from_numpy(kmeans(rows.numpy(), k, seed=seed, step=step).centroids)
    centroids[: len(found)] = normalize(found, dim=1)
    heads = centroids.repeat(count, 1, 1)
    moved = torch.rand((count, k), generator=random) < torch.linspace(0, _MOVED, count)[:, None]
    heads[moved] = rows[torch.randint(len(rows), (int(moved.sum()),), generator=random)]
    return heads.transpose(1, 2).contiguous().to(z.device)


def _trained(
    z: torch.Tensor, neighbours: torch.Tensor, heads: torch.Tensor, steps: int, random: torch.Generator, step: Step
) -> tuple[torch.Tensor, torch.Tensor]:
    """The teachers after training: weights (heads, d', k) and biases (heads, 1, k)."""
    count, _, k = heads.shape
    student = [heads.clone(), torch.zeros((count, 1, k), device=z.device)]
    teacher = [one.clone() for one in student]
    shares = torch.full((count, 1, k), 1 / k, device=z.device)
    optimizer = torch.optim.Adam([one.requires_grad_() for one in student])
    schedule, batch = _schedule(steps), min(_BATCH, len(z))
    for at in range(steps):
        step(at, steps)
        first = torch.randint(len(z), (batch,), generator=random).to(z.device)
        which = torch.randint(neighbours.shape[1], (batch,), generator=random).to(z.device)
        pairs = torch.cat([z[first], z[neighbours[first, which]]])
        target = _logs(pairs, *teacher)
        shares.lerp_(target.exp().mean(1, keepdim=True), 1 - _SHARES_KEEP)
        optimizer.param_groups[0]["lr"] = schedule(at)
        optimizer.zero_grad()
        _loss(_logs(pairs, *student), target, shares).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(teacher, student, strict=True):
                slow.lerp_(fast, 1 - _TEACHER_KEEPS)
    return teacher[0], teacher[1]


def _schedule(steps: int) -> Callable[[int], float]:
    return lambda at: _RATE * min(1, (at + 1) / _WARM) * (0.5 + 0.5 * float(np.cos(np.pi * at / steps)))


def _logs(rows: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """Log probabilities (heads, rows, k)."""
    scores = biases + torch.einsum("nd,hdk->hnk", rows, weights)
    return torch.log_softmax(scores / _TEMPERATURE, 2)


def _loss(student: torch.Tensor, teacher: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """What the heads lose on pairs: log probabilities (heads, 2 b, k), rows i and b + i a pair; shares (heads, 1, k).

    A pair counts by how much the teachers agree on it, all heads together: neighbours can be of two kinds.
    """
    one, other = teacher.chunk(2, dim=1)
    agreed = (one + other).exp().sum(2).mean(0).repeat(2)
    crossed = torch.cat([other, one], 1)
    information = torch.logsumexp(_BETA * (student + crossed) - shares.clamp_min(_TINY).log(), 2)
    return -(agreed * information).mean(1).sum()


def _most_telling(
    z: torch.Tensor, neighbours: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor, tick: Callable[[], None]
) -> int:
    """The head whose cluster of a row tells most about the clusters of its neighbours.

    Mutual information picks better than the lowest loss, which favours heads that have lost a cluster.
    """
    rows = slice(0, min(len(z), _JUDGED))  # they are in random order
    own = _logs(z[rows], weights, biases).exp()
    joint = torch.zeros((len(weights), own.shape[2], own.shape[2]), device=z.device)
    for column in neighbours[rows].T:
        tick()
        joint += own.transpose(1, 2) @ _logs(z[column], weights, biases).exp()
    joint = (joint + joint.transpose(1, 2)) / (2 * own.shape[1] * neighbours.shape[1])
    shares = joint.sum(2)
    apart = shares[:, :, None] * shares[:, None]
    told = joint * ((joint + _TINY).log() - (apart + _TINY).log())
    return int(told.sum((1, 2)).argmax())
