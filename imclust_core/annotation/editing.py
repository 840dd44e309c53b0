"""What people do to a clustering: name, merge, split, move, undo. Each is one event, or nothing and a reason."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imclust_core.annotation.annotated import (
    ASIDE,
    STATES,
    UNASSIGNED,
    Desk,
    advance,
    fresh,
    target_of,
    to_redo,
    to_undo,
)
from imclust_core.annotation.checks import check_cluster, check_unmoved
from imclust_core.annotation.text import MOST_AUTHOR, MOST_NAME, MOST_NOTE, clean
from imclust_core.errors import LabelConflict, LabelsError
from imclust_core.recent import Recent
from imclust_core.store.annotations.events import Draft, Event, append, events_of, newest_event
from imclust_core.store.clusterings import ClusterContent, Clustering, read_clustering
from imclust_core.store.workspace import Workspace

_KEPT = 8
_desks: Recent[tuple[Path, str], Desk] = Recent(_KEPT)
_keeping = threading.Lock()


def open_desk(workspace: Workspace, stored: Clustering, content: ClusterContent | None = None) -> Desk:
    """The desk of a clustering as it is now. What was read before is kept, so that only new events are.

    content: the arrays of the clustering, where they are at hand.
    """
    key = (workspace.root, stored.id)
    with _keeping:
        known = _desks.get(key)
    if known is not None and known.version > newest_event(workspace, stored.id):
        known = None  # older labels were put back
    if known is None:
        known = _from_clustering(content if content is not None else read_clustering(stored), stored)
    now = advance(known, events_of(workspace, stored.id, known.version))
    with _keeping:
        _desks[key] = now
    return now


def _from_clustering(content: ClusterContent, stored: Clustering) -> Desk:
    numbers = np.array([*stored.summary.numbers, UNASSIGNED])
    return fresh(content.image_ids, numbers[content.labels], int(numbers.max()))


def cluster_names(workspace: Workspace, stored: Clustering) -> list[str]:
    """What the clusters that a clustering gave are called now, by number and name, in their order."""
    desk = open_desk(workspace, stored)
    return [desk.called(number) for number in stored.summary.numbers]


def name_cluster(
    workspace: Workspace,
    stored: Clustering,
    number: int,
    *,
    text: str,
    state: str,
    author: str,
    uuid: str,
    base: int,
    note: str = "",
    via: str = "",
) -> Event:
    """Say what a cluster is.

    Parameters
    ----------
    base: the newest event about the cluster that the author has seen (`Desk.base_of`); LabelConflict if there is a
        newer one. uuid: made once for this change. via: where the words came from, like "proposal".
    """
    if state not in ("", *STATES):
        raise LabelsError(f"A cluster's state is one of {', '.join(STATES)}, not {state!r}.")
    value = {
        "number": number,
        "name": clean(text, MOST_NAME, "A name"),
        "state": state,
        "note": clean(note, MOST_NOTE, "A note"),
        "via": clean(via, MOST_NOTE, "Where a name comes from"),
    }
    draft = _draft(stored, "name", value, author, uuid, target_of(number), base)
    return _decided(workspace, stored, draft, lambda _desk: draft, number)


def merge_clusters(
    workspace: Workspace,
    stored: Clustering,
    source: int,
    into: int,
    *,
    author: str,
    uuid: str,
    base: int,
    into_base: int | None = None,
) -> Event:
    """Pour one cluster into another.

    base: the newest event about the one that ends that the author has seen; into_base: about the other one, if that is
    to be checked too.
    """
    if source == into:
        raise LabelsError("A cluster cannot be merged with itself. Choose another one.")
    draft = _draft(stored, "merge", {"from": source, "into": into}, author, uuid, target_of(source), base)

    def check(desk: Desk) -> Draft:
        if into_base is not None and desk.base_of(into) != into_base:
            raise LabelConflict(
                f"Cluster {desk.called(into)} was changed since you looked at it. Nothing was merged. Look again.",
                desk.base_of(into),
            )
        return draft

    return _decided(workspace, stored, draft, check, source, into)


def split_cluster(
    workspace: Workspace,
    stored: Clustering,
    number: int,
    parts: Sequence[Sequence[int]],
    *,
    how: str,
    author: str,
    uuid: str,
    base: int,
) -> Event:
    """Give parts of a cluster, as image ids, numbers of their own; what is in no part stays what it is.

    The event's value tells the numbers: the lowest that were never given to any cluster.
    """
    draft = _draft(stored, "split", {"from": number}, author, uuid, target_of(number), base)

    def check(desk: Desk) -> Draft:
        rows = [desk.rows_at(part) for part in parts]
        taken = np.concatenate([*rows, np.zeros(0, np.int64)])
        full = [0 < len(found) == len(part) for found, part in zip(rows, parts, strict=True)]
        if not full or not all(full) or len(np.unique(taken)) < len(taken):
            raise LabelsError(
                "Each part of a split needs images of this clustering, and no image can be in two. Nothing was split. "
                "Choose the images again."
            )
        if (desk.group[taken] != number).any():
            raise LabelConflict(
                f"Some of these images are no longer in cluster {number}. Nothing was split. Look at it again.",
                desk.version,
            )
        if len(taken) == desk.sizes[number]:
            raise LabelsError(f"All images of cluster {number} are chosen, so nothing would be left of it.")
        value = {
            "from": number,
            "how": how,
            "parts": [
                {"into": desk.highest + 1 + at, "images": desk.image_ids[part].tolist()} for at, part in enumerate(rows)
            ],
        }
        return _draft(stored, "split", value, author, uuid, target_of(number), base)

    return _decided(workspace, stored, draft, check, number)


def move_images(
    workspace: Workspace,
    stored: Clustering,
    images: Sequence[int],
    into: int,
    *,
    author: str,
    uuid: str,
    seen: int,
) -> Event:
    """Put images into another cluster, `UNASSIGNED`, or `ASIDE`.

    seen: the version of the desk the author looked at; LabelConflict if any of the images was elsewhere then.
    """
    draft = _draft(stored, "move", {"images": list(images), "into": into}, author, uuid)

    def check(desk: Desk) -> Draft:
        wanted = sorted(set(images))
        rows = desk.rows_at(wanted)
        if not len(rows) or len(rows) < len(wanted):
            raise LabelsError("Some of these images are not in this clustering. Nothing was moved. Choose them again.")
        if into > 0:
            check_cluster(desk, into)
        elif into not in (ASIDE, UNASSIGNED):
            raise LabelsError(f"There is no group {into}. Choose a cluster, or set the images aside.")
        check_unmoved(desk, rows, seen, "moved")
        value = {"images": desk.image_ids[rows[desk.group[rows] != into]].tolist(), "into": into}
        if not value["images"]:
            raise LabelsError(f"These images are in {desk.called(into)} already.")
        return _draft(stored, "move", value, author, uuid)

    return _decided(workspace, stored, draft, check)


def gather_images(
    workspace: Workspace, stored: Clustering, images: Sequence[int], *, author: str, uuid: str, seen: int, how: str
) -> Event:
    """Make a new cluster of images of whatever clusters, and of none; the event's value tells its number.

    It is a split that comes from no cluster in particular. seen: as for `move_images`.
    """
    draft = _draft(stored, "split", {"from": UNASSIGNED}, author, uuid)

    def check(desk: Desk) -> Draft:
        wanted = sorted(set(images))
        rows = desk.rows_at(wanted)
        if not len(rows) or len(rows) < len(wanted):
            raise LabelsError(
                "Some of these images are not in this clustering. No cluster was made. Choose them again."
            )
        check_unmoved(desk, rows, seen, "changed")
        number = int(desk.group[rows[0]])
        if number > 0 and len(rows) == desk.sizes[number] and (desk.group[rows] == number).all():
            raise LabelsError(f"These images are all of cluster {desk.called(number)}, so they are a cluster already.")
        part = {"into": desk.highest + 1, "images": desk.image_ids[rows].tolist()}
        return _draft(stored, "split", {"from": UNASSIGNED, "how": how, "parts": [part]}, author, uuid)

    return _decided(workspace, stored, draft, check)


def undo(workspace: Workspace, stored: Clustering, *, author: str, uuid: str) -> Event | None:
    """Take back the author's last change, as a new event; None where there is nothing left to take back."""
    return _reversed(workspace, stored, "undo", to_undo, author, uuid)


def redo(workspace: Workspace, stored: Clustering, *, author: str, uuid: str) -> Event | None:
    """Do again what the author took back last; None where there is nothing, or something was done since."""
    return _reversed(workspace, stored, "redo", to_redo, author, uuid)


def _reversed(
    workspace: Workspace,
    stored: Clustering,
    kind: str,
    which: Callable[[Desk, str], Event | None],
    author: str,
    uuid: str,
) -> Event | None:
    desk, who = open_desk(workspace, stored), _checked(author)
    if (again := desk.written(uuid)) is not None:
        return again
    event = which(desk, who)
    if event is None:
        return None
    base = desk.newest[event.target] if event.target else 0
    draft = _draft(stored, kind, {"event": event.id}, author, uuid, event.target, base)

    def check(now: Desk) -> Draft:
        if which(now, who) != event:
            raise LabelConflict("You have changed something else meanwhile, in another window. Nothing was saved.")
        return draft

    return _decided(workspace, stored, draft, check)


def _decided(
    workspace: Workspace, stored: Clustering, draft: Draft, check: Callable[[Desk], Draft], *numbers: int
) -> Event:
    """Append what `check` makes of the desk as it is when nobody else can write.

    numbers: the clusters that have to be there. Also before it is asked whether somebody has changed them: where they
    went is more to say.
    """
    known = open_desk(workspace, stored)

    def decide(later: Sequence[Event]) -> Draft:
        desk = advance(known, later)
        for number in numbers:
            check_cluster(desk, number)
        return check(desk)

    for number in numbers if known.written(draft.uuid) is None else ():
        check_cluster(known, number)
    return append(workspace, draft, decide, known.version)


def _draft(
    stored: Clustering, kind: str, value: dict[str, Any], author: str, uuid: str, target: str = "", base: int = 0
) -> Draft:
    if not uuid or len(uuid) > MOST_AUTHOR:
        raise LabelsError("A change needs a uuid of its own. Reload the page, and try again.")
    return Draft(uuid, stored.id, target, kind, value, _checked(author), base)


def _checked(author: str) -> str:
    who = clean(author, MOST_AUTHOR, "Your name")
    if not who:
        raise LabelsError("A change needs to be somebody's. Say who you are, and try again.")
    return who
