"""The images of a collection: what is there, what is bad and why. All SQL about them is here."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imclust_core.images.inspecting import Facts
from imclust_core.names import display_name
from imclust_core.store.database import all_rows, made_of, one_row, reading, writing
from imclust_core.store.workspace import Workspace

BATCH = 5000
"""Rows written or read at a time: enough to be fast, few enough that nobody waits long for the lock."""


@dataclass(frozen=True)
class ImageRow:
    """One catalogued file."""

    id: int
    path: bytes
    state: str
    size: int
    mtime_ns: int
    hash: bytes | None
    format: str | None
    width: int | None
    height: int | None
    notes: tuple[str, ...]
    reason: str | None
    detail: str

    @property
    def name(self) -> str:
        """The relative path as a person can read it."""
        return display_name(self.path)


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue remembers of a path, to see whether the file has changed since."""

    id: int
    state: str
    size: int
    mtime_ns: int
    reason: str | None


def known_files(workspace: Workspace, collection_id: str, paths: Sequence[bytes]) -> dict[bytes, Known]:
    """What the catalogue remembers of these paths; at most `BATCH` of them at a time."""
    marks = ",".join("?" * len(paths))
    with reading(workspace.catalogue) as db:
        rows = db.execute(
            f"SELECT path, id, state, size, mtime_ns, reason FROM images WHERE collection_id = ? AND path IN ({marks})",  # noqa: S608  question marks only
            (collection_id, *paths),
        )
        return {row["path"]: Known(*tuple(row)[1:]) for row in rows}


def record_files(workspace: Workspace, collection_id: str, facts: Iterable[tuple[bytes, Facts]]) -> list[int]:
    """Write what was found of these paths, in one transaction, and return their ids in order.

    A path that is there already keeps its id.
    """
    with writing(workspace.catalogue) as db:
        return [db.execute(_RECORD, (collection_id, path, *_values(known))).fetchone()[0] for path, known in facts]


_RECORD = """INSERT INTO images
    (collection_id, path, state, size, mtime_ns, hash, format, width, height, notes, reason, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, path) DO UPDATE SET
    state = excluded.state, size = excluded.size, mtime_ns = excluded.mtime_ns, hash = excluded.hash,
    format = excluded.format, width = excluded.width, height = excluded.height, notes = excluded.notes,
    reason = excluded.reason, detail = excluded.detail
    RETURNING id"""


def _values(facts: Facts) -> tuple[Any, ...]:
    state, content = "bad" if facts.reason else "ok", bytes.fromhex(facts.digest) if facts.digest else None
    what = (facts.format, facts.width, facts.height, facts.notes, facts.reason, facts.detail)
    return (state, facts.size, facts.mtime_ns, content, *what)


def highest_id(workspace: Workspace) -> int:
    """The largest image id given out so far."""
    return _count(workspace, "SELECT coalesce(max(id), 0) FROM images")


def mark_gone(workspace: Workspace, collection_id: str, seen: bytearray, unlisted: Sequence[bytes]) -> int:
    """Mark as gone the files whose id is not set in `seen` (a bitmap), in short transactions.

    Files below a folder of `unlisted` (paths ending in "/") are left alone: nobody could look.
    """
    gone, last = 0, 0
    while True:
        rows = all_rows(
            workspace.catalogue,
            # The plus keeps SQLite on the order of ids, where an index would make it sort for every batch.
            "SELECT id, path FROM images WHERE +collection_id = ? AND state != 'gone' AND id > ? ORDER BY id LIMIT ?",
            *(collection_id, last, BATCH),
        )
        if not rows:
            return gone
        last = rows[-1]["id"]
        missing = [
            (row["id"],)
            for row in rows
            if not seen[row["id"] >> 3] >> (row["id"] & 7) & 1 and not row["path"].startswith(tuple(unlisted))
        ]
        if missing:
            with writing(workspace.catalogue) as db:
                db.executemany("UPDATE images SET state = 'gone', reason = 'vanished' WHERE id = ?", missing)
            gone += len(missing)


def count_images(workspace: Workspace, collection_id: str, state: str = "ok") -> int:
    """How many files of a collection are in a state, counted now."""
    query = "SELECT count(*) FROM images WHERE collection_id = ? AND state = ?"
    return _count(workspace, query, collection_id, state)


def _count(workspace: Workspace, query: str, *values: object) -> int:
    row = one_row(workspace.catalogue, query, *values)
    return int(row[0]) if row is not None else 0


def page_of_images(
    workspace: Workspace, collection_id: str, *, offset: int, limit: int, state: str = "ok"
) -> list[ImageRow]:
    """A page of a collection's files in the order of their paths."""
    rows = all_rows(
        workspace.catalogue,
        # The inner query walks a covering index, so a late page costs no more than its offset in index entries.
        "SELECT * FROM images WHERE id IN (SELECT id FROM images WHERE collection_id = ? AND state = ? "
        "ORDER BY path LIMIT ? OFFSET ?) ORDER BY path",
        *(collection_id, state, limit, offset),
    )
    return list(map(_image, rows))


def skipped_files(
    workspace: Workspace, collection_id: str, *, reason: str = "", after: int = 0, limit: int = BATCH
) -> list[ImageRow]:
    """Skipped files in the order of their ids, of one reason or of all; `after` is the last id already seen."""
    rows = all_rows(
        workspace.catalogue,
        "SELECT * FROM images WHERE collection_id = ? AND state = 'bad' AND (? = '' OR reason = ?) "
        "AND id > ? ORDER BY id LIMIT ?",
        *(collection_id, reason, reason, after, limit),
    )
    return list(map(_image, rows))


def duplicate_groups(workspace: Workspace, collection_id: str, *, limit: int) -> list[list[ImageRow]]:
    """Groups of images with the same bytes, the largest first; at most `limit` groups of at most 20 each."""
    with reading(workspace.catalogue) as db:
        firsts = db.execute(
            "SELECT first_id FROM images WHERE collection_id = ? AND first_id IS NOT NULL "
            "GROUP BY first_id ORDER BY count(*) DESC, first_id LIMIT ?",
            (collection_id, limit),
        ).fetchall()
        return [
            [
                _image(row)
                for row in db.execute(
                    "SELECT * FROM images WHERE id = ? OR (collection_id = ? AND first_id = ?) ORDER BY path LIMIT 20",
                    (first["first_id"], collection_id, first["first_id"]),
                )
            ]
            for first in firsts
        ]


def image(workspace: Workspace, collection_id: str, image_id: int) -> ImageRow | None:
    """One usable image of an open collection, or None."""
    row = one_row(
        workspace.catalogue,
        "SELECT images.* FROM images JOIN collections ON collections.id = collection_id "
        "WHERE images.id = ? AND collection_id = ? AND state = 'ok' AND removed_at IS NULL",
        *(image_id, collection_id),
    )
    return _image(row) if row else None


def _image(row: sqlite3.Row) -> ImageRow:
    return made_of(ImageRow, row, notes=tuple(row["notes"].split()))


def contents(workspace: Workspace, collection_id: str) -> tuple[np.ndarray, np.ndarray]:
    """Every usable image of a collection: ids (n,) int64 in order, and content hashes (n,) S16."""
    with reading(workspace.catalogue) as db:
        rows = db.execute(
            "SELECT id, hash FROM images WHERE collection_id = ? AND state = 'ok' ORDER BY id", (collection_id,)
        )
        facts = np.fromiter(((row[0], row[1]) for row in rows), np.dtype([("id", "<i8"), ("hash", "S16")]))
    return facts["id"].copy(), facts["hash"].copy()


def paths(workspace: Workspace, collection_id: str) -> dict[int, bytes]:
    """The relative path of every usable image of a collection, by its id."""
    with reading(workspace.catalogue) as db:
        rows = db.execute("SELECT id, path FROM images WHERE collection_id = ? AND state = 'ok'", (collection_id,))
        return {row[0]: row[1] for row in rows}


def images_by_id(workspace: Workspace, collection_id: str, ids: Sequence[int]) -> dict[int, ImageRow]:
    """These files of a collection, whatever their state; ids that are not there are left out."""
    found: dict[int, ImageRow] = {}
    with reading(workspace.catalogue) as db:
        for start in range(0, len(ids), BATCH):
            some = [int(one) for one in ids[start : start + BATCH]]
            marks = ",".join("?" * len(some))
            for row in db.execute(
                # The plus keeps SQLite from going through the whole collection by its index.
                f"SELECT * FROM images WHERE +collection_id = ? AND id IN ({marks})",  # noqa: S608  question marks only
                (collection_id, *some),
            ):
                found[row["id"]] = _image(row)
    return found


def usable_images(workspace: Workspace, collection_id: str, ids: Sequence[int]) -> list[ImageRow]:
    """Those of these images that can be shown now, in this order."""
    found = images_by_id(workspace, collection_id, ids)
    return [found[one] for one in ids if one in found and found[one].state == "ok"]
