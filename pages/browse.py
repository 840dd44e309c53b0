"""Step 5: look at each cluster, say what it is, and put right what is wrong."""

import streamlit as st

from pages.parts.bring_names import offer_names
from pages.parts.clustering_choice import CLUSTERING_KEY
from pages.parts.compare_choice import pick_one
from pages.parts.context import current_collection, open_workspace
from pages.parts.desk_view import show_desk
from pages.parts.export_form import show_export, show_export_job
from pages.parts.gates import need_clusterings
from pages.parts.sample_sheet import pick_view, show_sheet
from pages.parts.similar_images import show_similar_to
from pages.parts.text import plain

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
    stored = pick_one(known, CLUSTERING_KEY, "Clustering", known[0])
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
