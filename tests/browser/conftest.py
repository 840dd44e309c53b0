"""A real browser on the real dashboard. Each test has a workspace, a server and a page of its own."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imclust_core.backbones.registry import BUNDLED
from imclust_core.images.samples import make_samples
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.collections import Collection, add_collection, collections
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import pin_speed, quietly
from tests.helpers.once import made_once
from tests.helpers.server import Dashboard

A_WHILE = 60_000  # milliseconds; a worker that just started has libraries to import
SCREENS = Path(__file__).parent / "screens"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


def chromium() -> str | None:
    """The system's Chromium, which install_chromium.sh sees to."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: tests/browser/install_chromium.sh should have installed it")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # as long as all else waits: two tests at a time share the machine
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


class Visit:
    """One browser tab, with everything it asked for and complained about."""

    def __init__(self, browser: Any, name: str, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1360, "height": 900}, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.alerts: list[str] = []
        self._name = re.sub(r"[^\w-]+", "-", name)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        self.alerts.append(dialog.message)
        dialog.dismiss()

    def picture(self, what: str) -> None:
        """Keep a screenshot, for a person to look at after the run."""
        SCREENS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{self._name}-{what}.png")

    def check(self) -> None:
        """What must hold of every visit, whatever was done in it."""
        outside = [url for url in self.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
        assert outside == [], "the page asked somebody outside for something"
        assert (self.errors, self.alerts) == ([], [])
        assert "Traceback" not in self.page.inner_text("body")


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Any, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Open tabs with `visit()`; at the end each is checked and closed."""
    opened: list[Visit] = []

    def opener(**options: Any) -> Visit:
        name = request.node.name.removeprefix("test_")[:60]
        opened.append(Visit(browser, f"{name}{len(opened) or ''}", **options))
        return opened[-1]

    yield opener
    for one in opened:
        if request.node.stash.get(FAILED, False):
            one.picture("at-the-failure")
        else:
            one.check()
        one.context.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def sample_photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "sample", lambda folder: make_samples(folder / "photographs")) / "photographs"


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory, sample_photographs: Path) -> Path:
    """A workspace in which the sample photographs are embedded; tests work on copies."""

    def make(folder: Path) -> None:
        workspace = Workspace.open(folder / "workspace")
        pin_speed(workspace, BUNDLED)
        source = add_collection(workspace, sample_photographs, "Sample photographs")
        scan(workspace, source.id, quietly)
        embed(workspace, source.id, EmbedRequest(BUNDLED), quietly)

    return made_once(tmp_path_factory, "described", make) / "workspace"


@pytest.fixture
def workspace(workspace: Workspace, request: pytest.FixtureRequest) -> Workspace:
    """Empty, or for tests marked so with the sample photographs and what a network saw in them."""
    if request.node.get_closest_marker("described"):
        shutil.copytree(request.getfixturevalue("described"), workspace.root, dirs_exist_ok=True)
    return workspace


@pytest.fixture
def samples(workspace: Workspace) -> Collection:
    """The sample photographs, for tests marked `described`."""
    return collections(workspace)[0]


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Dashboard]:
    with Dashboard(workspace) as running:
        yield running
