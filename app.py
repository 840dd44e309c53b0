"""What `streamlit run` starts: the frame script, the image route, and the guards in front of both."""

import streamlit as st

from pages.parts.failures import show_failure
from pages.parts.hosts import MIDDLEWARE
from pages.parts.image_route import ROUTES

app = st.App("pages/frame.py", routes=ROUTES, middleware=MIDDLEWARE, on_script_error=show_failure)
