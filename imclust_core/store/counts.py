"""What a scan found, counted: kept with the collection, so that a page need not count again."""

import json
import sqlite3
import time
from dataclasses import asdict, dataclass, field

from imclust_core.store.database import one_row, reading, write, writing
from imclust_core.store.workspace import Workspace

_SIZE_EDGES = (64, 256, 512, 1024, 2048, 4096)


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


def finish_scan(workspace: Workspace, collection_id: str) -> Summary:
    """Count what the catalogue holds of a collection, store the counts with it, and return them."""
    with writing(workspace.catalogue) as db:
        _link_duplicates(db, collection_id)
    with reading(workspace.catalogue) as db:
        summary = _count(db, collection_id)
    facts = (int(time.time()), json.dumps(asdict(summary)), collection_id)
    write(workspace.catalogue, "UPDATE collections SET scanned_at = ?, summary = ? WHERE id = ?", *facts)
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
    row = one_row(workspace.catalogue, "SELECT summary FROM collections WHERE id = ?", collection_id)
    return Summary(**json.loads(row["summary"])) if row and row["summary"] else None
