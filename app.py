"""What `streamlit run` starts: the frame script, the routes of our own, and the guards in front of both."""

import streamlit as st

from pages.parts.failures import show_failure
from pages.parts.image_route import IMAGE_ROUTES
from pages.parts.looks_route import LOOKS_ROUTES
from pages.parts.map_route import MAP_ROUTES
from pages.parts.network_route import NETWORK_ROUTES
from pages.parts.news_route import NEWS_ROUTES
from pages.parts.serving import MIDDLEWARE, on_start

app = st.App(
    "pages/frame.py",
    routes=[*IMAGE_ROUTES, *LOOKS_ROUTES, *MAP_ROUTES, *NETWORK_ROUTES, *NEWS_ROUTES],
    middleware=MIDDLEWARE,
    lifespan=on_start,
    on_script_error=show_failure,
)
