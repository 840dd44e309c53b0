"""Good centroids for a sample of rows: k-means++ seeds, several starts at once, then centroids moved where they help.

After the last of these steps no local change that was tried made the clusters tighter: centroids were added where the
rows lie far from theirs, and the same number taken away where they are missed least (the idea of breathing k-means,
B. Fritzke 2020).
"""

import torch

from imclust_core.arrays.nearest import Tick, nearest, sums, two_nearest

_STARTS, _MOST_STARTS = 4, 12
"""One in four starts is made better, the best ones; so small sets get the most of both."""
_CHEAP = 30_000_000
"""Products of numbers in a round of all starts, up to which more of them cost next to nothing."""
_LLOYD = 20
_SPLIT = 4
"""How many rounds of Lloyd's at most: for a start, and for clusters that are split."""
_SETTLED = 3e-4
"""Rounds end when one of them makes the clusters tighter by less than this share."""
_GAIN = 1e-4
_BREADTH = 8
"""One in so many centroids is moved at a time, at first."""
_SEEDS = 48
"""Rows for each centroid that seeds are taken from."""
_OFFSET = 0.3


def search(points: torch.Tensor, k: int, random: torch.Generator, tick: Tick) -> torch.Tensor:
    """Centroids (k, d) of the rows (n, d), n at least k: the best of several starts, made better."""
    starts = max(_STARTS, min(_MOST_STARTS, _CHEAP // (points.numel() * k)))
    few = points
    if len(points) > max(_SEEDS * k, 4_096):
        chosen = torch.randperm(len(points), generator=random)[: max(_SEEDS * k, 4_096)]
        few = points[chosen.to(points.device)]
    sets = _seeded(few, k, starts, random, tick)
    sets = lloyd(few, sets, _LLOYD, tick)
    _, distances = nearest(points, sets, tick)
    order = distances.sum(1, dtype=torch.float64).argsort()[: starts // _STARTS].tolist()
    if k == 1:
        return sets[order[0]]
    rounds = starts // 2 - 1
    found = [_moved_about(points, sets[one], rounds, random, tick) for one in order]
    return min(found, key=lambda one: one[1])[0]


def lloyd(points: torch.Tensor, sets: torch.Tensor, most: int, tick: Tick) -> torch.Tensor:
    """At most so many rounds of Lloyd's for each set of centroids (r, k, d)."""
    before = torch.inf
    for _ in range(most):
        labels, distances = nearest(points, sets, tick)
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
        far = distances.topk(min(len(empty), len(points))).indices
        new[empty] = old[empty]
        new[empty[: len(far)]] = points[far]
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


def _moved_about(
    points: torch.Tensor, best: torch.Tensor, rounds: int, random: torch.Generator, tick: Tick
) -> tuple[torch.Tensor, float]:
    """Centroids of which some were moved to where they help more, as long as that lowers the inertia; and that.

    Each try costs little more than two rounds of Lloyd's: only the clusters that a centroid goes to are split first.
    """
    labels, own, second = two_nearest(points, best, tick)
    lowest = float(own.sum(dtype=torch.float64))
    breadth = max(1, len(best) // _BREADTH)
    while breadth and lowest > 0:
        tried = _swapped(points, best, labels, own, second, breadth, random)
        tried = lloyd(points, tried[None], rounds, tick)[0]
        found = two_nearest(points, tried, tick)
        inertia = float(found[1].sum(dtype=torch.float64))
        if inertia < lowest * (1 - _GAIN):
            best, lowest, (labels, own, second) = tried, inertia, found
        else:
            breadth //= 2
    return best, lowest


def _swapped(
    points: torch.Tensor,
    centroids: torch.Tensor,
    labels: torch.Tensor,
    own: torch.Tensor,
    second: torch.Tensor,
    number: int,
    random: torch.Generator,
) -> torch.Tensor:
    """As many centroids: about so many clusters of the widest in all are split in two, those least missed are gone."""
    k, d = centroids.shape
    error, missed = sums(torch.stack([own, second - own], 1), labels, k).T
    near = torch.cdist(centroids, centroids)
    near.fill_diagonal_(torch.inf)
    gone = _least_missed(missed.tolist(), near.argmin(1).tolist(), number)
    wide = [one for one in error.argsort(descending=True).tolist()[: 2 * number] if one not in set(gone)][: len(gone)]
    gone = gone[: len(wide)]
    inside = torch.isin(labels, torch.tensor(wide, device=points.device))
    spread = (error[wide] / torch.bincount(labels, minlength=k)[wide].clamp(min=1)).sqrt()
    aside = torch.randn((len(wide), d), generator=random).to(points.device) / d**0.5
    halves = torch.cat([centroids[wide], centroids[wide] + _OFFSET * spread[:, None] * aside])
    if len(wide):
        halves = lloyd(points[inside], halves[None], _SPLIT, lambda: None)[0]
    kept = torch.ones(k, dtype=torch.bool, device=points.device)
    kept[wide + gone] = False
    return torch.cat([centroids[kept], halves])


def _least_missed(missed: list[float], neighbour: list[int], number: int) -> list[int]:
    """Up to so many centroids that can go at the least cost; the one that takes over from another stays."""
    gone: list[int] = []
    spared: set[int] = set()
    for one in sorted(range(len(missed)), key=missed.__getitem__):
        if len(gone) == number:
            break
        if one not in spared:
            gone.append(one)
            spared.add(neighbour[one])
    return gone
