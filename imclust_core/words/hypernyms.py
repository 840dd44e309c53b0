"""What kind of thing a WordNet noun is: the chain of meanings above it, from the table in the package."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_TABLE = Path(__file__).parent / "wordnet" / "hypernyms.npz"
_DEEP_ENOUGH = 6
"""Steps below WordNet's root from which a kind says something: "canine" does, "whole" and "artifact" do not."""


@dataclass(frozen=True)
class Hypernyms:
    """offsets (n,) sorted, above (n,) rows of the next meaning up or -1, names (n,) of those that have any below."""

    offsets: np.ndarray
    above: np.ndarray
    names: tuple[str, ...]

    def chain(self, wnid: str) -> tuple[int, ...]:
        """The rows above a noun like "n02084071", from the root down to itself; empty for what is no such noun."""
        if not (wnid.startswith("n") and wnid[1:].isascii() and wnid[1:].isdigit()):
            return ()
        offset = int(wnid[1:])
        row = int(np.searchsorted(self.offsets, offset))
        if row == len(self.offsets) or self.offsets[row] != offset:
            return ()
        return self.chain_of(row)

    def chain_of(self, row: int) -> tuple[int, ...]:
        """The rows from the root down to this one."""
        found = []
        while row >= 0:
            found.append(row)
            row = int(self.above[row])
        return tuple(reversed(found))

    def tells(self, row: int) -> bool:
        """Whether this kind has a name and says something."""
        return bool(self.names[row]) and len(self.chain_of(row)) > _DEEP_ENOUGH


@functools.cache
def hypernyms() -> Hypernyms:
    """The table in the package, made by scripts/make_wordnet.py."""
    with np.load(_TABLE, allow_pickle=False) as file:
        names = tuple(file["names"].tobytes().decode().split("\n"))
        return Hypernyms(file["offsets"], file["above"], names)
