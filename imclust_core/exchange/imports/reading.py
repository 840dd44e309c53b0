"""A table that somebody gives back: names of clusters, or names of images."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from imclust_core.errors import ExportError
from imclust_core.exchange.exports.tables import csv_value

MOST_BYTES = 500 * 2**20
"""As much as a million long paths, a few times."""

_COLUMNS = {
    "image": ("image_id",),
    "path": ("path", "file", "filename", "file_name"),
    "cluster": ("cluster",),
    "name": ("name", "label", "class"),
    "state": ("state",),
    "note": ("note",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; line: its number, the head being 1. What the table does not say is empty."""

    line: int
    image: str
    path: str
    cluster: str
    name: str
    state: str
    note: str
    beyond: str = ""
    """What stands in cells that the head has no column for."""


@dataclass(frozen=True)
class Table:
    """A table of names. digest: of its bytes; of_images: whether a row is about an image, and not about a cluster.

    width: how many cells the head has.
    """

    digest: str
    of_images: bool
    columns: dict[str, int]
    width: int
    _data: bytes = field(repr=False)
    _delimiter: str

    def rows(self) -> Iterator[Row]:
        """Line by line, cells as they were before `csv_cell`; ExportError where a line cannot be read."""
        lines = _lines(self._data, self._delimiter)
        next(lines)
        for line, cells in lines:
            found = {what: csv_value(cells[at]) if at < len(cells) else "" for what, at in self.columns.items()}
            image, path, cluster = (found.get(what, "") for what in ("image", "path", "cluster"))
            name, state, note = (found.get(what, "").strip() for what in ("name", "state", "note"))
            beyond = " ".join(cells[self.width :]).strip()  # empty cells at the end lose nothing
            yield Row(line, image, path, cluster, name, state, note, beyond)


def read_table(data: bytes) -> Table:
    """The table in the bytes of a CSV file, which has to have a first line with the names of its columns."""
    if len(data) > MOST_BYTES:
        raise ExportError(f"The file is larger than {MOST_BYTES >> 20} MB. Give a CSV file of paths and names only.")
    first = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode(errors="replace")
    delimiter = max(",;\t", key=first.count)
    _, head = next(_lines(data, delimiter), (1, []))
    given = [name.strip().lower() for name in head]
    known = {one for names in _COLUMNS.values() for one in names}
    twice = next((name for name in given if name in known and given.count(name) > 1), None)
    if twice is not None:
        raise ExportError(
            f"Two columns of the file are called {twice!r}, so it cannot be told which one counts. Give one of them "
            "another name, and import the file again."
        )
    columns = {
        what: given.index(next(one for one in names if one in given))
        for what, names in _COLUMNS.items()
        if any(one in given for one in names)
    }
    of_images = "path" in columns or "image" in columns
    if "name" not in columns or not (of_images or "cluster" in columns):
        raise ExportError(
            f"The first line of the file does not name the columns that are needed; it has {first[:200]!r}. Expected "
            "path and name, for images, or cluster and name, for clusters."
        )
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Table(digest, of_images, columns, len(head), data, delimiter)


def _lines(data: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
        # Strict, or one stray quote would swallow all rows after it.
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExportError(
            f"The file cannot be read as a table ({error}). Give a CSV file in UTF-8, as imclust export writes it."
        ) from error
