"""What the address says: kept in this visit too, since other pages drop it and it is wanted again on the way back."""

import time

import streamlit as st

_KEPT, _BEFORE = "kept_from_address", "address_before"
"""The names of all that was kept in this visit, and what the address said before: name -> value -> when it changed."""
_LATE_SECONDS = 20


def asked(key: str) -> str:
    """What the address holds, or else what this visit last kept; empty for neither."""
    said, kept = _in_address(key), _in_visit(key)
    return kept if not said or _is_late(key, said) else said


def keep(key: str, value: str) -> None:
    """Put a value into the address and keep it in this visit; an empty one takes it out of the address."""
    _remember(key, value)
    st.session_state[key] = value
    st.session_state.setdefault(_KEPT, set()).add(key)
    if value and st.query_params.get(key) != value:
        st.query_params[key] = value
    elif not value and key in st.query_params:
        del st.query_params[key]


def forget() -> None:
    """Drop all that was kept, as befits another collection."""
    st.session_state.pop(_BEFORE, None)
    for key in st.session_state.get(_KEPT, ()):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def _in_address(key: str) -> str:
    return str(st.query_params.get(key) or "")


def _in_visit(key: str) -> str:
    return str(st.session_state.get(key) or "")


def _is_late(key: str, said: str) -> bool:
    """Whether the browser said this before it heard of the newest value.

    Each request brings the address that the page had when it was sent. One that was on its way while another one
    changed the address, as those of a fragment that runs by itself are, would change it back.
    """
    changed = st.session_state.get(_BEFORE, {}).get(key, {}).get(said)
    return changed is not None and time.monotonic() - changed < _LATE_SECONDS


def _remember(key: str, value: str) -> None:
    now, every = time.monotonic(), st.session_state.setdefault(_BEFORE, {})
    known = {old: when for old, when in every.get(key, {}).items() if now - when < _LATE_SECONDS}
    every[key] = {**known, **dict.fromkeys((_in_address(key), _in_visit(key)), now)}
    every[key].pop(value, None)
