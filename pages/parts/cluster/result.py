"""A clustering: its figures, and a card for each cluster: how tight, how stable, a few of its images."""

import streamlit as st

from imclust_core.store.catalogue import usable_images
from imclust_core.store.clusterings import ClusterContent, Clustering, ClusterSummary
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.cards.cards import Card, show_cards
from pages.parts.grid.grid import image_grid
from pages.parts.kit.scores import stability_text
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.clustering import content_of, title_of

_PICTURES = 5
_IN_FULL = 60
_MOST_CARDS = 500
_CARDS = "cluster_cards"
_PICKED = "cluster_picked"
_HELP = {
    "Silhouette": "How much nearer images are to their own cluster than to the next one, from -1 to 1.",
    "Stability": "How far clusters come back when part of the images is clustered anew: 1 is whole, below 0.6 chance.",
    "Calinski-Harabasz": "Spread between clusters over spread within: the higher the better, among like K.",
    "Davies-Bouldin": "How much each cluster overlaps the one most like it: the lower the better.",
}


def show_clustering(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    """All of a clustering, the largest cluster first."""
    summary = stored.summary
    st.subheader(plain(title_of(stored)))
    _figures(summary)
    for note in summary.notes:
        st.info(plain(note))
    with trouble_shown():
        content = content_of(stored)
        if summary.k:
            st.fragment(_clusters)(workspace, source, stored, content)
        else:
            st.info("No dense region stands out, so no image is in a cluster. Reduce to fewer numbers, like PCA to 50.")


def _figures(summary: ClusterSummary) -> None:
    smallest, largest = min(summary.sizes, default=0), max(summary.sizes, default=0)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Images", f"{summary.images:,}", width="content")
        st.metric("Sizes", f"{smallest:,} to {largest:,}", width="content")
        if summary.unassigned:
            st.metric("Unassigned", f"{summary.unassigned:,}", width="content")
        for name, value in (
            ("Silhouette", summary.silhouette),
            ("Stability", summary.mean_stability),
            ("Calinski-Harabasz", summary.calinski_harabasz),
            ("Davies-Bouldin", summary.davies_bouldin),
        ):
            if value is not None:
                shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
                st.metric(name, shown, width="content", help=_HELP[name])
    st.caption(plain(f"{summary.embedding} · {summary.seconds:.1f} s · inertia {summary.inertia:,.1f}"))


def _clusters(workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent) -> None:
    def pick(node: int) -> None:
        st.session_state[_PICKED] = node

    show_cards(workspace, source, _cards(stored.summary, content), None, key=_CARDS, on_pick=pick, wide=True)
    if stored.summary.k > _MOST_CARDS:
        st.caption(f"The {_MOST_CARDS} largest of {stored.summary.k:,} clusters are shown.")
    chosen = st.session_state.pop(_PICKED, None)
    if chosen is not None and -1 <= chosen < stored.summary.k:
        _in_full(workspace, source, stored, content, chosen)


def _cards(summary: ClusterSummary, content: ClusterContent) -> list[Card]:
    largest = max(summary.sizes)
    cards = [
        Card(
            cluster,
            summary.numbers[cluster],
            plural(summary.sizes[cluster], "image"),
            stability_text(summary.stability[cluster]),
            f"cohesion {summary.cohesion[cluster]:.2f}",
            content.typical(cluster, _PICTURES),
            summary.sizes[cluster] / largest,
        )
        for cluster in range(min(summary.k, _MOST_CARDS))
    ]
    if summary.unassigned:
        size, some = plural(summary.unassigned, "image"), content.typical(-1, _PICTURES)
        cards.append(Card(-1, 0, size, "unassigned", "in no cluster", some))
    return cards


def _in_full(workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent, one: int) -> None:
    """More images of one cluster, the most typical first, over the page."""
    name = f"Cluster {stored.summary.numbers[one]}" if one >= 0 else "Unassigned images"
    size = stored.summary.sizes[one] if one >= 0 else stored.summary.unassigned
    ids = content.typical(one, _IN_FULL)
    usable = usable_images(workspace, source.id, ids)

    @st.dialog(name, width="large")
    def show() -> None:
        shown = f", the {len(ids)} most typical" if size > len(ids) else ", the most typical first"
        st.caption(f"{plural(size, 'image')}{shown}")
        image_grid(workspace, source.id, usable, key="cluster_images", label=f"Images of {name.lower()}")

    show()
