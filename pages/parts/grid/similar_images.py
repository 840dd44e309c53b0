"""Images most like one: asked of the worker, shown as a grid, kept in the address."""

import contextlib

import streamlit as st

from imclust_core.errors import EmbeddingError, JobError
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_similar
from imclust_core.store.catalogue import images_by_id, usable_images
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.workspace import Workspace
from pages.parts.grid.grid import Acts, captioned, image_grid
from pages.parts.jobs.wait import follow
from pages.parts.kit.redraw import redraw_if_asked, redraw_page
from pages.parts.kit.text import plain

_SIMILAR = "similar"
_ASKED = "similar_asked"
_GRID = "similar_images"


def ask_similar(image: int) -> None:
    """Take over which image a grid's "Find similar" was pressed on."""
    st.query_params[_SIMILAR] = str(image)
    st.session_state.pop(_ASKED, None)
    redraw_page()  # the grid may be in a fragment, and the answer is shown outside of it


def show_similar(workspace: Workspace, source: Collection, one: Embedding) -> None:
    """The neighbours of the image in the address, if there is one."""
    asked = st.query_params.get(_SIMILAR, "")
    if not asked.isascii() or not asked.isdigit() or len(asked) > 18:
        return
    query = images_by_id(workspace, source.id, [int(asked)]).get(int(asked))
    if query is None or query.state != "ok":
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.write(f"**Most like {plain(query.name)}**")
            st.button("Close", icon=":material/close:", type="tertiary", on_click=_close)
        job = _job(workspace, one, query.id)
        follow(workspace, job, lambda job: _answer(workspace, source, query.id, job), every=0.3)


def show_similar_to(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    """The same for a page that shows a clustering; nothing where its embedding was removed."""
    with contextlib.suppress(EmbeddingError):
        show_similar(workspace, source, embedding(workspace, stored.embedding_id))


def _close() -> None:
    st.query_params.pop(_SIMILAR, None)


def _job(workspace: Workspace, one: Embedding, image_id: int) -> Job:
    """The question as it stands: asked once a visit, however often the page is drawn."""
    question = (one.id, one.finished_at, image_id)
    before = st.session_state.get(_ASKED)
    ensure_worker(workspace)
    if before is not None and before[0] == question:
        with contextlib.suppress(JobError):  # answers are kept for an hour
            return Queue(workspace).job(before[1])
    job = submit_similar(workspace, one, image_id)
    st.session_state[_ASKED] = (question, job.id)
    ensure_worker(workspace)
    return job


def _answer(workspace: Workspace, source: Collection, image_id: int, job: Job) -> None:
    redraw_if_asked()
    if job.active:
        st.caption("Looking through all images…")
        return
    if job.result is None:
        st.error(plain(job.error or "The search was stopped. Press Find similar again."))
        return
    ids = [image_id, *job.result["ids"]]
    alike = dict(zip(job.result["ids"], job.result["similarity"], strict=True))
    captions = {image: f"{cosine:.2f}" for image, cosine in alike.items()} | {image_id: "this one"}
    image_grid(
        workspace,
        source.id,
        usable_images(workspace, source.id, ids),
        key=_GRID,
        label="Similar images",
        about=captioned(captions),
        acts=Acts(similar=ask_similar),
    )
