"""Tables that leave the house: CSV that no spreadsheet takes for formulas, and that can be read back as it was."""

import csv
import io
from collections.abc import Iterable, Sequence

from imclust_core.images.reasons import sentence
from imclust_core.store.catalogue import BATCH, skipped_files
from imclust_core.store.workspace import Workspace

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTE = "'"


def csv_cell(value: object) -> str:
    """A value as CSV text; what a spreadsheet would run as a formula gets a quote in front.

    So does what looks as if it had such a quote, or `csv_value` could not tell the two apart.
    """
    text = "" if value is None else str(value)
    unsafe = text.startswith(_FORMULA_STARTS) or (text.startswith(_QUOTE) and _guarded(text[1:]))
    return f"{_QUOTE}{text}" if unsafe and not isinstance(value, int | float) else text


def csv_value(cell: str) -> str:
    """The text that `csv_cell` made a cell of."""
    return cell[1:] if cell.startswith(_QUOTE) and _guarded(cell[1:]) else cell


def _guarded(text: str) -> bool:
    return text.startswith((*_FORMULA_STARTS, _QUOTE))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A whole CSV file with a header line; the mark at its start makes spreadsheets read it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def skipped_csv(workspace: Workspace, collection_id: str) -> bytes:
    """Every skipped file of a collection with its reason, in words and as a code."""

    def rows() -> Iterable[Sequence[object]]:
        last = 0
        while page := skipped_files(workspace, collection_id, after=last, limit=BATCH):
            last = page[-1].id
            for file in page:
                yield file.name, file.reason, sentence(file.reason or ""), file.size, file.detail

    return csv_bytes(("file", "reason", "meaning", "bytes", "detail"), rows())
