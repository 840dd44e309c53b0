"""Where a network looks in many images together: at what is in the middle, or at what is around it. No torch."""

import numpy as np

_MARGIN = 1 / 6
"""How much of a picture's width, and of its height, counts as its border on each side."""
_APART = 3.0
"""So many usual deviations from the middle of the others is out of the ordinary; 1.4826 makes a median one of them."""
_LEAST = 0.08
"""And so much more of the attention, in any case."""


def border_share(heat: np.ndarray) -> np.ndarray:
    """How much of the heat (n, h, w) lies at the border of its pictures, from 0 to 1: (n,); 0 where there is none."""
    weight = 1 - np.outer(_inside(heat.shape[1]), _inside(heat.shape[2]))
    total = heat.sum(axis=(1, 2))
    found: np.ndarray = (heat * weight).sum(axis=(1, 2)) / np.maximum(total, 1e-12)
    return found


def stands_out(shares: np.ndarray) -> np.ndarray:
    """Which clusters (k,) look at the border far more than the others do; none where there are fewer than four."""
    if len(shares) < 4:
        return np.zeros(len(shares), bool)
    middle = np.median(shares)
    usual = 1.4826 * np.median(np.abs(shares - middle))
    found: np.ndarray = shares > middle + np.maximum(_APART * usual, _LEAST)
    return found


def _inside(cells: int) -> np.ndarray:
    """How much of each of these cells in a row lies off the border: (cells,)."""
    edges = np.linspace(0, 1, cells + 1)
    covered = np.minimum(edges[1:], 1 - _MARGIN) - np.maximum(edges[:-1], _MARGIN)
    return covered.clip(min=0) * cells
