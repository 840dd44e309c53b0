"""The nearest rows of many rows, looked for in a few cells around each: nearly exact, and far from n times n."""

import numpy as np
import torch

from imclust_core.arrays.chunks import Step, chosen_rows, nothing
from imclust_core.arrays.nearest import nearest, sums
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.arrays.rows import chosen_device

_PROBED = 6
_ROUNDS = 4
_TRAINED = 64
"""Rows for each cell that its centre is made from."""


def near_rows(
    rows: np.ndarray, among: np.ndarray, number: int, *, seed: int = 0, step: Step = nothing
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `among` (m, d) for each of `rows` (n, d), all of length one, as `nearest_rows` has them.

    Where there are many, only the rows of the nearest cells are looked at, each cell being the surroundings of a
    centroid. Returns places and distances, nearest first: (n, number) each, int32 and float32.
    """
    if number > len(among) // 64:
        near, away = nearest_rows(rows, among, number, step=step)
        return near.astype(np.int32), away
    where = chosen_device()
    points = torch.from_numpy(np.require(rows, np.float32, ["C", "W"])).to(where)
    others = torch.from_numpy(np.require(among, np.float32, ["C", "W"])).to(where)
    # Enough rows in the cells of a row for it to find its neighbours among, and few enough to be quick.
    cells = max(8, min(round(len(among) ** 0.5), _PROBED * len(among) // (8 * number)))
    centres = _centres(others[torch.from_numpy(chosen_rows(len(among), _TRAINED * cells, seed)).to(where)], cells)
    homes = nearest(others, centres)[0]
    # Copies go to one of the centres that are alike; who looked into the other ones would find nobody.
    used, homes = torch.unique(homes, return_inverse=True)
    centres = centres[used]
    members, sizes = torch.argsort(homes, stable=True), torch.bincount(homes, minlength=len(centres))
    near, away = _searched(points, others, centres, members, sizes, number, min(_PROBED, len(centres)), step)
    short = np.flatnonzero((near < 0).any(axis=1))
    if len(short):  # their cells hold too few
        near[short], away[short] = nearest_rows(rows[short], among, number, step=step)
    return near, away


def _centres(some: torch.Tensor, cells: int) -> torch.Tensor:
    """Rough centres, a few rounds from rows by chance: good ones take many times as long and find little more."""
    centres = some[:: len(some) // cells][:cells]
    for _ in range(_ROUNDS):
        pulled = sums(some, nearest(some, centres)[0], len(centres))
        length = torch.linalg.vector_norm(pulled, dim=1, keepdim=True)
        centres = torch.where(length > 0, pulled / length.clamp(min=1e-12), centres)
    return centres


def _searched(
    points: torch.Tensor,
    others: torch.Tensor,
    centres: torch.Tensor,
    members: torch.Tensor,
    sizes: torch.Tensor,
    number: int,
    probed: int,
    step: Step,
) -> tuple[np.ndarray, np.ndarray]:
    """Cell by cell: all rows that look into it, against all rows that are in it."""
    n = len(points)
    looked = torch.cat([(block @ centres.T).topk(probed, dim=1).indices for block in torch.split(points, 65_536)])
    order = torch.argsort(looked.flatten(), stable=True)
    visitors = torch.bincount(looked.flatten(), minlength=len(centres)).tolist()
    best = torch.full((n, number), -4.0, device=points.device)
    places = torch.full((n, number), -1, dtype=torch.int32, device=points.device)
    at, first = 0, 0
    for cell, (visited, size) in enumerate(zip(visitors, sizes.tolist(), strict=True)):
        step(cell, len(centres))
        inside = members[first : first + size]
        for who in torch.split(order[at : at + visited] // probed, 16_384):
            cosines = points[who] @ others[inside].T
            found, which = cosines.topk(min(number, size), dim=1)
            both = torch.cat([best[who], found], 1)
            best[who], chosen = both.topk(number, dim=1)
            places[who] = torch.cat([places[who], inside[which].int()], 1).gather(1, chosen)
        at, first = at + visited, first + size
    return places.cpu().numpy(), (2 - 2 * best).clamp(min=0).sqrt().cpu().numpy()
