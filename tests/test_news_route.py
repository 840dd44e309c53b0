"""What an open desk asks again and again: only what it needs, of the real server, and gated as the pages are."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from imclust_core.store.annotations.events import Draft, append
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.news_route import news_address
from tests.helpers.server import Dashboard
from tests.helpers.sign_in import SECRETS


def said(workspace: Workspace, clustering_id: str, uuid: str) -> int:
    value = {"number": 1, "name": uuid, "state": "sure", "note": ""}
    return append(workspace, Draft(uuid, clustering_id, "", "name", value, "Ada")).id


def test_each_event_is_news_of_its_clustering_alone_and_odd_addresses_do_no_harm(workspace: Workspace) -> None:
    address = news_address(workspace, "abc", "visit")
    with Dashboard(workspace) as server:
        assert json.loads(server.get(address).body) == {"version": 0, "drawn": 0}
        for uuid in ("one", "two"):
            number = said(workspace, "abc", uuid)
            answer = server.get(address)
            assert json.loads(answer.body) == {"version": number, "drawn": 0}
            assert answer.headers["cache-control"] == "no-store"
        assert json.loads(server.get(news_address(workspace, "other", "visit")).body)["version"] == 0
        for path in ("/news/", "/news/a/b", "/news/%00", "/news/'%20OR%201=1", f"/news/x?visit={'y' * 5000}"):
            answer = server.get(path)
            assert answer.status in (200, 400, 404) and b"Traceback" not in answer.body, path


def test_sign_in_guards_each_address(workspace: Workspace, tmp_path: Path) -> None:
    guarded = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text(SECRETS.format(port=guarded.port, provider="http://127.0.0.1:9"))
    signed = urlsplit(news_address(workspace, "abc", "visit"))
    with guarded:
        assert guarded.get(f"{signed.path}?{signed.query}").status == 200
        assert guarded.get(signed.path).status == 403
        assert guarded.get(f"/news/other?{signed.query}").status == 403
