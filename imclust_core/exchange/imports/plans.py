"""What an import would do, before it is done: names to give, parts to split off, images to move."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from imclust_core.annotation.annotated import Desk

MOST_LISTED = 1000
"""Rows that could not be used and are told one by one; the others are only counted."""


@dataclass(frozen=True)
class Naming:
    """A name for a cluster that is there. base: the newest event about it."""

    cluster: int
    name: str
    state: str
    note: str
    base: int


@dataclass(frozen=True)
class Part:
    """Images that become a cluster of their own, with a name."""

    name: str
    images: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    cluster: int
    parts: tuple[Part, ...]
    base: int


@dataclass(frozen=True)
class Move:
    """Images that go to a cluster. into: its number, or 0 for the one of this name that a split of the plan makes."""

    name: str
    into: int
    images: tuple[int, ...]


@dataclass(frozen=True)
class Kept:
    """A cluster that somebody has named already, and that the file calls otherwise."""

    cluster: int
    name: str
    wanted: str


@dataclass(frozen=True)
class Unused:
    """What of the file could not be used. line: 0 where it is about several."""

    line: int
    what: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What a file would change. digest: of the file; version: of the desk it was planned on.

    unused: the first `MOST_LISTED` of the `unused_rows`.
    """

    digest: str
    version: int
    namings: tuple[Naming, ...] = ()
    splits: tuple[Split, ...] = ()
    moves: tuple[Move, ...] = ()
    kept: tuple[Kept, ...] = ()
    unused: tuple[Unused, ...] = ()
    unused_rows: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.namings or self.splits or self.moves)

    @property
    def split_images(self) -> int:
        return sum(len(part.images) for split in self.splits for part in split.parts)

    @property
    def moved_images(self) -> int:
        return sum(len(move.images) for move in self.moves)


@dataclass
class Trouble:
    """Collects what cannot be used."""

    listed: list[Unused] = field(default_factory=list)
    rows: int = 0

    def add(self, line: int, what: str, why: str) -> None:
        self.rows += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Unused(line, what, why))


def may_name(desk: Desk, cluster: int, *, replace: bool) -> bool:
    """Whether a cluster waits for a name, or may be given another one."""
    return replace or not desk.is_settled(cluster)


def naming(desk: Desk, cluster: int, name: str, state: str = "", note: str = "") -> Naming:
    """A name for a cluster; what the file does not say stays as it is."""
    said = desk.said(cluster)
    return Naming(cluster, name, state or said.state, note or said.note, desk.base_of(cluster))


def in_order(namings: Iterable[Naming]) -> tuple[Naming, ...]:
    return tuple(sorted(namings, key=lambda one: one.cluster))
