"""A map of a collection's images that no method made."""

import numpy as np

from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import MapContent, MapRecipe, StoredMap, keep_map
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.helpers.trees import newest

PCA = MapRecipe("pca")


def mapped(workspace: Workspace, source: Collection, *, without: int = 0, strangers: int = 0) -> StoredMap:
    """A map of a collection's images by no method: without the first few, and with some that are not of it."""
    one = newest(workspace, source)
    ids = locate(workspace, one, read_rows(one)).image_ids[without:]
    ids = np.concatenate([ids, ids.max() + 1000 + np.arange(strangers)])
    places = np.random.default_rng(0).normal(size=(len(ids), 2)).astype(np.float32)
    return kept(one, MapContent(ids, places))


def kept(one: Embedding, content: MapContent, recipe: MapRecipe = PCA) -> StoredMap:
    return keep_map(one, recipe, "state", content, seconds=1, trustworthiness=None)
