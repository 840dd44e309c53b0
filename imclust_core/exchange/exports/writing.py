"""Writing results to a folder that was not there: all of it or nothing, and never over anything that is."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from imclust_core.config import allowed_roots, may_read
from imclust_core.errors import ExportError
from imclust_core.names import expanded, shown
from imclust_core.store.collections import Collection
from imclust_core.store.database import sync_folder
from imclust_core.store.workspace import Workspace


def folder_to_write(workspace: Workspace, typed: str) -> Path:
    """The folder that a person typed, for results; ExportError where nothing may be written."""
    if not typed.strip() or "\0" in typed:
        raise ExportError("No folder was given to write to. Type the path of a new or an empty folder.")
    try:
        folder = expanded(typed).resolve()
    except (OSError, RuntimeError) as error:
        raise ExportError(f"{typed!r} cannot be followed to a folder ({error}). Give another folder.") from error
    if not may_read(folder):
        listed = ", ".join(shown(root) for root in allowed_roots())
        raise ExportError(
            f"{shown(folder)} is outside the folders this server may use. Expected a new folder under: {listed}."
        )
    if folder.is_relative_to(workspace.root):
        raise ExportError(f"{shown(folder)} belongs to imclust's own workspace. Give a folder somewhere else.")
    return folder


def keep_out_of(source: Collection, folder: Path) -> None:
    """Refuse to write among the images: their folder is only ever read, and a scan would find the results in it."""
    if folder.resolve().is_relative_to(source.folder.resolve()):
        raise ExportError(
            f"{shown(folder)} lies in the folder of the images, which is only ever read. Give a folder somewhere else."
        )


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A place to write in that becomes `folder` at the end, at once; after an error nothing is left of it."""
    folder = folder.resolve()
    if not folder.name:  # the root of a disk has no name, and nothing beside it
        raise _taken(folder)
    # Beside the folder and not in it, so that one rename is all that it takes.
    making = folder.with_name(f".imclust-{os.getpid()}-{time.monotonic_ns()}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise _taken(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir()
        yield making
        if os.name == "posix":
            sync_folder(making)
        elif folder.exists():
            folder.rmdir()  # Windows renames onto nothing, not even onto an empty folder
        making.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise ExportError(
            f"The results could not be written to {shown(folder)} ({error.strerror or error}), so nothing was. Make "
            "room or give yourself the right to write there, or give a new folder in another place."
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _taken(folder: Path) -> ExportError:
    return ExportError(
        f"{shown(folder)} is there already, and nothing is ever overwritten. Give a new or an empty folder."
    )


@contextlib.contextmanager
def text_file(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A new text file that is on the disk when this ends."""
    with path.open("x", encoding=encoding, newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
