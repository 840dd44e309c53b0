"""The images that somebody has picked, as a table: whatever clusters they are in, or none."""

from collections.abc import Iterator

import numpy as np

from imclust_core.annotation.annotated import NOTHING, Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.exchange.exports.tables import csv_bytes
from imclust_core.names import display_name
from imclust_core.store.catalogue import BATCH, images_by_id, paths
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace

PICKED_COLUMNS = ("image_id", "path", "cluster", "name", "state")
_MANY = 10 * BATCH
"""From here on all paths of the collection are read at once, which is quicker than looking up each image."""


def picked_table(workspace: Workspace, source: Collection, stored: Clustering | None, image_ids: np.ndarray) -> bytes:
    """A CSV file of these images of a collection in the order of their ids, each once; others are left out.

    stored: the clustering whose clusters and names stand beside them, as people have left it; None leaves these empty,
    as they are for images that it does not have.
    """
    desk = open_desk(workspace, stored) if stored is not None else None
    rows = _rows(workspace, source, desk, np.unique(image_ids))
    return csv_bytes(PICKED_COLUMNS, rows)


def _rows(workspace: Workspace, source: Collection, desk: Desk | None, ids: np.ndarray) -> Iterator[tuple[object, ...]]:
    groups = _groups(desk, ids) if desk is not None else {}
    usable = paths(workspace, source.id) if len(ids) >= _MANY else {}
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH].tolist()
        others = images_by_id(workspace, source.id, [image for image in some if image not in usable])
        for image in some:
            path = usable[image] if image in usable else others[image].path if image in others else None
            if path is None:
                continue
            number = groups.get(image)
            said = desk.said(number) if desk is not None and number is not None else NOTHING
            yield image, display_name(path), number, said.text, said.state


def _groups(desk: Desk, ids: np.ndarray) -> dict[int, int]:
    """The group of each of these images that the desk has."""
    rows = desk.rows_at(ids)
    return dict(zip(desk.image_ids[rows].tolist(), desk.group[rows].tolist(), strict=True))
