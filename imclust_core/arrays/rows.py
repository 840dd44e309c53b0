"""Rows as k-means wants them: float32, centred or of unit length, in pieces, on the CPU or a GPU."""

import contextlib
import functools
from collections.abc import Iterator

import numpy as np
import torch

from imclust_core.arrays.chunks import piece, pieces

_KEPT_BYTES = 512 * 2**20
"""Rows that take no more than this in float32 are prepared once and kept; more are prepared at each pass."""


def chosen_device(name: str | None = None) -> torch.device:
    """The device of this name; by default a GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


@contextlib.contextmanager
def one_thread(small: bool) -> Iterator[None]:
    """One thread for what is small: on a busy machine, threads that wait for each other cost many times the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if small else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_SOME = 8_192


class Rows:
    """The rows of an (n, d) array, centred on their mean, or of unit length where `unit`; read in pieces.

    The array itself is never copied whole unless it is small: n x d has to be there once.
    """

    def __init__(self, points: np.ndarray, *, unit: bool, device: torch.device) -> None:
        self._points, self._unit, self.device = points, unit, device
        self.n: int = points.shape[0]
        self.d: int = points.shape[1]
        self.mean = torch.zeros(self.d, device=device)
        if not unit:
            # Far from the origin, products of rows would drown their differences.
            self.mean = torch.from_numpy(points.mean(axis=0, dtype=np.float64).astype(np.float32)).to(device)
        free = torch.cuda.mem_get_info(device)[0] // 3 if device.type == "cuda" else _KEPT_BYTES
        self._kept = self._prepared(slice(0, self.n)) if self.n * self.d * 4 <= free else None

    @functools.cached_property
    def spread(self) -> float:
        """The middle one of the squares of the rows' lengths, or of some of them: one far row does not rule it."""
        some = self.take(np.linspace(0, self.n - 1, min(self.n, _SOME)).astype(np.int64))
        squares = some.square().sum(1)
        return float(squares.median()) or float(squares.mean())

    @property
    def passes(self) -> int:
        """How many pieces there are."""
        return -(-self.n // piece(self.d))

    def take(self, index: np.ndarray) -> torch.Tensor:
        """The rows of these numbers: (len(index), d)."""
        if self._kept is not None:
            return self._kept[torch.from_numpy(index).to(self.device)]
        return self._prepared(index)

    def whole(self) -> torch.Tensor:
        """All rows: (n, d)."""
        return self._kept if self._kept is not None else self._prepared(slice(0, self.n))

    def pieces(self) -> Iterator[tuple[int, torch.Tensor]]:
        """All rows in order: the first row's number, and (some, d)."""
        for where in pieces(self.n, self.d):
            yield where.start, self._kept[where] if self._kept is not None else self._prepared(where)

    def _prepared(self, where: slice | np.ndarray) -> torch.Tensor:
        block = torch.from_numpy(np.require(self._points[where], np.float32, ["C", "W"])).to(self.device)
        if self._unit:
            return torch.nn.functional.normalize(block, dim=1, eps=1e-12)
        return block - self.mean
