"""What `streamlit run` starts: the frame script, the image route, and the guards in front of both."""

import streamlit as st

from pages.parts.failures import show_failure
from pages.parts.image_route import ROUTES
from pages.parts.serving import MIDDLEWARE, on_start

app = st.App("pages/frame.py", routes=ROUTES, middleware=MIDDLEWARE, lifespan=on_start, on_script_error=show_failure)
