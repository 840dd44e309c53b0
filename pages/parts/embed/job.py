"""The embedding job on its page: progress, what is being seen now, and a way on where weights cannot be had."""

import streamlit as st

from imclust_core.backbones.registry import BACKBONES, BUNDLED
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_embed
from imclust_core.store.catalogue import images_by_id
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.grid.grid import captioned, image_grid
from pages.parts.jobs.panel import show_panel
from pages.parts.kit.text import plural


def show_embedding_job(workspace: Workspace, queue: Queue, source: Collection) -> Job | None:
    """Show the last embedding job unless it ended well; returns it while it runs or waits."""

    def extra(job: Job) -> None:
        if job.active and job.detail:
            _strip(workspace, source, job.detail)
        elif job.reason == "weights_unavailable":
            st.button(
                f"Use {BACKBONES[BUNDLED].title}, which needs no download",
                type="primary",
                on_click=_use_bundled,
                args=(workspace, source, job),
            )

    job = show_panel(workspace, queue, source, ("embed",), extra)
    return job if job is not None and job.active else None


def _strip(workspace: Workspace, source: Collection, detail: dict[str, object]) -> None:
    """The last images with what the network takes them for."""
    seen = detail.get("seen")
    if not isinstance(seen, list) or not seen:
        return
    found = images_by_id(workspace, source.id, [one["image_id"] for one in seen])
    captions = {one["image_id"]: label_text(one["label"], one["probability"]) for one in seen}
    image_grid(
        workspace,
        source.id,
        [found[one["image_id"]] for one in seen if one["image_id"] in found],
        key="seen_now",
        label="Seen now",
        about=captioned(captions),
    )
    if detail.get("bad"):
        st.caption(f"{plural(int(str(detail['bad'])), 'image')} could not be read so far.")


def label_text(label: str, probability: float) -> str:
    """A label with its probability: "tabby 83 %"."""
    return f"{label} {100 * probability:.0f} %" if label else ""


def _use_bundled(workspace: Workspace, source: Collection, job: Job) -> None:
    request = EmbedRequest(**{**job.params, "backbone": BUNDLED, "weights": None})
    submit_embed(workspace, source, request)
    ensure_worker(workspace)
