"""Good centroids for a sample of rows: k-means++ seeds, several starts at once, then centroids moved where they help.

After the last of these steps no local change that was tried made the clusters tighter: centroids were added where the
rows lie far from theirs, and the same number taken away where they are missed least (the idea of breathing k-means,
B. Fritzke 2020).
"""

from collections.abc import Callable

import torch

from imclust_core.clustering.nearest import nearest, sums, two_nearest

_LLOYD = 30
_BREATH = 12
"""How many rounds of Lloyd's at most: for a start, and after centroids were moved."""
_SETTLED = 1e-4
"""Rounds end when one of them makes the clusters tighter by less than this share."""
_GAIN = 3e-4
_BREADTH = 5
_SEEDS = 48
"""Rows for each centroid that seeds are taken from."""
_OFFSET = 0.01

Tick = Callable[[], None]


def search(points: torch.Tensor, k: int, starts: int, random: torch.Generator, tick: Tick) -> torch.Tensor:
    """Centroids (k, d) of the rows (n, d), n at least k: the best of several starts, made better."""
    few = points
    if len(points) > max(_SEEDS * k, 4_096):
        chosen = torch.randperm(len(points), generator=random)[: max(_SEEDS * k, 4_096)]
        few = points[chosen.to(points.device)]
    sets = _seeded(few, k, starts, random, tick)
    sets = lloyd(few, sets, _LLOYD, tick)
    _, distances = nearest(points, sets)
    best = sets[int(distances.sum(1, dtype=torch.float64).argmin())]
    return _breathed(points, best, random, tick)


def lloyd(points: torch.Tensor, sets: torch.Tensor, most: int, tick: Tick) -> torch.Tensor:
    """At most so many rounds of Lloyd's for each set of centroids (r, k, d)."""
    before = torch.inf
    for _ in range(most):
        tick()
        labels, distances = nearest(points, sets)
        sets = torch.stack([_moved(points, labels[at], distances[at], one) for at, one in enumerate(sets)])
        total = float(distances.sum(dtype=torch.float64))
        if total >= before * (1 - _SETTLED):
            break
        before = total
    return sets


def _moved(points: torch.Tensor, labels: torch.Tensor, distances: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    """The means of the rows of each centroid; one that has none goes to a row far from its own."""
    k = len(old)
    counts = torch.bincount(labels, minlength=k)
    new = sums(points, labels, k) / counts.clamp(min=1)[:, None]
    empty = torch.nonzero(counts == 0)[:, 0]
    if len(empty):
        new[empty] = points[distances.topk(len(empty)).indices]
    return new


def _seeded(points: torch.Tensor, k: int, starts: int, random: torch.Generator, tick: Tick) -> torch.Tensor:
    """Seeds by k-means++, the best of several trials each: (starts, k, d)."""
    n, d = points.shape
    trials = 2 + int(torch.tensor(float(k)).log())
    squares = (points * points).sum(1)
    out = torch.empty((starts, k, d), device=points.device)
    first = torch.randint(n, (starts,), generator=random).to(points.device)
    out[:, 0] = points[first]
    closest = _to(points, squares, first)
    for at in range(1, k):
        tick()
        reach = closest.cumsum(1, dtype=torch.float64)
        drawn = torch.rand((starts, trials), generator=random, dtype=torch.float64).to(points.device)
        tried = torch.searchsorted(reach, drawn * reach[:, -1:]).clamp(max=n - 1)
        away = torch.minimum(_to(points, squares, tried.ravel()).reshape(starts, trials, n), closest[:, None])
        taken = away.sum(2).argmin(1)
        rows = torch.arange(starts, device=points.device)
        closest = away[rows, taken]
        out[:, at] = points[tried[rows, taken]]
    return out


def _to(points: torch.Tensor, squares: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Squared distances of all rows to the chosen ones: (len(chosen), n)."""
    away = torch.addmm(squares, points[chosen], points.T, alpha=-2)
    return (away + squares[chosen][:, None]).clamp_(min=0)


def _breathed(points: torch.Tensor, best: torch.Tensor, random: torch.Generator, tick: Tick) -> torch.Tensor:
    """Centroids that were moved to where they help, as long as that made the clusters tighter."""
    k, d = best.shape
    _, distances = nearest(points, best)
    lowest = float(distances.sum(dtype=torch.float64))
    breadth = min(_BREADTH, k - 1, len(points) - k)
    while breadth > 0 and lowest > 0:
        labels, distances = nearest(points, best)
        error = torch.zeros(k, device=points.device).index_add_(0, labels, distances)
        worst = error.topk(breadth).indices
        spread = (error[worst] / torch.bincount(labels, minlength=k)[worst].clamp(min=1)).sqrt()
        aside = torch.randn((breadth, d), generator=random).to(points.device)
        added = best[worst] + _OFFSET * spread[:, None] * aside
        more = lloyd(points, torch.cat([best, added])[None], _BREATH, tick)[0]
        fewer = lloyd(points, _without(points, more, breadth)[None], _BREATH, tick)[0]
        _, distances = nearest(points, fewer)
        inertia = float(distances.sum(dtype=torch.float64))
        if inertia < lowest * (1 - _GAIN):
            best, lowest = fewer, inertia
        else:
            breadth -= 1
    return best


def _without(points: torch.Tensor, centroids: torch.Tensor, number: int) -> torch.Tensor:
    """The centroids without so many of those that are missed least, no two of them neighbours."""
    labels, own, second = two_nearest(points, centroids)
    missed = torch.zeros(len(centroids), device=points.device).index_add_(0, labels, second - own)
    near = torch.cdist(centroids, centroids)
    near.fill_diagonal_(torch.inf)
    neighbour = near.argmin(1).tolist()
    gone: set[int] = set()
    spared: set[int] = set()
    for one in missed.argsort().tolist():
        if len(gone) == number:
            break
        if one not in spared:
            gone.add(one)
            spared.add(neighbour[one])  # it takes over the rows, so it is missed more from now on
    for one in missed.argsort().tolist():
        if len(gone) < number:
            gone.add(one)
    keep = torch.tensor([one not in gone for one in range(len(centroids))], device=points.device)
    return centroids[keep]
