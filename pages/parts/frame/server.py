"""How the server behaves as a whole: the names it answers to, its sockets, and what it does on starting."""

import contextlib
import importlib
import os
import pkgutil
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pages import parts

# Streamlit itself checks the host on its WebSocket only. Without this, a page of some other site whose name
# is made to mean 127.0.0.1 could read the images.
MIDDLEWARE = [
    Middleware(
        TrustedHostMiddleware,
        allowed_hosts=list(st.get_option("server.allowedHosts") or ["*"]),
        www_redirect=False,
    )
]


@contextlib.asynccontextmanager
async def on_start(_app: st.App) -> AsyncIterator[None]:
    """Run around the server's life."""
    send_at_once()
    threading.Thread(target=_import_pages, daemon=True).start()
    yield


def send_at_once() -> int:
    """Turn Nagle's algorithm off on the listening sockets; connections inherit it. Returns how many there are.

    Streamlit 1.67 makes its socket without naming the protocol, and asyncio turns Nagle off only where TCP is
    named. A response whose head and body are two writes then waits 40 ms for the other side's acknowledgement:
    eight connections got 182 images a second, whatever their size, where they can have over a thousand.
    """
    found = 0
    for name in os.listdir("/dev/fd") if Path("/dev/fd").is_dir() else ():
        with contextlib.suppress(OSError), _socket(int(name)) as listener:
            if (
                listener.type == socket.SOCK_STREAM
                and listener.family in (socket.AF_INET, socket.AF_INET6)
                and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            ):
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found += 1
    return found


@contextlib.contextmanager
def _socket(handle: int) -> Iterator[socket.socket]:
    """A second handle on a socket of this process; OSError when it is none."""
    again = os.dup(handle)
    try:
        found = socket.socket(fileno=again)
    except OSError:
        os.close(again)
        raise
    with found:
        yield found


def _import_pages() -> None:
    """Import what the pages need while the first browser is still loading Streamlit's own code."""
    for module in pkgutil.walk_packages(parts.__path__, f"{parts.__name__}."):
        importlib.import_module(module.name)
