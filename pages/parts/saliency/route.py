"""What a network looked at, on its way to the browser: `/looks` asks for it and starts the work, `/look` is a picture.

Plain requests, so that a grid shows one after the other as they come, without a page being drawn anew. The work itself
is the worker's; this process only colours what is kept.
"""

import re
from collections.abc import Callable

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from imclust_core.annotation.explain_questions import question
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError, ImclustError
from imclust_core.explain.colormaps import MAPS
from imclust_core.explain.pictures import HEAT_TYPE, SLOPES_TYPE, decode_slopes, heat_layer, slopes_picture
from imclust_core.images.thumbnails import SIZES
from imclust_core.jobs.submitting import QUICK_LOOKS
from imclust_core.store.catalogue import ImageRow, image, images_by_id
from imclust_core.store.clusterings import clustering
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.saliency import HEATS, METHODS, forget_look, read_attention, read_heat, read_slopes
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import is_proven
from pages.parts.saliency.address import about_looks
from pages.parts.saliency.requests import progress_of
from pages.parts.session.context import open_workspace

_MEAN_SIDE = 168
_SQUARE = Preprocessing(size=_MEAN_SIDE, resize=0)
_ID = re.compile("[0-9]{1,15}")
_NEVER = {"Cache-Control": "no-store"}
_KEEP = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def _guarded(answer: Callable[[Request, Workspace, Embedding], Response]) -> Callable[[Request], Response]:
    """An answer for those who come from a page of ours, with whatever goes wrong said in words."""

    def serve(request: Request) -> Response:
        workspace, query = open_workspace(), request.query_params
        clustering_id = request.path_params["clustering"]
        visit, until, sign = (query.get(name, "") for name in ("visit", "until", "sign"))
        if not is_proven(workspace, about_looks(clustering_id, visit), until, sign):
            return PlainTextResponse("Open the page again to see this.", 403, _NEVER)
        try:
            return answer(request, workspace, embedding(workspace, clustering(workspace, clustering_id).embedding_id))
        except ImclustError as error:
            return PlainTextResponse(str(error), 404, _NEVER)

    return serve


def _progress(request: Request, workspace: Workspace, one: Embedding) -> Response:
    """How far the looks are that a grid asks for; they are made from now on."""
    query = request.query_params
    ids, methods = query.get("ids", "").split(","), list(dict.fromkeys(query.get("methods", "").split(",")))
    if len(ids) > QUICK_LOOKS or not all(map(_ID.fullmatch, ids)) or not set(methods) <= set(METHODS):
        return PlainTextResponse("Expected methods, and ids of images.", 400, _NEVER)
    _check_target(request)
    known = images_by_id(workspace, one.collection_id, [int(image_id) for image_id in ids])
    found = progress_of(workspace, one, list(known.values()), query["target"], methods, query.get("visit", ""))
    return JSONResponse(found, headers=_NEVER)


def _picture(request: Request, workspace: Workspace, one: Embedding) -> Response:
    """One look, coloured and laid over its picture's shape."""
    method, query = request.path_params["method"], request.query_params
    number, size, colours = request.path_params["id"], query.get("size", "thumb"), query.get("colours", MAPS[0])
    if method not in METHODS or size not in SIZES or colours not in MAPS or not _ID.fullmatch(number):
        return PlainTextResponse("There is no such picture.", 404, _NEVER)
    _check_target(request)
    row = image(workspace, one.collection_id, int(number))
    draw = _heat if method in HEATS else _slopes
    data = draw(one, row, method, request, SIZES[size]) if row is not None and row.hash else None
    if data is None or row is None:
        return PlainTextResponse("Nobody has looked at this yet.", 404, _NEVER)
    # Only an address that names the content may be kept for good.
    named = (row.hash or b"").hex()[:16] == query.get("v")
    return Response(data, media_type=HEAT_TYPE if method in HEATS else SLOPES_TYPE, headers=_KEEP if named else _NEVER)


def _check_target(request: Request) -> None:
    """An address is good for the clusters of its own clustering only."""
    asked = question(request.query_params.get("target", ""))
    if asked.clustering not in ("", request.path_params["clustering"]):
        raise ExplainError("This cluster is of another clustering. Open that one to see it.")


def _heat(one: Embedding, row: ImageRow, method: str, request: Request, side: int) -> bytes | None:
    query = request.query_params
    heat = read_heat(one, row.hash or b"", query["target"], method)
    if heat is None:
        return None
    return heat_layer(
        heat, Preprocessing.of(one.recipe.preprocessing), *_shape(row), side, query.get("colours", MAPS[0])
    )


def _slopes(one: Embedding, row: ImageRow, method: str, request: Request, side: int) -> bytes | None:
    query = request.query_params
    kept = read_slopes(one, row.hash or b"", query["target"], method)
    if kept is None:
        return None
    try:
        slopes = decode_slopes(kept)
    except ImclustError:
        forget_look(one, row.hash or b"", query["target"], method)  # damaged: it is made again when asked for
        return None
    return slopes_picture(
        slopes, Preprocessing.of(one.recipe.preprocessing), *_shape(row), side, grey=query.get("grey") == "1"
    )


def _mean(request: Request, workspace: Workspace, one: Embedding) -> Response:
    """The mean look at a cluster, as a square."""
    found, number = read_attention(one, request.path_params["clustering"]), request.path_params["number"]
    at = np.flatnonzero(found.numbers.astype(str) == number) if found is not None else np.zeros(0, int)
    colours = request.query_params.get("colours", MAPS[0])
    if found is None or not len(at) or colours not in MAPS:
        return PlainTextResponse("Nobody has looked at this yet.", 404, _NEVER)
    mean = found.mean[at[0]]
    mean = mean / max(float(mean.max()), 1e-6)  # where they look in different places, no place is hot
    data = heat_layer(mean, _SQUARE, _MEAN_SIDE, _MEAN_SIDE, _MEAN_SIDE, colours)
    return Response(data, media_type=HEAT_TYPE, headers=_NEVER)


def _shape(row: ImageRow) -> tuple[int, int]:
    return row.width or 1, row.height or 1


LOOKS_ROUTES = [
    Route("/looks/{clustering}", _guarded(_progress), methods=["GET"]),
    Route("/look/{clustering}/{id}/{method}", _guarded(_picture), methods=["GET"]),
    Route("/mean-look/{clustering}/{number}", _guarded(_mean), methods=["GET"]),
]
