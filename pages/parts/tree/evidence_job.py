"""The closer look at what the images say of K: a job that starts by itself after the first, quick answer."""

import streamlit as st

from imclust_core.choosing_k.curves import Evidence
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import evidence_key, submit_evidence
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.badge import progress_text, share_of
from pages.parts.jobs.wait import begin, follow
from pages.parts.kit.text import plain, plural


def closer_look(workspace: Workspace, one: Embedding, found: tuple[Evidence, bool] | None) -> None:
    """Say what the evidence rests on, and look closer unless that was done or stopped."""
    images = found[0].images if found else 0
    if found and found[1]:
        st.caption(f"The evidence was taken from {plural(images, 'image')}, after a closer look.")
        return
    job = Queue(workspace).last_of(evidence_key(one))
    if job is None or job.state == "done":
        job = submit_evidence(workspace, one)
        ensure_worker(workspace)
    follow(workspace, job, lambda job: _look(workspace, one, job, images))


def _look(workspace: Workspace, one: Embedding, job: Job, images: int) -> None:
    seen = f"This is a first look, at {plural(images, 'image')}."
    if job.active:
        st.progress(share_of(job), text=f"{seen} Looking closer: {progress_text(job)}")
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{seen} The closer look was stopped. {plain(job.error or '')}", width="content")
            st.button("Look closer", on_click=begin, args=(workspace, lambda: submit_evidence(workspace, one)))
