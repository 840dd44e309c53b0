"""What the address says: kept in this visit too, since other pages drop it and it is wanted again on the way back.

The browser's Back and Forward go from one choice to another: what a run of a page keeps is told at its end, so that a
choice is one step of the browser's history where it can be.
"""

import time
from collections.abc import Mapping
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx

from imclust_core.recent import Recent

_KEPT, _BEFORE = "kept_from_address", "address_before"
"""The names of all that was kept in this visit, and what the address said before: name -> value -> when it changed."""
_UNTOLD, _TOLD, _SEEN = "address_untold", "address_told", "address_seen"
"""What a page has yet to tell at the end of its run; which names a page told last; and all that was kept at addresses
that this visit was at: page and address -> name -> value."""
_SEEN_MOST = 300
_LATE_SECONDS = 20


def asked(key: str) -> str:
    """What the address holds, or else what this visit last kept; empty for neither."""
    now, kept = _in_address(key), _in_visit(key)
    return kept if not now or is_late(key, now) else now


def said(key: str) -> str | None:
    """What the address holds, as it will be once the browser was told; None for nothing."""
    untold = _untold()
    found = untold[key] if key in untold else st.query_params.get(key)
    return str(found) if found else None


def keep(key: str, value: str) -> None:
    """Put a value into the address and keep it in this visit; an empty one takes it out of the address."""
    keep_all({key: value})


def keep_all(values: Mapping[str, str]) -> None:
    """Keep several values that are one choice."""
    for key, value in values.items():
        _remember(key, value, _in_address(key), _in_visit(key))
        st.session_state[key] = value
    st.session_state.setdefault(_KEPT, set()).update(values)
    put(values)


def put(values: Mapping[str, str]) -> None:
    """Put values into the address only; an empty one takes its name out."""
    run = _run()
    st.session_state[_UNTOLD] = (_page(), {**_untold(), **values})
    if run is None or run.fragment_ids_this_run:  # nobody calls `tell` after a part of a page
        tell()


def tell() -> None:
    """Tell the browser what was kept since the last time, if possible in one step.

    A run that begins itself anew tells nothing: what it kept is told at the end of the next one.
    """
    before = {key: str(value) for key, value in st.query_params.items()}
    changed = {key: value for key, value in _untold().items() if value != before.get(key, "")}
    for key, value in changed.items():
        _remember(key, value, before.get(key, ""))
        if not value:
            del st.query_params[key]
    if more := {key: value for key, value in changed.items() if value}:
        st.query_params.update(more)
    st.session_state.pop(_UNTOLD, None)
    page = _page()
    st.session_state[_TOLD] = (page, tuple(st.query_params))
    seen = st.session_state.setdefault(_SEEN, Recent(_SEEN_MOST))
    seen[_here(page)] = {key: _in_visit(key) for key in st.session_state.get(_KEPT, ())}


def stop() -> NoReturn:
    """End a page early, with its address told."""
    tell()
    st.stop()


def begin() -> None:
    """What a whole run of a page begins with.

    What another page had yet to tell does not belong to this one's address. After Back or Forward in the browser what
    the address says holds, and what it no longer says is as it was when this page told that address. On another page
    than before, what is lacking may be something that this page has no use for.
    """
    run = _run()
    if run is None:
        return
    if st.session_state.get(_UNTOLD, ("",))[0] != run.page_script_hash:
        st.session_state.pop(_UNTOLD, None)
    if not run.is_history_navigation:
        return
    page, told = st.session_state.get(_TOLD, ("", ()))
    was = st.session_state.get(_SEEN, {}).get(_here(page)) if page == run.page_script_hash else None
    st.session_state.pop(_UNTOLD, None)
    kept = st.session_state.get(_KEPT, ())
    now = {key: was.get(key, "") for key in kept if key in told} if was is not None else {}
    now |= {key: _in_address(key) for key in kept if key in st.query_params}
    left = {key: _in_visit(key) for key in now}
    st.session_state[_BEFORE] = {key: {old: time.monotonic()} for key, old in left.items() if old != now[key]}
    for key, value in now.items():
        st.session_state[key] = value


def forget() -> None:
    """Drop all that was kept, as befits another collection."""
    st.session_state.pop(_BEFORE, None)
    kept = st.session_state.get(_KEPT, ())
    for key in kept:
        st.session_state.pop(key, None)
    put(dict.fromkeys(kept, ""))


def forget_unsaid() -> None:
    """Drop what was kept and the address does not say: after a link to another collection it is of the one before."""
    for key in st.session_state.get(_KEPT, ()):
        if not _in_address(key):
            st.session_state.pop(key, None)


def _run() -> ScriptRunContext | None:
    return get_script_run_ctx(suppress_warning=True)  # there is none in tests


def _page() -> str:
    run = _run()
    return run.page_script_hash if run is not None else ""


def _untold() -> dict[str, str]:
    found: dict[str, str] = st.session_state.get(_UNTOLD, ("", {}))[1]
    return found


def _here(page: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return page, frozenset((key, str(value)) for key, value in st.query_params.items())


def _in_address(key: str) -> str:
    return said(key) or ""


def _in_visit(key: str) -> str:
    return str(st.session_state.get(key) or "")


def is_late(key: str, said: str) -> bool:
    """Whether the browser said this before it heard of the newest value.

    Each request brings the address that the page had when it was sent. One that was on its way while another one
    changed the address, as those of a fragment that runs by itself are, would change it back.
    """
    changed = st.session_state.get(_BEFORE, {}).get(key, {}).get(said)
    return changed is not None and time.monotonic() - changed < _LATE_SECONDS


def _remember(key: str, value: str, *before: str) -> None:
    now, every = time.monotonic(), st.session_state.setdefault(_BEFORE, {})
    known = {old: when for old, when in every.get(key, {}).items() if now - when < _LATE_SECONDS}
    every[key] = {**known, **dict.fromkeys(before, now)}
    every[key].pop(value, None)
