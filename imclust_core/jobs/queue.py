"""The queue of jobs: a SQLite table with leases, so that a job outlives whoever asked for it or worked on it."""

import functools
import json
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imclust_core.errors import JobError, LeaseLost
from imclust_core.store.database import all_rows, made_of, migrate, one_row, reading, writing
from imclust_core.store.schema import JOBS
from imclust_core.store.workspace import Workspace

LEASE_SECONDS = 60.0
HEARTBEAT_SECONDS = 5.0
MAX_DEATHS = 3
"""A job whose worker died this often without getting any further is given up."""
_QUICK_KEPT_SECONDS = 3600.0


@dataclass(frozen=True)
class Job:
    """One piece of long work, as it stood when it was read."""

    id: str
    kind: str
    collection_id: str | None
    params: dict[str, Any]
    state: str
    created_at: float
    started_at: float | None
    heartbeat_at: float | None
    finished_at: float | None
    cancel_requested: bool
    done: int
    total: int | None
    rate: float | None
    message: str
    detail: dict[str, Any] | None
    reason: str | None
    error: str | None
    result: dict[str, Any] | None

    @property
    def active(self) -> bool:
        """Queued or running: it will change by itself."""
        return self.state in ("queued", "running")

    @property
    def collection(self) -> str:
        """The id of the collection that a job of this kind is about."""
        if self.collection_id is None:
            raise ValueError(f"a {self.kind} job needs a collection")
        return self.collection_id

    def silent_for(self, now: float) -> float:
        """Seconds since its worker was last heard of; 0 when it is not running."""
        heard = self.heartbeat_at or self.started_at
        return now - heard if self.state == "running" and heard else 0.0


class Queue:
    """The jobs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.jobs
        _prepare(self._path)

    def submit(
        self,
        kind: str,
        *,
        key: str,
        collection_id: str | None = None,
        params: dict[str, Any] | None = None,
        quick: bool = False,
    ) -> Job:
        """Queue a job, or return the one with the same key that is already waiting or running.

        A paused one goes on. quick: somebody waits for the answer, so it does not wait for long work.
        """
        with writing(self._path) as db:
            if quick:
                db.execute("DELETE FROM jobs WHERE quick AND finished_at < ?", (time.time() - _QUICK_KEPT_SECONDS,))
            row = db.execute(
                "SELECT * FROM jobs WHERE key = ? AND state IN ('queued', 'running', 'paused')", (key,)
            ).fetchone()
            if row is None:
                job_id = secrets.token_hex(6)
                db.execute(
                    "INSERT INTO jobs (id, kind, key, collection_id, params, state, created_at, quick) "
                    "VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
                    (job_id, kind, key, collection_id, json.dumps(params or {}), time.time(), quick),
                )
            else:
                job_id = row["id"]
                if row["state"] == "paused":
                    _requeue(db, job_id)
            return _job(_row(db, job_id))

    def claim(self, worker: str, *, alone: bool, quick: bool = False) -> Job | None:
        """Take the next job for `worker`, long or quick: the oldest that waits, or that a dead worker left behind.

        alone: this worker holds the workspace's worker lock, so any other one is dead or fenced off,
        and its jobs are taken over at once; otherwise only those silent for longer than the lease.
        """
        now = time.time()
        heard_before = now + 1 if alone else now - LEASE_SECONDS
        with writing(self._path) as db:
            db.execute(
                "UPDATE jobs SET state = 'failed', finished_at = ?, error = ? WHERE state = 'running' "
                "AND coalesce(heartbeat_at, started_at) < ? AND worker != ? AND deaths + 1 >= ?",
                (now, _GIVEN_UP, heard_before, worker, MAX_DEATHS),
            )
            row = db.execute(
                "SELECT * FROM jobs WHERE quick = ? AND (state = 'queued' OR (state = 'running' AND worker != ? "
                "AND coalesce(heartbeat_at, started_at) < ?)) ORDER BY number LIMIT 1",
                (quick, worker, heard_before),
            ).fetchone()
            if row is None:
                return None
            died = 1 if row["state"] == "running" else 0
            db.execute(
                "UPDATE jobs SET state = 'running', worker = ?, started_at = ?, heartbeat_at = ?, "
                "deaths = deaths + ?, done = 0, rate = NULL WHERE id = ?",
                (worker, now, now, died, row["id"]),
            )
            return _job(_row(db, row["id"]))

    def beat(self, job_id: str, worker: str) -> None:
        """Say that `worker` is alive and still has the job; LeaseLost when it no longer has."""
        self._change_own("UPDATE jobs SET heartbeat_at = ?", time.time(), of=(job_id, worker))

    def progress(
        self,
        job_id: str,
        worker: str,
        done: int,
        total: int | None,
        rate: float | None,
        message: str,
        detail: dict[str, Any] | None = None,
    ) -> bool:
        """Record how far the job is; returns whether somebody asked to cancel it."""
        row = self._change_own(
            "UPDATE jobs SET heartbeat_at = ?, done = ?, total = ?, rate = ?, message = ?, detail = ?, "
            "deaths = CASE WHEN ? > furthest THEN 0 ELSE deaths END, furthest = max(furthest, ?)",
            *(time.time(), done, total, rate, _text(message), _json(detail), done, done),
            of=(job_id, worker),
        )
        return bool(row["cancel_requested"])

    def finish(
        self,
        job_id: str,
        worker: str,
        state: str,
        *,
        result: dict[str, Any] | None = None,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        """End the job as done, failed, cancelled or paused; `reason` is the code of `error`."""
        values = (state, time.time(), _json(result), reason, _text(error))
        change = "UPDATE jobs SET state = ?, finished_at = ?, result = ?, reason = ?, error = ?"
        self._change_own(change, *values, of=(job_id, worker))

    def _change_own(self, change: str, *values: object, of: tuple[str, str]) -> sqlite3.Row:
        """Change a running job, and return what it is then. of: its id, and the worker that has to have it still."""
        with writing(self._path) as db:
            if not db.execute(change + _RUNNING, (*values, *of)).rowcount:
                raise LeaseLost("Another worker has taken this job over, or it was ended. This worker stops.")
            return _row(db, of[0])

    def cancel(self, job_id: str) -> None:
        """Ask for a job to stop. One that nobody works on stops at once."""
        with writing(self._path) as db:
            db.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state IN ('queued', 'paused')",
                (time.time(), job_id),
            )
            db.execute("UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state = 'running'", (job_id,))

    def resume(self, job_id: str) -> Job:
        """Let a paused, failed or cancelled job go on from what it has."""
        with writing(self._path) as db:
            try:
                if _requeue(db, job_id) == 0:
                    state = _row(db, job_id)["state"]
                    raise JobError(f"The job is {state}, so there is nothing to resume. Start the work anew instead.")
            except sqlite3.IntegrityError as error:
                raise JobError(
                    "The same work has been started again meanwhile. Wait for that job, or cancel it first."
                ) from error
            return _job(_row(db, job_id))

    def job(self, job_id: str) -> Job:
        """One job; JobError when there is none of this id."""
        with reading(self._path) as db:
            return _job(_row(db, job_id))

    def open_jobs(self, collection_id: str | None = None, *, quick: bool = False) -> list[Job]:
        """Jobs that are queued, running or paused, oldest first; of one collection, or of all.

        quick: the quick ones too.
        """
        rows = all_rows(
            self._path,
            "SELECT * FROM jobs WHERE state IN ('queued', 'running', 'paused') AND (quick = 0 OR ?) "
            "AND (? IS NULL OR collection_id = ?) ORDER BY number",
            *(quick, collection_id, collection_id),
        )
        return list(map(_job, rows))

    def stamp(self) -> str:
        """A text that is another one whenever a job has come, ended or gone on since."""
        row = one_row(
            self._path,
            "SELECT max(number), max(finished_at), (SELECT group_concat(id || (state = 'paused')) FROM "
            "(SELECT id, state FROM jobs WHERE state IN ('queued', 'running', 'paused') AND NOT quick "
            "ORDER BY number)) FROM jobs WHERE NOT quick",
        )
        return "/".join(map(str, row or ()))

    def recent(self, limit: int = 20) -> list[Job]:
        """The last jobs of any state, newest first."""
        query = "SELECT * FROM jobs WHERE NOT quick ORDER BY number DESC LIMIT ?"
        return list(map(_job, all_rows(self._path, query, limit)))

    def last(self, collection_id: str, kinds: Sequence[str]) -> Job | None:
        """The newest job of these kinds for a collection."""
        marks = ",".join("?" * len(kinds))
        row = one_row(
            self._path,
            "SELECT * FROM jobs WHERE collection_id = ? "  # noqa: S608  question marks only
            f"AND kind IN ({marks}) ORDER BY number DESC LIMIT 1",
            *(collection_id, *kinds),
        )
        return _job(row) if row else None

    def last_of(self, key: str) -> Job | None:
        """The newest job of this key: what became of one and the same request."""
        row = one_row(self._path, "SELECT * FROM jobs WHERE key = ? ORDER BY number DESC LIMIT 1", key)
        return _job(row) if row else None


@functools.cache
def _prepare(path: Path) -> None:
    """Once per process: pages make a Queue several times a second."""
    migrate(path, JOBS)


_GIVEN_UP = (
    f"The worker died {MAX_DEATHS} times at the same point. Its log has the last lines before; "
    "free some memory and retry."
)


def _text(message: str | None) -> str | None:
    """A message as SQLite takes it, whatever bytes were in the names of files it speaks of."""
    return message.encode("utf-8", "backslashreplace").decode() if message else message


def _json(value: dict[str, Any] | None) -> str | None:
    return json.dumps(value) if value else None


def _requeue(db: sqlite3.Connection, job_id: str) -> int:
    cursor = db.execute(
        "UPDATE jobs SET state = 'queued', worker = NULL, cancel_requested = 0, deaths = 0, "
        "reason = NULL, error = NULL, finished_at = NULL, started_at = NULL, heartbeat_at = NULL "
        "WHERE id = ? AND state IN ('paused', 'failed', 'cancelled')",
        (job_id,),
    )
    return cursor.rowcount


_RUNNING = " WHERE id = ? AND worker = ? AND state = 'running'"


def _row(db: sqlite3.Connection, job_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobError(f"There is no job {job_id!r}. `imclust jobs` lists the ones there are.")
    return row


def _job(row: sqlite3.Row) -> Job:
    told = {name: json.loads(row[name]) if row[name] else None for name in ("params", "result", "detail")}
    return made_of(Job, row, cancel_requested=bool(row["cancel_requested"]), **told)
