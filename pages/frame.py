"""The frame around every page: the steps, the collection, the running work, and the gate in front."""

from pathlib import Path

import streamlit as st

from pages.parts.address import begin, tell
from pages.parts.collection_picker import pick_collection
from pages.parts.context import current_collection, open_workspace
from pages.parts.job_badge import show_job_badge
from pages.parts.sign_in import pass_gate, show_person
from pages.parts.steps import step_pages
from pages.parts.upload import open_just_uploaded

PARTS = Path(__file__).parent / "parts"

st.set_page_config(page_title="imclust", page_icon=str(PARTS / "icon.svg"), layout="wide")
st.logo(str(PARTS / "logo.svg"), size="large")
pass_gate()
begin()
workspace = open_workspace()
open_just_uploaded()
with st.sidebar:
    pick_collection(workspace)
page = st.navigation(step_pages(workspace, current_collection()))
with st.sidebar:
    show_job_badge(workspace)
    show_person()
st.set_page_config(page_title=f"{page.title} · imclust")
page.run()
tell()
