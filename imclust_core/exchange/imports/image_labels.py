"""From a name for each image to names of clusters, and to what has to move or be split off.

A cluster takes the name that nine of ten of its images have. An image with another name than its cluster goes to the
largest cluster of that name; where there is none, such images become one. Doing so twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from imclust_core.annotation.annotated import ASIDE, Desk
from imclust_core.exchange.imports.plans import (
    Kept,
    Move,
    Naming,
    Part,
    Plan,
    Split,
    Trouble,
    in_order,
    may_name,
    naming,
)

MAJORITY = 0.9


class Labels:
    """Labels of some of a desk's images, on their way to a plan. wanted: image id -> its name."""

    def __init__(self, desk: Desk, wanted: Mapping[int, str], trouble: Trouble, *, replace: bool) -> None:
        self.desk, self.trouble, self.replace = desk, trouble, replace
        self.texts = sorted(set(wanted.values()))
        at = {text: place for place, text in enumerate(self.texts)}
        rows = desk.rows_at(np.fromiter(wanted, np.int64, len(wanted)))
        label = np.full(len(desk.group), -1, np.int64)
        label[rows] = [at[text] for text in wanted.values()]
        self.images = _images_by_group_and_label(desk, label, self.texts)
        self.namings: dict[int, Naming] = {}
        self.kept: list[Kept] = []
        self.stays: dict[int, set[str]] = defaultdict(set)
        """The names that images of a cluster may have and stay where they are."""
        self.called: dict[int, str] = {}
        """What clusters are called at the end, where images may join them."""
        self.home: dict[str, int] = {}
        """Where images of a name belong."""

    def plan(self, digest: str) -> Plan:
        clusters = sorted(self.desk.clusters, key=lambda number: (-self.desk.sizes[number], number))
        for number in clusters:
            self._take_majority(number)
        while sum(self._keep_one(number) for number in clusters):  # one that stays may take away another's home
            pass
        splits, moves = self._parted()
        named, kept, unused = in_order(self.namings.values()), tuple(self.kept), tuple(self.trouble.listed)
        return Plan(digest, self.desk.version, named, splits, moves, kept, unused, self.trouble.rows)

    def _take_majority(self, number: int) -> None:
        """Settle what a cluster is called, if nine of ten images say so; else it is called what it was."""
        size, labels = self.desk.sizes[number], self.images.get(number, {})
        most = next((text for text, images in labels.items() if len(images) >= MAJORITY * size), None)
        if most is not None and most != self.desk.name_of(number):
            self._call(number, most)
        elif self.desk.name_of(number):
            self._settle(number, self.desk.name_of(number))

    def _keep_one(self, number: int) -> bool:
        """A cluster whose images would all leave is no home for others; if some would go to a new one, it is that one.

        Returns whether anything has changed by this.
        """
        leaving = self._leaving(number)
        homeless = [text for text in leaving if text not in self.home]
        if sum(map(len, leaving.values())) < self.desk.sizes[number]:
            return False
        if homeless:
            self._call(number, max(homeless, key=lambda text: (len(leaving[text]), text)))
            return True
        return self._no_home(number)

    def _call(self, number: int, text: str) -> None:
        self._no_home(number)
        if may_name(self.desk, number, replace=self.replace):
            self.namings[number] = naming(self.desk, number, text)
            self._settle(number, text)
        else:
            # Images with the file's name stay, or a name that is kept would empty its cluster. No others join them:
            # that could tip nine of ten, and the file would do something else the next time.
            self.kept.append(Kept(number, self.desk.name_of(number), text))
            self.stays[number] = {self.desk.name_of(number), text}

    def _settle(self, number: int, text: str) -> None:
        self.stays[number] = {text}
        self.called[number] = text
        self.home.setdefault(text, number)

    def _no_home(self, number: int) -> bool:
        """Let no images join a cluster. Returns whether any could before."""
        if self.called.pop(number, None) is None:
            return False
        self.home = {}
        for other, text in self.called.items():  # the largest comes first
            self.home.setdefault(text, other)
        return True

    def _leaving(self, number: int) -> dict[str, np.ndarray]:
        staying = self.stays[number]
        return {text: images for text, images in self.images.get(number, {}).items() if text not in staying}

    def _parted(self) -> tuple[tuple[Split, ...], tuple[Move, ...]]:
        moving: dict[tuple[str, int], list[np.ndarray]] = defaultdict(list)
        homeless: dict[str, list[int]] = defaultdict(list)
        for number in sorted(self.images):
            for text, images in self._leaving(number).items():
                if number == ASIDE and not self.replace:
                    self.trouble.add(0, text, f"{len(images):,} images of this name were set aside, and stay so")
                elif text in self.home:
                    moving[text, self.home[text]].append(images)
                else:
                    homeless[text].append(number)
        parts: dict[int, list[Part]] = defaultdict(list)
        for text, numbers in sorted(homeless.items()):
            whence = max(
                (number for number in numbers if number > 0), key=lambda one: self._count(one, text), default=0
            )
            if whence:
                parts[whence].append(Part(text, tuple(self.images[whence][text].tolist())))
            for number in numbers:
                if number != whence and whence:
                    moving[text, 0].append(self.images[number][text])
                elif not whence:
                    count = self._count(number, text)
                    self.trouble.add(0, text, f"{count:,} images in no cluster, and there is no cluster of this name")
        splits = tuple(Split(one, tuple(parts[one]), self.desk.base_of(one)) for one in sorted(parts))
        moves = tuple(
            Move(text, into, tuple(np.concatenate(images).tolist())) for (text, into), images in sorted(moving.items())
        )
        return splits, moves

    def _count(self, number: int, text: str) -> int:
        return len(self.images[number][text])


def _images_by_group_and_label(desk: Desk, label: np.ndarray, texts: list[str]) -> dict[int, dict[str, np.ndarray]]:
    """The ids of the images of each name in each group."""
    rows = np.flatnonzero(label >= 0)
    rows = rows[np.lexsort((desk.image_ids[rows], label[rows], desk.group[rows]))]
    pairs = np.stack([desk.group[rows], label[rows]])
    starts = np.flatnonzero(np.any(np.diff(pairs, axis=1), axis=0)) + 1
    found: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
    for some in np.split(rows, starts):
        if len(some):
            found[int(desk.group[some[0]])][texts[int(label[some[0]])]] = desk.image_ids[some]
    return found
