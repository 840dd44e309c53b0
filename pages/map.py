"""Step 6: all images at once, where the alike lie together; what is picked here is shown beside, and elsewhere."""

import streamlit as st

from imclust_core.store.clusterings import clusterings_of
from imclust_core.store.embeddings import embeddings_of
from pages.parts.grid.similar_images import show_similar
from pages.parts.kit.text import plain
from pages.parts.map.choice import Beside, pick_beside, pick_colours, pick_method
from pages.parts.map.colouring import WAYS, ways
from pages.parts.map.obtain import obtain_map
from pages.parts.map.picked import show_picked
from pages.parts.map.settings import recipe_for, show_settings
from pages.parts.map.shown import Shown, show_map
from pages.parts.map.side_by_side import show_beside
from pages.parts.session.clustering import CLUSTERING_KEY, pick_clustering, title_of
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.embedding import pick_embedding
from pages.parts.session.prerequisites import need_embedding
from pages.parts.session.selection import current_pick
from pages.parts.session.url_state import stop

HEIGHT = 620

workspace = open_workspace()
source = current_collection()

with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Map" if source is None else f"Map of {plain(source.name)}", width="stretch")
    settings = st.container(width="content")
source, one = need_embedding(workspace, source, "All images then lie on one map, the alike next to each other.")
known = clusterings_of(workspace, source.id)

# Places first: a part that looks again by itself must not be drawn before the page has them all.
choices, notices, whole, similar = (st.container() for _ in range(4))
with choices, st.container(horizontal=True, vertical_alignment="bottom"):
    method = pick_method()
    stored = pick_clustering(known, CLUSTERING_KEY, "Clustering", known[0]) if known else None
    colours_by = ways(workspace, source, one, stored)
    by = pick_colours(colours_by)
    others = embeddings_of(workspace, source.id)
    beside = pick_beside(known, stored, others, one, by_clustering=by in WAYS and WAYS[by].of_clustering)
    if len(others) > 1:
        pick_embedding(workspace, source, one, manage=False)
    recipe = recipe_for(workspace, method, stored)

with notices:
    pick = current_pick(workspace, source, stored)
with whole:
    two = beside != Beside()
    left, right = st.columns(2 if two else [1.25, 1], gap="medium")
    below = st.container() if two else right
with left:
    if two and stored is not None:
        st.caption(plain(title_of(stored)) if beside.clustering is not None else plain(one.title))
    mapped = obtain_map(workspace, one, recipe, place="map")
    if mapped is None:
        stop()
    shown = Shown(workspace, source, one, mapped, by, colours_by.get(by, ""), stored, stored, pick)
    colours = show_map(shown, key="map", height=HEIGHT)
if two:
    with right:
        show_beside(shown, recipe, beside, key="map-beside", height=HEIGHT)
with below:
    show_picked(workspace, source, stored, pick, narrow=not two)
with settings:
    show_settings(shown, recipe, colours)
with similar:
    show_similar(workspace, source, one)
