"""One group of a clustering, as a page shows it: a cluster, what is in none, or what is picked across clusters."""

import functools
from dataclasses import dataclass

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.errors import ImclustError
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.state import PICKED, current_group, tick_picked
from pages.parts.kit.text import plain
from pages.parts.session.selection import Pick, current_pick, loose_pick


@dataclass(frozen=True)
class ShownGroup:
    """number: a cluster, `UNASSIGNED`, `ASIDE` or `PICKED`. pick: the branch or set that `PICKED` is, or would be."""

    workspace: Workspace
    source: Collection
    stored: Clustering
    desk: Desk
    content: ClusterContent
    number: int
    pick: Pick | None

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """The places of its images on the desk."""
        if self.number != PICKED or self.pick is None:
            return self.desk.rows_of(self.number)
        return self.desk.rows_at(self.pick.image_ids)

    @property
    def elsewhere(self) -> int:
        """How many of the picked images this clustering does not have."""
        return len(self.pick.image_ids) - len(self.rows) if self.pick is not None and self.number == PICKED else 0


def open_group(
    workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent
) -> ShownGroup | None:
    """The group that is looked at now; None, and why, where the names cannot be read."""
    with st.container():  # there without a word too, so that nothing behind it moves
        try:
            desk = open_desk(workspace, stored, content)
        except ImclustError as error:
            st.error(plain(str(error)))
            return None
        pick = loose_pick(workspace, source, stored, current_pick(workspace, source, stored))
    number = current_group(desk)
    tick_picked(desk, number, pick)
    return ShownGroup(workspace, source, stored, desk, content, number, pick)
