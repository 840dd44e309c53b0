"""What a page needs before it can show anything; where that is lacking, it says what and leads there."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.store.clusterings import Clustering, clusterings_of
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace
from pages.parts.session.embedding import current_embedding
from pages.parts.session.url_state import stop


def need_embedding(workspace: Workspace, source: Collection | None, then: str) -> tuple[Collection, Embedding]:
    """The collection and its embedding in use; without them the page ends here. then: what they would be for."""
    one = current_embedding(workspace, source) if source is not None else None
    if source is None or one is None:
        what = "Choose a folder of images first." if source is None else "No network has described these images yet."
        st.info(f"{what} {then}")
        st.page_link(
            "folder.py" if source is None else "embed.py",
            label="Go to 1 Folder" if source is None else "Go to 2 Embed",
            icon=":material/arrow_back:",
        )
        stop()
    return source, one


def need_clusterings(
    workspace: Workspace, source: Collection | None, empty: str
) -> tuple[Collection, Sequence[Clustering]]:
    """The collection and its clusterings, the newest first; without any the page says `empty` and ends here."""
    known = clusterings_of(workspace, source.id) if source is not None else []
    if source is None or not known:
        st.info(empty)
        st.page_link("cluster.py", label="Go to 4 Cluster", icon=":material/arrow_back:")
        stop()
    return source, known
