"""Starting the workspace's worker when there is something for it to do, and ending one that is frozen."""

import logging
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import JobError
from imclust_core.jobs.queue import LEASE_SECONDS, Queue
from imclust_core.names import shown
from imclust_core.process import start_module
from imclust_core.store.lock import FileLock
from imclust_core.store.workspace import Workspace

PID_FILE = "worker.pid"
_START_SECONDS = 10.0
_MAX_FAILURES = 3

log = logging.getLogger("imclust")


def lock_path(workspace: Workspace) -> Path:
    return workspace.root / "worker.lock"


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
    lock = FileLock(lock_path(workspace))
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
        pid = int((workspace.root / PID_FILE).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"imclust" in command and b"worker" in command and hasattr(signal, "SIGKILL"):
        log.warning("worker %s has been silent for longer than its lease; ending it", pid)
        os.kill(pid, signal.SIGKILL)
