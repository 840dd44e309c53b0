"""The nearest rows of each row: exact, by products of matrices, on the CPU or a GPU."""

import numpy as np
import torch

from imclust_core.arrays.chunks import Step, nothing
from imclust_core.arrays.rows import chosen_device

_SCORES = 2**24
"""How many similarities are held at a time."""


def nearest_rows(
    rows: np.ndarray, among: np.ndarray, number: int, *, device: str | None = None, step: Step = nothing
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `among` (m, d) for each of `rows` (n, d), all of length one.

    Returns their places and distances, nearest first: (n, number) each. A row that is among them is its own nearest.
    """
    where = chosen_device(device)
    others = torch.from_numpy(np.require(among, np.float32, ["C", "W"])).to(where)
    near = np.empty((len(rows), number), np.int64)
    away = np.empty((len(rows), number), np.float32)
    size = max(64, _SCORES // max(len(among), 1))
    for start in range(0, len(rows), size):
        step(start, len(rows))
        block = torch.from_numpy(np.require(rows[start : start + size], np.float32, ["C", "W"])).to(where)
        cosines, places = (block @ others.T).topk(number, dim=1)
        near[start : start + size] = places.cpu().numpy()
        away[start : start + size] = (2 - 2 * cosines).clamp(min=0).sqrt().cpu().numpy()
    return near, away
