"""What every page starts from: the workspace, who is looking, and the collection in the address."""

import functools
import os
from collections.abc import Container

import streamlit as st

from imclust_core.config import workspace_folder
from imclust_core.errors import CollectionError
from imclust_core.store.annotations.backups import back_up_if_due
from imclust_core.store.collections import Collection, collection
from imclust_core.store.workspace import Workspace
from pages.parts.session.url_state import forget, forget_unsaid, is_late, put, said

COLLECTION_KEY = "collection"
_WRITTEN = "collection_in_address"
_NONE = "new"


@functools.cache
def _opened(folder: str) -> Workspace:
    opened = Workspace.open(folder)
    back_up_if_due(opened)
    return opened


def open_workspace() -> Workspace:
    """The workspace of this server, opened once per process."""
    return _opened(str(workspace_folder()))


def read_address(known: Container[str]) -> str | None:
    """Take over the collection that the address names, when it names another than the one in use.

    Returns the name in the address if it is no collection of ours. Streamlit's own binding of a widget to
    the address would write the name an analyst gave, which is not unique, where a link needs the id.
    """
    asked = said(COLLECTION_KEY)
    if not asked and _WRITTEN not in st.session_state and os.environ.get("IMCLUST_OPEN") in known:
        asked = os.environ["IMCLUST_OPEN"]  # what `imclust ui --collection` was started with
    if asked == _NONE or (asked and is_late(COLLECTION_KEY, asked)):
        return None
    if asked and asked != st.session_state.get(_WRITTEN):
        if st.session_state.get(_WRITTEN):
            forget_unsaid()
        st.session_state[_WRITTEN] = asked
        if asked in known:
            st.session_state[COLLECTION_KEY] = asked
    return asked if asked and asked not in known else None


def write_address() -> None:
    """Put the collection in use into the address, so that a link to it opens the same view."""
    chosen = st.session_state.get(COLLECTION_KEY)
    if not chosen and os.environ.get("IMCLUST_OPEN"):
        chosen = _NONE  # or a reload would open what the server was started with
    st.session_state[_WRITTEN] = chosen
    put({COLLECTION_KEY: chosen or ""})


def current_collection() -> Collection | None:
    """The collection chosen in the frame and kept in the address, if it is one that is open."""
    chosen = st.session_state.get(COLLECTION_KEY)
    if not chosen:
        return None
    try:
        return collection(open_workspace(), chosen)
    except CollectionError:
        return None


def choose_collection(collection_id: str | None) -> None:
    """Make a collection the current one. Call it from a widget's callback, before the frame is drawn."""
    st.session_state[COLLECTION_KEY] = collection_id
    start_anew()
    write_address()


def start_anew() -> None:
    """Forget what was looked at in one collection, as befits another: its page of images, and all the address kept."""
    st.session_state["page"] = 1
    forget()
