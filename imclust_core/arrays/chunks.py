"""Going through many rows without holding anything of their size a second time, or through some of them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")
_PIECE = 2**25
"""How many numbers a piece holds."""

Step = Callable[[int, int], None]
"""Told (done, total) while something takes long; what it raises ends that."""


def nothing(_done: int, _total: int) -> None:
    """The step of somebody who does not watch."""


def piece(width: int) -> int:
    """How many rows of this width go into one piece."""
    return max(256, _PIECE // max(width, 1))


def pieces(n: int, width: int) -> Iterator[slice]:
    """Slices that together hold n rows."""
    for start in range(0, n, piece(width)):
        yield slice(start, min(start + piece(width), n))


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The items in their order, so many at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def chosen_rows(n: int, most: int, seed: int) -> np.ndarray:
    """The places of all of n rows, or of so many of them by chance, in order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
