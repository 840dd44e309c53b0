"""The real dashboard as a process of its own, for tests that talk to it as a browser does."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imclust_core.store.workspace import Workspace
from tests.conftest import wait_for
from tests.helpers.warm_server import start_warm


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Dashboard:
    """The dashboard on a free port; use as a context manager. base: the path it serves below."""

    def __init__(self, workspace: Workspace, *, base: str = "", **environment: str) -> None:
        self.workspace, self.base, self.port = workspace, base, free_port()
        self.url = f"http://127.0.0.1:{self.port}{base}"
        self.log = workspace.logs / "server.log"
        self.environment = {**os.environ, "IMCLUST_WORKSPACE": str(workspace.root), "IMCLUST_OPEN": "", **environment}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._pid, self._ended = self.process()
        wait_for(self.is_up, what="the server to answer")

    def process(self) -> tuple[int, Callable[[], object]]:
        """Start it: the leader of a session of its own, and what waits for its end."""
        server = start_warm(self.port, self.base, self.environment, self.log)
        return server.pid or 0, server.join

    def is_up(self) -> bool:
        try:
            return self.get("/_stcore/health").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """End the server, and the command before it, without any warning, as a crash would."""
        os.killpg(self._pid, signal.SIGKILL)
        self._ended()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, dict(response.headers.items()), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers.items()), error.read())


class Command(Dashboard):
    """The same by the command `program ui`, started in a folder."""

    def __init__(self, program: Path, folder: Path, workspace: Workspace, **environment: str) -> None:
        super().__init__(workspace, **environment)
        self._program, self._folder = program, folder

    def process(self) -> tuple[int, Callable[[], object]]:
        command = [str(self._program), "ui", "--port", str(self.port), "--base-path", self.base]
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                command, cwd=self._folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        return started.pid, started.wait


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
