"""What goes wrong for a reason that a person can act on: shown on the page, or kept until it is drawn."""

import contextlib
from collections.abc import Iterator

import streamlit as st

from imclust_core.errors import ImclustError
from pages.parts.kit.text import plain


@contextlib.contextmanager
def trouble_shown() -> Iterator[None]:
    """Show what is wrong in the place of what is drawn within."""
    try:
        yield
    except ImclustError as error:
        st.error(plain(str(error)))


@contextlib.contextmanager
def trouble_kept(name: str) -> Iterator[None]:
    """Keep what is wrong under a name of this visit: a callback runs before there is a place to show it."""
    try:
        yield
    except ImclustError as error:
        st.session_state[name] = str(error)


def show_trouble(name: str) -> None:
    """Show once what was kept."""
    if trouble := st.session_state.pop(name, ""):
        st.error(plain(trouble))
