"""Step 2: which pretrained network describes the images, and what it says of them."""

import streamlit as st

from imclust_core.jobs.queue import Queue
from imclust_core.store.catalogue import count_images
from pages.parts.embed.backbone_cards import choose_backbone
from pages.parts.embed.job import show_embedding_job
from pages.parts.embed.results import show_images_of, show_labels, show_new, show_numbers, show_without
from pages.parts.grid.similar_images import show_similar
from pages.parts.kit.text import plain, plural
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.embedding import current_embedding, pick_embedding
from pages.parts.session.url_state import stop

workspace = open_workspace()
source = current_collection()

st.title("Embed" if source is None else f"Embed {plain(source.name)}")
images = count_images(workspace, source.id) if source is not None else 0
if source is None or not images:
    what = "Choose a folder of images first." if source is None else "This collection has no image yet. Scan it first."
    st.info(f"{what} A pretrained network then describes every image: features to cluster by, and labels in words.")
    st.page_link("folder.py", label="Go to 1 Folder", icon=":material/arrow_back:")
    stop()

running = show_embedding_job(workspace, Queue(workspace), source)
one = current_embedding(workspace, source)
if one is None or one.summary is None:
    if running is None:
        st.write(f"Which network shall describe these {plural(images, 'image')}?")
        choose_backbone(workspace, source, images)
    stop()

pick_embedding(workspace, source, one, busy=running is not None)
if running is None:
    show_new(workspace, source, one, images)
show_numbers(one, one.summary)
st.page_link("choose_k.py", label="Next: Choose K", icon=":material/arrow_forward:")
show_without(workspace, source, one, one.summary)
show_labels(one, one.summary)
show_similar(workspace, source, one)
show_images_of(workspace, source, one, one.summary)
if running is None:
    with st.expander("Embed with another network", icon=":material/memory:"):
        choose_backbone(workspace, source, images)
