"""Everything that was done to a clustering: by whom, when, and whether it still counts."""

import streamlit as st

from pages.parts.browse.history import show_history
from pages.parts.kit.text import plain
from pages.parts.session.clustering import CLUSTERING_KEY, pick_clustering
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.prerequisites import need_clusterings

workspace = open_workspace()
source = current_collection()

st.title("History" if source is None else f"History of {plain(source.name)}")
_, known = need_clusterings(
    workspace, source, "Nothing was named or moved yet. Every change to a cluster will stand here, with who made it."
)
show_history(workspace, pick_clustering(known, CLUSTERING_KEY, "Clustering", known[0]))
