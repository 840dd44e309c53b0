"""Everything that was done to a clustering: by whom, when, and whether it still counts."""

import streamlit as st

from imclust_core.store.clusterings import clusterings_of
from pages.parts.clustering_choice import CLUSTERING_KEY
from pages.parts.compare_choice import pick_one
from pages.parts.context import current_collection, open_workspace
from pages.parts.history_table import show_history
from pages.parts.steps import next_page
from pages.parts.text import plain

workspace = open_workspace()
source = current_collection()

st.title("History" if source is None else f"History of {plain(source.name)}")
known = clusterings_of(workspace, source.id) if source is not None else []
if source is None or not known:
    st.info("Nothing was named or moved yet. Every change to a cluster will stand here, with who made it and when.")
    st.page_link(next_page("cluster"), label="Go to 4 Cluster", icon=":material/arrow_back:")
    st.stop()
show_history(workspace, pick_one(known, CLUSTERING_KEY, "Clustering", known[0]))
