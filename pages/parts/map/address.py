"""Where a map's widget gets its arrays, tells what was picked, and finds the pictures of its images."""

import hashlib
from urllib.parse import urlencode

import numpy as np

from imclust_core.store.clusterings import Clustering
from imclust_core.store.maps import StoredMap
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import every_thumbnail, proof
from pages.parts.kit.assets import base_path
from pages.parts.map.codes import Colouring


def places_address(workspace: Workspace, mapped: StoredMap) -> str:
    """Where the places of a map are: x and y of each image in turn, float32."""
    return _address(workspace, mapped, "places", {"v": made(mapped)})


def ids_address(workspace: Workspace, mapped: StoredMap) -> str:
    """Where the ids of a map's images are: float64, which is the only kind of number that JavaScript has."""
    return _address(workspace, mapped, "ids", {"v": made(mapped)})


def values_address(
    workspace: Workspace, mapped: StoredMap, by: str, stored: Clustering | None, colours: Colouring
) -> str:
    """Where the codes of a colouring are: uint16. It names what they are, so it is another one when they are."""
    asked = {"by": by, "clustering": stored.id if stored is not None else ""}
    return _address(workspace, mapped, "values", {**asked, "version": str(colours.version), "v": colours.tag})


def picked_address(
    workspace: Workspace, mapped: StoredMap, pick: str, stored: Clustering | None, image_ids: np.ndarray
) -> str:
    """Where the places of what is picked are: uint32, in the map's order.

    image_ids: what is picked now; the address is another one when they are others.
    """
    asked = {"pick": pick, "clustering": stored.id if stored is not None else ""}
    return _address(workspace, mapped, "picked", {**asked, "v": content_tag(image_ids)})


def pick_address(workspace: Workspace, mapped: StoredMap) -> str:
    """Where ids of images are posted, float64, that somebody has picked; it answers with the key of the pick."""
    return _address(workspace, mapped, "pick", {})


def thumb_template(workspace: Workspace, collection_id: str) -> str:
    """Where the small picture of any image of a collection is, for whoever puts its number in the place of {id}."""
    return f"{base_path()}/image/{collection_id}/{{id}}/thumb?{proof(workspace, every_thumbnail(collection_id))}"


def about_map(embedding_id: str, map_id: str) -> str:
    """What the addresses of a map are about."""
    return f"map/{embedding_id}/{map_id}"


def made(mapped: StoredMap) -> str:
    """What tells a map from one that was made again in its place."""
    return f"{mapped.created_at:.6f}"


def content_tag(image_ids: np.ndarray) -> str:
    """What stands for a set of images, given in order."""
    return hashlib.blake2b(image_ids.astype("<i8").tobytes(), digest_size=8).hexdigest()


def _address(workspace: Workspace, mapped: StoredMap, what: str, query: dict[str, str]) -> str:
    about = about_map(mapped.embedding_id, mapped.id)
    named = f"{urlencode(query)}&" if query else ""
    return f"{base_path()}/{about}/{what}?{named}{proof(workspace, about)}"
