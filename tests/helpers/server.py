"""The real dashboard as a process of its own, for tests that talk to it as a browser does."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from imclust_core.store.workspace import Workspace
from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Dashboard:
    """`imclust ui` on a free port; use as a context manager.

    command: how imclust is started, if not from this checkout; folder: where from; base: the path it serves below.
    """

    def __init__(
        self,
        workspace: Workspace,
        port: int | None = None,
        *,
        command: Sequence[str | Path] = (sys.executable, "-m", "imclust_core"),
        folder: Path = ROOT,
        base: str = "",
        **environment: str,
    ) -> None:
        self.workspace = workspace
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{base}"
        self._command = [*command, "ui", "--port", str(self.port), "--base-path", base]
        self._folder = folder
        self._environment = {**os.environ, "IMCLUST_WORKSPACE": str(workspace.root), **environment}

    def __enter__(self) -> "Dashboard":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, wait: bool = True) -> None:
        log = (self.workspace.logs / "server.log").open("ab")
        with log:
            # A session of its own, so that the server behind the command can be ended with it.
            self.process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            wait_for(self.is_up, what="the server to answer")

    def is_up(self) -> bool:
        try:
            return self.get("/_stcore/health").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """End the command and the server without any warning, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, dict(response.headers.items()), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers.items()), error.read())


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
