"""Whether what somebody wants to change is still what they saw: else a conflict that says what became of it."""

from bisect import bisect_left

import numpy as np

from imclust_core.annotation.annotated import Desk, at_version
from imclust_core.errors import LabelConflict
from imclust_core.store.annotations.events import Event


def check_cluster(desk: Desk, number: int) -> None:
    """LabelConflict for a cluster that has no images, with what became of it."""
    if number < 1 or number not in desk.sizes:
        raise LabelConflict(
            f"There is no cluster {number} any more. {what_became(desk, number)}Nothing was saved.", desk.version
        )


def what_became(desk: Desk, number: int) -> str:
    """Who has merged a cluster that is gone into which, as a sentence and a space; empty where nobody has."""
    ended = next((event for event in reversed(desk.events) if _ends(event, number, desk)), None)
    return f"{ended.author} has merged it into {desk.called(ended.value['into'])}. " if ended is not None else ""


def check_unmoved(desk: Desk, rows: np.ndarray, seen: int, done: str) -> None:
    """LabelConflict if any of these images (by row) was elsewhere at the version `seen`; done: "moved" or the like."""
    before = at_version(desk, seen)
    other = rows[before.group[rows] != desk.group[rows]]
    if len(other):
        who, where = _who_put(desk, int(other[0]), seen), desk.group[other[0]]
        raise LabelConflict(
            f"{who} has put {len(other):,} of these {len(rows):,} images elsewhere ({desk.called(int(where))}) "
            f"since you looked. Nothing was {done}. Look at them where they are now, and decide again.",
            desk.version,
        )


def _ends(event: Event, number: int, desk: Desk) -> bool:
    return event.kind == "merge" and event.value["from"] == number and event.id not in desk.undone


def _who_put(desk: Desk, row: int, seen: int) -> str:
    """Who put an image where it is, if it was elsewhere at the version `seen`."""
    later = [event for event in desk.events if event.id > seen]
    # It need not be sorted: a bisection ends where the event before was not there yet, and this one is.
    at = bisect_left(later, True, key=lambda event: bool(at_version(desk, event.id).group[row] == desk.group[row]))
    return later[at].author
