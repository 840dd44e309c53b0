"""The clusterings of a collection as a table: to sort, to look at, to compare, to delete."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from imclust_core.annotation.editing import open_desk
from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.errors import ImclustError
from imclust_core.store.annotations.events import labelled_clusterings
from imclust_core.store.clusterings import Clustering, remove_clustering, restore_clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.compare.choice import compare_these
from pages.parts.frame.steps import go_to
from pages.parts.kit.text import plural
from pages.parts.session.clustering import CLUSTERING_KEY, use_clustering
from pages.parts.session.url_state import asked, keep

_REMOVED = "clusterings_removed"
_NUMBERS = {
    "silhouette": "%.3f",
    "stability": "%.2f",
    "Calinski-Harabasz": "%.1f",
    "Davies-Bouldin": "%.2f",
    "seconds": "%.1f",
}


def run_table(workspace: Workspace, source: Collection, known: Sequence[Clustering], shown: Clustering | None) -> None:
    """The table with what can be done about its rows."""
    _undo(workspace, source)
    if not known:
        return
    st.subheader(plural(len(known), "clustering"))
    st.caption("Select one to show it, two to compare them. A click on a column sorts by it.")
    selection = st.dataframe(
        _table(workspace, known, shown),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={name: st.column_config.NumberColumn(format=form) for name, form in _NUMBERS.items()},
        key=f"runs-{len(known)}-{known[0].id}",
    )
    chosen = [known[at] for at in selection["selection"]["rows"] if at < len(known)]
    ids = [one.id for one in chosen]
    with st.container(horizontal=True):
        st.button(
            "Show", on_click=use_clustering, args=tuple(ids[:1]), disabled=len(ids) != 1, icon=":material/visibility:"
        )
        st.button("Compare", on_click=_compare, args=(ids,), disabled=len(ids) != 2, icon=":material/compare_arrows:")
        st.button(
            "Delete", on_click=_remove, args=(workspace, source.id, ids), disabled=not ids, icon=":material/delete:"
        )


def _table(workspace: Workspace, known: Sequence[Clustering], shown: Clustering | None) -> pd.DataFrame:
    """A row for each clustering, without the columns of which nothing is known."""
    said = labelled_clusterings(workspace)
    rows = [
        _row(one, shown is not None and one.id == shown.id, _named(workspace, one) if one.id in said else None)
        for one in known
    ]
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _named(workspace: Workspace, one: Clustering) -> str | None:
    """How many of its clusters have names, as they are now."""
    try:
        desk = open_desk(workspace, one)
    except ImclustError:
        return None
    return f"{desk.named[0]} of {len(desk.clusters)}"


def _row(one: Clustering, shown: bool, named: str | None) -> dict[str, object]:
    summary = one.summary
    strategy = STRATEGIES.get(one.recipe.strategy)
    return {
        "": "shown" if shown else "",
        "strategy": strategy.title if strategy is not None else one.recipe.strategy,
        "reduction": one.recipe.reduce,
        "K": summary.k,
        "silhouette": summary.silhouette,
        "stability": summary.mean_stability,
        "Calinski-Harabasz": summary.calinski_harabasz,
        "Davies-Bouldin": summary.davies_bouldin,
        "named": named,
        "smallest": min(summary.sizes, default=0),
        "largest": max(summary.sizes, default=0),
        "unassigned": summary.unassigned,
        "seed": one.recipe.seed,
        "embedding": summary.embedding,
        "seconds": summary.seconds,
        "made": time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_at)),
        "author": one.author or None,
    }


def _compare(ids: Sequence[str]) -> None:
    compare_these(ids[1], ids[0])
    go_to("compare")


def _remove(workspace: Workspace, collection_id: str, ids: Sequence[str]) -> None:
    for one in ids:
        remove_clustering(workspace, one)
    if asked(CLUSTERING_KEY) in ids:
        keep(CLUSTERING_KEY, "")
    st.session_state[_REMOVED] = (collection_id, tuple(ids))


def _undo(workspace: Workspace, source: Collection) -> None:
    """A way back for what was deleted last."""
    collection_id, ids = st.session_state.get(_REMOVED, ("", ()))
    if ids and collection_id == source.id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{plural(len(ids), 'clustering')} deleted.", width="content")
            st.button("Undo", on_click=_restore, args=(workspace, ids), type="tertiary", icon=":material/undo:")


def _restore(workspace: Workspace, ids: Sequence[str]) -> None:
    for one in ids:
        restore_clustering(workspace, one)
    del st.session_state[_REMOVED]
