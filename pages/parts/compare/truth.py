"""A clustering against the truth: scores, who is confused with whom, and each class and cluster."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from imclust_core.clustering.truth import order_for_confusion
from imclust_core.store.clusterings import Clustering
from imclust_core.store.comparisons import Evaluated
from imclust_core.store.workspace import Workspace
from pages.parts.compare.result import names_of
from pages.parts.kit.charts import heat_map
from pages.parts.kit.scores import share_column, show_scores
from pages.parts.kit.text import plain, plural


def show_evaluation(workspace: Workspace, stored: Clustering, found: Evaluated) -> None:
    """How well the clusters fit the classes. Nothing of this reaches a clustering."""
    scores = found.scores
    st.write(
        plain(
            f"{plural(scores.images, 'image')} of {plural(len(found.classes), 'class', 'classes')} in "
            f"{plural(stored.summary.k, 'cluster')}."
        )
    )
    said = (
        ("ACC", scores.acc, "Images that are right when each cluster stands for one class, in the best way."),
        ("NMI", scores.nmi, "How much the clusters tell of the classes: 1 all, 0 nothing."),
        ("ARI", scores.ari, "How often two images are together in both or in neither, beyond chance."),
        (
            "Purity",
            scores.purity,
            "Images that are right when each cluster stands for the class of most of its images.",
        ),
    )
    show_scores((name, f"{value:.3f}", meaning) for name, value, meaning in said)
    if found.unused:
        st.caption(f"Rows of the table that name no image of this collection: {found.unused:,}.")
    names = names_of(workspace, stored)
    picture, classes, clusters = st.tabs(["Confusion", "Each class", "Each cluster"])
    with picture:
        _confusion(stored, found, names)
    best = [names[at] for at in scores.best_cluster.tolist()]
    mostly = [found.classes[at] if at >= 0 else "" for at in scores.majority.tolist()]
    with classes:
        _table(found.classes, "class", scores.class_images, {"best cluster": best, "share in it": scores.recall})
    with clusters:
        _table(names[:-1], "cluster", scores.cluster_images, {"mostly": mostly, "purity": scores.cluster_purity})


def _confusion(stored: Clustering, found: Evaluated, names: list[str]) -> None:
    rows, columns = order_for_confusion(found.scores.table)
    rows = rows[found.scores.table[rows].any(axis=1)]
    heat_map(
        found.scores.table[rows][:, columns],
        [names[row] for row in rows.tolist()],
        [found.classes[column] for column in columns.tolist()],
        "cluster",
        "class",
        key=f"confusion-{stored.id}",
    )


def _table(names: Sequence[str], what: str, images: np.ndarray, more: dict[str, Any]) -> None:
    """Classes or clusters by name with their images; the last of what there is more is a share: the lowest first."""
    columns, share = {what: names, "images": images, **more}, list(more)[-1]
    st.dataframe(pd.DataFrame(columns).sort_values(share), hide_index=True, column_config={share: share_column()})
