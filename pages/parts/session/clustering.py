"""The clustering that is looked at: the newest, or the one that was chosen, kept in the address."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.annotation.selection import cluster_in
from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.store.clusterings import ClusterContent, Clustering, read_clustering
from pages.parts.session.cached import KNOWN_BY
from pages.parts.session.choice import pick
from pages.parts.session.url_state import asked, keep, put

CLUSTERING_KEY, PICK = "clustering", "pick"


def current_clustering(
    known: Sequence[Clustering], key: str = CLUSTERING_KEY, usual: Clustering | None = None
) -> Clustering | None:
    """The clustering that the address, or else this visit, names under this key; else the usual one, or the newest."""
    wanted = asked(key)
    chosen = next((one for one in known if one.id == wanted), None)
    if wanted and chosen is None:
        st.warning("The clustering in this link is not here. It may have been deleted.", icon=":material/link_off:")
        drop_cluster_of_it(key)
    keep(key, chosen.id if chosen is not None else "")
    found = chosen or usual or (known[0] if known else None)
    if found is not None:
        put({key: found.id})  # so that the link shows the same when there are others
    return found


def drop_cluster_of_it(key: str = CLUSTERING_KEY) -> None:
    """Forget the cluster that was picked of a clustering that is gone: in another one its number means other images."""
    if key == CLUSTERING_KEY and cluster_in(asked(PICK)) is not None:
        keep(PICK, "")


def use_clustering(clustering_id: str, key: str = CLUSTERING_KEY) -> None:
    """Choose a clustering; the address follows."""
    keep(key, clustering_id)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=KNOWN_BY)
def content_of(stored: Clustering) -> ClusterContent:
    """The arrays of a clustering, read once; ClusteringError where they cannot be."""
    return read_clustering(stored)


def title_of(stored: Clustering) -> str:
    """What a person calls a clustering: "k-means · K = 20 · l2"."""
    strategy = STRATEGIES.get(stored.recipe.strategy)
    parts = [strategy.title if strategy is not None else stored.recipe.strategy, f"K = {stored.summary.k}"]
    if strategy is None or not strategy.by_words:
        parts.append(stored.recipe.reduce)
    if stored.recipe.seed:
        parts.append(f"seed {stored.recipe.seed}")
    return " · ".join(parts)


def titles_of(known: Sequence[Clustering]) -> dict[str, str]:
    """A title for each of these, by id, that no other has: with its embedding, or its place, where it takes that."""
    titles: dict[str, str] = {}
    several = len({one.summary.embedding for one in known}) > 1
    for one in reversed(known):
        title = f"{title_of(one)} · {one.summary.embedding}" if several else title_of(one)
        titles[one.id] = f"{title} ({one.id[:4]})" if title in titles.values() else title
    return {one.id: titles[one.id] for one in known}


def pick_clustering(known: Sequence[Clustering], key: str, label: str, usual: Clustering) -> Clustering:
    """A clustering: the one in the address, or else the usual one."""
    one = current_clustering(known, key, usual) or usual
    pick(label, key, titles_of(known), usual=one.id)
    return one
