"""Everything that was done to a clustering: by whom, when, and whether it still counts."""

import streamlit as st

from pages.parts.clustering_choice import CLUSTERING_KEY
from pages.parts.compare_choice import pick_one
from pages.parts.context import current_collection, open_workspace
from pages.parts.gates import need_clusterings
from pages.parts.history_table import show_history
from pages.parts.text import plain

workspace = open_workspace()
source = current_collection()

st.title("History" if source is None else f"History of {plain(source.name)}")
_, known = need_clusterings(
    workspace, source, "Nothing was named or moved yet. Every change to a cluster will stand here, with who made it."
)
show_history(workspace, pick_one(known, CLUSTERING_KEY, "Clustering", known[0]))
