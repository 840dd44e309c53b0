"""The command line: the same verbs as the dashboard, without a browser.

Exit codes: 0 done, 1 failed, 2 bad arguments. With --json, one JSON object on stdout and nothing else.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imclust_core.config import VERSION
from imclust_core.errors import ImclustError
from imclust_core.images.reasons import sentence
from imclust_core.images.samples import make_samples
from imclust_core.jobs.progress import duration, seconds_left
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.tasks import TITLES, submit_scan
from imclust_core.jobs.worker import ensure_worker, work
from imclust_core.store.catalogue import (
    add_collection,
    collection,
    collections,
    rename_collection,
    summary_of,
)
from imclust_core.store.workspace import Workspace


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ImclustError as error:
        print(f"imclust: {error}", file=sys.stderr)
        if getattr(options, "json", False):
            print(json.dumps({"error": str(error)}))
        return 1
    except OSError as error:
        print(f"imclust: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("imclust: stopped", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imclust", description="From a folder of unlabelled images to named clusters."
    )
    parser.add_argument("--version", action="version", version=f"imclust {VERSION}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    def common(sub: argparse.ArgumentParser, *, with_json: bool = True) -> None:
        sub.add_argument("--workspace", metavar="W", help="workspace folder (default: IMCLUST_WORKSPACE, or yours)")
        if with_json:
            sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    sub = command("sample", _sample, "Make about 300 sample photographs, without a download.")
    sub.add_argument("folder", metavar="DIR", help="an empty or new folder")
    sub.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes")
    sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    sub = command("scan", _scan, "Catalogue a folder: what is there, what is bad and why.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder of images; it is only ever read")
    sub.add_argument("--name", default="", help="name of the collection (default: the folder's)")
    sub.add_argument("--follow-links", action="store_true", help="follow links that stay inside the folder")
    common(sub)

    common(command("collections", _collections, "List the collections of the workspace."))

    sub = command("jobs", _jobs, "List the last jobs; cancel or resume one.")
    sub.add_argument("--cancel", metavar="ID", help="ask this job to stop")
    sub.add_argument("--resume", metavar="ID", help="let a paused, failed or cancelled job go on")
    common(sub)

    sub = command("ui", _ui, "Start the dashboard.")
    sub.add_argument("--port", type=int, default=8501, help="port (default: 8501)")
    sub.add_argument("--address", default="127.0.0.1", help="address to listen on (default: 127.0.0.1 only)")
    sub.add_argument(
        "--host",
        action="append",
        default=[],
        help="a host name browsers may use for this server; repeat for several",
    )
    sub.add_argument("--collection", metavar="ID", help="open with this collection")
    sub.add_argument("--open", action="store_true", help="open a browser too")
    common(sub, with_json=False)

    sub = command("worker", _worker, "Do the workspace's jobs in the foreground.")
    sub.add_argument("--idle", type=float, default=float("inf"), help="end after this many seconds without work")
    common(sub, with_json=False)
    return parser


def _print_json(value: dict[str, Any]) -> int:
    print(json.dumps(value))
    return 0


def _sample(options: argparse.Namespace) -> int:
    folder = Path(options.folder).expanduser().absolute()
    made = make_samples(folder, seed=options.seed)
    if options.json:
        return _print_json({"folder": str(folder), "images": made})
    print(f"{made} sample photographs and truth.csv in {folder}")
    return 0


def _scan(options: argparse.Namespace) -> int:
    workspace = Workspace.open(options.workspace)
    typed = str(Path(options.folder).expanduser().absolute()) if options.folder else ""
    folder = workspace.open_folder(typed)
    source = add_collection(workspace, folder, options.name, follow_links=options.follow_links)
    if options.name and source.name != options.name:
        rename_collection(workspace, source.id, options.name)
    job = submit_scan(workspace, source)
    job = _follow(workspace, job, quiet=options.json)
    if job.state != "done" or job.result is None:
        raise ImclustError(job.error or f"The scan was {job.state}. What it had read is kept; scan again to go on.")
    if options.json:
        return _print_json(job.result)
    _print_scan(collection(workspace, source.id).name, job.result)
    return 0


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
    parts = [TITLES.get(job.kind, job.kind), job.state if not job.message else job.message]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.rate:
        parts.append(f"{job.rate:,.0f}/s")
    left = seconds_left(job.done, job.total, job.rate)
    if left is not None and job.state == "running":
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)


def _print_scan(name: str, result: dict[str, Any]) -> None:
    print(
        f"{name}: {result['images']:,} images of {result['files']:,} files, {result['duplicates']:,} duplicates, "
        f"in {duration(result['seconds'])} ({result['files_per_s']:,.0f} files/s)"
    )
    print(f"since the last scan: {result['new']:,} new, {result['changed']:,} changed, {result['gone']:,} gone")
    for reason, number in result["skipped"].items():
        print(f"  skipped {number:>7,}  {reason}: {sentence(reason)}")
    print(f"collection {result['collection']}; look at it with: imclust ui --collection {result['collection']}")


def _collections(options: argparse.Namespace) -> int:
    workspace = Workspace.open(options.workspace)
    rows = []
    for one in collections(workspace):
        summary = summary_of(workspace, one.id)
        # surrogates (names that are no UTF-8) become escapes in JSON and are legible on a terminal
        rows.append(
            {
                "collection": one.id,
                "name": one.name,
                "folder": _legible(one.folder),
                "scanned_at": one.scanned_at,
                **(asdict(summary) if summary else {"files": None, "images": None}),
            }
        )
    if options.json:
        return _print_json({"collections": rows})
    for row in rows:
        images = "not scanned" if row["images"] is None else f"{row['images']:,} images"
        print(f"{row['collection']}  {images:>16}  {row['name']}  ({row['folder']})")
    if not rows:
        print("No collections yet. Start with: imclust scan FOLDER")
    return 0


def _legible(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _jobs(options: argparse.Namespace) -> int:
    workspace = Workspace.open(options.workspace)
    queue = Queue(workspace)
    if options.cancel:
        queue.job(options.cancel)
        queue.cancel(options.cancel)
    if options.resume:
        queue.resume(options.resume)
    ensure_worker(workspace)
    jobs = queue.recent()
    if options.json:
        return _print_json({"jobs": [asdict(job) for job in jobs]})
    for job in jobs:
        print(f"{job.id}  {job.state:<9}  {progress_line(job)}{'  ' + job.error if job.error else ''}")
    if not jobs:
        print("No jobs yet.")
    return 0


def _worker(options: argparse.Namespace) -> int:
    work(Workspace.open(options.workspace), idle_seconds=options.idle)
    return 0


def _ui(options: argparse.Namespace) -> int:
    workspace = Workspace.open(options.workspace)
    app = Path(__file__).resolve().parent.parent / "app.py"
    if shutil.which("streamlit") is None and not _has_streamlit():
        raise ImclustError("The dashboard needs streamlit. Install it: pip install -r requirements.txt")
    query = ""
    if options.collection:
        query = f"?collection={collection(workspace, options.collection).id}"
    address = "127.0.0.1" if options.address in ("0.0.0.0", "::") else options.address  # noqa: S104
    url = f"http://{address}:{options.port}/{query}"
    flags = [f"--server.port={options.port}", f"--server.address={options.address}"]
    flags += [f"--server.allowedHosts={host}" for host in ("127.0.0.1", "localhost", *options.host)]
    if options.open:
        flags += ["--server.headless=false", "--browser.serverAddress=127.0.0.1"]
    print(f"imclust: {url}", flush=True)
    command = [sys.executable, "-m", "streamlit", "run", str(app), *flags]
    environment = {**os.environ, "IMCLUST_WORKSPACE": str(workspace.root)}
    server = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        return server.wait()
    except KeyboardInterrupt:
        return server.wait() and 0
