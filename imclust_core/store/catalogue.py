"""Collections and their images: what is there, what is bad and why. All SQL about them is here."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from imclust_core.errors import CollectionError
from imclust_core.images.inspecting import Facts
from imclust_core.images.opening import display_name
from imclust_core.store.database import reading, writing
from imclust_core.store.workspace import Workspace

BATCH = 5000
"""Rows written or read at a time: enough to be fast, few enough that nobody waits long for the lock."""
_SIZE_EDGES = (64, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Collection:
    """A folder and all that is derived from it."""

    id: str
    name: str
    folder: Path
    follow_links: bool
    created_at: int
    removed_at: int | None
    scanned_at: int | None


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


@dataclass(frozen=True)
class Summary:
    """What a scan found. `files` = `images` + the sum of `skipped`; gone files count in neither."""

    files: int = 0
    images: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    gone: int = 0
    formats: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue remembers of a path, to see whether the file has changed since."""

    id: int
    state: str
    size: int
    mtime_ns: int
    reason: str | None


def add_collection(workspace: Workspace, folder: Path, name: str = "", *, follow_links: bool = False) -> Collection:
    """The collection of `folder`: a new one, or the one that is already open on it."""
    with writing(workspace.catalogue) as db:
        row = db.execute(
            "SELECT * FROM collections WHERE folder = ? AND removed_at IS NULL", (os.fsencode(folder),)
        ).fetchone()
        if row is None:
            shown = display_name(os.fsencode(folder.name)) or str(folder)
            db.execute(
                "INSERT INTO collections (id, name, folder, follow_links, created_at) VALUES (?, ?, ?, ?, ?)",
                (
                    secrets.token_hex(6),
                    _clean_name(name or shown),
                    os.fsencode(folder),
                    follow_links,
                    int(time.time()),
                ),
            )
            row = db.execute(
                "SELECT * FROM collections WHERE folder = ? AND removed_at IS NULL", (os.fsencode(folder),)
            ).fetchone()
        elif follow_links != bool(row["follow_links"]):
            db.execute("UPDATE collections SET follow_links = ? WHERE id = ?", (follow_links, row["id"]))
    return _collection(row)


def collections(workspace: Workspace, *, removed: bool = False) -> list[Collection]:
    """The open collections, newest first; or those in the trash."""
    which = "NOT NULL" if removed else "NULL"
    with reading(workspace.catalogue) as db:
        rows = db.execute(
            f"SELECT * FROM collections WHERE removed_at IS {which} ORDER BY created_at DESC, rowid DESC"  # noqa: S608
        )
        return [_collection(row) for row in rows]


def collection(workspace: Workspace, collection_id: str) -> Collection:
    """One open collection, or CollectionError."""
    with reading(workspace.catalogue) as db:
        row = db.execute("SELECT * FROM collections WHERE id = ? AND removed_at IS NULL", (collection_id,)).fetchone()
    if row is None:
        raise CollectionError(
            f"There is no collection {collection_id!r} here. It may have been removed, or the link is from "
            "another server. Choose one from the list, or open a folder."
        )
    return _collection(row)


def rename_collection(workspace: Workspace, collection_id: str, name: str) -> None:
    """Give a collection another display name; nothing on disk is named after it."""
    if not name.strip():
        raise CollectionError("A collection needs a name. Type at least one character.")
    with writing(workspace.catalogue) as db:
        db.execute("UPDATE collections SET name = ? WHERE id = ?", (_clean_name(name), collection_id))


def remove_collection(workspace: Workspace, collection_id: str) -> None:
    """Put a collection into the trash. The images, and all that was derived from them, stay."""
    with writing(workspace.catalogue) as db:
        db.execute(
            "UPDATE collections SET removed_at = ? WHERE id = ? AND removed_at IS NULL",
            (int(time.time()), collection_id),
        )


def restore_collection(workspace: Workspace, collection_id: str) -> None:
    """Take a collection out of the trash."""
    try:
        with writing(workspace.catalogue) as db:
            db.execute("UPDATE collections SET removed_at = NULL WHERE id = ?", (collection_id,))
    except sqlite3.IntegrityError as error:
        raise CollectionError(
            "Its folder has been opened again meanwhile. Remove that collection first, then restore this one."
        ) from error


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
        return [db.execute(_RECORD, _image_values(collection_id, path, known)).fetchone()[0] for path, known in facts]


_RECORD = """INSERT INTO images
    (collection_id, path, state, size, mtime_ns, hash, format, width, height, notes, reason, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, path) DO UPDATE SET
    state = excluded.state, size = excluded.size, mtime_ns = excluded.mtime_ns, hash = excluded.hash,
    format = excluded.format, width = excluded.width, height = excluded.height, notes = excluded.notes,
    reason = excluded.reason, detail = excluded.detail
    RETURNING id"""


def _image_values(collection_id: str, path: bytes, facts: Facts) -> tuple[Any, ...]:
    return (
        collection_id,
        path,
        "bad" if facts.reason else "ok",
        facts.size,
        facts.mtime_ns,
        bytes.fromhex(facts.digest) if facts.digest else None,
        facts.format,
        facts.width,
        facts.height,
        facts.notes,
        facts.reason,
        facts.detail,
    )


def highest_id(workspace: Workspace) -> int:
    """The largest image id given out so far."""
    with reading(workspace.catalogue) as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0])


def mark_gone(workspace: Workspace, collection_id: str, seen: bytearray, unlisted: Sequence[bytes]) -> int:
    """Mark as gone the files whose id is not set in `seen` (a bitmap), in short transactions.

    Files below a folder of `unlisted` (paths ending in "/") are left alone: nobody could look.
    """
    gone, last = 0, 0
    while True:
        with reading(workspace.catalogue) as db:
            rows = db.execute(
                "SELECT id, path FROM images WHERE collection_id = ? AND state != 'gone' AND id > ? "
                "ORDER BY id LIMIT ?",
                (collection_id, last, BATCH),
            ).fetchall()
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


def finish_scan(workspace: Workspace, collection_id: str) -> Summary:
    """Count what the catalogue holds of a collection, store the counts with it, and return them."""
    with writing(workspace.catalogue) as db:
        _link_duplicates(db, collection_id)
        summary = _count(db, collection_id)
        db.execute(
            "UPDATE collections SET scanned_at = ?, summary = ? WHERE id = ?",
            (int(time.time()), json.dumps(asdict(summary)), collection_id),
        )
    return summary


def _link_duplicates(db: sqlite3.Connection, collection_id: str) -> None:
    """Let every copy point at the first image with its bytes; rows that do already are not written."""
    db.execute(
        "CREATE TEMP TABLE copies AS SELECT id, first FROM (SELECT id, min(id) OVER (PARTITION BY hash) AS first "
        "FROM images WHERE collection_id = ? AND state = 'ok') WHERE first != id",
        (collection_id,),
    )
    db.execute("CREATE UNIQUE INDEX temp.copy_ids ON copies(id)")
    db.execute(
        "UPDATE images SET first_id = (SELECT first FROM copies WHERE copies.id = images.id) WHERE id IN "
        "(SELECT id FROM copies UNION SELECT id FROM images WHERE collection_id = ? AND first_id IS NOT NULL) "
        "AND first_id IS NOT (SELECT first FROM copies WHERE copies.id = images.id)",
        (collection_id,),
    )


def _count(db: sqlite3.Connection, collection_id: str) -> Summary:
    def counts(what: str, where: str) -> dict[str, int]:
        rows = db.execute(
            f"SELECT {what} AS what, count(*) FROM images WHERE collection_id = ? AND {where} "  # noqa: S608
            "GROUP BY what ORDER BY count(*) DESC, what",
            (collection_id,),
        )
        return {str(row[0]): int(row[1]) for row in rows}

    states = counts("state", "1")
    copies, size = db.execute(
        "SELECT count(first_id), coalesce(sum(size), 0) FROM images WHERE collection_id = ? AND state = 'ok'",
        (collection_id,),
    ).fetchone()
    notes: dict[str, int] = {}
    for together, number in counts("notes", "state = 'ok' AND notes != ''").items():
        for note in together.split():
            notes[note] = notes.get(note, 0) + number
    cases = " ".join(f"WHEN max(width, height) < {edge} THEN {edge}" for edge in _SIZE_EDGES)
    bins = counts(f"CASE {cases} ELSE 0 END", "state = 'ok'")
    lows = (0, *_SIZE_EDGES)
    named = {f"{low}-{high}": bins.get(str(high), 0) for low, high in zip(lows, _SIZE_EDGES, strict=False)}
    named[f"{_SIZE_EDGES[-1]}+"] = bins.get("0", 0)
    images = states.get("ok", 0)
    return Summary(
        files=images + states.get("bad", 0),
        images=images,
        skipped=counts("reason", "state = 'bad'"),
        duplicates=copies,
        gone=states.get("gone", 0),
        formats=counts("format", "state = 'ok'"),
        sizes=named,
        notes=notes,
        bytes=size,
    )


def summary_of(workspace: Workspace, collection_id: str) -> Summary | None:
    """The counts of the last finished scan; None when none has finished yet."""
    with reading(workspace.catalogue) as db:
        row = db.execute("SELECT summary FROM collections WHERE id = ?", (collection_id,)).fetchone()
    return Summary(**json.loads(row["summary"])) if row and row["summary"] else None


def count_images(workspace: Workspace, collection_id: str, state: str = "ok") -> int:
    """How many files of a collection are in a state, counted now."""
    with reading(workspace.catalogue) as db:
        row = db.execute(
            "SELECT count(*) FROM images WHERE collection_id = ? AND state = ?", (collection_id, state)
        ).fetchone()
    return int(row[0])


def page_of_images(
    workspace: Workspace, collection_id: str, *, offset: int, limit: int, state: str = "ok"
) -> list[ImageRow]:
    """A page of a collection's files in the order of their paths."""
    with reading(workspace.catalogue) as db:
        # The inner query walks a covering index, so a late page costs no more than its offset in index entries.
        rows = db.execute(
            "SELECT * FROM images WHERE id IN (SELECT id FROM images WHERE collection_id = ? AND state = ? "
            "ORDER BY path LIMIT ? OFFSET ?) ORDER BY path",
            (collection_id, state, limit, offset),
        )
        return [_image(row) for row in rows]


def skipped_files(
    workspace: Workspace, collection_id: str, *, reason: str = "", after: int = 0, limit: int = BATCH
) -> list[ImageRow]:
    """Skipped files in the order of their ids, of one reason or of all; `after` is the last id already seen."""
    with reading(workspace.catalogue) as db:
        rows = db.execute(
            "SELECT * FROM images WHERE collection_id = ? AND state = 'bad' AND (? = '' OR reason = ?) "
            "AND id > ? ORDER BY id LIMIT ?",
            (collection_id, reason, reason, after, limit),
        )
        return [_image(row) for row in rows]


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
    with reading(workspace.catalogue) as db:
        row = db.execute(
            "SELECT images.* FROM images JOIN collections ON collections.id = collection_id "
            "WHERE images.id = ? AND collection_id = ? AND state = 'ok' AND removed_at IS NULL",
            (image_id, collection_id),
        ).fetchone()
    return _image(row) if row else None


def _clean_name(name: str) -> str:
    return " ".join(name.split())[:100]


def _collection(row: sqlite3.Row) -> Collection:
    return Collection(
        row["id"],
        row["name"],
        Path(os.fsdecode(row["folder"])),
        bool(row["follow_links"]),
        row["created_at"],
        row["removed_at"],
        row["scanned_at"],
    )


def _image(row: sqlite3.Row) -> ImageRow:
    values = {name: row[name] for name in ImageRow.__dataclass_fields__}
    return ImageRow(**{**values, "notes": tuple(row["notes"].split())})
