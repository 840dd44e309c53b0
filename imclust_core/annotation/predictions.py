"""What the network says of the images of a clustering, read once from their embedding."""

from dataclasses import dataclass

import numpy as np

from imclust_core.store.embeddings import Embedding
from imclust_core.store.shards import TOP
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace


@dataclass(frozen=True)
class Said:
    """What the network says of n images: label_ids (n, m), the most probable first, -1 for none, and probabilities."""

    label_ids: np.ndarray
    probabilities: np.ndarray


def said_of(workspace: Workspace, one: Embedding, image_ids: np.ndarray) -> Said:
    """The most probable labels of these images (n,); none for those that have no vector any more."""
    rows = read_rows(one)
    at = locate(workspace, one, rows).rows_of(image_ids)
    there = at >= 0
    label_ids = np.full((len(image_ids), TOP), -1, np.int32)
    probabilities = np.zeros((len(image_ids), TOP), np.float32)
    found = rows.labels[at[there]]
    label_ids[there], probabilities[there] = found["label"], found["probability"]
    return Said(label_ids, probabilities)
