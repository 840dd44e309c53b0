"""Numbered messages of widgets: one that is sent again, because the server was busy, counts once."""

from typing import Any, TypeGuard

import streamlit as st

_LARGEST = 2**53  # of the whole numbers a browser can tell from the next


def is_count(value: object) -> TypeGuard[int]:
    """Whether what a browser sent is a whole number above 0 that it can tell from the next."""
    return type(value) is int and 0 < value < _LARGEST


def heard(key: str) -> int:
    """The number of the last message of this widget that was heard; widgets are told it as `heard`."""
    return int(st.session_state.get(_name(key), 0))


def is_news(key: str, told: Any) -> bool:
    """Whether a message {"count": its number, ...} was not heard before; from now on it was."""
    count = told.get("count") if isinstance(told, dict) else None
    if not is_count(count) or count <= heard(key):
        return False
    st.session_state[_name(key)] = count
    return True


def _name(key: str) -> str:
    return f"{key}-heard"
