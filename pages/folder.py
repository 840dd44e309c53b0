"""Step 1: which folder of images, what is in it, and what is wrong with which file."""

import streamlit as st

from imclust_core.jobs.queue import Queue
from imclust_core.jobs.tasks import READING
from imclust_core.store.counts import summary_of
from pages.parts.address import stop
from pages.parts.all_images import show_images
from pages.parts.context import current_collection, open_workspace
from pages.parts.folder_choice import choose_folder, show_collections, show_trash
from pages.parts.folder_contents import show_counts, show_duplicates, show_manage, show_skipped
from pages.parts.job_panel import show_panel
from pages.parts.text import plain

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
