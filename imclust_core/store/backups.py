"""Dated copies of the labels, made by SQLite itself while others write, and looked over before they count."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from imclust_core.store.database import connect, sync_folder
from imclust_core.store.workspace import Workspace

EVERY_SECONDS = 3600
KEPT = 10


def backups_of(workspace: Workspace) -> list[Path]:
    """The copies there are, the newest first."""
    return sorted(workspace.backups.glob("labels-*.db"), reverse=True)


def back_up_if_due(workspace: Workspace, every: float = EVERY_SECONDS) -> Path | None:
    """Copy the labels if the newest copy is older than this and something has changed since; keep the last ten.

    A copy that cannot be made costs nobody their work: the labels themselves are written already, twice.
    """
    kept = backups_of(workspace)
    with contextlib.suppress(OSError, sqlite3.Error):
        newest = kept[0].stat().st_mtime if kept else 0.0
        if time.time() - newest < every or workspace.labels.stat().st_mtime <= newest:
            return None
        made = _back_up(workspace)
        for old in backups_of(workspace)[KEPT:]:
            old.unlink(missing_ok=True)
        return made
    return None


def _back_up(workspace: Workspace) -> Path | None:
    """A whole copy under the name of this moment; None, and nothing left, where it does not pass the check."""
    workspace.backups.mkdir(exist_ok=True)
    name = time.strftime("labels-%Y%m%dT%H%M%SZ.db", time.gmtime())
    temporary = workspace.backups / f"{name}.tmp-{os.getpid()}-{time.monotonic_ns()}"
    try:
        with (
            contextlib.closing(connect(workspace.labels)) as source,
            contextlib.closing(connect(temporary, make=True)) as copy,
        ):
            source.backup(copy)
        if damage_of_database(temporary):
            return None
        temporary.replace(workspace.backups / name)
        sync_folder(workspace.backups)
    finally:
        temporary.unlink(missing_ok=True)
    return workspace.backups / name


def damage_of_database(path: Path) -> str:
    """What SQLite finds wrong with a database; empty where it is sound."""
    try:
        with contextlib.closing(connect(path)) as db:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
    except sqlite3.Error as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)
