"""Where the network looks in a cluster on the whole, and whether that is the background; beside the other clusters."""

import functools

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.explain_questions import version_of
from imclust_core.errors import EmbeddingError
from imclust_core.explain.attention import stands_out
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import attention_key, submit_attention
from imclust_core.store.clusterings import Clustering
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.saliency import Attention, read_attention
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.badge import resume_button
from pages.parts.jobs.wait import begin
from pages.parts.kit.picture import show_picture
from pages.parts.kit.text import plain, plural
from pages.parts.saliency.address import mean_address
from pages.parts.saliency.overlay import CAM, OVERLAY, colours_asked
from pages.parts.session.url_state import asked

_MOST, _FEWEST, _IN_ALL = 24, 4, 2_400
"""Images of each cluster that are looked at, and about how many of all clusters together."""
_AT_ONCE = 600
"""So many are looked at without being asked, once somebody wants to see where the network looks."""
_SIDE = 84


def show_mean_look(workspace: Workspace, stored: Clustering, desk: Desk, number: int) -> None:
    """The mean look of a cluster while CAMs are shown; until it is known, how far that is."""
    if asked(OVERLAY) != CAM or number <= 0:
        return
    try:
        one = embedding(workspace, stored.embedding_id)
    except EmbeddingError:
        return
    found = read_attention(one, stored.id)
    at = np.flatnonzero(found.numbers == number) if found is not None else np.zeros(0, int)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found is not None and len(at):
            _show(workspace, stored, desk, number, found, int(at[0]))
        if found is None or not len(at) or found.versions[at[0]] != version_of(desk, number):
            _look(workspace, one, stored, desk, again=found is not None)


def _show(workspace: Workspace, stored: Clustering, desk: Desk, number: int, found: Attention, at: int) -> None:
    show_picture(
        mean_address(workspace, stored, number, int(found.versions[at]), colours_asked()),
        f"Where the network looks in cluster {number}, on the whole",
        width=_SIDE,
        height=_SIDE,
        key="mean_look",
    )
    there = np.isin(found.numbers, desk.clusters)  # some may have been merged away since
    others = found.border[there & (found.numbers != number)]
    beside = f"; of the other clusters {np.median(others):.0%} in the median" if len(others) else ""
    with st.container(width="stretch", gap=None):
        if stands_out(np.append(others, found.border[at]))[-1]:
            st.badge("Looks at the background", icon=":material/landscape:", color="orange")
        elif len(others) > 2:
            st.badge(
                "At the background no more than other clusters", icon=":material/center_focus_strong:", color="gray"
            )
        st.caption(
            f"Mean of {plural(int(found.images[at]), 'image')}: {found.border[at]:.0%} of the attention lies near the "
            f"edges of the pictures{beside}."
        )


def _look(workspace: Workspace, one: Embedding, stored: Clustering, desk: Desk, *, again: bool) -> None:
    """How far the look at every cluster is; begun by itself where it is short, and nobody has looked before."""
    each = min(_MOST, max(_FEWEST, _IN_ALL // max(1, len(desk.clusters))))
    images = sum(min(each, desk.sizes[number]) for number in desk.clusters)
    job = Queue(workspace).last_of(attention_key(stored))
    if job is None and not again and images <= _AT_ONCE:
        job = submit_attention(workspace, stored, each)
        ensure_worker(workspace)
        st.rerun()  # so that the frame shows how far it is
    if job is not None and job.active:
        ensure_worker(workspace)
        st.caption("Looking at some images of every cluster, to compare. The sidebar shows how far that is.")
        return
    if job is not None and job.state in ("failed", "paused"):
        st.caption(plain(job.error or "The look at every cluster was stopped."))
        resume_button(workspace, job, key="mean-look")
        return
    st.caption("Images of this cluster were moved since." if again else "Where does it look in each cluster?")
    title = "Look again" if again else f"Look at {plural(images, 'image')}"
    submit = functools.partial(submit_attention, workspace, stored, each)
    st.button(title, icon=":material/visibility:", on_click=begin, args=(workspace, submit))
