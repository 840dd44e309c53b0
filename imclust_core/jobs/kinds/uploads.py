"""Files an analyst sends through the browser: put into a folder of the workspace, then scanned."""

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imclust_core.errors import UploadError
from imclust_core.jobs.kinds.unpack import numbered, safe_parts
from imclust_core.jobs.submitting import submit_scan, submit_unpack
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.workspace import Workspace


@dataclass(frozen=True)
class Upload:
    """One file as the browser sent it; nothing about its name is to be trusted."""

    name: str
    content: BinaryIO


def receive(workspace: Workspace, files: Sequence[Upload], name: str = "") -> Collection:
    """Store uploaded images, or one zip, as a new collection and queue its scan."""
    archives = [file for file in files if file.name.lower().endswith(".zip")]
    if not files:
        raise UploadError("No file was chosen. Choose images, or one zip of images.")
    if archives and len(files) > 1:
        raise UploadError("Send either images or one zip, not both and not several zips.")
    folder = workspace.uploads / secrets.token_hex(6)
    folder.mkdir()
    try:
        if archives:
            _store(archives[0], workspace.uploads / f"{folder.name}.zip")
        else:
            for file in files:
                parts = safe_parts(Path(file.name).name) or ["image"]
                _store(file, numbered(folder / parts[-1], Path.exists))
    except UploadError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shown = name.strip() or (Path(files[0].name).stem if archives else "Uploaded images")
    source = add_collection(workspace, folder.resolve(), shown)
    if archives:
        submit_unpack(workspace, source, f"{folder.name}.zip")
    else:
        submit_scan(workspace, source)
    return source


def _store(file: Upload, path: Path) -> None:
    temporary = path.with_name(f"{path.name}.part")
    try:
        with temporary.open("wb") as out:
            shutil.copyfileobj(file.content, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UploadError(
            f"{path.name} could not be stored ({error.strerror}). Free some space on the workspace's disk and "
            "send it again."
        ) from error
