"""Every image of a clustering with what is known of it: what all exports are made of, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imclust_core.annotation.annotated import ASIDE, Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.arrays.chunks import Step, nothing
from imclust_core.names import display_name
from imclust_core.store.catalogue import BATCH, images_by_id
from imclust_core.store.clusterings import ClusterContent, Clustering, read_clustering
from imclust_core.store.workspace import Workspace

COLUMNS = ("image_id", "path", "cluster", "group", "name", "state", "margin", "author", "usable")
"""What every format holds of an image, by these names. group: the name, or what `Members.called` says without one."""

_STEP = 100
"""Images between two reports of how far the work is, at which it may also be stopped."""


@dataclass(frozen=True, slots=True)
class Member:
    """An image of a clustering.

    path: below the collection's folder; empty for an image that the catalogue has lost. cluster: its number;
    `UNASSIGNED` and `ASIDE` are no clusters. margin: how clearly the clustering put it where it did, before anybody
    moved it. author: of the name. usable: whether its file was there, and good, at the last scan.
    """

    image: int
    path: bytes
    cluster: int
    group: str
    name: str
    state: str
    margin: float
    author: str
    usable: bool

    @property
    def shown_path(self) -> str:
        return display_name(self.path)

    @property
    def values(self) -> tuple[int, str, int, str, str, str, float, str, bool]:
        """What stands in the `COLUMNS`."""
        said = (self.cluster, self.group, self.name, self.state, round(self.margin, 4), self.author)
        return (self.image, self.shown_path, *said, self.usable)

    @property
    def facts(self) -> dict[str, object]:
        return dict(zip(COLUMNS, self.values, strict=True))


@dataclass(frozen=True)
class Members:
    """The images of a clustering in the order of their ids, each once; read from the catalogue as one goes along.

    content, desk: of this very clustering; `open_members` puts them together.
    """

    workspace: Workspace
    stored: Clustering
    content: ClusterContent
    desk: Desk
    step: Step = nothing

    def __len__(self) -> int:
        return len(self.desk.image_ids)

    def __iter__(self) -> Iterator[Member]:
        desk, margin = self.desk, self.content.margin
        order = np.argsort(desk.image_ids, kind="stable")
        groups = {number: self.called(number) for number in desk.sizes}
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids = desk.image_ids[rows].tolist()
            known = images_by_id(self.workspace, self.stored.collection_id, ids)
            values = zip(ids, desk.group[rows].tolist(), margin[rows].tolist(), strict=True)
            for done, (image, number, share) in enumerate(values, start):
                if not done % _STEP:
                    self.step(done, len(order))
                file, said = known.get(image), desk.said(number)
                path, usable = (file.path, file.state == "ok") if file is not None else (b"", False)
                named = (groups[number], said.text, said.state)
                yield Member(image, path, number, *named, share, said.author, usable)

    def called(self, number: int) -> str:
        """A group in words, also one that nobody has named."""
        if number > 0:
            return self.desk.name_of(number) or f"cluster {number}"
        return "set aside" if number == ASIDE else "unassigned"

    @property
    def names(self) -> list[str]:
        """Every name that a cluster has now, once."""
        return sorted({self.desk.name_of(number) for number in self.desk.clusters} - {""})


@dataclass(frozen=True)
class ClusterRow:
    """A cluster in a list: its number, how many images it has, and what was said of it; at: seconds since 1970."""

    cluster: int
    images: int
    name: str
    state: str
    note: str
    author: str
    at: int | None


def cluster_rows(desk: Desk) -> list[ClusterRow]:
    """The clusters there are, by number; then the images set aside or in no cluster, so that the rows add up."""
    numbers = sorted(desk.sizes, key=lambda number: (number <= 0, abs(number)))
    return [
        ClusterRow(number, desk.sizes[number], one.text, one.state, one.note, one.author, one.at or None)
        for number, one in zip(numbers, map(desk.said, numbers), strict=True)
    ]


def open_members(workspace: Workspace, stored: Clustering) -> Members:
    """The images of a clustering as people have left it now."""
    content = read_clustering(stored)
    return Members(workspace, stored, content, open_desk(workspace, stored, content))
