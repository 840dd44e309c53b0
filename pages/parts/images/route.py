"""The way images reach the browser: `/image/{collection}/{id}/{size}`, by id only, re-encoded, cacheable."""

import logging
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from imclust_core.errors import ImageProblem, ImclustError
from imclust_core.images.reasons import sentence
from imclust_core.images.thumbnails import MEDIA_TYPE, SIZES
from imclust_core.store.catalogue import image
from imclust_core.store.pictures import picture, tag_of
from pages.parts.images.address import every_thumbnail, is_proven, is_signed, signing_key
from pages.parts.session.context import open_workspace
from pages.parts.session.sign_in import sign_in_is_on

log = logging.getLogger("imclust.images")

_KEEP = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def serve_image(request: Request) -> Response:
    """Answer one request for an image; runs in the server's thread pool, since decoding takes a while."""
    asked = request.path_params
    if asked["size"] not in SIZES or not re.fullmatch("[0-9]{1,18}", asked["id"]):
        return _missing("There is no such image.")
    try:
        return _answer(request, asked["collection"], int(asked["id"]), asked["size"])
    except ImageProblem as problem:
        return _missing(sentence(problem.reason))
    except ImclustError as error:
        return _missing(str(error))
    except OSError:
        log.exception("image %s/%s", asked["collection"], asked["id"])
        return PlainTextResponse("The image cannot be read right now.", 503, {"Retry-After": "5"})


def _answer(request: Request, collection_id: str, image_id: int, size: str) -> Response:
    workspace, query = open_workspace(), request.query_params
    given = query.get("until", ""), query.get("sign", "")
    if sign_in_is_on() and not (
        is_signed(signing_key(workspace), collection_id, image_id, *given)
        or (size == "thumb" and is_proven(workspace, every_thumbnail(collection_id), *given))
    ):
        return PlainTextResponse("Sign in to see this image.", 403, {"Cache-Control": "no-store"})
    found = image(workspace, collection_id, image_id)
    if found is None:
        return _missing("There is no such image.")
    tag = f'"{tag_of(found, size)}"'
    # Only an address that names the content may be kept for good: without it, it means "as it is now".
    named = (found.hash or b"").hex()[:16] == query.get("v")
    headers = {"ETag": tag, "Cache-Control": _KEEP if named else _ASK_AGAIN, "X-Content-Type-Options": "nosniff"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    shown = picture(workspace, collection_id, found, size)
    return Response(shown.data, media_type=MEDIA_TYPE, headers=headers)


def _missing(why: str) -> Response:
    return PlainTextResponse(why, 404, {"Cache-Control": "no-store"})


IMAGE_ROUTES = [Route("/image/{collection}/{id}/{size}", serve_image, methods=["GET"])]
