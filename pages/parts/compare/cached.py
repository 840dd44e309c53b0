"""Comparisons that were made once are kept while their page is drawn again and again."""

import contextlib
from pathlib import Path

import streamlit as st

from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.comparisons import Compared, Evaluated, compared, evaluated
from imclust_core.store.workspace import Workspace
from pages.parts.session.cached import KNOWN_BY


@st.cache_resource(max_entries=4, show_spinner="Comparing", hash_funcs=KNOWN_BY)
def comparison_of(a: Clustering, b: Clustering) -> Compared:
    """How two clusterings differ; ClusteringError where that cannot be said."""
    return compared(a, b)


@st.cache_resource(max_entries=4, show_spinner="Scoring", hash_funcs=KNOWN_BY)
def _evaluated(workspace: Workspace, source: Collection, one: Clustering, where: str, written: int) -> Evaluated:
    return evaluated(workspace, one, where)


def evaluation_of(workspace: Workspace, source: Collection, one: Clustering, where: str) -> Evaluated:
    """How well a clustering fits the truth; ClusteringError or TruthError where that cannot be said."""
    written = 0
    with contextlib.suppress(OSError, ValueError):
        written = Path(where).stat().st_mtime_ns
    return _evaluated(workspace, source, one, where, written)
