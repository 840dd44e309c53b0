"""The one process per workspace that does the long work: started on demand, warm, gone when idle.

`python -m imclust_core.jobs.worker` with IMCLUST_WORKSPACE set.
"""

import argparse
import errno
import logging
import math
import os
import secrets
import sys
import threading
import time
import traceback
from typing import Any

from imclust_core.errors import Cancelled, ImclustError, JobError, LeaseLost, SourceUnavailable, WorkspaceFull
from imclust_core.jobs.progress import RateMeter
from imclust_core.jobs.queue import HEARTBEAT_SECONDS, LEASE_SECONDS, Job, Queue
from imclust_core.jobs.registry import KINDS
from imclust_core.jobs.starting import PID_FILE, lock_path
from imclust_core.store.annotations.backups import back_up_if_due
from imclust_core.store.lock import FileLock
from imclust_core.store.workspace import Workspace

IDLE_SECONDS = 600.0
_NICE = 10
"""Who waits for a page goes first; alone on the machine, the work is as fast as ever."""
_POLL_SECONDS = 0.2
_QUICK_POLL_SECONDS = 0.1
_REPORT_SECONDS = 0.3
_FENCED = 75

log = logging.getLogger("imclust")


def work(workspace: Workspace, *, idle_seconds: float = IDLE_SECONDS) -> None:
    """Do jobs until there have been none for `idle_seconds`. Returns at once when another worker is there."""
    queue, lock, worker = Queue(workspace), FileLock(lock_path(workspace)), secrets.token_hex(6)
    alone = _take(lock, workspace)
    if not alone and not any(job.silent_for(time.time()) > LEASE_SECONDS for job in queue.open_jobs()):
        return
    back_up_if_due(workspace)
    while True:
        _work_until_idle(queue, workspace, worker, idle_seconds, alone=alone)
        lock.release()  # only now: whoever takes it takes over all jobs, also those of a lane that still works
        # Whoever queued a job just now saw the lock held and started nobody, so look once more.
        if not any(job.state == "queued" for job in queue.open_jobs(quick=True)) or not _take(lock, workspace):
            return
        alone = True


def _work_until_idle(queue: Queue, workspace: Workspace, worker: str, idle_seconds: float, *, alone: bool) -> None:
    """Do jobs until neither lane has had one for so long; one that is not alone ends with the jobs it took over."""
    idle_since = time.monotonic()
    with _QuickLane(workspace, worker, enabled=alone) as quick:
        while True:
            job = queue.claim(worker, alone=alone)
            if job is not None:
                _run(queue, workspace, job, worker)
                idle_since = time.monotonic()
            elif alone and time.monotonic() - max(idle_since, quick.busy_at) < idle_seconds:
                time.sleep(_POLL_SECONDS)
            else:
                return


class _QuickLane:
    """A thread that answers quick jobs while the main one may be at long work; a context manager.

    Under the worker's own name: for the queue, both are one worker that holds one lock. busy_at: when it last ended a
    job; infinite while it has one.
    """

    def __init__(self, workspace: Workspace, worker: str, *, enabled: bool) -> None:
        self.busy_at = 0.0
        self._workspace, self._worker, self._enabled = workspace, worker, enabled
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="quick", daemon=True)

    def __enter__(self) -> "_QuickLane":
        if self._enabled:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._enabled:
            self._thread.join()

    def _serve(self) -> None:
        queue = Queue(self._workspace)
        while not self._stop.wait(_QUICK_POLL_SECONDS):
            try:
                while not self._stop.is_set() and (job := queue.claim(self._worker, alone=True, quick=True)):
                    self.busy_at = math.inf
                    try:
                        _run(queue, self._workspace, job, self._worker, log_file="quick.log")
                    finally:
                        self.busy_at = time.monotonic()
            except Exception as error:  # a busy or full database or disk; the next look may find it well
                log.error("quick jobs: %s", error)


def _take(lock: FileLock, workspace: Workspace) -> bool:
    """Take the worker lock and leave the process number beside it, for `_end_frozen`."""
    taken = lock.acquire()
    if taken:
        (workspace.root / PID_FILE).write_text(str(os.getpid()))
    return taken


def _run(queue: Queue, workspace: Workspace, job: Job, worker: str, *, log_file: str = "") -> None:
    """Run one job to whatever end it has, and record that end; in a log of its own unless one is given."""
    handler = logging.FileHandler(
        workspace.logs / (log_file or f"{job.id}.log"), encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ident = threading.get_ident()
    handler.addFilter(lambda record: record.thread == ident)  # the other lane has a log of its own
    log.addHandler(handler)
    stop = threading.Event()
    heart = threading.Thread(target=_keep_beating, args=(queue, job, worker, stop), daemon=True)
    heart.start()
    try:
        log.info("%s %s started", job.kind, job.id)
        result = KINDS[job.kind].load()(workspace, job, _Reporter(queue, job, worker))
        queue.finish(job.id, worker, "done", result=result)
        log.info("done: %s", result)
    except LeaseLost as error:
        log.warning("%s", error)
    except Cancelled:
        queue.finish(job.id, worker, "cancelled")
        log.info("cancelled")
    except (SourceUnavailable, WorkspaceFull) as error:
        queue.finish(job.id, worker, "paused", reason=error.code, error=str(error))
        log.warning("paused: %s", error)
    except ImclustError as error:
        queue.finish(job.id, worker, "failed", reason=error.code, error=str(error))
        log.error("failed: %s", error)
    except Exception as error:
        log.error("failed:\n%s", traceback.format_exc())
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            queue.finish(job.id, worker, "paused", reason=WorkspaceFull.code, error=_unexpected(error))
        else:
            queue.finish(job.id, worker, "failed", reason="unexpected", error=_unexpected(error))
    finally:
        stop.set()
        heart.join()
        log.removeHandler(handler)
        handler.close()


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"The work stopped: {error.strerror}. What was done so far is kept; mend that and go on."
    return (
        f"The work stopped on an error imclust did not expect ({type(error).__name__}). What was done so far is "
        "kept. The log has the details; retry, or report it with the log."
    )


class _Reporter:
    """What a task calls after each step: records progress a few times a second, and raises Cancelled."""

    def __init__(self, queue: Queue, job: Job, worker: str) -> None:
        self._queue, self._job, self._worker = queue, job, worker
        self._meter = RateMeter()
        self._last = (0.0, "", None)  # type: tuple[float, str, int | None]

    def __call__(self, done: int, total: int | None, message: str, detail: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        at, last_message, last_total = self._last
        # The last step is always recorded: it is what the page shows when the job ends.
        if now - at < _REPORT_SECONDS and message == last_message and total == last_total and done != total:
            return
        self._last = (now, message, total)
        rate = self._meter.feed(now, done)
        if self._queue.progress(self._job.id, self._worker, done, total, rate, message, detail):
            raise Cancelled("The job was cancelled.")


def _keep_beating(queue: Queue, job: Job, worker: str, stop: threading.Event) -> None:
    """Renew the lease while the job runs; end this very process when the lease cannot be kept.

    A worker that goes on without its lease could write beside the one that took over.
    """
    last = time.monotonic()
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            queue.beat(job.id, worker)
            last = time.monotonic()
        except LeaseLost:
            if not stop.is_set():
                os._exit(_FENCED)
        except Exception:
            log.exception("no heartbeat")
            if time.monotonic() - last > LEASE_SECONDS:
                os._exit(_FENCED)


def _idle_seconds() -> float:
    given = os.environ.get("IMCLUST_WORKER_IDLE", "").strip()
    try:
        return float(given) if given else IDLE_SECONDS
    except ValueError:
        raise JobError(f"IMCLUST_WORKER_IDLE is {given!r}; expected a number of seconds, like 600.") from None


def main() -> int:
    """Run the worker in the foreground."""
    parser = argparse.ArgumentParser(prog="imclust worker", description="Do the workspace's long work.")
    parser.add_argument("--workspace", help="workspace folder (default: IMCLUST_WORKSPACE or the user's own)")
    parser.add_argument("--idle", type=float, default=None, help="seconds without work before it ends")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        idle = arguments.idle if arguments.idle is not None else _idle_seconds()
        if hasattr(os, "nice"):
            os.nice(_NICE)
        work(Workspace.open(arguments.workspace), idle_seconds=idle)
    except ImclustError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
