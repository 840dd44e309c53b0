"""What the colours of a map are made of, in the map's order, and kept for as long as it stays true."""

import numpy as np
import streamlit as st

from imclust_core.annotation.predictions import said_of
from imclust_core.arrays.lookup import found_by
from imclust_core.names import display_name
from imclust_core.store.catalogue import paths
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding, class_names
from imclust_core.store.maps import MapContent, StoredMap, read_map
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace


@st.cache_resource(max_entries=4, show_spinner=False)
def _content(_mapped: StoredMap, _about: str, path: str, made: float) -> MapContent:
    return read_map(_mapped)


def map_content(mapped: StoredMap) -> MapContent:
    """The arrays of a map, read once for as long as it is looked at."""
    return _content(mapped, mapped.id, str(mapped.path), mapped.created_at)


@st.cache_data(max_entries=8, show_spinner=False)
def _state(_workspace: Workspace, _one: Embedding, about: tuple[str, str, int | None, int | None]) -> str:
    rows = read_rows(_one)
    return locate(_workspace, _one, rows).state(rows)


def vectors_state(workspace: Workspace, one: Embedding) -> str:
    """What a map made now would be of; looked up once after each scan and embedding."""
    source = collection(workspace, one.collection_id)
    return _state(workspace, one, (str(workspace.root), one.id, one.finished_at, source.scanned_at))


@st.cache_resource(max_entries=8, show_spinner=False)
def _rows(_image_ids: np.ndarray, _mapped: StoredMap, path: str, made: float, clustering_id: str) -> np.ndarray:
    return rows_among(map_content(_mapped).image_ids, _image_ids).astype(np.int32)


def rows_in_clustering(mapped: StoredMap, image_ids: np.ndarray, clustering_id: str) -> np.ndarray:
    """The row of each image of a map (n,) in a clustering of these images, or -1."""
    return _rows(image_ids, mapped, str(mapped.path), mapped.created_at, clustering_id)


@st.cache_resource(max_entries=4, show_spinner=False)
def _first_labels(
    _workspace: Workspace, _one: Embedding, _mapped: StoredMap, path: str, made: float, state: str
) -> tuple[np.ndarray, np.ndarray]:
    said = said_of(_workspace, _one, map_content(_mapped).image_ids)
    return said.label_ids[:, 0].copy(), said.probabilities[:, 0].copy()


def first_labels(workspace: Workspace, one: Embedding, mapped: StoredMap, state: str) -> tuple[np.ndarray, np.ndarray]:
    """The most probable label of each image of a map (n,), -1 for none, and its probability (n,)."""
    return _first_labels(workspace, one, mapped, str(mapped.path), mapped.created_at, state)


@st.cache_resource(max_entries=16, show_spinner=False)
def _names(_one: Embedding, folder: str, finished_at: int | None) -> tuple[str, ...]:
    return class_names(_one)


def names_of(one: Embedding) -> tuple[str, ...]:
    """What the classes of an embedding's network are called. Every page asks, and the file is not small."""
    return _names(one, str(one.folder), one.finished_at)


@st.cache_resource(max_entries=4, show_spinner=False)
def _folders(
    _workspace: Workspace, root: str, collection_id: str, scanned_at: int | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    known = paths(_workspace, collection_id)
    numbers: dict[bytes, int] = {b"": -1}
    of = [numbers.setdefault(path.rpartition(b"/")[0].rpartition(b"/")[2], len(numbers) - 1) for path in known.values()]
    # Folders of two places, or with letters that nobody can read, may look the same: then they are one class.
    names, place = np.unique([display_name(folder) for folder in numbers if folder], return_inverse=True)
    ids, folder = np.fromiter(known, np.int64, len(known)), np.array(of, np.int64)
    order = np.argsort(ids, kind="stable")
    classes = np.append(place, -1)[folder]  # the last answers for images in no folder
    return ids[order], classes[order], tuple(names.tolist())


def folders_of(workspace: Workspace, source: Collection) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The truth by folders: image ids (m,), ascending, the class of each or -1, and the names of the classes."""
    return _folders(workspace, str(workspace.root), source.id, source.scanned_at)


def rows_among(wanted: np.ndarray, image_ids: np.ndarray) -> np.ndarray:
    """The place of each wanted image among others in whatever order, or -1."""
    return found_by(wanted, image_ids, np.arange(len(image_ids)))


def taken(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The values at these places; -1 where the place is -1."""
    found: np.ndarray = np.append(values, -1)[at]
    return found
