"""Fetching a file of weights: whole or not at all, checked against the hash in its name."""

import contextlib
import hashlib
import os
import re
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from imclust_core.errors import WeightsUnavailable
from imclust_core.names import shown

CONNECT_SECONDS = 15.0
_CHUNK = 1 << 20


def download(url: str, target: Path, tell: Callable[[str], None] = lambda _message: None) -> Path:
    """Download `url` to `target`, saying how far it is; WeightsUnavailable says where to put the file by hand.

    The name of a weights file ends in the start of its SHA-256 (`resnet152-394f9c45.pth`); a file whose content
    has another is not kept.
    """
    # What a server sends is only ever written to a file and hashed, so the scheme is all there is to guard.
    address = urlsplit(url)
    if address.scheme != "https" and (address.scheme != "http" or address.hostname != "127.0.0.1"):
        raise WeightsUnavailable(f"{url!r} is no address weights are fetched from. Expected one with https.")
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _fetch(url, temporary, target.name, tell)
        expected = re.search(r"-([0-9a-f]{8,})\.\w+$", target.name)
        if expected and not digest.startswith(expected[1]):
            raise WeightsUnavailable(
                f"What came from {url} is not {target.name}: its hash is {digest[:8]}. {_by_hand(url, target)}"
            )
        temporary.replace(target)
        return target
    except (OSError, ValueError, HTTPException) as error:  # URLError and HTTPError are OSErrors
        if isinstance(error, HTTPError):
            error.close()
        raise WeightsUnavailable(
            f"{target.name} could not be downloaded from {url} ({_why(error)}). {_by_hand(url, target)}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _fetch(url: str, temporary: Path, name: str, tell: Callable[[str], None]) -> str:
    digest, done = hashlib.sha256(), 0
    request = urllib.request.Request(url, headers={"User-Agent": "imclust"})  # noqa: S310  checked by the caller
    with urllib.request.urlopen(request, timeout=CONNECT_SECONDS) as answer, temporary.open("wb") as file:  # noqa: S310
        total = int(answer.headers.get("Content-Length") or 0)
        while block := answer.read(_CHUNK):
            file.write(block)
            digest.update(block)
            done += len(block)
            of = f" of {total / 1e6:,.0f}" if total else ""
            tell(f"downloading {name}: {done / 1e6:,.0f}{of} MB")
        if not done or (total and done != total):
            raise OSError(f"{done:,} of {total:,} bytes came")
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason)


def _by_hand(url: str, target: Path) -> str:
    return (
        f"Fetch {url} on another machine and put it at {shown(target)}, or use the bundled backbone "
        "(efficientnet_lite0), which needs no download."
    )
