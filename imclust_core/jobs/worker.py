"""The one process per workspace that does the long work: started on demand, warm, gone when idle.

`python -m imclust_core.jobs.worker` with IMCLUST_WORKSPACE set.
"""

import argparse
import errno
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imclust_core.errors import Cancelled, ImclustError, JobError, LeaseLost, SourceUnavailable, WorkspaceFull
from imclust_core.jobs.progress import RateMeter
from imclust_core.jobs.queue import HEARTBEAT_SECONDS, LEASE_SECONDS, Job, Queue
from imclust_core.jobs.tasks import TASKS
from imclust_core.names import shown
from imclust_core.process import start_module
from imclust_core.store.backups import back_up_if_due
from imclust_core.store.lock import FileLock
from imclust_core.store.workspace import Workspace

IDLE_SECONDS = 600.0
_NICE = 10
"""Who waits for a page goes first; alone on the machine, the work is as fast as ever."""
_POLL_SECONDS = 0.2
_QUICK_POLL_SECONDS = 0.1
_REPORT_SECONDS = 0.3
_START_SECONDS = 10.0
_FENCED = 75
_PID_FILE = "worker.pid"
_MAX_FAILURES = 3

log = logging.getLogger("imclust")


@dataclass
class _Start:
    """The last worker this process started for a workspace, and how many before it could not get going."""

    begun: float
    process: "subprocess.Popen[bytes]"
    failures: int


_starting: dict[Path, _Start] = {}


def _may_start(workspace: Workspace) -> bool:
    """Whether to start a worker now: not while one is on its way, and not again and again in vain."""
    last = _starting.get(workspace.root)
    if last is None or time.monotonic() - last.begun > _START_SECONDS:
        return True
    code = last.process.poll()
    if code is None:
        return False  # it has not got as far as taking the lock
    if code <= 0:
        return True  # it ended well, or was killed
    last.failures += 1
    if last.failures < _MAX_FAILURES:
        return True
    last.failures = 0
    tail = (workspace.logs / "worker.log").read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
    log_file = shown(workspace.logs / "worker.log")
    raise JobError(f"The worker could not start ({' '.join(tail)}). Mend that, or look into {log_file}.")


def ensure_worker(workspace: Workspace) -> None:
    """Start the workspace's worker unless one is there, or there is nothing for it to do."""
    jobs = [job for job in Queue(workspace).open_jobs(quick=True) if job.active]
    lock = FileLock(_lock_path(workspace))
    if not jobs:
        return
    if lock.acquire():
        lock.release()
    elif any(job.silent_for(time.time()) > LEASE_SECONDS for job in jobs):
        _end_frozen(workspace)
    else:
        return
    if not _may_start(workspace):
        return
    with (workspace.logs / "worker.log").open("ab") as output:
        process = start_module(
            "imclust_core.jobs.worker",
            "--workspace",
            str(workspace.root),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Its own session: the worker outlives the server, and a Ctrl-C meant for the server.
            start_new_session=True,
        )
    failures = _starting[workspace.root].failures if workspace.root in _starting else 0
    _starting[workspace.root] = _Start(time.monotonic(), process, failures)
    # Collect the exit status whenever it comes, so that a finished worker is not left as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def _end_frozen(workspace: Workspace) -> None:
    """End the worker that holds the lock but has been silent for longer than its lease.

    Frozen inside a transaction it would block every writer of the workspace until it woke. Its process is
    checked to be a worker of imclust first: in another container the same number may mean another process.
    """
    try:
        pid = int((workspace.root / _PID_FILE).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"imclust" in command and b"worker" in command and hasattr(signal, "SIGKILL"):
        log.warning("worker %s has been silent for longer than its lease; ending it", pid)
        os.kill(pid, signal.SIGKILL)


def work(workspace: Workspace, *, idle_seconds: float = IDLE_SECONDS) -> None:
    """Do jobs until there have been none for `idle_seconds`. Returns at once when another worker is there."""
    queue, lock, worker = Queue(workspace), FileLock(_lock_path(workspace)), secrets.token_hex(6)
    alone = _take(lock, workspace)
    if not alone and not any(job.silent_for(time.time()) > LEASE_SECONDS for job in queue.open_jobs()):
        return
    back_up_if_due(workspace)
    idle_since = time.monotonic()
    with _QuickLane(workspace, worker, enabled=alone) as quick:
        while True:
            job = queue.claim(worker, alone=alone)
            if job is not None:
                _run(queue, workspace, job, worker)
                idle_since = time.monotonic()
            elif time.monotonic() - max(idle_since, quick.busy_at) < idle_seconds and alone:
                time.sleep(_POLL_SECONDS)
            else:
                lock.release()
                # Whoever queued a job just now saw the lock held and started nobody, so look once more.
                if not any(job.state == "queued" for job in queue.open_jobs(quick=True)) or not _take(lock, workspace):
                    return
                alone = True


class _QuickLane:
    """A thread that answers quick jobs while the main one may be at long work; a context manager.

    Under the worker's own name: for the queue, both are one worker that holds one lock.
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
                while (job := queue.claim(self._worker, alone=True, quick=True)) is not None:
                    _run(queue, self._workspace, job, self._worker, log_file="quick.log")
                    self.busy_at = time.monotonic()
            except ImclustError as error:
                log.error("quick jobs: %s", error)  # a busy or full database; the next look may find it well


def _take(lock: FileLock, workspace: Workspace) -> bool:
    """Take the worker lock and leave the process number beside it, for `_end_frozen`."""
    taken = lock.acquire()
    if taken:
        (workspace.root / _PID_FILE).write_text(str(os.getpid()))
    return taken


def _lock_path(workspace: Workspace) -> Path:
    return workspace.root / "worker.lock"


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
        result = TASKS[job.kind](workspace, job, _Reporter(queue, job, worker))
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
