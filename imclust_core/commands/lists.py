"""The commands that list: collections and jobs."""

import argparse
from dataclasses import asdict

from imclust_core.commands.running import print_json, progress_line
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.names import shown
from imclust_core.store.collections import collections
from imclust_core.store.counts import summary_of
from imclust_core.store.workspace import Workspace


def list_collections(options: argparse.Namespace) -> int:
    """List what there is."""
    workspace = Workspace.open(options.workspace)
    rows = []
    for one in collections(workspace):
        summary = summary_of(workspace, one.id)
        rows.append(
            {
                "collection": one.id,
                "name": one.name,
                "folder": shown(one.folder),
                "scanned_at": one.scanned_at,
                **(asdict(summary) if summary else {"files": None, "images": None}),
            }
        )
    if options.json:
        return print_json({"collections": rows})
    for row in rows:
        images = "not scanned" if row["images"] is None else f"{row['images']:,} images"
        print(f"{row['collection']}  {images:>16}  {row['name']}  ({row['folder']})")
    if not rows:
        print("No collections yet. Start with: imclust scan FOLDER")
    return 0


def list_jobs(options: argparse.Namespace) -> int:
    """List the last jobs, after cancelling or resuming one."""
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
        return print_json({"jobs": [asdict(job) for job in jobs]})
    for job in jobs:
        print(f"{job.id}  {job.state:<9}  {progress_line(job)}{'  ' + job.error if job.error else ''}")
    if not jobs:
        print("No jobs yet.")
    return 0
