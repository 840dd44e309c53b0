"""The work on one collection, in the middle of its page: progress while it runs, and how it ended."""

from collections.abc import Callable, Sequence

import streamlit as st

from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.registry import title_of
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.badge import log_tail, progress_text, resume_button, share_of
from pages.parts.jobs.wait import follow
from pages.parts.kit.text import plain, plural

_COUNTED = {"scan": "file", "unpack": "file", "sample": "file", "embed": "image", "several": "clustering"}
"""What the steps of a kind of job are."""


Extra = Callable[[Job], None]
"""What a page adds to the panel of a job of its own."""


def show_panel(
    workspace: Workspace, queue: Queue, source: Collection, kinds: Sequence[str], extra: Extra = lambda _job: None
) -> Job | None:
    """Show the last job of these kinds for a collection, unless it ended well; returns the job that is shown."""
    # Its place is kept while there is no job: a panel that comes would move all that is below it to other places,
    # and when the fragment is drawn at that very moment, the browser was seen to lose what stood there.
    with st.container():
        # One that is at work comes first: a quick one beside it does not take away how to stop it.
        active = [job for job in queue.open_jobs(source.id, quick=True) if job.kind in kinds and job.active]
        job = active[0] if active else queue.last(source.id, kinds)
        if job is None or job.state == "done":
            return None
        follow(workspace, job, lambda job: _panel(workspace, job, extra))
    return job


def _panel(workspace: Workspace, job: Job, extra: Extra) -> None:
    with st.container(border=True):
        st.write(f"**{title_of(job.kind)}**" if job.active else f"**{title_of(job.kind)}: {job.state}**")
        if job.active:
            st.progress(share_of(job), text=progress_text(job))
        else:
            _say_how_it_ended(job)
        extra(job)
        with st.container(horizontal=True, vertical_alignment="center"):
            if job.active:
                st.button("Cancel", on_click=Queue(workspace).cancel, args=(job.id,), disabled=job.cancel_requested)
                st.caption("You may close this page; the work goes on.")
            else:
                resume_button(workspace, job, key=f"panel-resume-{job.id}")
            log = log_tail(workspace, job)
            if log:
                with st.popover("Log"):
                    st.code(log, language=None, wrap_lines=True)


def _say_how_it_ended(job: Job) -> None:
    if job.state == "cancelled":
        done = f" after {plural(job.done, _COUNTED[job.kind])}" if job.kind in _COUNTED else ""
        kept = "What was done is kept; resuming goes on from there." if done else "Nothing of it is kept."
        st.info(f"Cancelled{done}. {kept}")
    elif job.state == "paused":
        st.warning(plain(job.error or "Paused."), icon=":material/pause_circle:")
    else:
        st.error(plain(job.error or "Failed."))
