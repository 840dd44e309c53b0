"""Which host names the whole server answers to; Streamlit itself checks them on its WebSocket only."""

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

# Without this, a page of some other site that resolves to 127.0.0.1 could read the images.
MIDDLEWARE = [
    Middleware(
        TrustedHostMiddleware,
        allowed_hosts=list(st.get_option("server.allowedHosts") or ["*"]),
        www_redirect=False,
    )
]
