"""The arrays of a map on their way to the browser, `/map/{embedding}/{map}/{what}`, and back what was picked on it.

Plain numbers, little end first, in the map's order: a million places are eight million bytes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from imclust_core.annotation.selection import picked_images
from imclust_core.arrays.lookup import rows_among
from imclust_core.errors import ImclustError, SelectionError
from imclust_core.store.clusterings import Clustering, clustering
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.maps import StoredMap, stored_map
from imclust_core.store.selections import keep_selection
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import is_proven
from pages.parts.map.address import about_map, content_tag, made
from pages.parts.map.colouring import colouring
from pages.parts.map.sources import map_content
from pages.parts.session.context import open_workspace

_VERSION = re.compile("[0-9]{1,15}")
_ID = np.dtype("<f8")
_NEVER = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_AS_IT_IS = {"Content-Encoding": "identity"}
"""Or the server would compress it, while everybody waits: half a second for a million places, to save a tenth."""
_KEEP = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class _Asked:
    """A request by somebody who may make it. query: its parameters, and no text for those it has not."""

    workspace: Workspace
    source: Collection
    one: Embedding
    mapped: StoredMap
    query: Callable[[str], str]

    def clustering(self) -> Clustering | None:
        """The clustering it names, if it names one."""
        return clustering(self.workspace, self.query("clustering")) if self.query("clustering") else None


def serve_map(request: Request) -> Response:
    """Answer one request for an array; runs in the server's thread pool."""
    try:
        asked = _asked(request)
        answer = _ANSWERS.get(request.path_params["what"], _nothing)
        return answer(asked) if asked is not None else _refused()
    except ImclustError as error:
        return PlainTextResponse(str(error), 404, _NEVER)


async def hear_pick(request: Request) -> Response:
    """Keep the images that somebody has picked on a map, and answer with the key of the pick."""
    try:
        asked = await run_in_threadpool(_asked, request)
        if asked is None:
            return _refused()
        body = await _body(request, asked.mapped.images * _ID.itemsize)
        return await run_in_threadpool(_kept, asked, body)
    except SelectionError as error:
        return PlainTextResponse(str(error), 400, _NEVER)
    except ImclustError as error:
        return PlainTextResponse(str(error), 404, _NEVER)
    except ClientDisconnect:
        return Response(status_code=400)  # which nobody reads


def _asked(request: Request) -> _Asked | None:
    """What is asked for, or None where no page of ours made the address."""
    workspace, where, query = open_workspace(), request.path_params, request.query_params
    about = about_map(where["embedding"], where["map"])
    if not is_proven(workspace, about, query.get("until", ""), query.get("sign", "")):
        return None
    one = embedding(workspace, where["embedding"])
    source = collection(workspace, one.collection_id)
    return _Asked(workspace, source, one, stored_map(one, where["map"]), lambda name: query.get(name, ""))


def _refused() -> Response:
    return PlainTextResponse("Open the page again to see this.", 403, _NEVER)


def _nothing(_asked: _Asked) -> Response:
    return PlainTextResponse("A map has no such part. Open the page again.", 404, _NEVER)


def _places(asked: _Asked) -> Response:
    return _array(map_content(asked.mapped).places, "<f4", asked.query("v") == made(asked.mapped))


def _ids(asked: _Asked) -> Response:
    return _array(map_content(asked.mapped).image_ids, _ID, asked.query("v") == made(asked.mapped))


def _values(asked: _Asked) -> Response:
    """Codes go with what a page says they mean: those that the address does not name are no use to it."""
    version = asked.query("version")
    found = colouring(
        asked.workspace,
        asked.one,
        asked.mapped,
        asked.query("by"),
        asked.clustering(),
        int(version) if _VERSION.fullmatch(version) else None,
    )
    if found.tag != asked.query("v"):
        return PlainTextResponse("The colours have changed meanwhile. Open the page again to see them.", 409, _NEVER)
    return _array(found.codes, "<u2", True)


def _picked(asked: _Asked) -> Response:
    ids = picked_images(asked.workspace, asked.source, asked.query("pick"), asked.clustering())
    at = rows_among(ids, map_content(asked.mapped).image_ids)
    return _array(at[at >= 0], "<u4", asked.query("v") == content_tag(ids))


def _array(values: np.ndarray, kind: str | np.dtype, kept: bool) -> Response:
    """kept: whether the address names the very content, so that browsers need never ask again."""
    data = np.ascontiguousarray(values, dtype=kind).tobytes()
    headers = {**(_KEEP if kept else _NEVER), **_AS_IT_IS}
    return Response(data, media_type="application/octet-stream", headers=headers)


async def _body(request: Request, most: int) -> bytes:
    """What was sent; SelectionError as soon as it is more than this."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise SelectionError("More images were picked than there are on this map. Open the page again.")
    return bytes(body)


def _kept(asked: _Asked, body: bytes) -> Response:
    if len(body) % _ID.itemsize:
        raise SelectionError("What was sent are no ids of images, 8 bytes for each. Open the page again.")
    sent = np.frombuffer(body, _ID)
    known = map_content(asked.mapped).image_ids
    ids = np.where(np.isfinite(sent) & (np.abs(sent) < 2**53), sent, 0).astype(np.int64)
    at = rows_among(ids, known)
    if (ids != sent).any() or (at < 0).any():
        raise SelectionError("Some of these images are not on this map. Open the page again, and pick anew.")
    picked = np.zeros(len(known), bool)
    picked[at] = True
    key = keep_selection(asked.workspace, asked.source.id, known[picked])
    return JSONResponse({"pick": key, "images": int(picked.sum())}, headers=_NEVER)


_ANSWERS: dict[str, Callable[[_Asked], Response]] = {
    "places": _places,
    "ids": _ids,
    "values": _values,
    "picked": _picked,
}

MAP_ROUTES = [
    Route("/map/{embedding}/{map}/pick", hear_pick, methods=["POST"]),
    Route("/map/{embedding}/{map}/{what}", serve_map, methods=["GET"]),
]
