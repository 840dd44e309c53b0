"""Collections: a folder each, and all that is derived from it. All SQL about them is here."""

import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import CollectionError
from imclust_core.names import display_name, expanded
from imclust_core.store.database import all_rows, made_of, one_row, write, writing
from imclust_core.store.workspace import Workspace


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


def add_collection(
    workspace: Workspace, folder: Path, name: str = "", *, follow_links: bool | None = None
) -> Collection:
    """The collection of `folder`: a new one, or the one that is already open on it."""
    place, query = os.fsencode(folder), "SELECT * FROM collections WHERE folder = ? AND removed_at IS NULL"
    with writing(workspace.catalogue) as db:
        row = db.execute(query, (place,)).fetchone()
        if row is None:
            title = _clean_name(name or display_name(os.fsencode(folder.name)) or str(folder))
            db.execute(
                "INSERT INTO collections (id, name, folder, follow_links, created_at) VALUES (?, ?, ?, ?, ?)",
                (secrets.token_hex(6), title, place, bool(follow_links), int(time.time())),
            )
            row = db.execute(query, (place,)).fetchone()
        elif follow_links is not None and follow_links != bool(row["follow_links"]):
            db.execute("UPDATE collections SET follow_links = ? WHERE id = ?", (follow_links, row["id"]))
    return _collection(row)


def collections(workspace: Workspace, *, removed: bool = False) -> list[Collection]:
    """The open collections, newest first; or those in the trash."""
    which = "NOT NULL" if removed else "NULL"
    query = f"SELECT * FROM collections WHERE removed_at IS {which} ORDER BY created_at DESC, rowid DESC"  # noqa: S608
    return [_collection(row) for row in all_rows(workspace.catalogue, query)]


def collection(workspace: Workspace, collection_id: str) -> Collection:
    """One open collection, or CollectionError."""
    row = one_row(workspace.catalogue, "SELECT * FROM collections WHERE id = ? AND removed_at IS NULL", collection_id)
    if row is None:
        raise CollectionError(
            f"There is no collection {collection_id!r} here. It may have been removed, or the link is from "
            "another server. Choose one from the list, or open a folder."
        )
    return _collection(row)


def find_collection(workspace: Workspace, folder_or_id: str) -> Collection:
    """The open collection of a folder, or the one with this id; CollectionError where there is none."""
    folder = expanded(folder_or_id).resolve()
    for one in collections(workspace):
        if folder_or_id == one.id or folder == one.folder:
            return one
    if folder.is_dir():
        raise CollectionError(
            f"{folder_or_id!r} is not a collection of this workspace yet. Scan it: imclust scan {folder_or_id}"
        )
    return collection(workspace, folder_or_id)


def rename_collection(workspace: Workspace, collection_id: str, name: str) -> None:
    """Give a collection another display name; nothing on disk is named after it."""
    if not name.strip():
        raise CollectionError("A collection needs a name. Type at least one character.")
    write(workspace.catalogue, "UPDATE collections SET name = ? WHERE id = ?", _clean_name(name), collection_id)


def remove_collection(workspace: Workspace, collection_id: str) -> None:
    """Put a collection into the trash. The images, and all that was derived from them, stay."""
    statement = "UPDATE collections SET removed_at = ? WHERE id = ? AND removed_at IS NULL"
    write(workspace.catalogue, statement, int(time.time()), collection_id)


def restore_collection(workspace: Workspace, collection_id: str) -> None:
    """Take a collection out of the trash."""
    try:
        write(workspace.catalogue, "UPDATE collections SET removed_at = NULL WHERE id = ?", collection_id)
    except sqlite3.IntegrityError as error:
        raise CollectionError(
            "Its folder has been opened again meanwhile. Remove that collection first, then restore this one."
        ) from error


def _clean_name(name: str) -> str:
    return display_name(os.fsencode(" ".join(name.split())))[:100]


def _collection(row: sqlite3.Row) -> Collection:
    folder = Path(os.fsdecode(row["folder"]))
    return made_of(Collection, row, folder=folder, follow_links=bool(row["follow_links"]))
