"""The collection in use: chosen in the sidebar, kept in the address."""

import streamlit as st

from imclust_core.store.collections import collections
from imclust_core.store.workspace import Workspace
from pages.parts.session.context import COLLECTION_KEY, choose_collection, read_address, start_anew, write_address


def pick_collection(workspace: Workspace) -> None:
    """Draw the picker, and say so when the address names a collection that is not here."""
    names = _labels(workspace)
    missing = read_address(names)
    if st.session_state.get(COLLECTION_KEY) not in names:
        st.session_state[COLLECTION_KEY] = None
    if names:
        st.selectbox(
            "Collection",
            list(names),
            format_func=lambda one: names.get(one, one),
            key=COLLECTION_KEY,
            placeholder="Choose a collection",
            on_change=start_anew,
            persist_state="session",
        )
    if st.session_state[COLLECTION_KEY]:
        st.button("New collection", icon=":material/add:", on_click=choose_collection, args=(None,))
    elif missing:
        st.warning("The collection in this link is not here. It may have been removed.", icon=":material/link_off:")
        return  # the address stays as it is, so that a reload says the same
    write_address()


def _labels(workspace: Workspace) -> dict[str, str]:
    """The id of each collection and a name that no other has: two folders may be called "photos"."""
    labels: dict[str, str] = {}
    for one in collections(workspace):
        taken = one.name in labels.values()
        labels[one.id] = f"{one.name} ({one.id[:4]})" if taken else one.name
    return labels
