"""Comparisons that were made once are kept while their page is drawn again and again."""

import contextlib
from pathlib import Path

import streamlit as st

from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.comparisons import Compared, Evaluated, compared, evaluated
from imclust_core.store.workspace import Workspace


@st.cache_resource(max_entries=4, show_spinner="Comparing")
def _compared(_a: Clustering, _b: Clustering, ids: tuple[str, str], root: str) -> Compared:
    return compared(_a, _b)


def comparison_of(workspace: Workspace, a: Clustering, b: Clustering) -> Compared:
    """How two clusterings differ; ClusteringError where that cannot be said."""
    return _compared(a, b, (a.id, b.id), str(workspace.root))


@st.cache_resource(max_entries=4, show_spinner="Scoring")
def _evaluated(_workspace: Workspace, _one: Clustering, what: tuple[str, str, int, int | None], root: str) -> Evaluated:
    return evaluated(_workspace, _one, what[1])


def evaluation_of(workspace: Workspace, source: Collection, one: Clustering, where: str) -> Evaluated:
    """How well a clustering fits the truth; ClusteringError or TruthError where that cannot be said."""
    written = 0
    with contextlib.suppress(OSError, ValueError):
        written = Path(where).stat().st_mtime_ns
    return _evaluated(workspace, one, (one.id, where, written, source.scanned_at), str(workspace.root))
