"""Who asked for which looks: the job behind what a page waits for, ended when the page wants something else."""

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from imclust_core.errors import JobError
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_explain
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.saliency import HEATS, is_kept, read_abilities, read_heat
from imclust_core.store.workspace import Workspace

_GONE_SECONDS = 20
"""A page that waits asks each second."""
GUIDED, GRADIENTS = "Guided backprop", "Gradients"


About = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class _Asked:
    """What a visit asked for last: of which embedding, for which target, by which methods, and for which images.

    at: when it last asked how far that is.
    """

    job: str
    about: About
    ids: frozenset[int]
    at: float


_asked: dict[str, _Asked] = {}
_lock = threading.Lock()


def progress_of(
    workspace: Workspace, one: Embedding, images: Sequence[ImageRow], target: str, methods: Sequence[str], visit: str
) -> dict[str, object]:
    """Which of these images were looked at, and why others cannot be; those that are missing are begun.

    What failed is told once: whoever asks for it again has it tried again.
    """
    about = (one.id, target, tuple(methods))
    with _lock:
        before = _asked.get(visit)
    same = before is not None and before.about == about
    job = _job(workspace, before)  # before the files: what a job that has ended made is there
    ready = {row.id for row in images if all(is_kept(one, row.hash or b"", target, method) for method in methods)}
    why = _failed(job) if same else {}
    failed = {str(row.id): why[str(row.id)] for row in images if str(row.id) in why and row.id not in ready}
    missing = [row.id for row in images if row.id not in ready and str(row.id) not in failed]
    error = _error(job, before, missing) if same and missing else ""
    if error or not missing:
        if job is None or not job.active:
            _remember(visit, None)
    else:
        before, job = _begun(workspace, one, before, job, about, missing)
        _remember(visit, before)
    _let_go(workspace)
    return {
        "ready": [row.id for row in images if row.id in ready],
        "failed": failed,
        "error": error,
        "busy": bool(missing) and not error,
        "nothing": [row.id for row in images if row.id in ready and len(images) == 1 and _is_nothing(one, row, target)],
        "message": job.message if job is not None and job.active and missing and job.total is None else "",
        "guided": slopes_title(one),
    }


def _remember(visit: str, asked: _Asked | None) -> None:
    with _lock:
        _asked.pop(visit, None)
        if asked is not None:
            _asked[visit] = asked


def _let_go(workspace: Workspace) -> None:
    """End the work of pages that do not ask any more, as closed ones do; one that comes back asks anew."""
    late = time.monotonic() - _GONE_SECONDS
    with _lock:
        gone = [visit for visit, one in _asked.items() if one.at < late]
        jobs = {_asked.pop(visit).job for visit in gone} - {one.job for one in _asked.values()}
    for job in jobs:
        with contextlib.suppress(JobError):
            Queue(workspace).cancel(job)


def _is_nothing(one: Embedding, row: ImageRow, target: str) -> bool:
    """Whether nothing in an image speaks for a target, so that its map is empty."""
    heat = read_heat(one, row.hash or b"", target, HEATS[0])
    return heat is not None and not heat.any()


def slopes_title(one: Embedding) -> str:
    """What the slopes of this network are called; plain until somebody has looked whether they can be guided."""
    can = read_abilities(one)
    return GUIDED if can is not None and can.guided else GRADIENTS


def _begun(
    workspace: Workspace, one: Embedding, before: _Asked | None, job: Job | None, about: About, missing: Sequence[int]
) -> tuple[_Asked, Job]:
    """The job that makes what is missing: the one under way, or a new one in the place of it."""
    if job is not None and before is not None and job.active:
        if before.about == about and before.ids.issuperset(missing):
            ensure_worker(workspace)
            return replace(before, at=time.monotonic()), job
        with _lock:
            shared = sum(one.job == job.id for one in _asked.values()) > 1
        if not shared:
            Queue(workspace).cancel(job.id)
    job = submit_explain(workspace, one, [(about[1], missing)], about[2])
    ensure_worker(workspace)
    return _Asked(job.id, about, frozenset(missing), time.monotonic()), job


def _error(job: Job | None, before: _Asked | None, missing: Sequence[int]) -> str:
    """Why what this visit asked for did not come, in words; nothing while it may still come."""
    if job is None or before is None or job.active or not before.ids.issuperset(missing):
        return ""
    if job.state == "done":
        return "What was found could not be kept. There may be no room on the disk."
    return job.error or ("The work was stopped." if job.state != "cancelled" else "")


def _failed(job: Job | None) -> dict[str, str]:
    facts = (job.result or job.detail or {}) if job is not None else {}
    found = facts.get("failed", {})
    return found if isinstance(found, dict) else {}


def _job(workspace: Workspace, before: _Asked | None) -> Job | None:
    if before is not None:
        with contextlib.suppress(JobError):
            return Queue(workspace).job(before.job)
    return None
