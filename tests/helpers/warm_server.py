"""A process that has imported the libraries of the dashboard, of which each test forks a server of its own.

The server is what `imclust ui` starts, less two seconds of importing; `tests/test_wheel.py` starts it the long way.
"""

import multiprocessing
import os
import runpy
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from imclust_core.commands.ui import dashboard, server_flags

_LIBRARIES = multiprocessing.get_context("forkserver")
_LIBRARIES.set_forkserver_preload(["tests.helpers.warm_libraries"])


def start_warm(port: int, base: str, environment: dict[str, str], log: Path) -> ForkServerProcess:
    """Start the dashboard of this checkout in a process, and a session, of its own."""
    process = _LIBRARIES.Process(target=_serve, args=(server_flags("127.0.0.1", port, base), environment, log))
    process.start()
    return process


def _serve(flags: list[str], environment: dict[str, str], log: Path) -> None:
    os.setsid()  # what it starts can be ended with it
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(dashboard())
    sys.argv = ["streamlit", "run", str(dashboard() / "app.py"), *flags]
    runpy.run_module("streamlit", run_name="__main__")
