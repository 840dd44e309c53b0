"""What the address says: kept in this visit too, since other pages drop it and it is wanted again on the way back.

The browser's Back and Forward go from one choice to another: what a run of a page keeps is told at its end, all at
once, so that a choice is one step of the browser's history.
"""

import time
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx

_KEPT, _BEFORE = "kept_from_address", "address_before"
"""The names of all that was kept in this visit, and what the address said before: name -> value -> when it changed."""
_UNTOLD, _TOLD = "address_untold", "address_told"
"""What is to be told at the end of this run; and the page and the names that were told last."""
_LATE_SECONDS = 20


def asked(key: str) -> str:
    """What the address holds, or else what this visit last kept; empty for neither."""
    now, kept = _in_address(key), _in_visit(key)
    return kept if not now or _is_late(key, now) else now


def said(key: str) -> str | None:
    """What the address holds, as it will be once the browser was told; None for nothing."""
    untold = st.session_state.get(_UNTOLD, {})
    found = untold[key] if key in untold else st.query_params.get(key)
    return str(found) if found else None


def keep(key: str, value: str) -> None:
    """Put a value into the address and keep it in this visit; an empty one takes it out of the address."""
    keep_all({key: value})


def keep_all(values: Mapping[str, str]) -> None:
    """Keep several values that are one choice."""
    for key, value in values.items():
        _remember(key, value)
        st.session_state[key] = value
    st.session_state.setdefault(_KEPT, set()).update(values)
    put(values)


def put(values: Mapping[str, str]) -> None:
    """Put values into the address only; an empty one takes its name out."""
    st.session_state[_UNTOLD] = {**st.session_state.get(_UNTOLD, {}), **values}
    context = _run()
    if context is None or context.fragment_ids_this_run:  # nobody calls `tell` after a part of a page
        tell()


def tell() -> None:
    """Tell the browser what was kept since the last time, in one step."""
    said = {key: str(value) for key, value in st.query_params.items()}
    wanted = {**said, **st.session_state.pop(_UNTOLD, {})}
    wanted = {key: value for key, value in wanted.items() if value}
    if wanted != said:
        st.query_params.from_dict(wanted)
    context = _run()
    st.session_state[_TOLD] = (context.page_script_hash if context is not None else "", tuple(wanted))


def follow_history() -> None:
    """After Back or Forward in the browser what the address says holds, and what it no longer says does not.

    An address without any value is the moment before its page had told one. On another page than before, what is
    lacking may be something that this page has no use for.
    """
    context = _run()
    if context is None or not context.is_history_navigation or not st.query_params:
        return
    page, told = st.session_state.get(_TOLD, ("", ()))
    gone = told if page == context.page_script_hash else ()
    st.session_state.pop(_BEFORE, None)
    st.session_state.pop(_UNTOLD, None)
    for key in st.session_state.get(_KEPT, ()):
        if key in st.query_params or key in gone:
            st.session_state[key] = _in_address(key)


def shows(widget: str, now: object) -> str:
    """The key of a widget, once it shows what is kept: Back in the browser changes that without its doing."""
    if st.session_state.get(widget) != now:
        st.session_state[widget] = now
    return widget


def forget() -> None:
    """Drop all that was kept, as befits another collection."""
    st.session_state.pop(_BEFORE, None)
    kept = st.session_state.get(_KEPT, ())
    for key in kept:
        st.session_state.pop(key, None)
    put(dict.fromkeys(kept, ""))


def _run() -> ScriptRunContext | None:
    return get_script_run_ctx(suppress_warning=True)  # there is none in tests


def _in_address(key: str) -> str:
    return said(key) or ""


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
