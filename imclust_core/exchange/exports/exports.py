"""Results for other programs: every image of a clustering with its name, in a format of one's choice."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import ExportError
from imclust_core.exchange.exports.folders import WAYS, write_folders
from imclust_core.exchange.exports.interchange import write_fiftyone, write_labelstudio
from imclust_core.exchange.exports.members import Members
from imclust_core.exchange.exports.plain_tables import write_clusters, write_csv, write_json, write_parquet
from imclust_core.exchange.exports.writing import keep_out_of, new_folder
from imclust_core.store.collections import collection

Format = Callable[[Members, Path, str], int]
"""Writes all images into an empty folder, and returns how many of them have no file that can be used."""

FORMATS: dict[str, Format] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "json": write_json,
    "folders": write_folders,
    "fiftyone": write_fiftyone,
    "labelstudio": write_labelstudio,
}
"""A new format is one function and one line here."""

HOW = tuple(WAYS)


@dataclass(frozen=True)
class Exported:
    """What was written. files: those at the top of `folder`; missing: images without a file that can be used."""

    folder: Path
    format: str
    files: tuple[str, ...]
    images: int
    missing: int


def export(members: Members, format_name: str, folder: Path, how: str = "symlink") -> Exported:
    """Write a clustering to a folder, which must be new or empty; it is there whole at the end, or not at all.

    Parameters
    ----------
    format_name: one of `FORMATS`. how: for folders, one of `HOW`.

    Example: `export(open_members(workspace, stored), "csv", Path("/tmp/results"))`
    """
    if format_name not in FORMATS or how not in HOW:
        wrong, known = (format_name, FORMATS) if format_name not in FORMATS else (how, WAYS)
        raise ExportError(f"{wrong!r} is not known. Choose one of: {', '.join(known)}.")
    keep_out_of(collection(members.workspace, members.stored.collection_id), folder)
    with new_folder(folder) as making:
        missing = FORMATS[format_name](members, making, how)
        write_clusters(members, making)
        files = tuple(sorted(entry.name for entry in making.iterdir()))
    return Exported(folder, format_name, files, len(members), missing)
