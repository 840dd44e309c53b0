"""Scripts reach the browser as modules of one version, and nothing else of the folder does."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.parts.kit import assets
from pages.parts.kit.assets import ASSET_ROUTES, script_address

PARTS = Path(assets.__file__).resolve().parents[1]
client = TestClient(Starlette(routes=ASSET_ROUTES))


def test_every_script_and_all_it_imports_can_be_had_at_addresses_that_may_be_kept() -> None:
    scripts = list(PARTS.rglob("*.js"))
    assert len(scripts) > 25
    for script in scripts:
        answer = client.get(script_address(script))
        assert answer.status_code == 200 and answer.content == script.read_bytes(), script
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        for other in re.findall(r"""from "(\.[^"]+)";?$""", script.read_text(), re.MULTILINE):
            assert (script.parent / other).resolve() in scripts, f"{script} imports {other}"
            assert client.get(str(answer.url.join(other))).status_code == 200


def test_a_page_of_an_older_version_gets_todays_scripts_and_keeps_none() -> None:
    answer = client.get("/assets/0123456789abcdef/kit/elements.js")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"


def test_nothing_but_scripts_is_served() -> None:
    version = script_address(PARTS / "kit" / "elements.js").split("/")[2]
    for path in ("kit/assets.py", "grid/grid.css", "", "kit", "nothing.js", "../../app.py", "%2e%2e/%2e%2e/app.py"):
        assert client.get(f"/assets/{version}/{path}").status_code == 404, path


def test_addresses_stand_under_the_base_path_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    script = PARTS / "kit" / "elements.js"
    for base, before in (("", "/assets/"), ("x", "/x/assets/"), ("/a/b/", "/a/b/assets/")):
        monkeypatch.setattr(assets.st, "get_option", lambda _name, base=base: base)
        assert script_address(script).startswith(before)
