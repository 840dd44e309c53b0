"""The colours of a map: a code for each image, and what the codes are called, coloured, and where they lie.

The codes travel on their own, by a route; what they mean goes with the page.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pages.parts.kit.colours import NOISE, ink_on

UNKNOWN = 65535
"""The code of an image of which nothing is known."""
FULL = 65534
"""The code of 1 on a scale from 0 to 1."""
MOST = 2000
"""Groups with an entry of their own; the images of smaller ones are one more."""
SCALE = ("#68449c", "#7e479b", "#934a97", "#a64f90", "#b85586", "#c75c7c",
         "#d5666f", "#df7163", "#e77f56", "#eb8e4a", "#ec9e42", "#e9af41")  # fmt: skip
"""From little to much: even steps of lightness and hue in OKLab, as legible on white and on black as the palette is."""


@dataclass(frozen=True)
class Entry:
    """A line of the legend. size: how many images of the map. at: where one amid them lies, None for what is no group.

    number: of the cluster that this is, `UNASSIGNED` or `ASIDE`; None for what is no single one.
    """

    title: str
    colour: str
    size: int
    at: tuple[float, float] | None
    number: int | None

    @property
    def told(self) -> dict[str, object]:
        """The entry for a widget."""
        return {**asdict(self), "ink": ink_on(self.colour)}


@dataclass(frozen=True, eq=False)
class Colouring:
    """Codes (n,) uint16 in the map's order: the place of an entry, or 0 to `FULL` on a scale; `UNKNOWN` for neither.

    entries: for groups. scale: for shares, colours from little to much. version: the event after which the codes are
    what they are, which a name given to a cluster does not change; 0 for none.
    """

    codes: np.ndarray
    entries: tuple[Entry, ...] = ()
    scale: tuple[str, ...] = ()
    version: int = 0

    @functools.cached_property
    def tag(self) -> str:
        """What stands for the codes, to tell them from all others."""
        return hashlib.blake2b(self.codes.tobytes(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Kind:
    """What an entry is made of. plain: it is grey, and has no place of its own."""

    title: str
    colour: str
    number: int | None = None

    @property
    def plain(self) -> bool:
        return self.colour == NOISE


def grouped(of: np.ndarray, kinds: Sequence[Kind], rest: str, places: np.ndarray, version: int = 0) -> Colouring:
    """of (n,): which of the kinds each image is, or -1. Kinds that no image is are left out; rest: the smallest."""
    sizes = np.bincount(of[of >= 0], minlength=len(kinds))
    plain = np.array([kind.plain for kind in kinds], bool)
    kept = np.sort(np.lexsort((-sizes, ~plain))[:MOST])
    kept = kept[sizes[kept] > 0]
    others = int(sizes.sum() - sizes[kept].sum())
    code_of = np.full(len(kinds) + 1, UNKNOWN, np.uint16)  # the last answers for -1
    code_of[np.flatnonzero(sizes)] = len(kept)
    code_of[kept] = np.arange(len(kept))
    codes = code_of[of]
    codes.setflags(write=False)  # all who ask get the same
    centres = _centres(codes, len(kept), places)
    entries = [
        Entry(kind.title, kind.colour, int(sizes[at]), None if kind.plain else centre, kind.number)
        for at, centre in zip(kept.tolist(), centres, strict=True)
        for kind in (kinds[at],)
    ]
    return Colouring(codes, (*entries, *([Entry(rest, NOISE, others, None, None)] if others else [])), (), version)


def _centres(codes: np.ndarray, groups: int, places: np.ndarray) -> list[tuple[float, float]]:
    """For each group the place of its image nearest to the median, which may itself lie between its parts."""
    order = np.argsort(codes, kind="stable")
    parts = np.split(places[order], np.searchsorted(codes[order], np.arange(1, groups + 1)))[:groups]
    off = (((part - np.median(part, axis=0)) ** 2).sum(axis=1) for part in parts)
    return [(float(x), float(y)) for x, y in (part[np.argmin(far)] for part, far in zip(parts, off, strict=True))]


def scaled(shares: np.ndarray) -> Colouring:
    """shares (n,): from 0 to 1, or -1 where nothing is known."""
    known = shares >= 0
    codes = np.where(known, np.round(np.where(known, shares, 0).clip(0, 1) * FULL), UNKNOWN).astype(np.uint16)
    codes.setflags(write=False)
    return Colouring(codes, (), SCALE)
