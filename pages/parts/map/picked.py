"""What is picked, beside its map: with all that can be done on the desk, or as pictures where nothing is clustered."""

import streamlit as st

from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.picked import show_desk_of_pick
from pages.parts.grid.paged_images import paged_images
from pages.parts.session.selection import Pick


def show_picked(
    workspace: Workspace, source: Collection, stored: Clustering | None, pick: Pick | None, *, narrow: bool
) -> None:
    """The images that are picked; without a pick, how to make one. narrow: beside the map, not below it."""
    if stored is not None:
        show_desk_of_pick(workspace, source, stored, narrow=narrow)
    elif pick is None:
        st.caption("Nothing is picked. Draw a lasso around images, or click one: they are shown here.")
        st.caption("Once the images are clustered, you can name what you pick, and move it.")
        st.page_link("cluster.py", label="Go to 4 Cluster", icon=":material/arrow_forward:")
    else:
        paged_images(
            workspace, source, pick.image_ids, key=f"picked-{pick.key}", label="Picked images", caption=lambda _at: ""
        )
