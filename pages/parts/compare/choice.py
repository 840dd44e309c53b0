"""What is compared: a clustering with another one or with the truth, kept in the address."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.truth import FOLDERS, has_folders
from imclust_core.store.workspace import Workspace
from pages.parts.session.choice import pick
from pages.parts.session.url_state import asked, keep, keep_all, stop

A, B = "a", "b"
_WITH = "with"
_TRUTH = "truth"
_ANOTHER = "another"
_TYPED = "truth_typed"
_MODES = {_ANOTHER: "Another clustering", _TRUTH: "The truth"}


def compare_these(a: str, b: str) -> None:
    """Choose two clusterings to be compared; the address follows."""
    keep_all({_WITH: _ANOTHER, A: a, B: b})


def against_truth(known: Sequence[Clustering]) -> bool:
    """Whether the truth is looked at; the only thing there is while there is but one clustering."""
    usual = _ANOTHER if len(known) > 1 else _TRUTH
    return pick("Compare with", _WITH, _MODES, usual=usual, way="row") == _TRUTH


def pick_truth(workspace: Workspace, source: Collection) -> str | None:
    """Where the truth is: in folder names or in a table; None while that is not said."""
    by_folder = _folders(workspace, source.id, source.scanned_at)
    now = asked(_TRUTH)
    keep(_TRUTH, now)
    widget = f"truth-{source.id}-{now}"
    st.text_input(
        "Where the truth is",
        value=now,
        placeholder="the folders the images lie in" if by_folder else "/data/truth.csv",
        help="Empty: the name of each image's folder. Or the full path of a CSV file with the columns path and class.",
        key=widget,
        on_change=_take_truth,
        args=(widget,),
    )
    if not now:
        return FOLDERS if by_folder else None
    # A file is not read because a link says so.
    if st.session_state.get(_TYPED) != now:
        st.button("Read this file", on_click=_take_truth, args=(widget,))
        stop()
    return now


def _take_truth(widget: str) -> None:
    file = str(st.session_state[widget]).strip()
    st.session_state[_TYPED] = file
    keep(_TRUTH, file)


@st.cache_data(max_entries=16, show_spinner=False)
def _folders(_workspace: Workspace, collection_id: str, _scanned_at: int | None) -> bool:
    return has_folders(_workspace, collection_id)
