"""Drawing the whole page from within a fragment: its callbacks run before it, and may not ask for that themselves."""

import streamlit as st

_ASKED = "redraw_page"


def redraw_page() -> None:
    """Ask, in a callback, for the whole page to be drawn and not only the fragment the widget is in."""
    st.session_state[_ASKED] = True


def redraw_if_asked() -> None:
    """At the top of a fragment: draw the whole page where a callback asked for it."""
    if st.session_state.pop(_ASKED, False):
        st.rerun()


def page_is_drawn() -> None:
    """At the start of the whole page: nobody needs to draw it once more."""
    st.session_state.pop(_ASKED, None)
