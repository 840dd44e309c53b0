"""What the network says of the images of a clustering, read once from their embedding."""

import numpy as np

from imclust_core.naming.ordering import Said
from imclust_core.store.embeddings import Embedding
from imclust_core.store.shards import TOP
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace


def said_of(workspace: Workspace, one: Embedding, image_ids: np.ndarray) -> Said:
    """The most probable labels of these images (n,); none for those that have no vector any more."""
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    label_ids = np.full((len(image_ids), TOP), -1, np.int32)
    probabilities = np.zeros((len(image_ids), TOP), np.float32)
    if len(located.image_ids):
        at = np.searchsorted(located.image_ids, image_ids).clip(max=len(located.image_ids) - 1)
        there = located.image_ids[at] == image_ids
        found = rows.labels[located.rows[at[there]]]
        label_ids[there], probabilities[there] = found["label"], found["probability"]
    return Said(label_ids, probabilities)
