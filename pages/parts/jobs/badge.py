"""The work in progress, on every page: one line in the sidebar that opens into details."""

import time
from typing import Literal

import streamlit as st

from imclust_core.jobs.progress import duration, seconds_left
from imclust_core.jobs.queue import LEASE_SECONDS, Job, Queue
from imclust_core.jobs.registry import title_of
from imclust_core.jobs.starting import ensure_worker
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain

_BUSY_SECONDS = 0.7
_IDLE_SECONDS = 5.0
_LOG_BYTES = 4000


def show_job_badge(workspace: Workspace) -> None:
    """Show the open jobs and keep the picture fresh: quickly while something runs, slowly otherwise."""
    queue = Queue(workspace)
    drawn = queue.stamp()
    busy = any(job.active for job in queue.open_jobs())
    st.fragment(_badge, run_every=_BUSY_SECONDS if busy else _IDLE_SECONDS)(workspace, drawn)


def _badge(workspace: Workspace, drawn: str) -> None:
    queue = Queue(workspace)
    jobs = queue.open_jobs()
    if any(job.active for job in jobs):
        ensure_worker(workspace)
    if queue.stamp() != drawn:
        st.rerun()  # a job came, ended or went on: the page has something new to show
    for job in jobs:
        st.caption(f"{title_of(job.kind)}")
        st.progress(share_of(job), text=progress_text(job))
        with st.popover("Details", icon=":material/manage_search:"):
            show_job(workspace, job, place="badge")


def show_job(workspace: Workspace, job: Job, *, place: str) -> None:
    """All there is to know of one job, with what can be done about it."""
    st.write(f"**{title_of(job.kind)}** {job.state}")
    if job.error:
        st.warning(plain(job.error))
    queue = Queue(workspace)
    with st.container(horizontal=True):
        if job.active:
            st.button("Cancel", on_click=queue.cancel, args=(job.id,), key=f"{place}-cancel-{job.id}")
        elif job.state != "done":
            resume_button(workspace, job, key=f"{place}-resume-{job.id}")
        if job.state == "paused":
            st.button("Give up", on_click=queue.cancel, args=(job.id,), key=f"{place}-cancel-{job.id}")
    log = log_tail(workspace, job)
    if log:
        st.code(log, language=None, wrap_lines=True)


def resume_button(workspace: Workspace, job: Job, *, key: str) -> None:
    """A button that lets a job that stopped go on."""
    title = "Try again" if job.state == "failed" else "Resume"
    kind: Literal["primary", "secondary"] = "secondary" if job.state == "failed" else "primary"
    st.button(title, type=kind, key=key, on_click=_resume, args=(workspace, job.id))


def _resume(workspace: Workspace, job_id: str) -> None:
    Queue(workspace).resume(job_id)
    ensure_worker(workspace)


def share_of(job: Job) -> float:
    """How much of a job is done, from 0 to 1."""
    return min(1.0, job.done / job.total) if job.total else 0.0


def progress_text(job: Job) -> str:
    """How far, how fast, how long: "3,102 of 5,011 · 61/s · 31 s left"."""
    if job.state == "paused":
        return "paused"
    if job.cancel_requested:
        return "stopping"
    if job.state == "queued":
        return "waiting for the worker"
    if job.silent_for(time.time()) > LEASE_SECONDS:
        return "the worker stopped answering; starting another"
    if job.kind in ("probe", "cluster"):
        return plain(job.message)  # their steps are seconds and rounds, which tell nobody anything
    if job.kind == "several" and job.total:
        return f"{job.done:,} of {job.total:,} · {plain(job.message)}"
    left = seconds_left(job.done, job.total, job.rate)
    if job.kind in ("map", "tree") and job.total:
        return plain(job.message) + (f" · {duration(left)} left" if left is not None else "")
    if job.total is None:
        return plain(job.message) if not job.done else f"{job.done:,} so far"
    parts = [f"{job.done:,} of {job.total:,}"]
    if job.rate:
        parts.append(f"{job.rate:,.0f}/s")
    if left is not None and job.done < job.total:
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)


def log_tail(workspace: Workspace, job: Job) -> str:
    """The last lines of a job's log."""
    path = workspace.logs / f"{job.id}.log"
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
