"""The route that scripts of widgets reach the browser by: real modules, which import each other by relative paths.

The address bears a digest of all scripts, so that browsers keep them for good and never mix two versions.
"""

import functools
import hashlib
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_PARTS = Path(__file__).resolve().parents[1]
_KEEP = "public, max-age=31536000, immutable"


def base_path() -> str:
    """What comes before the paths of our own routes, where the server does not have a whole host name for itself."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def below_base(*groups: list[Route]) -> list[Route]:
    """Routes of ours where `base_path` says that they are; Streamlit puts only its own there."""
    return [Route(base_path() + one.path, one.endpoint, methods=one.methods) for group in groups for one in group]


def script_address(script: Path) -> str:
    """Where the browser gets a script of a widget."""
    return f"{base_path()}/assets/{_version()}/{script.relative_to(_PARTS).as_posix()}"


@functools.cache
def _scripts() -> dict[str, bytes]:
    """Every script there is, by its path; only these are served, whatever else lies in the folder."""
    return {path.relative_to(_PARTS).as_posix(): path.read_bytes() for path in sorted(_PARTS.rglob("*.js"))}


@functools.cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, text in _scripts().items():
        digest.update(f"{name} {len(text)} ".encode() + text)
    return digest.hexdigest()[:16]


def serve_script(request: Request) -> Response:
    """A script by its path. A page of an older version gets today's, which it may not keep."""
    text = _scripts().get(request.path_params["path"])
    if text is None:
        return PlainTextResponse("There is no such script.", 404, {"Cache-Control": "no-store"})
    keep = _KEEP if request.path_params["version"] == _version() else "no-store"
    headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="text/javascript", headers=headers)


ASSET_ROUTES = [Route("/assets/{version}/{path:path}", serve_script, methods=["GET"])]
