"""Unpacking an uploaded zip into a folder of its own: no path leads out of it, and no bomb fills the disk."""

import lzma
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imclust_core.errors import UploadError
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.store.workspace import Workspace

MAX_ENTRIES = 200_000
MAX_BYTES = 8 * 2**30
MAX_RATIO = 200
"""Photographs hardly compress at all; a zip that promises to grow 200 times is a bomb."""

_CHUNK = 1 << 20
_FORBIDDEN = frozenset('<>:"|?*\\')


def unpack(workspace: Workspace, archive: str, report: Report) -> None:
    """Unpack `uploads/<archive>` into the folder of the same name without ".zip", then delete the archive.

    Files already unpacked by a run that was killed are not written again.
    """
    source = workspace.uploads / archive
    target = source.with_suffix("")
    if not source.exists():
        return  # a run before this one got as far as deleting it
    try:
        with zipfile.ZipFile(source) as bundle:
            entries = [entry for entry in bundle.infolist() if not entry.is_dir()]
            _check(entries, target)
            taken: set[Path] = set()
            for done, entry in enumerate(entries):
                report(done, len(entries), "unpacking")
                _unpack_entry(bundle, entry, target, taken)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError) as error:
        source.unlink()
        raise UploadError(
            f"The zip cannot be unpacked ({error}). Expected a plain, unencrypted zip of images; make it again, or "
            "upload the images themselves."
        ) from error
    source.unlink()


def _check(entries: list[zipfile.ZipInfo], target: Path) -> None:
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MAX_ENTRIES or size > MAX_BYTES or size > MAX_RATIO * max(packed, _CHUNK):
        raise UploadError(
            f"The zip holds {len(entries):,} files of {size / 2**20:,.0f} MiB together; at most {MAX_ENTRIES:,} files "
            f"and {MAX_BYTES / 2**30:.0f} GiB are unpacked. Unpack it yourself and point imclust at the folder."
        )
    free = shutil.disk_usage(target.parent).free
    if free < 1.2 * size:
        raise UploadError(
            f"The zip needs {size / 2**20:,.0f} MiB and the workspace's disk has {free / 2**20:,.0f} MiB free. "
            "Free some space and retry."
        )


def _unpack_entry(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, taken: set[Path]) -> None:
    """Unpack one entry; `taken` are the paths of the entries before it, which may bear the same name."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return
    parts = safe_parts(entry.filename)
    if not parts:
        return
    # Also where one of its folders stands; not where a run before this one put the very file.
    path = numbered(target.joinpath(*parts), lambda one: one in taken or one.is_dir())
    taken.add(path)
    if path.is_file() and path.stat().st_size == entry.file_size:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise zipfile.BadZipFile(f"{'/'.join(parts)} lies in something that is a file") from error
    temporary = target.parent / f"{target.name}.part"
    with bundle.open(entry) as packed, temporary.open("wb") as out:
        left = entry.file_size
        # The header's size is a claim: stop at it, whatever the data goes on to.
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise UploadError(
                    f"{'/'.join(parts)} is larger than the zip says. Make the zip again, or upload the images."
                )
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def numbered(path: Path, is_taken: Callable[[Path], bool]) -> Path:
    """The path itself, or the first of "name (2).jpg", "name (3).jpg", ... that is not taken."""
    free, number = path, 2
    while is_taken(free):
        free, number = path.with_name(f"{path.stem} ({number}){path.suffix}"), number + 1
    return free


def safe_parts(name: str) -> list[str]:
    """The parts of a name from outside that may become folders and a file of ours; none means: leave it out.

    Drops drive letters, "..", leading dots and the folders macOS adds; replaces what file systems refuse.
    """
    parts = []
    for part in name.replace("\\", "/").split("/"):
        clean = "".join("_" if char in _FORBIDDEN or not char.isprintable() else char for char in part).strip(" ")
        while len(clean.encode()) > 200:
            clean = clean[1:]
        if clean.strip("."):
            parts.append(clean.lstrip(".") if clean.startswith("..") else clean)
    if not parts or parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db"):
        return []
    return parts


def unpack_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    unpack(workspace, job.params["archive"], report)
    return scan(workspace, job.collection, report)
