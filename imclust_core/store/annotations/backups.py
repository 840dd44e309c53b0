"""Dated copies of the labels, made by SQLite itself while others write, and looked over before they count."""

import contextlib
import logging
import os
import sqlite3
import time
from pathlib import Path

from imclust_core.store.database import connect, sync_folder
from imclust_core.store.schema import LABEL_COLUMNS
from imclust_core.store.workspace import Workspace

EVERY_SECONDS = 3600
KEPT = 10
_NAME, _COPIES = "labels-%Y%m%dT%H%M%SZ.db", "labels-*.db"

log = logging.getLogger("imclust")


def backups_of(workspace: Workspace) -> list[Path]:
    """The copies there are, the newest first."""
    return sorted((path for path in workspace.backups.glob(_COPIES) if path.is_file()), reverse=True)


def no_backups(workspace: Workspace) -> list[Path]:
    """What has the name of a copy and is no file, like a folder."""
    return sorted(path for path in workspace.backups.glob(_COPIES) if not path.is_file())


def day_of(path: Path) -> str:
    """When a copy was made, in words: by its name, or where it was given another, by the time of its file."""
    try:
        made = time.strptime(path.name, _NAME)
    except ValueError:
        made = time.gmtime(path.stat().st_mtime)
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", made)


def back_up_if_due(workspace: Workspace, every: float = EVERY_SECONDS) -> Path | None:
    """Copy the labels if the newest copy is older than this and something has changed since; keep the last ten.

    A copy that cannot be made costs nobody their work: the labels themselves are written already, twice.
    """
    try:
        now = time.time()
        # Copies from a time when the clock was ahead say nothing, or there would be no other until then.
        newest = max((at for path in backups_of(workspace) if (at := path.stat().st_mtime) <= now), default=0.0)
        if now - newest < every or _changed_at(workspace) <= newest:
            return None
        made = _back_up(workspace, now)
        if made is not None:
            for old in [path for path in backups_of(workspace) if path != made][KEPT - 1 :]:
                old.unlink(missing_ok=True)
        return made
    except (OSError, sqlite3.Error) as error:
        log.warning("no copy of the labels could be made: %s", error)
        return None


def _changed_at(workspace: Workspace) -> float:
    """When the labels were last written to: what is committed may still be in the write-ahead log alone."""
    changed = workspace.labels.stat().st_mtime
    with contextlib.suppress(FileNotFoundError):
        ahead = workspace.labels.with_name(f"{workspace.labels.name}-wal").stat()
        if ahead.st_size:  # a reader makes an empty one
            changed = max(changed, ahead.st_mtime)
    return changed


def _back_up(workspace: Workspace, now: float) -> Path | None:
    """A whole copy under the name of this moment; None, and nothing left, where it is empty or does not pass."""
    workspace.backups.mkdir(exist_ok=True)
    _clear_leftovers(workspace, now)
    name = time.strftime(_NAME, time.gmtime(now))
    temporary = workspace.backups / f"{name}.tmp-{os.getpid()}-{time.monotonic_ns()}"
    try:
        with contextlib.closing(connect(workspace.labels)) as source:
            if source.execute("SELECT 1 FROM label_events LIMIT 1").fetchone() is None:
                return None
            with contextlib.closing(connect(temporary, make=True)) as copy:
                source.backup(copy)
        if found := damage_of_labels(temporary):
            log.warning("a copy of the labels was not kept, since it is damaged: %s", found)
            return None
        # As old as what it holds: a change made while it was copied is later than it.
        os.utime(temporary, (now, now))
        temporary.replace(workspace.backups / name)
        sync_folder(workspace.backups)
    finally:
        temporary.unlink(missing_ok=True)
    return workspace.backups / name


def _clear_leftovers(workspace: Workspace, now: float) -> None:
    """Remove what a process that was killed while it copied has left."""
    for left in workspace.backups.glob("labels-*.db.tmp-*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just finished it
            if now - left.stat().st_mtime > EVERY_SECONDS:
                left.unlink()


def damage_of_labels(path: Path) -> str:
    """What is wrong with a database of labels; empty where it is sound."""
    return damage_of_database(path, "label_events", ", ".join(LABEL_COLUMNS))


def damage_of_database(path: Path, table: str, columns: str = "*") -> str:
    """What is wrong with a database that should have these columns in this table; empty where it is sound.

    sqlite3.Error for one that cannot be looked at: locked, or not ours to read, is not damaged.
    """
    try:
        with contextlib.closing(connect(path)) as db:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
            # For SQLite, a file of no bytes is a sound database, and so is one in which a flipped bit changed a name.
            db.execute(f"SELECT {columns} FROM {table} LIMIT 1")  # noqa: S608  our own names
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if is_damage(error):
            return str(error)
        raise
    return "" if found == ["ok"] else "; ".join(found)


def is_damage(error: Exception) -> bool:
    """Whether an error at reading means that the file itself is wrong: not that it is locked, or not ours to read."""
    if isinstance(error, UnicodeDecodeError):
        return True  # what SQLite said of it has bytes of it within
    code = getattr(error, "sqlite_errorcode", None) or 0
    return (code & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
