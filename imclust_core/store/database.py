"""How every SQLite file of the workspace is opened, written and migrated."""

import contextlib
import io
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import numpy as np

from imclust_core.errors import WorkspaceError, WorkspaceFull
from imclust_core.names import shown

T = TypeVar("T")

BUSY_SECONDS = 30.0

_SAFE_WAL = (3, 51, 3)
"""Older SQLite can corrupt a database when two connections reset the WAL at once (fixed in 3.51.3)."""

_NETWORK_KINDS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "glusterfs", "ncpfs", "fuse.", "davfs")


@dataclass(frozen=True)
class Migration:
    """One step of a schema. Steps are only ever appended; a released step is never edited."""

    name: str
    statements: tuple[str, ...]


def journal_mode(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str:
    """WAL where this SQLite is safe with it, the rollback journal elsewhere."""
    return "WAL" if version >= _SAFE_WAL else "DELETE"


def connect(path: Path, *, make: bool = False, lasting: bool = False) -> sqlite3.Connection:
    """A connection that waits for its turn. One per use: close it, and never share it between threads.

    make: a database that is not there is made; otherwise a deleted workspace would come back empty.
    lasting: what is committed survives a power cut, at the price of waiting for the disk.
    """
    address = f"file:{quote(os.fsencode(path))}?mode={'rwc' if make else 'rw'}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={_synchronous(lasting)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _synchronous(lasting: bool) -> str:
    """With the rollback journal, NORMAL can damage the file on a power cut, and FULL can undo the last commit."""
    if journal_mode() == "WAL":
        return "FULL" if lasting else "NORMAL"
    return "EXTRA" if lasting else "FULL"


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reads, all of one moment when several are made."""
    with _plainly(path), contextlib.closing(connect(path)) as connection:
        connection.execute("BEGIN")
        yield connection


@contextlib.contextmanager
def writing(path: Path, *, lasting: bool = False) -> Iterator[sqlite3.Connection]:
    """One write transaction: the write lock is taken at once, committed at the end, rolled back on error."""
    with _plainly(path), contextlib.closing(connect(path, lasting=lasting)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back already when the disk is full
                connection.execute("ROLLBACK")
            raise


def one_row(path: Path, query: str, *values: object) -> sqlite3.Row | None:
    """The first row that one query finds."""
    with reading(path) as db:
        row: sqlite3.Row | None = db.execute(query, values).fetchone()
    return row


def all_rows(path: Path, query: str, *values: object) -> list[sqlite3.Row]:
    """All rows that one query finds."""
    with reading(path) as db:
        return db.execute(query, values).fetchall()


def write(path: Path, statement: str, *values: object) -> None:
    """One change, in a transaction of its own."""
    with writing(path) as db:
        db.execute(statement, values)


def made_of(kind: type[T], row: sqlite3.Row, **others: object) -> T:
    """A dataclass of a row: each field from the column of its name, but for those that are given."""
    return kind(**{name: row[name] for name in kind.__annotations__ if name not in others}, **others)


@contextlib.contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Say what is wrong with a database in words; broken rules of the schema are the caller's business."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise WorkspaceFull(
                f"The disk of the workspace {shown(path.parent)} has no room left. What was recorded so far is kept; "
                "free some space and resume."
            ) from error
        remedy = _OWN_REMEDIES.get(path.name, "stop imclust, and put back a copy of the workspace or use a new one.")
        raise WorkspaceError(
            f"The database {shown(path)} cannot be used ({error}). Try again in a moment; if it stays so, {remedy}"
        ) from error


_OWN_REMEDIES = {"labels.db": "run imclust doctor --repair, which puts the names and edits together from their copies."}
"""By the name of the database: what to do about one that has copies of its own."""


def migrate(path: Path, migrations: Sequence[Migration]) -> None:
    """Bring a database to the newest schema: each missing step in one transaction with its record."""
    with _plainly(path), contextlib.closing(connect(path, make=True)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal_mode()}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)"
            )
            done = {row["name"] for row in connection.execute("SELECT name FROM migrations")}
            unknown = done - {step.name for step in migrations}
            if unknown:
                raise WorkspaceError(
                    f"{shown(path)} was written by a newer imclust (it knows the steps {', '.join(sorted(unknown))}). "
                    "Upgrade imclust, or use another workspace."
                )
            for step in migrations:
                if step.name not in done:
                    for statement in step.statements:
                        connection.execute(statement)
                    connection.execute("INSERT INTO migrations VALUES (?, ?)", (step.name, int(time.time())))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def refuse_network_folder(folder: Path, mounts: str | None = None) -> None:
    """Raise WorkspaceError when `folder` lies on a network file system, where SQLite's locks cannot be trusted.

    `mounts` is text in the form of /proc/mounts; by default this machine's, where there is one.
    """
    if str(folder).startswith(("\\\\", "//")):
        raise WorkspaceError(_NETWORK_MESSAGE.format(folder=shown(folder), kind="a network address"))
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return
    kind = _mounted_kind(folder, mounts)
    if kind.startswith(_NETWORK_KINDS):
        raise WorkspaceError(_NETWORK_MESSAGE.format(folder=shown(folder), kind=f"a {kind} mount"))


_NETWORK_MESSAGE = (
    "The workspace {folder} lies on {kind}, where databases can be damaged. Set IMCLUST_WORKSPACE to a folder "
    "on a disk of this machine. The images themselves may stay where they are."
)


def _mounted_kind(folder: Path, mounts: str) -> str:
    """The file system type of the longest mount point above `folder`; of two on one point, the later."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if folder.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), fields[2]
    return kind


def packed(**arrays: np.ndarray) -> bytes:
    """Arrays as the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def arrays_in(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, all or those of these names. Damaged ones make numpy and zipfile raise anything."""
    if not path.is_file():
        raise FileNotFoundError(path)  # a pipe in its place would never answer
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:  # numpy leaves a damaged file open
        return {name: file[name] for name in names or file.files}


def write_atomically(path: Path, data: bytes, *, mode: int = 0o666, durable: bool = True) -> None:
    """Put `data` at `path` so that a reader, or a crash, finds the whole file or none of it.

    durable: survive a power cut. Without, one may leave the file empty, which is good enough for what can be made
    again, and does not wait for the disk.
    """
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as lasting as the files are; Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
