"""The copies of the labels against each other, and how they are put together again. Nothing is ever thrown away.

An event is in `labels.db`, in `labels.jsonl`, and in the dated copies made since. What the log says of an event counts
most, since its lines have checksums; which number an event has, `labels.db` says first.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imclust_core.errors import LabelsError
from imclust_core.store.annotations.backups import backups_of, damage_of_labels, is_damage
from imclust_core.store.annotations.events import add_rows, as_json
from imclust_core.store.annotations.log import is_event, read_log, replace_log
from imclust_core.store.database import connect, migrate, sync_folder, writing
from imclust_core.store.schema import LABEL_COLUMNS, LABELS
from imclust_core.store.workspace import Workspace

Row = tuple[Any, ...]
"""An event as the database keeps it: in the order of LABEL_COLUMNS, its value as JSON."""

_HIGHEST = 2**53
"""No workspace ever counts this far. A higher number was damaged, and would leave few or none to follow it."""
_ID, _UUID = LABEL_COLUMNS.index("id"), LABEL_COLUMNS.index("uuid")
_LEFTOVERS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Copies:
    """What each copy of the labels holds, rows in order.

    damage: what is wrong with labels.db, or empty. unreadable: how many of its rows are no events. bad_lines: the
    numbers of the log's damaged ones. backups: the rows of the sound ones, by file, newest first.
    """

    there: bool
    damage: str
    rows: tuple[Row, ...]
    unreadable: int
    log_there: bool
    log: tuple[Row, ...]
    bad_lines: tuple[int, ...]
    backups: dict[Path, tuple[Row, ...]]
    bad_backups: dict[Path, str]

    @property
    def sound(self) -> bool:
        return self.there and not self.damage


@dataclass(frozen=True)
class Whole:
    """All events of all copies, in order. renumbered: numbers that were taken, each with the new one."""

    rows: tuple[Row, ...]
    renumbered: tuple[tuple[int, int], ...]


def read_copies(workspace: Workspace) -> Copies:
    """Read all copies of the labels; OSError or sqlite3.Error where one cannot be looked at."""
    there = workspace.labels.exists()
    damage = damage_of_labels(workspace.labels) if there else ""
    rows, unreadable = _rows_of(workspace.labels) if there else ((), 0)
    lines = [(number, _row(event) if event is not None else None) for number, event in read_log(workspace.label_log)]
    backups, bad = {}, {}
    for path in backups_of(workspace):
        if found := damage_of_labels(path):
            bad[path] = found
        else:
            backups[path] = _rows_of(path)[0]
    return Copies(
        there,
        damage,
        rows,
        unreadable,
        workspace.label_log.exists(),
        tuple(row for _, row in lines if row is not None),
        tuple(number for number, row in lines if row is None),
        backups,
        bad,
    )


def _rows_of(path: Path) -> tuple[tuple[Row, ...], int]:
    """The events of a database that can be read, from both ends to a damaged page, and how many rows are no events."""
    rows: dict[int, Row] = {}
    unreadable: set[Any] = set()
    for order in ("ASC", "DESC"):
        try:
            with contextlib.closing(connect(path)) as db:
                db.text_factory = lambda raw: raw.decode("utf-8", "replace")
                columns = ", ".join(LABEL_COLUMNS)
                for found in db.execute(f"SELECT {columns} FROM label_events ORDER BY id {order}"):  # noqa: S608  ours
                    row = _row(dict(found))
                    if row is None:
                        unreadable.add(found["id"])
                    else:
                        rows.setdefault(row[_ID], row)
            break
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise
    return tuple(rows[number] for number in sorted(rows)), len(unreadable)


def _row(facts: Mapping[str, Any]) -> Row | None:
    """An event as a row, its value written in the one way; None for what is no event."""
    try:
        value = facts["value"]
        value = json.loads(value) if isinstance(value, str) else value
        if not is_event({**facts, "value": value}):
            return None
        row = tuple(as_json(value) if name == "value" else facts[name] for name in LABEL_COLUMNS)
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    # Damaged letters elsewhere are borne, but under another uuid an event would be another one.
    return row if facts["uuid"] and "\ufffd" not in facts["uuid"] else None


def put_together(copies: Copies) -> Whole:
    """Every event of any copy once; one whose number another has already gets a new number, after all others.

    So does one whose number is wild in every copy.
    """
    sources = [copies.rows if copies.sound else (), copies.log, *copies.backups.values(), copies.rows]
    number_of: dict[str, int] = {}
    taken: dict[int, str] = {}
    late: list[Row] = []
    for row in sorted((row for source in sources for row in source), key=_is_wild):
        if row[_UUID] not in number_of:
            number_of[row[_UUID]] = row[_ID]
            if _is_wild(row) or taken.setdefault(row[_ID], row[_UUID]) != row[_UUID]:
                late.append(row)
    end = max(taken, default=0)
    for offset, row in enumerate(late, 1):
        number_of[row[_UUID]] = end + offset
    said: dict[str, Row] = {}
    for source in (copies.log, *sources):
        numbers = {row[_ID]: number_of[row[_UUID]] for row in source}
        for row in source:
            if row[_UUID] not in said:
                said[row[_UUID]] = _renumbered(row, number_of[row[_UUID]], numbers)
    rows = sorted(said.values(), key=lambda row: int(row[_ID]))
    return Whole(tuple(rows), tuple((row[_ID], number_of[row[_UUID]]) for row in late))


def _is_wild(row: Row) -> bool:
    return bool(row[_ID] > _HIGHEST)


def _renumbered(row: Row, number: int, numbers: Mapping[int, int]) -> Row:
    """A row with the new numbers of itself and of the events it speaks of."""
    facts = dict(zip(LABEL_COLUMNS, row, strict=True))
    facts["id"] = number
    facts["base"] = numbers.get(facts["base"], facts["base"])
    value = json.loads(facts["value"])
    if facts["kind"] in ("undo", "redo") and value.get("event") in numbers:
        facts["value"] = as_json(value | {"event": numbers[value["event"]]})
    return tuple(facts.values())


def mend(workspace: Workspace, copies: Copies, whole: Whole) -> list[Path]:
    """Make both copies hold all events; returns what was set aside. Only under the labels' lock.

    The log comes first: killed at any moment, the next run finds every event in it.
    """
    aside = [_set_aside(path) for path in copies.bad_backups]
    if copies.sound:
        migrate(workspace.labels, LABELS)  # refuses one of a newer imclust
    if copies.bad_lines or copies.log != whole.rows:
        if copies.log_there:
            aside.append(_name_aside(workspace.label_log))
            shutil.copy2(workspace.label_log, aside[-1])
        replace_log(workspace.label_log, _events(whole.rows))
    if must_be_made_anew(copies, whole):
        aside += _make_anew(workspace, whole.rows)
    elif copies.rows != whole.rows:
        known = {row[_UUID] for row in copies.rows}
        with writing(workspace.labels, lasting=True) as db:
            add_rows(db, [row for row in whole.rows if row[_UUID] not in known])
    return aside


def must_be_made_anew(copies: Copies, whole: Whole) -> bool:
    """Whether labels.db is gone or damaged, or says something else than the log; else events are only added to it."""
    return not copies.sound or copies.unreadable > 0 or not set(copies.rows) <= set(whole.rows)


def _make_anew(workspace: Workspace, rows: Sequence[Row]) -> list[Path]:
    """A database of these events in the place of the one that is there, which is set aside with all its leftovers."""
    path = workspace.labels
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        migrate(temporary, LABELS)
        with writing(temporary, lasting=True) as db:
            add_rows(db, rows)
        with contextlib.closing(connect(temporary, lasting=True)) as db:
            # One file, whole in itself: somebody who still has the old one open would remove a write-ahead log by name.
            db.execute("PRAGMA journal_mode=DELETE")
        if damage_of_labels(temporary) or _rows_of(temporary)[0] != tuple(rows):
            raise LabelsError(
                f"The labels were not changed: their new database could not be read back. Look whether the disk of "
                f"{path.parent.name} is sound, and run imclust doctor --repair again."
            )
        old = _set_aside(path)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        for suffix in ("", *_LEFTOVERS):
            temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)
    return [old] if old.exists() else []


def _events(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        facts = dict(zip(LABEL_COLUMNS, row, strict=True))
        yield facts | {"value": json.loads(facts["value"])}


def _set_aside(path: Path) -> Path:
    """Give a database a name under which nothing takes it for the living one, and its leftovers the names that fit."""
    aside = _name_aside(path)
    for suffix in ("", *_LEFTOVERS):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _name_aside(path: Path) -> Path:
    day = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (path.with_name(f"{path.name}.aside-{day}{more}") for more in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not any(path.parent.glob(f"{name.name}*")))
