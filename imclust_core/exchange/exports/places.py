"""A map as a table: where each image lies."""

from imclust_core.exchange.exports.tables import csv_bytes
from imclust_core.names import display_name
from imclust_core.store.catalogue import paths
from imclust_core.store.collections import Collection
from imclust_core.store.maps import MapContent
from imclust_core.store.workspace import Workspace


def places_table(workspace: Workspace, source: Collection, content: MapContent) -> bytes:
    """CSV: id, path and the two coordinates of each image. Images that were removed since have an empty path."""
    known = paths(workspace, source.id)
    rows = zip(content.image_ids.tolist(), content.places.tolist(), strict=True)
    return csv_bytes(
        ("image", "path", "x", "y"),
        ((image, display_name(known.get(image, b"")), round(x, 5), round(y, 5)) for image, (x, y) in rows),
    )
