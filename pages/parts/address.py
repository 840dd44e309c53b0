"""What the address says: kept in this visit too, since other pages drop it and it is wanted again on the way back."""

import streamlit as st

_KEPT = "kept_from_address"
"""The names of all that was kept in this visit."""


def asked(key: str) -> str:
    """What the address holds, or else what this visit last kept; empty for neither."""
    return str(st.query_params.get(key) or st.session_state.get(key) or "")


def keep(key: str, value: str) -> None:
    """Put a value into the address and keep it in this visit; an empty one takes it out of the address."""
    st.session_state[key] = value
    st.session_state.setdefault(_KEPT, set()).add(key)
    if value and st.query_params.get(key) != value:
        st.query_params[key] = value
    elif not value and key in st.query_params:
        del st.query_params[key]


def forget() -> None:
    """Drop all that was kept, as befits another collection."""
    for key in st.session_state.get(_KEPT, ()):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
