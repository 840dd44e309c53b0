"""People at work on a clustering of made-up images: each thing they do is one call."""

from functools import partial
from typing import Any

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import gather_images, open_desk, redo, undo
from imclust_core.store.annotations.events import Event, events_of
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from tests.helpers.editing import images_in, merge, move, name, new, split


class People:
    """What is done to one clustering, by Ada unless it is said."""

    def __init__(self, workspace: Workspace, stored: Clustering) -> None:
        self.workspace, self.stored = workspace, stored
        self.name, self.merge = partial(name, workspace, stored), partial(merge, workspace, stored)
        self.split, self.move = partial(split, workspace, stored), partial(move, workspace, stored)

    def gather(self, images: list[int], author: str = "Ada", **more: Any) -> Event:
        asked = {"uuid": new(), "seen": self.desk.version, "how": "by hand", **more}
        return gather_images(self.workspace, self.stored, images, author=author, **asked)

    def undo(self, author: str = "Ada", **more: str) -> Event | None:
        return undo(self.workspace, self.stored, author=author, **{"uuid": new(), **more})

    def redo(self, author: str = "Ada", **more: str) -> Event | None:
        return redo(self.workspace, self.stored, author=author, **{"uuid": new(), **more})

    @property
    def desk(self) -> Desk:
        return open_desk(self.workspace, self.stored)

    @property
    def events(self) -> list[Event]:
        return events_of(self.workspace, self.stored.id)

    def inside(self, number: int) -> list[int]:
        return images_in(self.desk, number)
