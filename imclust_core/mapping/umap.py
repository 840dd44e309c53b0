"""UMAP's way of laying rows out: bonds pull, rows by chance push, in rounds that grow gentler.

The same forces and schedule as umap-learn's, on whole batches of bonds at once instead of one after the other:
nothing is compiled, which is most of umap-learn's first run, and a GPU does the same work.
"""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.arrays.rows import chosen_device, one_thread
from imclust_core.mapping.memberships import memberships

NEIGHBOURS = 15
_A, _B = 1.5769434603, 0.8950608780
"""The curve of nearness for a least distance of 0.1 and a spread of 1."""
_ROUNDS = 200
_AGAIN = 60
_GENTLE = 0.25
"""How far the first steps go where most rows are at their places already."""
_PUSHED = 5
_FURTHEST = 4.0
_SPREAD = 10.0
_PARTS = 4
"""A round takes its bonds in so many parts, each seeing what the one before did."""
_LARGEST_PART = 400_000
_SMALL = 1_000_000
"""Bonds; with fewer, a part of a round is too little work to share."""


def umap(
    near: np.ndarray,
    away: np.ndarray,
    axes: np.ndarray,
    *,
    seed: int = 0,
    start: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    step: Step = nothing,
) -> np.ndarray:
    """Places (n, 2) for n rows.

    near, away (n, k): neighbours, itself first, of which the nearest 15 count. axes (n, 2): where they start. start
    (n, 2): where they are already, which changes little then. groups (n,): names to hold apart, -1 for none.
    """
    k = min(NEIGHBOURS, near.shape[1])
    bonds = memberships(near[:, :k], away[:, :k], groups)
    places = scattered(axes, seed) if start is None else start.astype(np.float32)
    rounds, reach = (_ROUNDS, 1.0) if start is None else (_AGAIN, _GENTLE)
    with one_thread(bonds.nnz < _SMALL):
        return _laid_out(bonds, places, rounds, reach, seed, chosen_device(), step)


def scattered(axes: np.ndarray, seed: int) -> np.ndarray:
    """Axes brought to the size of a map, and a hair's breadth apart where rows are alike: (n, 2)."""
    largest = float(np.abs(axes).max(initial=0))
    places = axes * (_SPREAD / largest) if largest > 0 else np.zeros_like(axes)
    found: np.ndarray = places + np.random.default_rng(seed).normal(0, 1e-2, axes.shape)
    return found.astype(np.float32)


def _laid_out(
    bonds: csr_matrix, start: np.ndarray, rounds: int, reach: float, seed: int, device: torch.device, step: Step
) -> np.ndarray:
    pairs = bonds.tocoo()
    strong = pairs.data >= pairs.data.max(initial=0) / rounds  # weaker ones would not be drawn once
    one = torch.from_numpy(pairs.row[strong].astype(np.int64)).to(device)
    two = torch.from_numpy(pairs.col[strong].astype(np.int64)).to(device)
    chance = torch.from_numpy((pairs.data[strong] / max(pairs.data.max(initial=0), 1e-12)).astype(np.float32)).to(
        device
    )
    places = torch.from_numpy(start.copy()).to(device)
    random = torch.Generator(device=device).manual_seed(seed)
    mixed = torch.randperm(len(one), generator=random, device=device)  # so that each part is of all rows
    one, two, chance = one[mixed], two[mixed], chance[mixed]
    for number in range(rounds):
        step(number, rounds)
        drawn = torch.rand(len(chance), generator=random, device=device) < chance
        here, there = one[drawn], two[drawn]
        size = min(max(-(-len(here) // _PARTS), 1), _LARGEST_PART)
        for a, b in zip(torch.split(here, size), torch.split(there, size), strict=True):
            _move(places, a, b, reach * (1 - number / rounds), random)
    return places.cpu().numpy()


def _move(places: torch.Tensor, here: torch.Tensor, there: torch.Tensor, reach: float, random: torch.Generator) -> None:
    """One part of a round: both ends of each bond draw nearer, and the first moves off from some rows by chance."""
    between = places[here] - places[there]
    squared = between.square().sum(1, keepdim=True)
    pull = -2 * _A * _B * squared.clamp(min=1e-12).pow(_B - 1) / (1 + _A * squared.pow(_B))
    drawn = (between * pull).clamp_(-_FURTHEST, _FURTHEST)
    others = torch.randint(len(places), (len(here), _PUSHED), generator=random, device=places.device)
    off = places[here][:, None] - places[others]
    squared = off.square().sum(2, keepdim=True)
    push = 2 * _B / ((0.001 + squared) * (1 + _A * squared.pow(_B)))
    pushed = (off * push).clamp_(-_FURTHEST, _FURTHEST).sum(1)
    places.index_add_(0, here, drawn + pushed, alpha=reach)
    places.index_add_(0, there, drawn, alpha=-reach)
