"""The frame around every page: the steps, the collection, the running work, and the gate in front."""

from pathlib import Path

import streamlit as st

from pages.parts.folder.upload import open_just_uploaded
from pages.parts.frame.collection_picker import pick_collection
from pages.parts.frame.steps import go_if_asked, step_pages
from pages.parts.jobs.badge import show_job_badge
from pages.parts.kit.redraw import page_is_drawn
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.sign_in import pass_gate, show_person
from pages.parts.session.url_state import begin, tell

HERE = Path(__file__).parent / "parts" / "frame"

st.set_page_config(page_title="imclust", page_icon=str(HERE / "icon.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), size="large")
pass_gate()
begin()
page_is_drawn()
workspace = open_workspace()
open_just_uploaded()
with st.sidebar:
    pick_collection(workspace)
page = st.navigation(step_pages(workspace, current_collection()))
go_if_asked()
with st.sidebar:
    show_job_badge(workspace)
    show_person()
st.set_page_config(page_title=f"{page.title} · imclust")
page.run()
tell()
