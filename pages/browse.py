"""Step 5: look at each cluster, say what it is, and put right what is wrong."""

import streamlit as st

from pages.parts.annotate.view import show_desk
from pages.parts.browse.carry_names import offer_names
from pages.parts.browse.contact_sheet import pick_view, show_sheet
from pages.parts.browse.export_form import show_export, show_export_job
from pages.parts.grid.similar_images import show_similar_to
from pages.parts.kit.text import plain
from pages.parts.session.clustering import CLUSTERING_KEY, pick_clustering
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.prerequisites import need_clusterings

workspace = open_workspace()
source = current_collection()

st.title("Browse and name" if source is None else f"Browse and name {plain(source.name)}")
source, known = need_clusterings(
    workspace,
    source,
    "There are no clusters yet. Once the images are sorted into clusters, you look at each here and name it.",
)

# All places first, filled afterwards: a fragment that is drawn while the page is would look for its place in vain.
choices, notices, desk, similar = (st.container() for _ in range(4))
with choices, st.container(horizontal=True, vertical_alignment="bottom"):
    stored = pick_clustering(known, CLUSTERING_KEY, "Clustering", known[0])
    as_sheet = pick_view()
    show_export(workspace, stored)
with notices:
    show_export_job(workspace, source)
    offer_names(workspace, known, stored)
with desk:
    if as_sheet:
        show_sheet(workspace, source, stored)
    else:
        show_desk(workspace, source, stored)
with similar:
    if not as_sheet:
        show_similar_to(workspace, source, stored)
