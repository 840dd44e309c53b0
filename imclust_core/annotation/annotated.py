"""A clustering as people have left it: the clusters it gave, and all that was named, merged, split and moved since.

The clustering itself is never changed. What stands on the desk follows from it and from the events, in their order,
without those that are undone: whatever is undone, in whatever order, no image is lost and none is there twice.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from imclust_core.store.annotations.events import Event

ASIDE = -1
"""The group of images that somebody has set aside."""
UNASSIGNED = 0
"""The group of images that the clustering put nowhere."""
STATES = ("sure", "doubtful", "mixed", "leftover")
UNDOING = ("undo", "redo")


@dataclass(frozen=True)
class Name:
    """What somebody said of a cluster. event: the id of the event that said so; via: where the words came from."""

    text: str
    state: str
    note: str
    author: str
    at: int
    event: int
    via: str = ""

    @property
    def settled(self) -> bool:
        """Whether the cluster needs nobody's attention any more: it has a name, or holds nothing worth one."""
        return bool(self.text) or self.state == "leftover"


NOTHING = Name("", "", "", "", 0, 0)
"""What is known of a cluster of which nobody has said anything."""


@dataclass(frozen=True)
class Desk:
    """n images in groups, which are clusters by their numbers, `UNASSIGNED` or `ASIDE`.

    image_ids (n,) int64; base (n,) int32: the group the clustering gave; group (n,) int32: the group now; names: by
    number, also of groups that have no image now. highest: the highest number that was ever given.
    events: all of them, in order; undone: the ids of those that do not count.
    """

    image_ids: np.ndarray
    base: np.ndarray
    group: np.ndarray
    names: dict[int, Name]
    highest: int
    events: tuple[Event, ...] = ()
    undone: frozenset[int] = field(default=frozenset())

    @property
    def version(self) -> int:
        """The newest event that is taken into account; 0 for none."""
        return self.events[-1].id if self.events else 0

    @functools.cached_property
    def newest(self) -> dict[str, int]:
        """The newest event about each target."""
        return {event.target: event.id for event in self.events}

    @functools.cached_property
    def sizes(self) -> dict[int, int]:
        """How many images each group has, clusters by number; groups without images are left out."""
        numbers, counts = np.unique(self.group, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    @functools.cached_property
    def touched(self) -> frozenset[int]:
        """The groups whose images are not those that the clustering gave."""
        moved = self.group != self.base
        return frozenset(np.union1d(self.group[moved], self.base[moved]).tolist())

    def state_of(self, number: int) -> int:
        """What stands for the images that a group has now; 0 for those that the clustering gave it."""
        if number not in self.touched:
            return 0
        if number not in self._states:
            self._states[number] = shortened(np.sort(self.image_ids[self.rows_of(number)]).tobytes())
        return self._states[number]

    @functools.cached_property
    def _states(self) -> dict[int, int]:
        return {}

    @property
    def clusters(self) -> list[int]:
        """The numbers of the clusters there are, in order."""
        return [number for number in self.sizes if number > 0]

    def rows_of(self, number: int) -> np.ndarray:
        """The places of a group's images among all."""
        return np.flatnonzero(self.group == number)

    def rows_at(self, image_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """The places of these images; those of other collections, or not clustered, are left out."""
        wanted = np.asarray(image_ids, dtype=np.int64)
        order = self._by_id
        found = np.searchsorted(self.image_ids, wanted, sorter=order).clip(max=max(0, len(order) - 1))
        places: np.ndarray = order[found] if len(order) else found[:0]
        return places[self.image_ids[places] == wanted] if len(order) else places

    @functools.cached_property
    def _by_id(self) -> np.ndarray:
        return np.argsort(self.image_ids, kind="stable")

    def base_of(self, number: int) -> int:
        """The newest event about a cluster, for those who want to change it."""
        return self.newest.get(target_of(number), 0)

    def written(self, uuid: str) -> Event | None:
        """The event that bears this uuid, if it is here already."""
        return next((event for event in reversed(self.events) if event.uuid == uuid), None)

    def said(self, number: int) -> Name:
        """What somebody said of a group, or `NOTHING`."""
        return self.names.get(number, NOTHING)

    def is_settled(self, number: int) -> bool:
        """Whether somebody has said what this cluster is."""
        return self.said(number).settled

    def name_of(self, number: int) -> str:
        """What a group is called, or nothing."""
        return self.said(number).text

    def called(self, number: int) -> str:
        """A group in words: "5 Zebra", "set aside", "no cluster"."""
        if number == ASIDE:
            return "set aside"
        return f"{number} {self.name_of(number)}".rstrip() if number else "no cluster"

    @property
    def named(self) -> tuple[int, int]:
        """How many clusters are settled, and how many images they hold."""
        done = [number for number in self.clusters if self.is_settled(number)]
        return len(done), sum(self.sizes[number] for number in done)


def shortened(data: bytes) -> int:
    """A number above 0 that stands for these bytes."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=6).digest(), "big") or 1


def target_of(number: int) -> str:
    """How events call a cluster."""
    return f"cluster {number}"


def fresh(image_ids: np.ndarray, base: np.ndarray, highest: int) -> Desk:
    """A desk on which nobody has done anything yet; base (n,): the number of each image's cluster, or UNASSIGNED."""
    base = base.astype(np.int32)
    return Desk(image_ids.astype(np.int64), base, base, {}, highest)


def advance(desk: Desk, events: Sequence[Event]) -> Desk:
    """The desk after these events, which come right after those it has."""
    if not events:
        return desk
    if not any(event.kind in UNDOING for event in events):
        return _played(desk, events)
    told = (*desk.events, *events)
    undone: set[int] = set()
    for event in told:
        if event.kind == "undo":
            undone.add(event.value["event"])
        elif event.kind == "redo":
            undone.discard(event.value["event"])
    return _played(replace(_cleared(desk), undone=frozenset(undone)), told)


def at_version(desk: Desk, version: int) -> Desk:
    """The desk as it was after the event `version`."""
    if version >= desk.version:
        return desk
    return advance(_cleared(desk), [event for event in desk.events if event.id <= version])


def _cleared(desk: Desk) -> Desk:
    """The desk before anybody did anything, on which no number is given twice all the same."""
    return fresh(desk.image_ids, desk.base, desk.highest)


def to_undo(desk: Desk, author: str) -> Event | None:
    """The last change by this author that counts."""
    return _stacks(desk, author)[0]


def to_redo(desk: Desk, author: str) -> Event | None:
    """The change that this author undid last, if the author has changed nothing since."""
    return _stacks(desk, author)[1]


def _stacks(desk: Desk, author: str) -> tuple[Event | None, Event | None]:
    done: dict[int, Event] = {}
    undone: dict[int, Event] = {}
    for event in desk.events:
        if event.author != author:
            continue
        about = event.value.get("event", 0)
        if event.kind == "undo" and about in done:
            undone[about] = done.pop(about)
        elif event.kind == "redo" and about in undone:
            done[about] = undone.pop(about)
        elif event.kind not in UNDOING:
            done[event.id] = event
            undone = {}
    return next(reversed(done.values()), None), next(reversed(undone.values()), None)


def _played(desk: Desk, events: Sequence[Event]) -> Desk:
    """The desk after those of these events that are not undone."""
    group, names, highest = desk.group.copy(), dict(desk.names), desk.highest
    table = replace(desk, group=group, names=names)
    for event in events:
        highest = max(highest, _highest_in(event))
        if event.id not in desk.undone and event.kind in _PLAYERS:
            _PLAYERS[event.kind](table, event)
    return replace(desk, group=group, names=names, highest=highest, events=(*desk.events, *events))


def _name(desk: Desk, event: Event) -> None:
    value = event.value
    desk.names[value["number"]] = Name(
        value["name"], value["state"], value["note"], event.author, event.at, event.id, value.get("via", "")
    )


def _merge(desk: Desk, event: Event) -> None:
    source, into = event.value["from"], event.value["into"]
    poured = desk.group == source
    desk.group[poured] = into
    # A name is not lost because its cluster was poured into one that had none.
    if desk.name_of(source) and not desk.name_of(into) and poured.any():
        desk.names[into] = replace(desk.said(source), note=desk.said(source).note or desk.said(into).note)


def _split(desk: Desk, event: Event) -> None:
    for part in event.value["parts"]:
        desk.group[desk.rows_at(part["images"])] = part["into"]


def _move(desk: Desk, event: Event) -> None:
    desk.group[desk.rows_at(event.value["images"])] = event.value["into"]


_PLAYERS: dict[str, Callable[[Desk, Event], None]] = {"name": _name, "merge": _merge, "split": _split, "move": _move}
"""A new kind of change is one function and one line here."""


def _highest_in(event: Event) -> int:
    """The highest number that an event gives to a new cluster. Also one that is undone keeps its numbers."""
    return max((part["into"] for part in event.value["parts"]), default=0) if event.kind == "split" else 0
