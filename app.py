"""What `streamlit run` starts: the frame script, the routes of our own, and the guards in front of both."""

import streamlit as st

from pages.parts.annotate.news_route import NEWS_ROUTES
from pages.parts.frame.errors import show_failure
from pages.parts.frame.server import MIDDLEWARE, on_start
from pages.parts.images.route import IMAGE_ROUTES
from pages.parts.kit.assets import ASSET_ROUTES, below_base
from pages.parts.map.route import MAP_ROUTES
from pages.parts.network.route import NETWORK_ROUTES
from pages.parts.saliency.route import LOOKS_ROUTES

app = st.App(
    "pages/frame.py",
    routes=below_base(ASSET_ROUTES, IMAGE_ROUTES, LOOKS_ROUTES, MAP_ROUTES, NETWORK_ROUTES, NEWS_ROUTES),
    middleware=MIDDLEWARE,
    lifespan=on_start,
    on_script_error=show_failure,
)
