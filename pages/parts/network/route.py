"""Pictures of the inside of a network: `/inside/{embedding}/{what}`, made of what the worker has kept."""

import re
from urllib.parse import urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from imclust_core.errors import ImclustError
from imclust_core.images.thumbnails import SIZES
from imclust_core.store.catalogue import ImageRow, image
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.feature_maps import read_maps, read_survey, strongest
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import is_proven, proof
from pages.parts.kit.assets import base_path
from pages.parts.network.pictures import filter_sheet, map_over_picture, map_sheet
from pages.parts.session.context import open_workspace

MOST_FILTERS = 256
MOST_MAPS = 64
_NUMBER = re.compile("[0-9]{1,15}")
_NEVER = {"Cache-Control": "no-store"}
_KEEP = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def filters_address(workspace: Workspace, one: Embedding) -> str:
    """Where the sheet of a network's first kernels is."""
    return _address(workspace, one, "filters", {})


def maps_address(workspace: Workspace, one: Embedding, layer: str, row: ImageRow, channel: int | None) -> str:
    """Where the sheet of `shown_channels` is."""
    also = {} if channel is None else {"channel": str(channel)}
    return _address(workspace, one, "maps", {"layer": layer, **also, **_named(row)})


def channel_address(workspace: Workspace, one: Embedding, layer: str, row: ImageRow, channel: int) -> str:
    """Where one channel is, to be laid over the picture."""
    return _address(workspace, one, "channel", {"layer": layer, "channel": str(channel), **_named(row)})


def shown_channels(maps: np.ndarray, channel: int | None) -> np.ndarray:
    """The channels (m,) on the sheet: those that say most of an image, the strongest first, and before them the chosen
    one where it is not among them."""
    found = strongest(maps, MOST_MAPS)
    return found if channel is None or channel in found else np.concatenate([[channel], found[:-1]])


def _named(row: ImageRow) -> dict[str, str]:
    return {"image": str(row.id), "v": (row.hash or b"").hex()[:16]}


def _address(workspace: Workspace, one: Embedding, what: str, query: dict[str, str]) -> str:
    named = f"{urlencode(query)}&" if query else ""
    return f"{base_path()}/inside/{one.id}/{what}?{named}{proof(workspace, _about(one.id))}"


def _about(embedding_id: str) -> str:
    return f"inside/{embedding_id}"


def serve_inside(request: Request) -> Response:
    """Answer one request for a picture; runs in the server's thread pool."""
    workspace, query, asked = open_workspace(), request.query_params, request.path_params
    if not is_proven(workspace, _about(asked["embedding"]), query.get("until", ""), query.get("sign", "")):
        return PlainTextResponse("Open the page again to see this.", 403, _NEVER)
    try:
        one = embedding(workspace, asked["embedding"])
        if asked["what"] == "filters":
            return _filters(one)
        return _maps(request, workspace, one)
    except ImclustError as error:
        return PlainTextResponse(str(error), 404, _NEVER)


def _filters(one: Embedding) -> Response:
    found = read_survey(one)
    if found is None or found.filters is None:
        return _missing()
    return Response(filter_sheet(found.filters[:MOST_FILTERS]), media_type="image/png", headers=_KEEP)


def _maps(request: Request, workspace: Workspace, one: Embedding) -> Response:
    """A layer's channels of an image: the strongest on a sheet, or one to be laid over the picture."""
    query, found = request.query_params, read_survey(one)
    layer = found.layer(query.get("layer", "")) if found is not None else None
    number, asked = query.get("image", ""), query.get("channel", "")
    if layer is None or not _NUMBER.fullmatch(number) or not (asked == "" or _NUMBER.fullmatch(asked)):
        return _missing()
    channel = int(asked) if asked else None
    row = image(workspace, one.collection_id, int(number))
    maps = read_maps(one, layer, row.hash) if row is not None and row.hash else None
    if row is None or maps is None or (channel or 0) >= len(maps):
        return _missing()
    if request.path_params["what"] == "maps":
        data = map_sheet(maps[shown_channels(maps, channel)])
    elif request.path_params["what"] == "channel" and channel is not None:
        data = map_over_picture(maps[channel], one, row.width or 1, row.height or 1, SIZES["view"])
    else:
        return _missing()
    # Only an address that names the content may be kept for good.
    named = (row.hash or b"").hex()[:16] == query.get("v")
    return Response(data, media_type="image/png", headers=_KEEP if named else _NEVER)


def _missing() -> Response:
    return PlainTextResponse("There is no such picture, or not any more. Open the page again.", 404, _NEVER)


NETWORK_ROUTES = [Route("/inside/{embedding}/{what}", serve_inside, methods=["GET"])]
