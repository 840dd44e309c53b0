"""The desk: clusters down the side, one of them in full with its name above, and the keys for all of it."""

import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.cluster_list import show_shelf
from pages.parts.annotate.group import show_group
from pages.parts.annotate.shown_group import ShownGroup, open_group
from pages.parts.annotate.state import FILTERS, ONLY, begin_desk, choose_group, shown_groups
from pages.parts.kit.redraw import redraw_if_asked
from pages.parts.kit.scores import stability_text
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.choice import pick
from pages.parts.session.clustering import content_of

SHELF = "shelf"


def show_desk(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    """All of the desk; what others do to it shows up within a second or two."""
    with trouble_shown():
        content = content_of(stored)
        begin_desk(stored)
        st.fragment(_desk)(workspace, source, stored, content)


def _desk(workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent) -> None:
    redraw_if_asked()
    shown = open_group(workspace, source, stored, content)
    if shown is None:
        return
    side, middle = st.columns([1, 3.4], gap="medium")
    with side:
        _side(shown)
    with middle:
        show_group(shown)


def _side(shown: ShownGroup) -> None:
    desk = shown.desk
    done, covered = desk.named
    clusters, images = len(desk.clusters), len(desk.group)
    st.progress(done / max(1, clusters), text=f"{done:,} of {clusters:,} named · {covered:,} of {images:,} images")
    pick("Show", ONLY, FILTERS, unsaid="all", label_visibility="collapsed")
    listed = shown_groups(desk)
    with st.container():
        if not listed:
            st.caption("No cluster is left here." if desk.clusters else "This clustering has no clusters.")
    show_shelf(
        desk,
        listed,
        shown.number,
        lambda one: _facts(shown.stored, desk, one),
        key=SHELF,
        picked=shown.pick.image_ids if shown.pick is not None else None,
        called=shown.pick.title if shown.pick is not None else "",
        on_pick=choose_group,
    )


def _facts(stored: Clustering, desk: Desk, number: int) -> str:
    """How stable a cluster is; not said of one that people have changed."""
    numbers = stored.summary.numbers
    if number not in numbers:
        return "made by hand" if number > 0 else ""
    if number in desk.touched:
        return "changed by hand"
    return stability_text(stored.summary.stability[numbers.index(number)])
