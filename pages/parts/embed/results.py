"""What an embedding says: how many, which labels, how sure, and the images it is least sure of."""

import pandas as pd
import streamlit as st

from imclust_core.images.reasons import TRANSIENT, sentence, title
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_embed
from imclust_core.store.catalogue import images_by_id
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, EmbeddingSummary, class_names
from imclust_core.store.vectors import count_unseen
from imclust_core.store.workspace import Workspace
from pages.parts.embed.job import label_text
from pages.parts.grid.all_images import show_images
from pages.parts.grid.grid import Acts, captioned, image_grid
from pages.parts.grid.similar_images import ask_similar
from pages.parts.kit.text import plain, plural
from pages.parts.session.cached import KNOWN_BY

_TOP_LABELS = 20
_UNSURE = "least_sure"


def show_numbers(one: Embedding, summary: EmbeddingSummary) -> None:
    """The figures of an embedding."""
    if one.recipe.random:
        st.warning("Random weights: this network was never trained. Its labels mean nothing.", icon=":material/casino:")
    with st.container(horizontal=True, gap="medium"):
        st.metric("Images", f"{summary.images:,}", width="content")
        if summary.labels:
            st.metric("Distinct labels", f"{len(summary.labels):,}", width="content")
        st.metric("Dimensions", f"{one.recipe.dim:,}", width="content", help="Numbers that describe one image.")
        if summary.images_per_s:
            st.metric("Images/s", f"{summary.images_per_s:,.1f}", width="content")
    st.caption(plain(f"{one.recipe.origin} · {one.recipe.dtype} · preprocessing {one.recipe.preprocess}"))


def show_without(workspace: Workspace, source: Collection, one: Embedding, summary: EmbeddingSummary) -> None:
    """Images without a vector, with their reasons and a way to try again."""
    failed = {reason: number for reason, number in summary.failed.items() if reason != "waiting"}
    if not failed:
        return
    with st.expander(f"{plural(sum(failed.values()), 'image')} without a vector", icon=":material/block:"):
        for reason, number in failed.items():
            st.write(f"**{plain(title(reason))}: {plural(number, 'image')}.** {plain(sentence(reason))}")
        if TRANSIENT & failed.keys():
            st.button("Try these again", on_click=again, args=(workspace, source, one))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KNOWN_BY)
def _unseen(workspace: Workspace, source: Collection, one: Embedding, images: int) -> int:
    return count_unseen(workspace, one)


def show_new(workspace: Workspace, source: Collection, one: Embedding, images: int) -> None:
    """Say so when the collection has images that this embedding has not met."""
    number = _unseen(workspace, source, one, images)
    if number > 0:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"{plural(number, 'image')} came after this embedding was made.")
            st.button("Embed the new ones", type="primary", on_click=again, args=(workspace, source, one))


def again(workspace: Workspace, source: Collection, one: Embedding) -> None:
    """Queue the same embedding once more: it takes up what has no vector yet."""
    recipe = one.recipe
    weights = recipe.weights_file or None
    request = EmbedRequest(recipe.backbone, weights, recipe.random, recipe.preprocess, dtype=recipe.dtype)
    submit_embed(workspace, source, request)
    ensure_worker(workspace)


def show_labels(one: Embedding, summary: EmbeddingSummary) -> None:
    """The most frequent labels, and how sure the network is."""
    if not summary.labels:
        st.info("This network has no words, only features: cluster by them, and take the words from another embedding.")
        return
    names = class_names(one)
    top = summary.labels[:_TOP_LABELS]
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.caption(f"The most frequent labels, of {len(summary.labels):,}")
        table = pd.DataFrame({"label": [names[label] for label, _ in top], "images": [number for _, number in top]})
        st.bar_chart(
            table, x="label", y="images", x_label="", y_label="", horizontal=True, sort=False, height=40 + 22 * len(top)
        )
    with right:
        st.caption("Images by the probability of their label")
        edges = [f"{10 * low}-{10 * low + 10} %" for low in range(len(summary.confidence))]
        table = pd.DataFrame({"probability": edges, "images": summary.confidence})
        st.bar_chart(table, x="probability", y="images", x_label="", y_label="", sort=False, height=260)


def show_images_of(workspace: Workspace, source: Collection, one: Embedding, summary: EmbeddingSummary) -> None:
    """The images the network is least sure of, or all of them; from each, similar ones can be asked for."""
    views = ["Least sure", "All images"] if summary.unsure else ["All images"]
    view = st.segmented_control("Images", views, default=views[0], required=True, label_visibility="collapsed")
    if view == "Least sure":
        names = class_names(one)
        found = images_by_id(workspace, source.id, [entry[0] for entry in summary.unsure])
        # What a file holds now may be something else than what the label was given to.
        same = [
            entry
            for entry in summary.unsure
            if (row := found.get(entry[0])) and row.state == "ok" and row.hash == bytes.fromhex(entry[3])
        ]
        captions = {image: label_text(names[label], share) for image, label, share, _ in same}
        st.caption("The network's best guess for these is weak: mixtures, rare things, or what it has no word for.")
        image_grid(
            workspace,
            source.id,
            [found[entry[0]] for entry in same],
            key=_UNSURE,
            label="Least sure",
            about=captioned(captions),
            acts=Acts(similar=ask_similar),
        )
    else:
        show_images(workspace, source, on_similar=ask_similar)
