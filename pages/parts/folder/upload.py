"""Uploading images or a zip from the browser into a folder of the workspace."""

import streamlit as st

from imclust_core.images.formats import EXTENSIONS
from imclust_core.jobs.kinds.uploads import Upload, receive
from imclust_core.jobs.starting import ensure_worker
from imclust_core.store.workspace import Workspace
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.context import choose_collection


def upload_images(workspace: Workspace) -> None:
    """Take files from the analyst's own machine and start a collection with them."""
    with st.form("upload", border=False, clear_on_submit=True):
        name = st.text_input("Name of the collection", placeholder="My photographs")
        files = st.file_uploader(
            "Images, or one zip of images", type=[*sorted(EXTENSIONS), "zip"], accept_multiple_files=True
        )
        sent = st.form_submit_button("Upload and scan")
    if not sent:
        return
    with trouble_shown():
        source = receive(workspace, [Upload(file.name, file) for file in files], name)
        ensure_worker(workspace)
        st.session_state["just_uploaded"] = source.id
        st.rerun()


def open_just_uploaded() -> None:
    """Choose the collection of the last upload, at the start of the run after it."""
    fresh = st.session_state.pop("just_uploaded", None)
    if fresh:
        choose_collection(fresh)
