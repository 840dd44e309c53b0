"""What an analyst sees when a page fails: words, and an id to find the details in the server's log."""

import logging
import secrets

import streamlit as st

from imclust_core.errors import ImclustError
from pages.parts.kit.text import plain

log = logging.getLogger("imclust.pages")


def show_failure(error: Exception) -> bool:
    """Show an error that a page did not catch; True tells Streamlit that nothing else need be shown."""
    if isinstance(error, ImclustError):
        log.warning("shown to a visitor: %s", error)
        st.error(plain(str(error)))
        return True
    number = secrets.token_hex(4)
    log.error("error %s", number, exc_info=error)
    st.error(
        "This page could not be shown. Nothing that was saved is lost. Reload it; if it happens again, give "
        f"whoever runs the server this number, which is in its log: {number}"
    )
    return True
