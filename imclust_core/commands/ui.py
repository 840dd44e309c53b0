"""The command that starts the dashboard."""

import argparse
import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from imclust_core.errors import ImclustError
from imclust_core.process import start_module
from imclust_core.store.collections import collection, collections
from imclust_core.store.workspace import Workspace


def open_dashboard(options: argparse.Namespace) -> int:
    """Start the dashboard, and wait until it ends."""
    workspace = Workspace.open(options.workspace)
    app = dashboard() / "app.py"
    base = _base_path(options.base_path)
    chosen = _collection_to_open(workspace, options.collection)
    port = options.port or _free_port(options.address)
    address = _reachable(options.address)
    url = f"http://{address}:{port}{base}/{f'?collection={chosen}' if chosen else ''}"
    os.environ.update(IMCLUST_WORKSPACE=str(workspace.root), IMCLUST_OPEN=chosen)
    print(f"imclust: {url}", flush=True)
    server = start_module("streamlit", "run", str(app), *server_flags(options.address, port, base, options.host))
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    if options.open and _has_screen():
        _open_when_up(server, address, port, url)
    try:
        return server.wait()
    except KeyboardInterrupt:
        # The terminal sent the same Ctrl-C to the server; it ends by itself.
        server.wait()
        return 0


def server_flags(address: str, port: int, base: str = "", hosts: Sequence[str] = ()) -> list[str]:
    """What Streamlit has to be told; all else stands in .streamlit/config.toml beside app.py.

    Streamlit reads that file after every other such file. Only variables of the environment come after it, and flags
    after those. hosts: names that browsers may use, besides those of this machine.
    """
    names = dict.fromkeys(["127.0.0.1", "localhost", _reachable(address), *hosts])
    flags = [f"--server.port={port}", f"--server.address={address}", "--server.headless=true"]
    flags += ["--browser.gatherUsageStats=false", *(f"--server.allowedHosts={name}" for name in names)]
    return [*flags, f"--server.baseUrlPath={base}"] if base else flags


def _reachable(address: str) -> str:
    """Where a browser of this machine finds a server that listens there."""
    return "127.0.0.1" if address in ("0.0.0.0", "::") else address  # noqa: S104


def dashboard() -> Path:
    """The folder of app.py and pages/: in the package where it came as a wheel, beside it in a checkout."""
    if importlib.util.find_spec("streamlit") is None:
        raise ImclustError('The dashboard needs streamlit. Install it: pip install "streamlit[auth]"')
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "dashboard", package.parent):
        if (folder / "app.py").is_file() and (folder / "pages" / "frame.py").is_file():
            return folder
    raise ImclustError(
        f"The dashboard is not in this copy of imclust: there is no app.py in {package / 'dashboard'}, nor beside "
        f"{package}. Install imclust again, from its wheel or its repository."
    )


def _base_path(given: str) -> str:
    """What comes before all paths of the server, with a slash in front, or nothing."""
    base = given.strip("/")
    if base and not re.fullmatch(r"[\w-]+(/[\w-]+)*", base, re.ASCII):
        raise ImclustError(f"{given!r} is no base path. Give parts of letters, digits, - and _, like team/images.")
    return f"/{base}" if base else ""


def _collection_to_open(workspace: Workspace, asked: str | None) -> str:
    if asked == "newest":
        known = collections(workspace)
        return known[0].id if known else ""
    return collection(workspace, asked).id if asked else ""


def _free_port(address: str) -> int:
    """8501, or the next port nobody listens on."""
    for port in range(8501, 8600):
        with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((address, port))
                return port
    raise ImclustError("No port from 8501 to 8599 is free. Stop another server, or give one with --port.")


def _has_screen() -> bool:
    """Without a screen, Python would open a text browser in this very terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_when_up(server: "subprocess.Popen[bytes]", address: str, port: int, url: str) -> None:
    for _ in range(150):
        time.sleep(0.2)
        if server.poll() is not None:
            return
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            webbrowser.open(url)
            return
