"""What all commands share: waiting for a job, and printing what came of it."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from imclust_core.errors import JobError
from imclust_core.jobs.progress import duration, seconds_left
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.registry import title_of
from imclust_core.jobs.starting import ensure_worker
from imclust_core.names import expanded
from imclust_core.store.workspace import Workspace


def print_json(value: dict[str, Any]) -> int:
    """Print the one object that --json promises."""
    print(json.dumps(value))
    return 0


def facts_of(one: object, *names: str) -> dict[str, Any]:
    """These facts of a thing, by name."""
    return {name: getattr(one, name) for name in names}


def folder_named(workspace: Workspace, typed: str) -> Path:
    return workspace.open_folder(str(expanded(typed).absolute()) if typed else "")


def where(options: argparse.Namespace) -> str:
    """What has to be added to a command, for it to find the same workspace."""
    return f" --workspace {options.workspace}" if options.workspace else ""


def result_of(workspace: Workspace, job: Job, *, quiet: bool) -> dict[str, Any]:
    """Wait for a job, and return its result or raise how it ended."""
    job = _follow(workspace, job, quiet=quiet)
    if job.state != "done" or job.result is None:
        why = job.error or f"The job was {job.state}. The same command goes on from what is kept of it."
        failure = JobError(why)
        failure.code = job.reason or job.state
        raise failure
    return job.result


def _follow(workspace: Workspace, job: Job, *, quiet: bool) -> Job:
    """Wait for a job to end, showing its progress on a terminal. Ctrl-C cancels the job."""
    queue, shown = Queue(workspace), sys.stderr.isatty() and not quiet
    looked = 0.0
    try:
        while job.active:
            if time.monotonic() - looked > 2:
                # Also what finds out that the worker was killed, and starts another.
                ensure_worker(workspace)
                looked = time.monotonic()
            time.sleep(0.1)
            job = queue.job(job.id)
            if shown:
                print(f"\r\033[K{progress_line(job)}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        queue.cancel(job.id)
        raise
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr)
    return job


def progress_line(job: Job) -> str:
    """One line on how a job stands."""
    parts = [title_of(job.kind), job.state if not job.message else job.message]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.rate:
        parts.append(f"{job.rate:,.0f}/s")
    left = seconds_left(job.done, job.total, job.rate)
    if left is not None and job.state == "running":
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)
