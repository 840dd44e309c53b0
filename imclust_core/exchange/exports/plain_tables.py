"""The formats that are one table: CSV, Parquet, JSON."""

import csv
import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imclust_core.arrays.chunks import batched
from imclust_core.errors import ExportError
from imclust_core.exchange.exports.members import COLUMNS, Member, Members, cluster_rows
from imclust_core.exchange.exports.tables import csv_cell
from imclust_core.exchange.exports.writing import text_file

ROWS_AT_ONCE = 50_000
"""Rows of a Parquet file that are held in memory before they are written."""

CLUSTER_COLUMNS = ("cluster", "images", "name", "state", "note", "author", "time")


def write_csv(members: Members, folder: Path, _how: str) -> int:
    """`images.csv`, which spreadsheets read, and `imclust import` too."""
    return _counting(members, lambda rows: _csv(folder / "images.csv", COLUMNS, (row.values for row in rows)))


def write_json(members: Members, folder: Path, _how: str) -> int:
    """`images.json`: one object, with one line for each image."""
    about = {"clustering": members.stored.id, "events_up_to": members.desk.version, "columns": list(COLUMNS)}

    def write(rows: Iterator[Member]) -> None:
        with text_file(folder / "images.json") as file:
            file.write(json.dumps(about)[:-1] + ', "images": [')
            for number, row in enumerate(rows):
                file.write((",\n" if number else "\n") + json.dumps(row.facts))
            file.write("\n]}\n")

    return _counting(members, write)


def write_parquet(members: Members, folder: Path, _how: str) -> int:
    """`images.parquet`, for data frames; also with the exact bytes of each path."""
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow, which is not here. Install it: pip install pyarrow") from error
    types = (arrow.int64(), arrow.string(), arrow.int32(), *[arrow.string()] * 3, arrow.float64(), arrow.string())
    schema = arrow.schema(
        [*zip(COLUMNS, (*types, arrow.bool_()), strict=True), ("path_bytes", arrow.binary())],
        {"clustering": members.stored.id},
    )

    def write(rows: Iterator[Member]) -> None:
        with (folder / "images.parquet").open("xb") as file:
            with parquet.ParquetWriter(file, schema) as writer:
                for some in batched(rows, ROWS_AT_ONCE):
                    columns: list[Any] = [list(column) for column in zip(*(row.values for row in some), strict=True)]
                    columns.append([row.path for row in some])
                    writer.write_table(arrow.table(dict(zip(schema.names, columns, strict=True)), schema=schema))
            file.flush()
            os.fsync(file.fileno())

    return _counting(members, write)


def write_clusters(members: Members, folder: Path) -> None:
    """`clusters.csv`, which goes with every format: it alone has the notes, and `imclust import` reads it."""
    rows = (
        (row.cluster, row.images, row.name, row.state, row.note, row.author, moment(row.at))
        for row in cluster_rows(members.desk)
    )
    _csv(folder / "clusters.csv", CLUSTER_COLUMNS, rows)


def write_files(members: Members, folder: Path, files: Iterable[tuple[Member, str]]) -> None:
    """`images.csv` with one more column: the file that was made of each image, if any."""
    _csv(folder / "images.csv", (*COLUMNS, "file"), ((*row.values, file) for row, file in files))


def moment(at: int | None) -> str:
    """A time in a table."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at is not None else ""


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    # The mark at the start makes spreadsheets read the names as UTF-8.
    with text_file(path, "utf-8-sig") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else csv_cell(value)


def _counting(members: Iterable[Member], write: Callable[[Iterator[Member]], None]) -> int:
    """Let `write` have the images, and return how many of them have no usable file."""
    missing = 0

    def counted() -> Iterator[Member]:
        nonlocal missing
        for row in members:
            missing += not row.usable
            yield row

    write(counted())
    return missing
