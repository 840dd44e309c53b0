"""Step 1: which folder of images, what is in it, and what is wrong with which file."""

import streamlit as st

from imclust_core.jobs.queue import Queue
from imclust_core.jobs.registry import READING
from imclust_core.store.counts import summary_of
from pages.parts.folder.choice import choose_folder, show_collections, show_trash
from pages.parts.folder.contents import show_counts, show_duplicates, show_manage, show_skipped
from pages.parts.grid.all_images import show_images
from pages.parts.jobs.panel import show_panel
from pages.parts.kit.text import plain
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.url_state import stop

workspace = open_workspace()
source = current_collection()

if source is None:
    st.title("Point at a folder of images")
    choose_folder(workspace)
    show_collections(workspace)
    show_trash(workspace)
    stop()

st.title(plain(source.name))
show_manage(workspace, source)
queue = Queue(workspace)
show_panel(workspace, queue, source, READING)
summary = summary_of(workspace, source.id)
if summary is not None:
    show_counts(summary)
    if summary.images:
        st.page_link("embed.py", label="Next: Embed", icon=":material/arrow_forward:")
    show_skipped(workspace, source, summary)
    show_duplicates(workspace, source, summary)
show_images(workspace, source, scanning=any(job.active for job in queue.open_jobs(source.id)))
