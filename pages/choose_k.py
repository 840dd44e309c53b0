"""Step 3: how many clusters, from the words the network sees and from the images themselves."""

import time

import pandas as pd
import streamlit as st

from imclust_core.store.choices import last_choice
from imclust_core.store.trees import find_evidence, state_of
from pages.parts.kit.text import plain, plural
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.embedding import pick_embedding
from pages.parts.session.prerequisites import need_embedding
from pages.parts.session.url_state import stop
from pages.parts.tree.evidence_job import closer_look
from pages.parts.tree.explore import explore
from pages.parts.tree.recipe import current_recipe, obtain_tree, tree_settings

workspace = open_workspace()
source = current_collection()

st.title("Choose K" if source is None else f"Choose K for {plain(source.name)}")
source, one = need_embedding(
    workspace,
    source,
    "The words it sees in them, and the images themselves, then suggest how many clusters there are.",
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    pick_embedding(workspace, source, one, manage=False)
    recipe = current_recipe()
    tree_settings(recipe)
stored = obtain_tree(workspace, source, one, recipe)
if stored is None:
    stop()

chosen = last_choice(workspace, source.id)
if chosen is not None:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(chosen.created_at))
    st.caption(f"K = {chosen.k} was chosen {when}{f' by {plain(chosen.author)}' if chosen.author else ''}.")
lacking = sum(label.images for label in stored.without)
if stored.labels < 2:
    if lacking:
        st.warning(
            "None of the labels, or only one, has a vector in these words. Choose others under How the tree is made."
        )
    else:
        st.info(
            "The network says the same word for all images, or none, so there is no tree of labels. The images alone "
            "speak for K."
        )
found = find_evidence(workspace, one, state_of(one, source))
explore(workspace, source, one, stored, found)
closer_look(workspace, one, found)
if stored.without:
    with st.expander(f"{plural(len(stored.without), 'label')} without a vector, of {plural(lacking, 'image')}"):
        st.write(f"{plural(stored.unplaced, 'image')} have no other label, and so are in no group of the tree.")
        st.dataframe(
            pd.DataFrame([(one.name, one.images) for one in stored.without], columns=["label", "images"]),
            hide_index=True,
        )
