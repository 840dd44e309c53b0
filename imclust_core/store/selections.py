"""Selections: sets of images that somebody picked, by a name that fits into an address. Files of their own; no SQL.

<workspace>/selections/<key>.ids    the steps from each image id to the next, compressed

The key follows from the images: whoever picks the same ones gets the same address, and a file that was damaged is
never taken for another selection.
"""

import contextlib
import hashlib
import os
import re
import zlib
from pathlib import Path

import numpy as np

from imclust_core.errors import SelectionError
from imclust_core.store.database import write_atomically
from imclust_core.store.workspace import Workspace

KEPT = 2000
"""Selections that stay; those that nobody has asked for the longest go first."""
_FOLDER = "selections"
_KEY = re.compile("s[0-9a-f]{16}")
_STEPS = {size: np.dtype(f"<u{size}") for size in (1, 2, 4, 8)}
_MOST_BYTES = 2**26
"""Of a selection unpacked, which is more than any collection needs: a damaged file may not fill the memory."""
_GONE = (
    "The selection in this address is not here any more: it is kept for a while only, and belongs to one collection. "
    "Select the images again."
)


def keep_selection(workspace: Workspace, collection_id: str, image_ids: np.ndarray) -> str:
    """Keep a set of images, given in any order, and return its key: "s" and 16 hexadecimal digits."""
    ids = _checked(image_ids)
    key = _key_of(collection_id, ids)
    try:
        read_selection(workspace, collection_id, key)
        return key  # reading it has made it the newest, too
    except SelectionError:
        pass  # there is none yet, or it was damaged
    path = _path(workspace, key)
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, _packed(ids))
    except OSError as error:
        raise SelectionError(
            f"The selection could not be kept ({error.strerror}). Make room on the disk of the workspace, or give "
            "imclust the right to write there, and select again."
        ) from error
    _let_go_of_old(path.parent)
    return key


def read_selection(workspace: Workspace, collection_id: str, key: str) -> np.ndarray:
    """The ids (m,) int64 of the images of a selection, ascending; SelectionError where it is not there."""
    if not _KEY.fullmatch(key):  # it becomes the name of a file
        raise SelectionError(_GONE)
    path = _path(workspace, key)
    try:
        if not path.is_file():
            raise FileNotFoundError(path)  # a pipe in its place would never answer
        ids = _unpacked(path.read_bytes())
    except (OSError, ValueError, zlib.error) as error:
        raise SelectionError(_GONE) from error
    if _key_of(collection_id, ids) != key:
        raise SelectionError(_GONE)
    with contextlib.suppress(OSError):  # where nothing can be written, nothing is let go of either
        os.utime(path)
    return ids


def _checked(image_ids: np.ndarray) -> np.ndarray:
    """Ids in order, each once."""
    if not len(image_ids):
        raise SelectionError("No image is selected. Select at least one.")
    whole = image_ids.ndim == 1 and image_ids.dtype.kind in "iu"
    if not whole or int(image_ids.min()) < 1 or int(image_ids.max()) >= 2**63:
        raise SelectionError("A selection is made of ids of images, which are whole numbers from 1.")
    ids = np.sort(image_ids.astype("<i8"))
    return ids[np.diff(ids, prepend=0) > 0]  # numpy's own `unique` takes ten times as long


def _key_of(collection_id: str, ids: np.ndarray) -> str:
    facts = hashlib.blake2b(collection_id.encode() + b"\0", digest_size=8)
    facts.update(ids.astype("<i8").tobytes())
    return f"s{facts.hexdigest()}"


def _packed(ids: np.ndarray) -> bytes:
    """The steps between ids in as few bytes as the largest needs, compressed; before them, how many that is."""
    steps = np.diff(ids, prepend=0)
    size = next(size for size in _STEPS if int(steps.max()) < 256**size)
    return bytes([size]) + zlib.compress(steps.astype(_STEPS[size]).tobytes(), 1)


def _unpacked(data: bytes) -> np.ndarray:
    """What `_packed` packed; ValueError or zlib.error for anything else."""
    if not data or data[0] not in _STEPS:
        raise ValueError("it does not begin like a selection")
    steps = zlib.decompressobj().decompress(data[1:], _MOST_BYTES)
    return np.cumsum(np.frombuffer(steps, _STEPS[data[0]]), dtype=np.int64)


def _let_go_of_old(folder: Path) -> None:
    """Leave the newest `KEPT` files; what a crash has left behind goes with the rest."""
    with contextlib.suppress(OSError):
        with os.scandir(folder) as entries:
            aged = sorted((entry.stat().st_mtime_ns, entry.path) for entry in entries)
        for _, old in aged[:-KEPT]:
            Path(old).unlink(missing_ok=True)


def _path(workspace: Workspace, key: str) -> Path:
    return workspace.root / _FOLDER / f"{key}.ids"
