"""What an open desk asks the server for again and again: is there anything that it does not show yet?

A plain request, which costs a thousandth of a second. A fragment that runs by itself would be a script run each time,
and worse: where one begins just as another run ends, Streamlit drops the last messages of the run that ended.
"""

import threading

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from imclust_core.errors import ImclustError
from imclust_core.recent import Recent
from imclust_core.store.annotations.events import newest_event
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import is_proven, proof
from pages.parts.kit.assets import base_path
from pages.parts.session.context import open_workspace
from pages.parts.session.sign_in import sign_in_is_on

_MOST_VISITS = 10_000
_drawn: Recent[str, int] = Recent(_MOST_VISITS)
_lock = threading.Lock()


def news_address(workspace: Workspace, clustering_id: str, visit: str) -> str:
    """Where a page that shows this clustering asks; visit: what tells this page from others, letters and digits."""
    return f"{base_path()}/news/{clustering_id}?visit={visit}&{proof(workspace, _about(clustering_id))}"


def _about(clustering_id: str) -> str:
    return f"news/{clustering_id}"


def drawn(visit: str, number: int) -> None:
    """Remember that the drawing of this number was sent to the page in full."""
    with _lock:
        _drawn[visit] = number


def serve_news(request: Request) -> Response:
    """The newest event of a clustering, and the number of the last drawing that was sent to this visit."""
    clustering_id, query = request.path_params["clustering"], request.query_params
    workspace = open_workspace()
    given = query.get("until", ""), query.get("sign", "")
    if sign_in_is_on() and not is_proven(workspace, _about(clustering_id), *given):
        return PlainTextResponse("Sign in to see this.", 403, {"Cache-Control": "no-store"})
    try:
        version = newest_event(workspace, clustering_id)
    except ImclustError as error:  # the page itself says so, too
        return PlainTextResponse(str(error), 503, {"Cache-Control": "no-store"})
    with _lock:
        number = _drawn.get(query.get("visit", ""), 0)
    return JSONResponse({"version": version, "drawn": number}, headers={"Cache-Control": "no-store"})


NEWS_ROUTES = [Route("/news/{clustering}", serve_news, methods=["GET"])]
