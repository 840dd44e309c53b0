"""Step 4: sort the images into clusters, in as many ways as are worth trying."""

import streamlit as st

from imclust_core.jobs.kinds.first_k import first_k
from imclust_core.jobs.queue import Queue
from imclust_core.store.choices import last_choice
from imclust_core.store.clusterings import clusterings_of
from pages.parts.cluster.form import cluster_form, take_answer
from pages.parts.cluster.result import show_clustering
from pages.parts.cluster.run_table import run_table
from pages.parts.cluster.sweep import show_failed, try_several
from pages.parts.frame.steps import next_page
from pages.parts.jobs.panel import show_panel
from pages.parts.kit.text import plain
from pages.parts.session.clustering import current_clustering
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.embedding import pick_embedding
from pages.parts.session.prerequisites import need_embedding

workspace = open_workspace()
source = current_collection()

st.title("Cluster" if source is None else f"Cluster {plain(source.name)}")
source, one = need_embedding(workspace, source, "Its features then sort the images into clusters.")

take_answer(workspace)
known = clusterings_of(workspace, source.id)
shown = current_clustering(known)
chosen = last_choice(workspace, source.id)
here = chosen if chosen is not None and chosen.embedding_id == one.id else None
newer = shown is not None and (chosen is None or shown.created_at >= chosen.created_at)
k = shown.summary.k if shown is not None and newer and shown.summary.k else first_k(workspace, source, one)
with st.container(horizontal=True, vertical_alignment="bottom"):
    pick_embedding(workspace, source, one, manage=False)
    try_several(workspace, source, one, here, k)
if chosen is None and not known:
    st.info("No K is chosen yet. Choose K suggests one from the words the network sees and from the images.")
    st.page_link("choose_k.py", label="Go to 3 Choose K", icon=":material/arrow_back:")
cluster_form(workspace, one, here, shown, k)
show_panel(workspace, Queue(workspace), source, ("cluster", "several"))
if shown is not None:
    show_clustering(workspace, source, shown)
    st.page_link(next_page("browse"), label="Next: Browse and name", icon=":material/arrow_forward:")
show_failed(workspace, source)
run_table(workspace, source, known, shown)
