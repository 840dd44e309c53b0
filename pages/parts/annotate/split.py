"""Splitting a cluster: in two by likeness, or by the labels of its images."""

from collections.abc import Sequence
from uuid import uuid4

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import split_cluster
from imclust_core.annotation.predictions import Said
from imclust_core.errors import JobError
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_split
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label
from pages.parts.annotate.state import PICKED
from pages.parts.jobs.wait import follow
from pages.parts.kit.text import plural
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.session.sign_in import author

_JOB = "desk_split_job"
_TROUBLE = "desk_split_trouble"
_LISTED = 40


def show_split(
    workspace: Workspace,
    stored: Clustering,
    desk: Desk,
    number: int,
    labels: Sequence[Label],
    said: Said | None,
    *,
    narrow: bool = False,
) -> None:
    """The ways to split the cluster that is shown, if it is one, and what became of the last try.

    narrow: where there is room for little more than a sign.
    """
    _take_end(workspace)
    if number != PICKED:
        can = number > 0 and desk.sizes.get(number, 0) > 1 and bool(author())
        title, tip = ("", "Split this cluster") if narrow else ("Split this cluster", None)
        with st.popover(title, icon=":material/call_split:", disabled=not can, help=tip):
            st.button(
                "In two, by likeness",
                on_click=_in_two,
                args=(workspace, stored, desk, number),
                help="The two halves that the network tells apart best; the smaller becomes a new cluster.",
            )
            if said is not None:
                _by_label(workspace, stored, desk, number, labels, said)
    job = _job(workspace)
    if job is not None and job.active:
        # One that fails changes nothing that others would hear of, so its end is looked for here.
        follow(workspace, job, lambda job: st.caption(f"Splitting cluster {job.params['number']}…"))
    show_trouble(_TROUBLE)


def _take_end(workspace: Workspace) -> None:
    """Let go of a split that has ended; why it failed, if it did, is kept to be shown."""
    job = _job(workspace)
    if job is None or job.active:
        return
    del st.session_state[_JOB]
    if job.state != "done":
        st.session_state[_TROUBLE] = job.error or "The split was stopped. Nothing was changed."


def _job(workspace: Workspace) -> Job | None:
    if _JOB not in st.session_state:
        return None
    try:
        return Queue(workspace).job(st.session_state[_JOB])
    except JobError:
        return None


def _in_two(workspace: Workspace, stored: Clustering, desk: Desk, number: int) -> None:
    with trouble_kept(_TROUBLE):
        st.session_state[_JOB] = submit_split(workspace, stored, number, author=author(), base=desk.base_of(number)).id
        ensure_worker(workspace)


def _by_label(
    workspace: Workspace, stored: Clustering, desk: Desk, number: int, labels: Sequence[Label], said: Said
) -> None:
    rows = desk.rows_of(number)
    found, counts = np.unique(said.label_ids[rows, 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_LISTED]
    size = {int(found[at]): int(counts[at]) for at in order if found[at] >= 0}
    key = f"split-labels-{stored.id}-{number}"
    chosen = st.multiselect(
        "By label: these become a new cluster",
        list(size),
        format_func=lambda label: f"{labels[label].name} ({size[label]})",
        key=key,
    )
    part = rows[np.isin(said.label_ids[rows, 0], chosen)]
    st.button(
        f"Split out {plural(len(part), 'image')}" if len(part) else "Split out",
        disabled=not 0 < len(part) < len(rows),
        on_click=_out,
        args=(workspace, stored, desk, number, desk.image_ids[part].tolist()),
    )


def _out(workspace: Workspace, stored: Clustering, desk: Desk, number: int, images: list[int]) -> None:
    who = {"author": author(), "uuid": str(uuid4())}
    with trouble_kept(_TROUBLE):
        split_cluster(workspace, stored, number, [images], how="by label", base=desk.base_of(number), **who)
