"""The picture that stands for a catalogued image in the browser: made once, kept by content hash."""

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from imclust_core.errors import ImageProblem
from imclust_core.images.opening import read_file
from imclust_core.images.thumbnails import SIZES, encode, render
from imclust_core.names import path_of
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.collections import collection
from imclust_core.store.database import write_atomically
from imclust_core.store.workspace import Workspace

# A decode may hold a 270 MB picture; as many at once as there are cores is as fast as it gets anyway.
_rendering = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True)
class Picture:
    """Encoded bytes and the tag that changes whenever they would."""

    data: bytes
    tag: str


def tag_of(image: ImageRow, size: str) -> str:
    """The entity tag of an image at a size: its content hash and the size."""
    return f"{(image.hash or b'').hex()}-{size}"


def picture(workspace: Workspace, collection_id: str, image: ImageRow, size: str) -> Picture:
    """The JPEG bytes of a catalogued image at a size of `SIZES`; raises ImageProblem when it cannot be had."""
    tag = tag_of(image, size)
    kept = _kept_path(workspace.thumbnails, tag)
    if data := _kept_bytes(kept):
        return Picture(data, tag)
    source = collection(workspace, collection_id)
    file = read_file(safe_path(source.folder, image.path, follow_links=source.follow_links))
    if (file.size, file.mtime_ns) != (image.size, image.mtime_ns):
        # Kept under the old content's hash, the new content would be shown wherever the old one was meant.
        raise ImageProblem("changed", "rescan the folder")
    with _rendering:
        data = render(file.data, SIZES[size])
    # A full or locked disk costs the next visitor some time, and this one nothing.
    with contextlib.suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        write_atomically(kept, data, durable=False)
    return Picture(data, tag)


def keep_thumbnail(thumbnails: Path, digest: bytes, rgb: Image.Image) -> None:
    """Keep the small picture of an image that somebody has decoded anyway, unless it is kept already.

    rgb: upright, at least as large as it was asked for when it was opened.
    """
    kept = _kept_path(thumbnails, f"{digest.hex()}-thumb")
    if kept.exists():
        return
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, encode(rgb, SIZES["thumb"]), durable=False)


def _kept_path(thumbnails: Path, tag: str) -> Path:
    return thumbnails / tag[:2] / f"{tag}.jpg"


def _kept_bytes(path: Path) -> bytes:
    """What is kept at `path`; nothing, also for a file that a full disk left empty."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def safe_path(folder: Path, relative: bytes, *, follow_links: bool) -> str:
    """The real path of a catalogued file; ImageProblem when a link has since been put in its way."""
    root = os.path.realpath(folder)
    wanted = path_of(root, relative)  # normal form: on Windows names in the catalogue have "/"
    real = os.path.realpath(wanted)
    if not real.startswith(os.path.join(root, "")) or (real != wanted and not follow_links):
        raise ImageProblem("symlink")
    return real
