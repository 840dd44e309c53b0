"""What is picked: a cluster, a branch of the tree, or a set of images. One pick for all pages, kept in the address.

A branch or a set stays at hand when a cluster is looked at after it, so that the way back to it is one click.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from imclust_core.annotation.selection import branch_in, cluster_in, pick_title, picked_images
from imclust_core.errors import ImclustError
from imclust_core.store.clusterings import Clustering, clusterings_of
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain, plural
from pages.parts.session.cached import KNOWN_BY
from pages.parts.session.clustering import CLUSTERING_KEY, PICK, drop_cluster_of_it
from pages.parts.session.url_state import asked, keep, keep_all

_OF = "pick_of"
_AT_HAND = "pick_at_hand"


@dataclass(frozen=True)
class Pick:
    """What is picked. image_ids (m,) int64, ascending; title: "cluster 7 Zebra", "branch dog, wolf", "37 images"."""

    key: str
    image_ids: np.ndarray
    title: str

    @property
    def cluster(self) -> int | None:
        """The number of the cluster that is picked; None for what is no cluster."""
        return cluster_in(self.key)


def asked_pick() -> str:
    """The key of what is picked; empty for nothing."""
    return asked(PICK)


def keep_pick(key: str, more: Mapping[str, str] | None = None) -> None:
    """Pick something, or nothing; the address follows. more: what is kept with it, as the same choice."""
    keep_all({PICK: key, **(more or {})})
    if not key:
        st.session_state.pop(_AT_HAND, None)
    elif cluster_in(key) is None:
        st.session_state[_AT_HAND] = key


def current_pick(workspace: Workspace, source: Collection, stored: Clustering | None) -> Pick | None:
    """What is picked, and the address follows; a key that leads nowhere is dropped, and said to be.

    stored: the clustering that a cluster would be of. That of another one is dropped without a word: who chooses
    another clustering means to.
    """
    key = asked_pick()
    if cluster_in(key) is not None and stored is not None:
        if st.session_state.pop(_OF, stored.id) == stored.id:
            st.session_state[_OF] = stored.id
        else:
            key = ""
    else:
        st.session_state.pop(_OF, None)
    try:
        found = _pick(workspace, source, key, stored) if key else None
    except ImclustError as error:
        st.warning(f"What was picked cannot be shown. {plain(str(error))}", icon=":material/link_off:")
        found = None
    if found is not None:
        keep_pick(found.key)
    else:
        keep(PICK, "")  # what is at hand stays there
    return found


def at_hand() -> str:
    """The branch or set that was picked last; empty for none."""
    return str(st.session_state.get(_AT_HAND, ""))


def loose_pick(
    workspace: Workspace, source: Collection, stored: Clustering | None, current: Pick | None
) -> Pick | None:
    """The branch or set that is picked, or that was before the cluster that is picked now."""
    if current is not None and current.cluster is None:
        return current
    try:
        return _pick(workspace, source, at_hand(), stored) if at_hand() else None
    except ImclustError:
        st.session_state.pop(_AT_HAND, None)  # it may be of another collection; nobody asked for it by name
        return None


def _pick(workspace: Workspace, source: Collection, key: str, stored: Clustering | None) -> Pick:
    if branch_in(key) is not None:
        return _branch(workspace, source, key, tuple(embeddings_of(workspace, source.id)))
    images = picked_images(workspace, source, key, stored)
    return Pick(key, images, pick_title(workspace, source, key, stored) or plural(len(images), "image"))


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KNOWN_BY)
def _branch(workspace: Workspace, source: Collection, key: str, embeddings: tuple[Embedding, ...]) -> Pick:
    """Read once while no images and vectors come or go: at a million images that takes seconds."""
    return Pick(key, picked_images(workspace, source, key, None), pick_title(workspace, source, key, None))


def clustering_in_use(workspace: Workspace, source: Collection) -> Clustering | None:
    """The clustering that other pages show, for one that shows none itself: what a cluster is picked of."""
    known: Sequence[Clustering] = clusterings_of(workspace, source.id)
    wanted = asked(CLUSTERING_KEY)
    if wanted and all(one.id != wanted for one in known):
        drop_cluster_of_it()
    found = next((one for one in known if one.id == wanted), known[0] if known else None)
    if found is not None and cluster_in(asked_pick()) is not None:
        keep(CLUSTERING_KEY, found.id)  # a link to this page names it too
    return found
