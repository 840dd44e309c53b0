"""What the worker can do: a kind of job -> the function that does it. A new kind is one line here."""

from collections.abc import Callable
from typing import Any

from imclust_core.images.samples import make_samples
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.scan import scan
from imclust_core.jobs.unpack import unpack
from imclust_core.store.collections import Collection, add_collection, collection
from imclust_core.store.workspace import Workspace

Task = Callable[[Workspace, Job, Report], dict[str, Any]]


def _scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return scan(workspace, _collection_of(job), report)


def _unpack_and_scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    unpack(workspace, job.params["archive"], report)
    return scan(workspace, _collection_of(job), report)


def _sample_and_scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    folder = collection(workspace, _collection_of(job)).folder
    make_samples(folder, step=lambda done, total: report(done, total, "making photographs"))
    return scan(workspace, _collection_of(job), report)


TASKS: dict[str, Task] = {"scan": _scan, "unpack": _unpack_and_scan, "sample": _sample_and_scan}

TITLES: dict[str, str] = {
    "scan": "Scanning",
    "unpack": "Unpacking and scanning",
    "sample": "Making the sample images",
}
"""What a person sees while a job of the kind runs."""


def _collection_of(job: Job) -> str:
    if job.collection_id is None:
        raise ValueError(f"a {job.kind} job needs a collection")
    return job.collection_id


def submit_scan(workspace: Workspace, source: Collection) -> Job:
    """Queue a scan of a collection; asking twice gives the same job."""
    return Queue(workspace).submit("scan", key=f"read:{source.id}", collection_id=source.id)


def submit_sample(workspace: Workspace) -> tuple[Collection, Job]:
    """Queue the making of the sample collection, or find the one that is there."""
    folder = workspace.samples / "photographs"
    folder.mkdir(exist_ok=True)
    source = add_collection(workspace, folder.resolve(), "Sample photographs")
    job = Queue(workspace).submit("sample", key=f"read:{source.id}", collection_id=source.id)
    return source, job


def submit_unpack(workspace: Workspace, source: Collection, archive: str) -> Job:
    """Queue the unpacking of an uploaded archive into the collection's folder, and its scan."""
    return Queue(workspace).submit(
        "unpack", key=f"read:{source.id}", collection_id=source.id, params={"archive": archive}
    )
