"""What all tests share: a workspace of their own, folders of images, and a worker that ends with the test."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imclust_core import make_samples
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.store.collections import Collection, find_collection
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import embedded_photographs
from tests.helpers.hostile import jpeg
from tests.helpers.once import made_once
from tests.helpers.wheel import built_wheel, installed

SHARED = Path(os.environ.get("IMCLUST_TEST_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))

MANY = 24_000
SLOW = {"prepared", "source", "many_photos", "shared_data", "server", "wheel", "programs"}
"""Fixtures that cost seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty workspace, also the one that IMCLUST_WORKSPACE names; its worker is stopped at the end."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("IMCLUST_WORKSPACE", str(folder))
    monkeypatch.setenv("IMCLUST_WORKER_IDLE", "20")
    monkeypatch.delenv("IMCLUST_ROOTS", raising=False)
    made = Workspace.open()
    yield made
    stop_workers(made)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of twelve small images, one of them in a folder below."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for number in range(12):
        where = folder / "below" if number == 11 else folder
        (where / f"{number:02}.jpg").write_bytes(jpeg(number))
    return folder


@pytest.fixture(scope="session")
def many_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thousands of images, no two alike: a scan of them takes long enough to be interrupted."""

    def make(folder: Path) -> None:
        base = jpeg(1, 320, 240, quality=90)
        for number in range(MANY):
            below = folder / f"{number // 1000}"
            below.mkdir(exist_ok=True)
            # A JPEG ends at its end marker: bytes after it change the file and not the picture.
            (below / f"{number:05}.jpg").write_bytes(base + number.to_bytes(4, "big"))

    return made_once(tmp_path_factory, "many", make)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photographs from beside the project."""
    if not (SHARED / "caltech20").is_dir():
        pytest.skip(f"no real photographs at {SHARED}; set IMCLUST_TEST_DATA")
    return SHARED


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two photographs of each of eighteen kinds, and a workspace in which a trained network has described them."""

    def make(folder: Path) -> None:
        make_samples(folder / "photographs", per_class=2)
        embedded_photographs(Workspace.open(folder / "workspace"), folder / "photographs")

    folder = made_once(tmp_path_factory, "prepared", make)
    return folder / "workspace", folder / "photographs"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a wheel."""
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `imclust` and `python` of an environment lie that has the wheel, and not the checkout."""
    return installed(wheel, tmp_path_factory.mktemp("environment"))


@pytest.fixture
def source(workspace: Workspace, prepared: tuple[Path, Path]) -> Collection:
    """The described photographs, in a workspace of this test's own; they themselves may not be changed."""
    shutil.copytree(prepared[0], workspace.root, dirs_exist_ok=True)
    return find_collection(workspace, str(prepared[1]))


def wait_for(condition: Callable[[], object], *, seconds: float = 60, what: str = "the condition") -> None:
    """Wait until something is so, or fail saying what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.03)
    pytest.fail(f"waited {seconds} s for {what}")


def finish(workspace: Workspace, job: Job, *, seconds: float = 120) -> Job:
    """Let the worker bring a job to its end, and return it as it is then."""
    queue = Queue(workspace)

    def ended() -> bool:
        ensure_worker(workspace)
        return not queue.job(job.id).active

    wait_for(ended, seconds=seconds, what=f"the end of {job.kind}")
    return queue.job(job.id)


def worker_pids(workspace: Workspace) -> list[int]:
    """The processes that work on this very workspace, by their command lines."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"imclust_core.jobs.worker" in command and os.fsencode(workspace.root) in command:
            found.append(int(entry.name))
    return found


def stop_workers(workspace: Workspace) -> None:
    """End this workspace's workers, and wait until they are gone."""
    for pid in worker_pids(workspace):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_for(lambda: not worker_pids(workspace), seconds=10, what="the end of the workers")
