"""What the colours of a map are made of, in the map's order, and kept for as long as it stays true."""

import numpy as np
import streamlit as st

from imclust_core.annotation.predictions import said_of
from imclust_core.arrays.lookup import rows_among
from imclust_core.names import display_name
from imclust_core.store.catalogue import paths
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding, class_names
from imclust_core.store.maps import MapContent, StoredMap, read_map
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace
from pages.parts.session.cached import KNOWN_BY


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KNOWN_BY)
def map_content(mapped: StoredMap) -> MapContent:
    """The arrays of a map, read once for as long as it is looked at."""
    return read_map(mapped)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=KNOWN_BY)
def _state(workspace: Workspace, one: Embedding, source: Collection) -> str:
    rows = read_rows(one)
    return locate(workspace, one, rows).state(rows)


def vectors_state(workspace: Workspace, one: Embedding) -> str:
    """What a map made now would be of; looked up once after each scan and embedding."""
    return _state(workspace, one, collection(workspace, one.collection_id))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=KNOWN_BY)
def rows_in_clustering(mapped: StoredMap, _image_ids: np.ndarray, clustering_id: str) -> np.ndarray:
    """The row of each image of a map (n,) in a clustering of these images, or -1."""
    return rows_among(map_content(mapped).image_ids, _image_ids).astype(np.int32)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KNOWN_BY)
def first_labels(
    workspace: Workspace, source: Collection, one: Embedding, mapped: StoredMap
) -> tuple[np.ndarray, np.ndarray]:
    """The most probable label of each image of a map (n,), -1 for none, and its probability (n,)."""
    said = said_of(workspace, one, map_content(mapped).image_ids)
    return said.label_ids[:, 0].copy(), said.probabilities[:, 0].copy()


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KNOWN_BY)
def names_of(one: Embedding) -> tuple[str, ...]:
    """What the classes of an embedding's network are called. Every page asks, and the file is not small."""
    return class_names(one)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KNOWN_BY)
def folders_of(workspace: Workspace, source: Collection) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The truth by folders: image ids (m,), ascending, the class of each or -1, and the names of the classes."""
    known = paths(workspace, source.id)
    numbers: dict[bytes, int] = {b"": -1}
    of = [numbers.setdefault(path.rpartition(b"/")[0].rpartition(b"/")[2], len(numbers) - 1) for path in known.values()]
    # Folders of two places, or with letters that nobody can read, may look the same: then they are one class.
    names, place = np.unique([display_name(folder) for folder in numbers if folder], return_inverse=True)
    ids, folder = np.fromiter(known, np.int64, len(known)), np.array(of, np.int64)
    order = np.argsort(ids, kind="stable")
    classes = np.append(place, -1)[folder]  # the last answers for images in no folder
    return ids[order], classes[order], tuple(names.tolist())


def taken(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The values at these places; -1 where the place is -1."""
    found: np.ndarray = np.append(values, -1)[at]
    return found
