"""The format that is folders: one for each name, with a link to each image, or a copy of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from imclust_core.errors import ExportError, ImageProblem
from imclust_core.exchange.exports.members import Member, Members
from imclust_core.exchange.exports.plain_tables import write_files
from imclust_core.exchange.exports.safe_names import Names
from imclust_core.names import display_name, shown
from imclust_core.store.collections import collection
from imclust_core.store.pictures import safe_path


def write_folders(members: Members, folder: Path, how: str) -> int:
    """`images/NAME/...`, and `images.csv` that tells which file there is which image.

    An image whose file is not there any more, or may not be read, is in the table without a file. Links and copies are
    not forced to the disk one by one, which would take longer than all the rest; what they are made of stays.
    """
    below = folder / "images"
    below.mkdir()
    source = collection(members.workspace, members.stored.collection_id)
    folders = _folders_of(members)
    taken: dict[str, Names] = {}
    missing = 0

    def files() -> Iterator[tuple[Member, str]]:
        nonlocal missing
        for row in members:
            name = folders[row.name or row.cluster]
            real = _file_of(source.folder, row, follow_links=source.follow_links)
            if name not in taken:
                taken[name] = Names()
                (below / name).mkdir()
            if real is None:
                missing += 1
                yield row, ""
                continue
            wanted = display_name(row.path.rpartition(b"/")[2])
            file = taken[name].add(wanted, row.image, is_file=True)
            _put(how, real, below / name / file)
            yield row, f"images/{name}/{file}"

    write_files(members, folder, files())
    return missing


def _folders_of(members: Members) -> dict[str | int, str]:
    """The folder of each name, and of each group that has none by its number. Names come first, to be as they are."""
    names = Names()
    unnamed = sorted(number for number in members.desk.sizes if not members.desk.name_of(number))
    found: dict[str | int, str] = {name: names.add(name) for name in members.names}
    return found | {number: names.add(members.called(number)) for number in unnamed}


def _file_of(folder: Path, row: Member, *, follow_links: bool) -> str | None:
    """The real path of an image that is there to be read, and lies in its collection."""
    if not row.usable:
        return None
    try:
        real = safe_path(folder, row.path, follow_links=follow_links)
    except ImageProblem:
        return None
    return real if Path(real).is_file() and os.access(real, os.R_OK) else None


def _put(how: str, real: str, target: Path) -> None:
    try:
        WAYS[how](real, target)
    except FileNotFoundError as error:
        raise ExportError(f"{shown(Path(real))} was removed while it was exported. Scan the folder again.") from error
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or str(error)
        others = " or ".join(way for way in WAYS if way != how)
        raise ExportError(
            f"{_WORDS[how]} of {shown(Path(real))} could not be made ({why}), so nothing was exported. Choose "
            f"{others}, or a folder on another disk."
        ) from error


def _hard_link(real: str, target: Path) -> None:
    os.link(real, target, follow_symlinks=False)


WAYS: dict[str, Callable[[str, Path], object]] = {
    "symlink": os.symlink,
    "hardlink": _hard_link,
    "copy": shutil.copyfile,
}
"""How an image gets into its folder. Links are to the analyst's own file: who writes through one changes it."""

_WORDS = {"symlink": "A symbolic link", "hardlink": "A hard link", "copy": "A copy"}
