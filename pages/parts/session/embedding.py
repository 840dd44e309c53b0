"""The embedding in use: the newest, or the one that was chosen, kept in the address."""

import time

import pandas as pd
import streamlit as st

from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embeddings_of, remove_embedding
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain
from pages.parts.session.choice import pick
from pages.parts.session.url_state import asked, keep

EMBEDDING_KEY = "embedding"


def current_embedding(workspace: Workspace, source: Collection) -> Embedding | None:
    """The finished embedding that the address, or else this visit, names; the newest where neither does."""
    known = embeddings_of(workspace, source.id)
    wanted = asked(EMBEDDING_KEY)
    chosen = next((one for one in known if one.id == wanted), None)
    use_embedding(chosen.id if chosen is not None else None)
    return chosen or (known[0] if known else None)


def use_embedding(embedding_id: str | None) -> None:
    """Choose an embedding, or none, so that the newest is shown; the address follows."""
    keep(EMBEDDING_KEY, embedding_id or "")


def pick_embedding(
    workspace: Workspace, source: Collection, one: Embedding, *, busy: bool = False, manage: bool = True
) -> None:
    """Which embedding is shown, and, where it is managed, what can be done with it."""
    known = {entry.id: entry for entry in embeddings_of(workspace, source.id)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(known) > 1:
            titles = {entry.id: entry.title for entry in known.values()}
            pick("Embedding", EMBEDDING_KEY, titles, usual=one.id, width=420)
            if manage:
                with st.popover("Compare", icon=":material/table_chart:"):
                    _compare(list(known.values()))
        else:
            st.subheader(plain(one.title), width="content")
        if not manage:
            return
        with st.popover("Remove", icon=":material/delete:", key=f"remove-{one.id}", disabled=busy):
            st.write("Deletes these vectors. The images are not touched, and the network can be run again.")
            st.button("Remove embedding", on_click=_remove, args=(workspace, one))


def _compare(known: list[Embedding]) -> None:
    rows = [
        {
            "network": entry.title,
            "dimensions": entry.recipe.dim,
            "images": entry.summary.images,
            "distinct labels": len(entry.summary.labels),
            "images/s": entry.summary.images_per_s,
            "made": time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.finished_at)),
        }
        for entry in known
        if entry.summary is not None
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _remove(workspace: Workspace, one: Embedding) -> None:
    use_embedding(None)
    remove_embedding(workspace, one.id)
