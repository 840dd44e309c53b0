"""The dashboard from an installed wheel, as somebody sees it who has no checkout."""

from pathlib import Path

import pytest

from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.browser.conftest import Visitor
from tests.browser.test_folder import thumbnails_shown
from tests.conftest import wait_for
from tests.helpers.server import Command
from tests.helpers.wheel import hostile_start


@pytest.mark.parametrize("hostile", [False, True], ids=["from an empty folder", "from a folder that wants otherwise"])
def test_the_wheel_shows_images_and_asks_nobody_else_for_anything(
    programs: Path, workspace: Workspace, source: Collection, visit: Visitor, tmp_path: Path, hostile: bool
) -> None:
    (tmp_path / "empty").mkdir()
    plain = {"folder": tmp_path / "empty", "PYTHONPATH": ""}
    how = {**hostile_start(tmp_path), "base": "/team/images"} if hostile else plain
    with Command(programs / "imclust", workspace=workspace, **how) as server:
        tab = visit()
        tab.page.goto(f"{server.url}/?collection={source.id}")
        wait_for(lambda: thumbnails_shown(tab.page) > 5, what="thumbnails")
        tab.picture("grid")
        assert all(url.startswith((server.url, "data:", "blob:")) for url in tab.requests)
        background = tab.page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
        assert background == "rgb(255, 255, 255)"
    assert "usage statistics" not in (workspace.logs / "server.log").read_text()
