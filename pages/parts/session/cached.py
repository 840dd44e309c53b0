"""What answers that are kept hang on: each thing is known by what changes when it does."""

from collections.abc import Callable
from typing import Any

from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import StoredMap
from imclust_core.store.workspace import Workspace

KNOWN_BY: dict[str | type[Any], Callable[[Any], Any]] = {
    Workspace: lambda one: str(one.root),
    Collection: lambda one: (one.id, one.scanned_at),
    Embedding: lambda one: (str(one.folder), one.finished_at),
    Clustering: lambda one: str(one.path),
    StoredMap: lambda one: (str(one.path), one.created_at),
}
"""For Streamlit's caches, as their hash_funcs."""
