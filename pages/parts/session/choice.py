"""Widgets for a choice that the address holds: each shows what the address says, and the address follows it.

What is shown stands in the key of the widget, and is its default. So Back in the browser changes the widget too; one of
a fixed key would fall back to nothing where a request lacks its state, and tell its callback so.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import streamlit as st

from pages.parts.session.url_state import asked, keep


def chosen(name: str, options: Collection[str], usual: str = "") -> str:
    """What the address says, or this visit; where that is none of the options, the usual one, or else the first."""
    return asked(name) if asked(name) in options else usual or next(iter(options))


def pick(
    label: str,
    name: str,
    options: Mapping[str, str],
    *,
    usual: str = "",
    unsaid: str = "",
    way: Literal["list", "row", "radio"] = "list",
    **how: Any,
) -> str:
    """One of some options (value -> what it is called), by a list to open, in a row, or as radio buttons.

    usual: as in `chosen`. unsaid: the usual one, where the address does not name it. how: as Streamlit's widget has it.
    """
    now, values = chosen(name, options, usual or unsaid), list(options)
    how |= bound(name, now, lambda one: "" if one == unsaid else str(one))
    how["format_func"] = lambda one: options.get(one, "")
    if way == "row":
        st.segmented_control(label, values, default=now, required=True, **how)
    elif way == "radio":
        st.radio(label, values, values.index(now), **how)
    else:
        st.selectbox(label, values, values.index(now), **how)
    return now


def pick_whether(label: str, name: str, *, can: bool = True, **how: Any) -> bool:
    """Yes or no. can: whether it can be chosen; where it cannot, the answer is no."""
    on = can and asked(name) == "1"
    st.toggle(label, on, disabled=not can, **bound(name, f"{can}-{on}", lambda yes: "1" if yes else ""), **how)
    return on


def bound(name: str, shown: object, text: Callable[[Any], str] = str) -> dict[str, Any]:
    """What binds a widget that shows this to the address. text: what the address says for a value of the widget."""
    key = f"{name}-{shown}"
    return {"key": key, "on_change": lambda: keep(name, text(st.session_state[key]))}
