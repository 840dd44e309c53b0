"""The desk beside a map: what is picked, with its name bar and its images, and the keys for both."""

import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.store.annotations.events import newest_event
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.cluster_list import show_shelf
from pages.parts.annotate.group import show_group
from pages.parts.annotate.shown_group import open_group
from pages.parts.annotate.state import begin_desk, choose_group, groups_of
from pages.parts.kit.redraw import redraw_if_asked
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.clustering import content_of
from pages.parts.session.selection import asked_pick

_DRAWN, _SHELF = "desk_of_pick_drawn", "map_shelf"
_NONE = -10
"""The number of no group, so that none on the shelf is the chosen one."""


def show_desk_of_pick(workspace: Workspace, source: Collection, stored: Clustering, *, narrow: bool) -> None:
    """The images that are picked; without a pick, how to make one. narrow: beside the map, not below it.

    What is done here to the pick or to the clusters is drawn on the whole page, since the map shows it too.
    """
    with trouble_shown():
        content = content_of(stored)
        st.session_state[_DRAWN] = _state(workspace, stored)
        begin_desk(stored)
        st.fragment(_desk)(workspace, source, stored, content, narrow)


def _state(workspace: Workspace, stored: Clustering) -> tuple[str, int]:
    """What the rest of the page has to be drawn anew for."""
    return asked_pick(), newest_event(workspace, stored.id)


def _desk(workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent, narrow: bool) -> None:
    redraw_if_asked()
    with trouble_shown():
        if _state(workspace, stored) != st.session_state.get(_DRAWN):
            st.rerun()
        if not asked_pick():
            _offer_clusters(open_desk(workspace, stored, content))
        elif shown := open_group(workspace, source, stored, content):
            show_group(shown, narrow=narrow)


def _offer_clusters(desk: Desk) -> None:
    """Nothing is picked: how to pick images, and all clusters to pick one."""
    st.caption("Draw a lasso around images on the map, or choose a cluster: its images are shown here, to be named.")
    show_shelf(desk, groups_of(desk), _NONE, lambda _one: "", key=_SHELF, on_pick=choose_group)
