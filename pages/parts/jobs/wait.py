"""Waiting for what a page needs from the worker: how far it is, how to stop it, what went wrong."""

from collections.abc import Callable

import streamlit as st

from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.badge import progress_text, resume_button, share_of
from pages.parts.kit.redraw import redraw_if_asked, redraw_page
from pages.parts.kit.text import plain


def follow(workspace: Workspace, job: Job, show: Callable[[Job], object], *, every: float = 0.7) -> None:
    """Show a job, again and again while it is at work; once it has ended, the page is drawn anew.

    show: draws the job as it then is. every: so many seconds.
    """
    st.fragment(_look, run_every=every if job.active else None)(workspace, job.id, show, _stage(job))


def _look(workspace: Workspace, job_id: str, show: Callable[[Job], object], drawn: str) -> None:
    redraw_if_asked()
    job = Queue(workspace).job(job_id)
    if _stage(job) != drawn:
        st.rerun()
    if job.active:
        ensure_worker(workspace)
    show(job)


def _stage(job: Job) -> str:
    return "active" if job.active else job.state


def begin(workspace: Workspace, submit: Callable[[], object]) -> None:
    """Queue a job in a callback, and have the whole page drawn."""
    submit()
    ensure_worker(workspace)
    redraw_page()


def wait_for(
    workspace: Workspace, key: str, submit: Callable[[], Job], doing: str, *, place: str, long: bool = False
) -> None:
    """Show how far the job of this key is, which is queued if it is not there; the page is drawn anew at its end.

    doing: what it does, in words. long: it takes long enough to be stopped. Called while what it makes is not there, so
    one that is done has to be done again.
    """
    job = Queue(workspace).last_of(key)
    if job is None or job.state == "done":
        job = submit()
        ensure_worker(workspace)
    follow(workspace, job, lambda job: _wait(workspace, job, doing, place, long), every=0.4)


def _wait(workspace: Workspace, job: Job, doing: str, place: str, long: bool) -> None:
    if not job.active:
        _ended(workspace, job, place)
        return
    how_far = progress_text(job) if job.total else plain(job.message) or "waiting for the worker"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share_of(job), text=f"{doing}: {how_far}")
        if long:
            cancel = Queue(workspace).cancel
            st.button("Cancel", on_click=cancel, args=(job.id,), disabled=job.cancel_requested, key=f"{place}-stop")


def _ended(workspace: Workspace, job: Job, place: str) -> None:
    if job.state == "cancelled":
        st.info("Stopped; nothing of it is kept.")
    elif job.state == "paused":
        st.warning(plain(job.error or "Paused."), icon=":material/pause_circle:")
    else:
        st.error(plain(job.error or "It failed."))
    resume_button(workspace, job, key=f"{place}-again-{job.id}")
