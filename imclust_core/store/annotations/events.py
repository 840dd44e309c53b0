"""What people said and did about clusters: events that are only ever added. All SQL about them is here.

An event is kept twice, in `labels.db` and in `labels.jsonl`, both on the disk before anybody is told that it is. One
process writes at a time, under a lock that is dropped by itself when its holder dies.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from imclust_core.errors import LabelConflict, LabelsError
from imclust_core.names import shown
from imclust_core.store.annotations.backups import back_up_if_due
from imclust_core.store.annotations.log import add_lines, end_of_log, has_its_fields, is_event
from imclust_core.store.database import all_rows, one_row, reading, writing
from imclust_core.store.lock import one_at_a_time
from imclust_core.store.schema import LABEL_COLUMNS
from imclust_core.store.workspace import Workspace

MOST_BYTES = 8_000_000
"""The largest event: a split of about a million images."""


@dataclass(frozen=True)
class Draft:
    """A change that somebody asks for.

    uuid: made by whoever asks; asking again with it changes nothing. target: what it is about, or empty where no
    other change can stand in its way. base: the newest event about the target that its author knew of, 0 for none.
    """

    uuid: str
    clustering_id: str
    target: str
    kind: str
    value: dict[str, Any]
    author: str
    base: int = 0


@dataclass(frozen=True)
class Event:
    """A change as it was written down. at: seconds since 1970."""

    id: int
    uuid: str
    clustering_id: str
    target: str
    kind: str
    value: dict[str, Any]
    author: str
    base: int
    at: int


Decide = Callable[[Sequence[Event]], Draft]


def append(workspace: Workspace, draft: Draft, decide: Decide | None = None, after: int = 0) -> Event:
    """Write a change down, twice, and return it; nothing is written, and LabelConflict raised, if it comes too late.

    Parameters
    ----------
    decide: called while nobody else can write, with the events of the clustering later than the event `after`; returns
        the draft to write, or raises LabelConflict.
    """
    # Before the lock, which would be a new file in a folder that is no workspace any more.
    if not workspace.labels.exists():
        raise LabelsError(
            f"Nothing was saved: {shown(workspace.labels)} is gone. Run imclust doctor --repair, which puts it back "
            "from its copies."
        )
    with alone(workspace):
        try:
            with writing(workspace.labels, lasting=True) as db:
                _check_log(workspace, db)
                row = db.execute(
                    "SELECT id, clustering_id, kind FROM label_events WHERE uuid = ?", (draft.uuid,)
                ).fetchone()
                if row is not None and (row["clustering_id"], row["kind"]) != (draft.clustering_id, draft.kind):
                    raise LabelsError("Nothing was saved: another change has the same uuid. Ask again with a new one.")
                number = row["id"] if row is not None else _insert(db, draft, decide, after)
        except UnicodeEncodeError as error:  # half of a surrogate pair: JSON can hold it, a column of text can not
            raise LabelsError("Nothing was saved: the change, or its author, has letters that are no text.") from error
        # Read back, and not taken for granted: what is shown as saved is what is there.
        with reading(workspace.labels) as db:
            saved = _event(db.execute("SELECT * FROM label_events WHERE id = ?", (number,)).fetchone())
            _write_log(workspace, db)
    back_up_if_due(workspace)
    return saved


@contextlib.contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of the labels: nobody else writes to either copy."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(one_at_a_time(workspace.root / "labels.lock"))
        except TimeoutError as error:
            raise LabelsError(
                f"Nothing was saved: {error}. Try again in a moment; if it stays so, end the imclust that hangs."
            ) from error
        except OSError as error:
            raise LabelsError(
                f"Nothing was saved: {shown(workspace.root / 'labels.lock')} cannot be opened ({error.strerror}). Give "
                "the user imclust runs as the right to write there."
            ) from error
        yield


def _insert(db: sqlite3.Connection, draft: Draft, decide: Decide | None, after: int) -> int:
    if draft.target:
        newest = db.execute(
            "SELECT * FROM label_events WHERE clustering_id = ? AND target = ? ORDER BY id DESC LIMIT 1",
            (draft.clustering_id, draft.target),
        ).fetchone()
        if (newest["id"] if newest is not None else 0) != draft.base:
            raise LabelConflict(
                f"{newest['author'] if newest is not None else 'Somebody'} has changed the {draft.target} since you "
                "looked at it. Nothing was saved. Look at what is there now, and decide again.",
                newest["id"] if newest is not None else 0,
            )
    if decide is not None:
        later = db.execute(_AFTER, (draft.clustering_id, after)).fetchall()
        draft = replace(decide([_event(row) for row in later]), uuid=draft.uuid)
    if not has_its_fields(draft.kind, draft.value):  # once written, it would stand in the way of all that follow
        raise LabelsError(
            f"Nothing was saved: this is no change of the kind {draft.kind!r}, since what that kind needs is not in it "
            "or is of another sort. Reload the page, and try again."
        )
    value = as_json(draft.value)
    if len(value) > MOST_BYTES:
        raise LabelsError("This change is about too many images to be kept as one. Do it in parts.")
    added = db.execute(
        "INSERT INTO label_events (uuid, clustering_id, target, kind, value, author, base, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (draft.uuid, draft.clustering_id, draft.target, draft.kind, value, draft.author, draft.base, int(time.time())),
    )
    return int(added.lastrowid or 0)


_AFTER = "SELECT * FROM label_events WHERE clustering_id = ? AND id > ? ORDER BY id"


def events_of(workspace: Workspace, clustering_id: str, after: int = 0) -> list[Event]:
    """The events of a clustering in their order, those later than one of them."""
    return [_event(row) for row in all_rows(workspace.labels, _AFTER, clustering_id, after)]


def newest_event(workspace: Workspace, clustering_id: str) -> int:
    """The id of the newest event of a clustering; 0 for none. Open pages ask every second."""
    row = one_row(workspace.labels, "SELECT max(id) FROM label_events WHERE clustering_id = ?", clustering_id)
    return int(row[0] or 0) if row is not None else 0


def is_labelled(workspace: Workspace, clustering_ids: Sequence[str]) -> bool:
    """Whether any of these clusterings has events. Every page asks."""
    marks = ",".join("?" * len(clustering_ids))
    query = f"SELECT 1 FROM label_events WHERE clustering_id IN ({marks})"  # noqa: S608  question marks only
    return one_row(workspace.labels, query, *clustering_ids) is not None


def labelled_clusterings(workspace: Workspace) -> dict[str, int]:
    """Every clustering that has events, and the newest of them."""
    rows = all_rows(workspace.labels, "SELECT clustering_id, max(id) FROM label_events GROUP BY clustering_id")
    return {row[0]: int(row[1]) for row in rows}


def add_rows(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put events back as they were, ids and all: rows in the order of LABEL_COLUMNS, their values as JSON."""
    marks = ", ".join("?" * len(LABEL_COLUMNS))
    db.executemany(
        f"INSERT INTO label_events ({', '.join(LABEL_COLUMNS)}) VALUES ({marks})",  # noqa: S608  our own column names
        rows,
    )


def as_json(value: dict[str, Any]) -> str:
    """A value as the database keeps it."""
    return json.dumps(value, separators=(",", ":"))


def _check_log(workspace: Workspace, db: sqlite3.Connection) -> None:
    """Refuse to go on where the two copies have parted: one of them is older, or not of this workspace."""
    try:
        last, uuid = end_of_log(workspace.label_log)
    except OSError as error:
        raise LabelsError(
            f"Nothing was saved: the second copy of the labels, {shown(workspace.label_log)}, cannot be read "
            f"({error.strerror}). Give the user imclust runs as the right to read and write it."
        ) from error
    row = db.execute("SELECT uuid FROM label_events WHERE id = ?", (last,)).fetchone()
    if last and (row is None or row["uuid"] != uuid):
        raise LabelsError(
            f"Nothing was saved: {shown(workspace.labels)} and its second copy {shown(workspace.label_log)} hold "
            "different events, so one of them was lost or replaced. Run imclust doctor --repair, which puts them "
            "together."
        )


def _write_log(workspace: Workspace, db: sqlite3.Connection) -> None:
    """Give the second copy all that it does not have, also what others did not come to write."""
    try:
        last, _ = end_of_log(workspace.label_log)
        later = db.execute("SELECT * FROM label_events WHERE id > ? ORDER BY id", (last,))
        add_lines(workspace.label_log, [{name: getattr(_event(row), name) for name in LABEL_COLUMNS} for row in later])
    except OSError as error:
        raise LabelsError(
            f"The change is saved, but not its second copy in {shown(workspace.label_log)} ({error.strerror}). Free "
            "some space, or mend the rights of the folder; the next change writes both."
        ) from error


def _event(row: sqlite3.Row) -> Event:
    try:
        facts = {name: json.loads(row[name]) if name == "value" else row[name] for name in LABEL_COLUMNS}
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(row) from error
    if not is_event(facts):
        raise _damaged(row)
    return Event(**facts)


def _damaged(row: sqlite3.Row) -> LabelsError:
    return LabelsError(
        f"The change number {row['id']} in labels.db has been damaged. Run imclust doctor --repair, which takes it "
        "from the second copy."
    )
