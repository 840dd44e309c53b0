"""Settings that come from the environment, and the limits every part of the core agrees on."""

import os
from pathlib import Path

from imclust_core.errors import FolderError
from imclust_core.names import expanded, shown

VERSION = "0.1.0"

MAX_PIXELS = 89_478_485
"""Pillow's own line between a picture and a decompression bomb; we treat its warning as an error."""
MAX_SIDE = 30_000
MAX_RATIO = 100
TINY_SIDE = 16
MAX_FILE_BYTES = 512 * 2**20

THUMB_SIDE = 192
VIEW_SIDE = 1024


def workspace_folder() -> Path:
    """The workspace in use: `IMCLUST_WORKSPACE`, else the user's own data folder."""
    given = os.environ.get("IMCLUST_WORKSPACE", "").strip()
    if given:
        return expanded(given)
    import platformdirs  # machines that only compute, on shards, need not have it

    return Path(platformdirs.user_data_dir("imclust", appauthor=False))


def allowed_roots() -> list[Path]:
    """The folders that may be opened (`IMCLUST_ROOTS`, separated as in PATH); empty means no limit."""
    given = os.environ.get("IMCLUST_ROOTS", "")
    return [expanded(part.strip()).resolve() for part in given.split(os.pathsep) if part.strip()]


def named_file(text: str) -> Path | None:
    """The file that a person named, if there is one that may be read; else nothing, without saying which it was."""
    try:
        path = expanded(text).resolve()
        return path if may_read(path) and path.is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None


def may_read(path: Path) -> bool:
    """Whether a file lies where this server may read, by the limit of `IMCLUST_ROOTS`."""
    roots = allowed_roots()
    return not roots or any(path.resolve().is_relative_to(root) for root in roots)


def check_folder(text: str, also_allowed: tuple[Path, ...] = ()) -> Path:
    """Turn what a person typed into an existing folder that may be opened, or say plainly why not.

    `also_allowed` are folders of ours (uploads, samples) that the limit of `IMCLUST_ROOTS` does not concern.
    """
    if not text.strip():
        raise FolderError("No folder was given. Type the full path of a folder of images, like /data/photos.")
    if "\0" in text or text.lstrip().startswith(("\\\\", "//")):
        raise FolderError(
            f"{text!r} is not a local folder. Network addresses (\\\\server\\share) are not opened; "
            "mount the share and give its local path."
        )
    try:
        typed = Path(text).expanduser()
        if not typed.exists():
            typed = Path(_unquoted(text)).expanduser()
        if not typed.is_absolute():
            raise FolderError(f"{text!r} is a relative path. Type the full path, like {Path.cwd() / text}.")
        folder = typed.resolve()
    except (OSError, RuntimeError) as error:
        raise FolderError(f"{text!r} cannot be followed to a folder ({error}). Check the path.") from error
    if not may_read(folder) and not any(folder.is_relative_to(root) for root in also_allowed):
        listed = ", ".join(shown(root) for root in allowed_roots())
        raise FolderError(
            f"{shown(folder)} is outside the folders this server may open. Expected a folder under: {listed}. "
            "Whoever runs the server can widen IMCLUST_ROOTS."
        )
    try:
        is_folder = folder.is_dir()
        exists = folder.exists()
    except OSError as error:
        raise FolderError(
            f"{shown(folder)} cannot be read ({error.strerror}). Check the path and its rights."
        ) from error
    if not exists:
        raise FolderError(f"{shown(folder)} does not exist on this machine. Check the spelling, or browse to it.")
    if not is_folder:
        raise FolderError(f"{shown(folder)} is a file, not a folder. Give the folder that holds the images.")
    if folder == folder.parent:
        raise FolderError(f"{shown(folder)} is the whole disk. Choose the folder of the images within it.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise FolderError(f"{shown(folder)} may not be read by the user this server runs as. Change its rights.")
    return folder


def _unquoted(text: str) -> str:
    """A path as it was meant by somebody who copied it with blanks or quotes around it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
