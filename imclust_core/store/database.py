"""How every SQLite file of the workspace is opened, written and migrated."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import WorkspaceError, WorkspaceFull

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


def connect(path: Path, *, synchronous: str = "NORMAL") -> sqlite3.Connection:
    """A connection that waits for its turn. One per use: close it, and never share it between threads."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reads, all of one moment when several are made."""
    with contextlib.closing(connect(path)) as connection:
        connection.execute("BEGIN")
        yield connection


@contextlib.contextmanager
def writing(path: Path, *, synchronous: str = "NORMAL") -> Iterator[sqlite3.Connection]:
    """One write transaction: the write lock is taken at once, committed at the end, rolled back on error."""
    with contextlib.closing(connect(path, synchronous=synchronous)) as connection, _plainly_full(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back already when the disk is full
                connection.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def _plainly_full(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "disk is full" in str(error) or "disk I/O error" in str(error):
            raise WorkspaceFull(
                f"The disk of the workspace {path.parent} has no room left ({error}). What was recorded so far is "
                "kept; free some space and resume."
            ) from error
        raise


def migrate(path: Path, migrations: Sequence[Migration]) -> None:
    """Bring a database to the newest schema: each missing step in one transaction with its record."""
    with contextlib.closing(connect(path, synchronous="FULL")) as connection:
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
                    f"{path} was written by a newer imclust (it knows the steps {', '.join(sorted(unknown))}). "
                    "Upgrade imclust, or use another workspace."
                )
            for step in migrations:
                if step.name not in done:
                    for statement in step.statements:
                        connection.execute(statement)
                    connection.execute("INSERT INTO migrations VALUES (?, ?)", (step.name, int(time.time())))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def refuse_network_folder(folder: Path, mounts: str | None = None) -> None:
    """Raise WorkspaceError when `folder` lies on a network file system, where SQLite's locks cannot be trusted.

    `mounts` is text in the form of /proc/mounts; by default this machine's, where there is one.
    """
    if str(folder).startswith(("\\\\", "//")):
        raise WorkspaceError(_NETWORK_MESSAGE.format(folder=folder, kind="a network address"))
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return
    kind = _mounted_kind(folder, mounts)
    if kind.startswith(_NETWORK_KINDS):
        raise WorkspaceError(_NETWORK_MESSAGE.format(folder=folder, kind=f"a {kind} mount"))


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


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a reader, or a crash, finds the whole file or none of it."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
