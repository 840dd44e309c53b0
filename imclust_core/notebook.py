"""Collections and embeddings as arrays, for notebooks and scripts. No torch is imported for it."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imclust_core.errors import ClusteringError, CollectionError, MapError
from imclust_core.names import path_of
from imclust_core.store.catalogue import contents, images_by_id
from imclust_core.store.clusterings import ClusterContent, Clustering, clusterings_of, read_clustering
from imclust_core.store.collections import Collection, find_collection
from imclust_core.store.embeddings import Embedding, class_names, embeddings_of, labels_of, named_embedding
from imclust_core.store.maps import MapContent, maps_of, read_map
from imclust_core.store.vectors import Located, Rows, features_at, locate, read_class_vectors, read_rows
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label


class OpenedEmbedding:
    """One embedding as arrays, all in the same order of images.

    image_ids (n,) int64; features (n, d) float32; label_ids (n, 5) int32, -1 where the network has no more words;
    labels (n, 5) of text; probabilities (n, 5) float32. Arrays are read when they are first asked for.
    """

    def __init__(self, workspace: Workspace, record: Embedding) -> None:
        self.record = record
        self._rows: Rows = read_rows(record)
        self._located: Located = locate(workspace, record, self._rows)

    @property
    def image_ids(self) -> np.ndarray:
        """The images that have a vector."""
        return self._located.image_ids

    @property
    def missing(self) -> dict[str, int]:
        """Why the other images have none: reason -> how many."""
        return dict(self._located.missing)

    @functools.cached_property
    def features(self) -> np.ndarray:
        """What went into the network's last linear layer."""
        return features_at(self.record, self._rows, self._located.rows)

    @property
    def label_ids(self) -> np.ndarray:
        """Class numbers of the five most probable classes."""
        found: np.ndarray = self._rows.labels["label"][self._located.rows]
        return found

    @property
    def probabilities(self) -> np.ndarray:
        """Their probabilities."""
        found: np.ndarray = self._rows.labels["probability"][self._located.rows]
        return found

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the network's classes."""
        return class_names(self.record)

    @functools.cached_property
    def class_labels(self) -> tuple[Label, ...]:
        """The classes with their synonyms and WordNet ids, as `imclust_core.words` wants them."""
        return labels_of(self.record)

    @property
    def class_vectors(self) -> np.ndarray | None:
        """The network's own words: a row of its last linear layer for each class. None where they were not kept."""
        return read_class_vectors(self.record)

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """The names of the five most probable classes; empty text where there are fewer."""
        names = np.array([*self.classes, ""], dtype=object)
        found: np.ndarray = names[self.label_ids]
        return found

    def __repr__(self) -> str:
        return f"<embedding {self.record.id}: {self.record.title}, {len(self.image_ids)} x {self.record.recipe.dim}>"


class OpenedCollection:
    """A collection in a notebook: its images, and the embeddings made of it."""

    def __init__(self, workspace: Workspace, record: Collection) -> None:
        self.record = record
        self._workspace = workspace

    @property
    def image_ids(self) -> np.ndarray:
        """The usable images: (n,) int64."""
        return contents(self._workspace, self.record.id)[0]

    def paths(self, image_ids: Sequence[int] | np.ndarray) -> list[Path]:
        """Where these images are, in this order."""
        wanted = [int(one) for one in image_ids]
        found = images_by_id(self._workspace, self.record.id, wanted)
        unknown = [one for one in wanted if one not in found]
        if unknown:
            raise CollectionError(
                f"Image {unknown[0]} is not in the collection {self.record.name!r}. Take ids from its embeddings or "
                "from its image_ids."
            )
        return [Path(path_of(self.record.folder, found[one].path)) for one in wanted]

    def embeddings(self) -> list[Embedding]:
        """The finished embeddings, the newest first."""
        return embeddings_of(self._workspace, self.record.id)

    def embedding(self, name: str | None = None) -> OpenedEmbedding:
        """The newest embedding, or the newest made with the backbone `name`, or the one whose id it is."""
        return OpenedEmbedding(self._workspace, named_embedding(self._workspace, self.record.id, name))

    def clusterings(self) -> list[Clustering]:
        """The clusterings, the newest first, with their scores."""
        return clusterings_of(self._workspace, self.record.id)

    def clustering(self, clustering_id: str | None = None) -> ClusterContent:
        """The newest clustering, or the one of this id, as arrays: image_ids, labels (-1 unassigned), distances."""
        known = [one for one in self.clusterings() if clustering_id in (None, one.id)]
        if not known:
            raise ClusteringError(
                f"This collection has no clustering {clustering_id or ''!r}. Make one with: imclust cluster"
            )
        return read_clustering(known[0])

    def map(self, method: str = "umap", embedding: str | None = None) -> MapContent:
        """The newest map of an embedding made like this, as arrays: image_ids, places."""
        one = named_embedding(self._workspace, self.record.id, embedding)
        found = next((each for each in maps_of(one) if each.recipe.method == method), None)
        if found is None:
            raise MapError(f"This collection has no {method!r} map of that embedding. Make one with: imclust map")
        return read_map(found)

    def __repr__(self) -> str:
        return f"<collection {self.record.id}: {self.record.name}>"


def open_collection(
    folder_or_id: str | os.PathLike[str], *, workspace: str | os.PathLike[str] | None = None
) -> OpenedCollection:
    """Open a collection that is there, by its folder or its id.

    workspace: by default the one IMCLUST_WORKSPACE names, or the user's own.

    Example: `open_collection("/data/photos").embedding("resnet152").features.shape`
    """
    opened = Workspace.open(workspace)
    return OpenedCollection(opened, find_collection(opened, os.fspath(folder_or_id)))
