"""What the images really are, where folder names or a table say it. Only for scoring: no clustering may see this."""

import csv
import io
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imclust_core.config import named_file
from imclust_core.errors import TruthError
from imclust_core.names import display_name, shown
from imclust_core.store.catalogue import paths
from imclust_core.store.workspace import Workspace

FOLDERS = "folders"
_IMAGE_COLUMNS = ("path", "file", "filename", "file_name", "image", "name", "id")
_CLASS_COLUMNS = ("class", "label", "truth", "category", "class_name", "target")
_MOST_BYTES = 500 * 2**20


@dataclass(frozen=True)
class Truth:
    """classes: image id -> its class, for the images that have one. unused: rows of a table that are no image here."""

    classes: Mapping[int, str]
    unused: int = 0


def read_truth(workspace: Workspace, collection_id: str, source: str) -> Truth:
    """The truth by the folder each image lies in ("folders"), or by a table: the path of a CSV file.

    A table has a row for each image: its path below the folder, or its file name where no two have the same, and its
    class. A first line may name the columns (path or file; class or label), or else they are the first two.
    """
    known = paths(workspace, collection_id)
    if source == FOLDERS:
        return _by_folder(known)
    path = named_file(source)
    if path is None:
        raise TruthError(
            f"There is no file {source!r} that may be read here. Give `folders`, or the full path of a CSV file, "
            "inside IMCLUST_ROOTS where that is set."
        )
    return _by_table(known, path)


def has_folders(workspace: Workspace, collection_id: str) -> bool:
    """Whether the images lie in at least two folders, so that these may be classes."""
    return len(set(_by_folder(paths(workspace, collection_id)).classes.values())) > 1


def _by_folder(known: Mapping[int, bytes]) -> Truth:
    folders = {image: path.rpartition(b"/")[0].rpartition(b"/")[2] for image, path in known.items()}
    return Truth({image: display_name(folder) for image, folder in folders.items() if folder})


def _by_table(known: Mapping[int, bytes], path: Path) -> Truth:
    by_path = {display_name(relative): image for image, relative in known.items()}
    names = Counter(os.path.basename(relative) for relative in known.values())
    by_name = {
        display_name(os.path.basename(relative)): image
        for image, relative in known.items()
        if names[os.path.basename(relative)] == 1
    }
    found: dict[int, str] = {}
    rows = unused = 0
    for image_text, class_text in _rows(path):
        rows += 1
        image = by_path.get(image_text.removeprefix("./").replace("\\", "/"), by_name.get(image_text))
        if image is None:
            unused += 1
        elif class_text and found.setdefault(image, class_text) != class_text:
            raise TruthError(
                f"{shown(path)} gives {cut(image_text)} two classes: {cut(found[image])} and {cut(class_text)}. "
                "Leave one row for each image."
            )
    if not found:
        raise TruthError(
            f"No row of {shown(path)} gives an image of this collection a class: {rows:,} rows were read, and "
            f"{unused:,} of them name no image here. Expected paths below its folder, or file names that occur once, "
            "in a column called path or file, and classes in one called class."
        )
    return Truth(found, unused)


def cut(text: str, most: int = 80) -> str:
    """Text from a table for a line on a screen: without control characters, and not too long."""
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """(image, class) of each row of a table, the class empty where there is none."""
    try:
        text = _text_of(path)
        first, _, _ = text.partition("\n")
        delimiter = max(",;\t", key=first.count)
        # Strict, or one stray quote would swallow all rows after it.
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
        head = next(lines, [])
        image, kind, is_head = _columns(head)
        for row in lines if is_head else itertools.chain([head], lines):
            if len(row) > image:
                yield row[image].strip(), row[kind].strip() if len(row) > kind else ""
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TruthError(
            f"{shown(path)} cannot be read as a table ({error}). Give a CSV file in UTF-8 with two columns: path and "
            "class."
        ) from error


def _text_of(path: Path) -> str:
    """The text of a file on a disk; what the system makes up as it is read may never end."""
    if path.is_relative_to("/proc") or path.is_relative_to("/sys"):
        raise TruthError(f"{shown(path)} is no file on a disk. Give a CSV file of paths and classes.")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise TruthError(f"{shown(path)} is larger than 500 MB. Give a table of two columns: path and class.")
    return data.decode("utf-8-sig")


def _columns(head: list[str]) -> tuple[int, int, bool]:
    """The columns of image and class, and whether the first line names them."""
    names = [name.strip().lower() for name in head]
    image = next((names.index(one) for one in _IMAGE_COLUMNS if one in names), None)
    kind = next((names.index(one) for one in _CLASS_COLUMNS if one in names), None)
    if image is None or kind is None:
        return 0, 1, False
    return image, kind, True
