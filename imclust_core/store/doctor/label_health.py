"""What is wrong with the labels and their copies, in words, and what a repair did about it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from imclust_core.errors import LabelsError
from imclust_core.names import shown
from imclust_core.store.annotations.backups import backups_of, day_of, no_backups
from imclust_core.store.annotations.events import alone
from imclust_core.store.doctor.label_repair import Copies, Whole, mend, put_together, read_copies
from imclust_core.store.schema import LABEL_COLUMNS
from imclust_core.store.workspace import Workspace

_UUID = LABEL_COLUMNS.index("uuid")
_REPAIR = "Run imclust doctor --repair: "
NOT_READABLE = (
    "Stop imclust, look whether its user may read and write there and whether the disk is sound and has room, and run "
    "imclust doctor again."
)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    place: the file, as a name within the workspace. remedy: what to do about it, or what was done where it is mended.
    """

    place: str
    problem: str
    remedy: str
    mended: bool = False


@dataclass(frozen=True)
class LabelHealth:
    """What was found of the labels. events: how many there are in all copies. aside: what a repair has put aside."""

    findings: tuple[Finding, ...] = ()
    events: int = 0
    aside: tuple[Path, ...] = ()


def check_labels(workspace: Workspace, *, repair: bool = False) -> LabelHealth:
    """Compare the copies of the labels with each other; with `repair`, put them together."""
    strays = _strays(workspace)
    if not (workspace.labels.exists() or workspace.label_log.exists() or backups_of(workspace)):
        return LabelHealth(tuple(strays))  # a workspace from before there were labels
    try:
        with alone(workspace):
            copies = read_copies(workspace)
            whole = put_together(copies)
            found, aside = _findings(workspace, copies, whole), []
            if found and repair:
                lost = _lost(whole)
                aside = mend(workspace, copies, whole)
                found = [*_after_repair(workspace, found), *lost]
    except LabelsError as error:
        return LabelHealth((Finding(workspace.labels.name, str(error), NOT_READABLE),))
    except (OSError, sqlite3.Error) as error:
        return LabelHealth((Finding(workspace.labels.name, f"It could not be looked at ({error}).", NOT_READABLE),))
    return LabelHealth((*found, *strays), len(whole.rows), tuple(aside))


def _strays(workspace: Workspace) -> list[Finding]:
    """What is no copy and bears the name of one. A repair leaves it: what is in it is nobody's business here."""
    return [
        Finding(
            shown(path.relative_to(workspace.root)),
            "It is no file, though it has the name of a copy of the labels.",
            "Move it out of the workspace; nothing in it was looked at or changed.",
        )
        for path in no_backups(workspace)
    ]


def _after_repair(workspace: Workspace, before: list[Finding]) -> list[Finding]:
    """What was found before, as mended where it is found no more, and what is still found."""
    copies = read_copies(workspace)
    left = _findings(workspace, copies, put_together(copies))
    places = {finding.place for finding in left}
    mended = [
        replace(one, remedy=f"Mended: {one.remedy.removeprefix(_REPAIR)}", mended=True)
        for one in before
        if one.place not in places
    ]
    return mended + left


def _lost(whole: Whole) -> list[Finding]:
    """Numbers follow each other, so one that no copy has was an event that is lost.

    Whole gaps are looked at, not each number in them: one wild number can leave a gap that no memory holds.
    """
    numbers = [0, *(int(row[0]) for row in whole.rows)]
    gaps = [(one + 1, other - 1) for one, other in pairwise(numbers) if other - one > 1]
    if not gaps:
        return []
    gone = [f"{first}" if first == last else f"{first} to {last}" for first, last in gaps]
    return [
        Finding(
            "labels",
            f"{_count(sum(last - first + 1 for first, last in gaps), 'event')} can be read in no copy, number "
            f"{_listed(gone)}.",
            "Look at the files that were set aside, or put back a copy of the workspace and run imclust doctor again. "
            "It is said this once.",
        )
    ]


def _findings(workspace: Workspace, copies: Copies, whole: Whole) -> list[Finding]:
    found = [*_of_database(workspace, copies, whole), *_of_log(workspace, copies, whole)]
    for path, damage in copies.bad_backups.items():
        place = shown(path.relative_to(workspace.root))
        found.append(Finding(place, f"It is damaged ({damage}).", f"{_REPAIR}it is set aside."))
    return found


def _of_database(workspace: Workspace, copies: Copies, whole: Whole) -> list[Finding]:
    name, events = workspace.labels.name, _count(len(whole.rows), "event")
    older = _as_of(copies, whole)
    if not copies.there:
        return [Finding(name, "It is gone.", f"{_REPAIR}it is made from its copies, which hold {events}.{older}")]
    if copies.damage:
        remedy = f"{_REPAIR}it is set aside, and made anew from its copies and what can be read of it: {events}.{older}"
        return [Finding(name, f"It is damaged ({copies.damage}).", remedy)]
    found = []
    known, sayings = {row[_UUID] for row in copies.rows}, set(whole.rows)
    lacking = sum(row[_UUID] not in known for row in whole.rows)
    if lacking:
        remedy = f"{_REPAIR}they are added.{older}"
        found.append(Finding(name, f"It lacks {_count(lacking, 'event')} of its copies.", remedy))
    if whole.renumbered:
        pairs = ", ".join(f"{old} as {new}" for old, new in whole.renumbered[:20])
        taken = _count(len(whole.renumbered), "event")
        problem = f"{taken} of its copies have a number that another event has here, or one that is far too high."
        found.append(Finding(name, problem, f"{_REPAIR}both are kept, those of the copies at the end: {pairs}."))
    wrong = copies.unreadable + sum(row not in sayings for row in copies.rows)
    if wrong:
        problem = f"{_count(wrong, 'event')} cannot be read, or are not what the log says."
        remedy = f"{_REPAIR}it is set aside, and made anew with what the log says, whose lines have checksums."
        found.append(Finding(name, problem, remedy))
    return found


def _as_of(copies: Copies, whole: Whole) -> str:
    """Where the newest event is known from a dated copy alone, nothing tells what was said after that copy was made."""
    late = {new for _, new in whole.renumbered}  # at the end now, and not said last
    newest = next((row[_UUID] for row in reversed(whole.rows) if row[0] not in late), None)
    if newest is None or newest in {row[_UUID] for row in (*copies.rows, *copies.log)}:
        return ""
    path = next(path for path, rows in copies.backups.items() if newest in {row[_UUID] for row in rows})
    return f" The newest of them are from the copy of {day_of(path)}: what was said after it is lost."


def _of_log(workspace: Workspace, copies: Copies, whole: Whole) -> list[Finding]:
    if not copies.bad_lines and copies.log == whole.rows:
        return []
    name, remedy = workspace.label_log.name, f"{_REPAIR}the old one is set aside, and it is written anew."
    if not copies.log_there:
        return [Finding(name, "It is gone.", f"{_REPAIR}it is written anew.")]
    if copies.bad_lines:
        return [Finding(name, f"Of its lines, number {_listed(copies.bad_lines)} is damaged or unfinished.", remedy)]
    lacking = len(set(whole.rows) - set(copies.log))
    if lacking:
        return [Finding(name, f"It lacks {_count(lacking, 'event')} of the other copies.", remedy)]
    return [Finding(name, "Its lines are not in order, or some are there twice.", remedy)]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _listed(numbers: Sequence[int | str], most: int = 20) -> str:
    more = len(numbers) - most
    return ", ".join(map(str, numbers[:most])) + (f" and {more:,} more" if more > 0 else "")
