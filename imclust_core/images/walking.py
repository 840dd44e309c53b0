"""Stream a folder tree: every entry once, in bounded memory however many there are."""

import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import SourceUnavailable
from imclust_core.names import reason_of, shown, time_of

_STRETCH = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of the tree. `path` is relative to the root, in the file system's own bytes.

    `reason` is set when the entry cannot be a picture whatever it holds. A folder that could not be
    listed is reported under its own path with a trailing slash.
    """

    path: bytes
    size: int = 0
    mtime_ns: int = 0
    reason: str | None = None
    detail: str = ""

    @property
    def is_folder(self) -> bool:
        return self.path.endswith(b"/")


def walk(root: Path, *, follow_links: bool = False, skip: frozenset[bytes] = frozenset()) -> Iterator[Found]:
    """Yield every file below `root`; folders only when they cannot be listed.

    follow_links: take links whose target lies inside `root`, each real folder once; others stay `symlink`.
    skip: absolute folders (bytes) not entered, such as the workspace itself.
    Raises SourceUnavailable when `root` itself cannot be listed.
    """
    base = os.fsencode(root)
    # Folders reached by a link come last: a new link must not take the files of the folder it points to.
    pending: list[bytes] = [b""]
    linked: list[bytes] = []
    visited: set[tuple[int, int]] = set()
    while pending or linked:
        relative = pending.pop() if pending else linked.pop()
        folder = os.path.join(base, relative) if relative else base
        if os.path.normpath(folder) in skip:
            continue
        try:
            if follow_links and not _first_visit(folder, visited):
                continue
            with os.scandir(folder) as entries:
                yield from _entries(entries, relative, base, pending, linked, follow_links)
        except OSError as error:
            if not relative:
                raise SourceUnavailable(
                    f"{shown(root)} could not be listed ({error.strerror}). If it is on a drive or a network share, "
                    "reconnect it and resume; nothing recorded so far is lost."
                ) from error
            yield Found(relative + b"/", reason=reason_of(error), detail=error.strerror or "")


def _entries(
    entries: Iterator[os.DirEntry[bytes]],
    relative: bytes,
    base: bytes,
    pending: list[bytes],
    linked: list[bytes],
    follow_links: bool,
) -> Iterator[Found]:
    """The files of one folder; folders in it are added to `pending`, links to folders to `linked`.

    Sorted in stretches of bounded length: files are read, and rows written, in nearly the order of their
    names, which is kinder to disks and to the index on them, and a folder of any size needs no more memory.
    """
    prefix = relative + b"/" if relative else b""
    folders = []
    while stretch := sorted(itertools.islice(entries, _STRETCH), key=_name):
        for entry in stretch:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
                continue
            found = _file(entry, path, base, follow_links)
            if found is None:
                linked.append(path)
            else:
                yield found
    pending += sorted(folders, reverse=True)


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def _file(entry: os.DirEntry[bytes], path: bytes, base: bytes, follow_links: bool) -> Found | None:
    """What an entry that is no folder is; None for a link to a folder that is to be followed."""
    try:
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(facts.st_mode):
            target = _inside(entry.path, base) if follow_links else None
            if target is None:
                return Found(path, reason="symlink")
            try:
                facts = os.stat(target)
            except OSError as error:
                return Found(path, reason="symlink", detail=error.strerror or "")
            if stat.S_ISDIR(facts.st_mode):
                return None
    except OSError as error:
        return Found(path, reason=reason_of(error), detail=error.strerror or "")
    regular = stat.S_ISREG(facts.st_mode)
    return Found(path, facts.st_size, time_of(facts), None if regular else "not_a_file")


def _inside(path: bytes, base: bytes) -> bytes | None:
    target = os.path.realpath(path)
    return target if target.startswith(os.path.realpath(base) + os.sep.encode()) else None


def _first_visit(folder: bytes, visited: set[tuple[int, int]]) -> bool:
    facts = os.stat(folder)
    key = (facts.st_dev, facts.st_ino)
    if key in visited:
        return False
    visited.add(key)
    return True


def count_files(root: Path, skip: frozenset[bytes] = frozenset(), stop: list[bool] | None = None) -> int:
    """Count what `walk` will yield, without looking at a single file: the total for a progress bar."""
    total, pending = 0, [os.fsencode(root)]
    while pending and not (stop and stop[0]):
        folder = pending.pop()
        if os.path.normpath(folder) in skip:
            continue
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += 1
        except OSError:
            total += 1
    return total


def subfolders(folder: Path, *, limit: int = 200, look_at: int = 20_000) -> list[Path]:
    """Up to `limit` folders directly in `folder`, by name, hidden ones left out; for a person to browse.

    Looks at no more than `look_at` entries, so that a folder with a million files does not stall a page.
    """
    names = []
    with os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(look_at), strict=False):
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
    return [folder / name for name in sorted(names, key=str.casefold)[:limit]]
