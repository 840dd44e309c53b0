"""The sample sheet: every cluster with some of its images, as one picture for a screen or as pages for a printer."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from imclust_core.errors import ExportError
from imclust_core.exchange.sheets.fonts import write

MOST_CLUSTERS = 100
"""Clusters on one sheet; a picture of more would be too tall for many programs, and nobody looks through it."""
MOST_SAMPLES = 20

_THUMB, _GAP, _BAR, _TEXT = 96, 8, 12, 300
_ROW = _THUMB + _GAP
_PAGE = (1240, 1754)
"""A4 at 150 dots an inch."""
_MARGIN = 70
_HEAD = 56
_INK, _FAINT, _PAPER, _EMPTY = "#202020", "#606060", "#ffffff", "#e4e4e4"


@dataclass(frozen=True)
class SheetRow:
    """A cluster on the sheet. colour: like "#961eff"; size: its images; thumbnails: JPEG bytes of some of them."""

    number: int
    name: str
    colour: str
    size: int
    thumbnails: Sequence[bytes]


def sheet(rows: Sequence[SheetRow], *, title: str, samples: int = 10, most: int = MOST_CLUSTERS) -> bytes:
    """All clusters below each other as one PNG; the same rows give the same bytes where the same fonts are."""
    shown, rest = _bounded(rows, samples, most)
    size = (_BAR + _TEXT + samples * _ROW + 2 * _GAP, _HEAD + len(shown) * _ROW + (_HEAD if rest else _GAP))
    page = Image.new("RGB", size, _PAPER)
    write(page, (_GAP, _GAP), title, 26, _INK, size[0] - 2 * _GAP)
    for number, row in enumerate(shown):
        _draw_row(page, row, (_GAP, _HEAD + number * _ROW), samples)
    write(page, (_GAP, size[1] - _HEAD + _GAP), rest, 20, _FAINT, size[0] - 2 * _GAP)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def sheet_pdf(rows: Sequence[SheetRow], *, title: str, samples: int = 7, most: int = MOST_CLUSTERS) -> bytes:
    """All clusters on A4 pages as a PDF."""
    shown, rest = _bounded(rows, samples, most)
    samples = min(samples, (_PAGE[0] - 2 * _MARGIN - _BAR - _TEXT) // _ROW)
    per_page = (_PAGE[1] - 2 * _MARGIN - 2 * _HEAD) // _ROW
    starts = range(0, max(1, len(shown)), per_page)
    pages = []
    for at, start in enumerate(starts, 1):
        page = Image.new("RGB", _PAGE, _PAPER)
        width = _PAGE[0] - 2 * _MARGIN
        write(page, (_MARGIN, _MARGIN), title, 26, _INK, width)
        for number, row in enumerate(shown[start : start + per_page]):
            _draw_row(page, row, (_MARGIN, _MARGIN + _HEAD + number * _ROW), samples)
        foot = f"Page {at} of {len(starts)}. {rest if at == len(starts) else ''}"
        write(page, (_MARGIN, _PAGE[1] - _MARGIN - _GAP), foot, 18, _FAINT, width)
        pages.append(page)
    out = io.BytesIO()
    # Without times, which Pillow would take from the clock.
    about = {"title": title, "producer": "", "creationDate": None, "modDate": None}
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150, quality=90, **about)
    return out.getvalue()


def _bounded(rows: Sequence[SheetRow], samples: int, most: int) -> tuple[Sequence[SheetRow], str]:
    """The rows that fit on a sheet, and a sentence on those that do not."""
    if not 1 <= samples <= MOST_SAMPLES or not 1 <= most <= MOST_CLUSTERS:
        raise ExportError(
            f"A sheet has 1 to {MOST_SAMPLES} images of up to {MOST_CLUSTERS} clusters, not {samples} of {most}."
        )
    left = rows[most:]
    images = sum(row.size for row in left)
    return rows[:most], f"{len(left):,} more clusters with {images:,} images are not shown." if left else ""


def _draw_row(page: Image.Image, row: SheetRow, corner: tuple[int, int], samples: int) -> None:
    left, top = corner
    ImageDraw.Draw(page).rectangle((left, top, left + _BAR - 1, top + _THUMB - 1), fill=row.colour)
    text, width = left + _BAR + _GAP, _TEXT - 2 * _GAP
    write(page, (text, top + 6), row.name or f"Cluster {row.number}", 22, _INK, width)
    images = "1 image" if row.size == 1 else f"{row.size:,} images"
    write(page, (text, top + 40), f"No. {row.number}", 18, _FAINT, width)
    write(page, (text, top + 66), images, 18, _FAINT, width)
    for number, data in enumerate(row.thumbnails[:samples]):
        page.paste(_thumbnail(data), (left + _BAR + _TEXT + number * _ROW, top))


def _thumbnail(data: bytes) -> Image.Image:
    """A picture in the middle of its square; an empty square for one that cannot be read."""
    square = Image.new("RGB", (_THUMB, _THUMB), _EMPTY)
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            opened.draft("RGB", (_THUMB, _THUMB))  # a large one is decoded small
            small = ImageOps.contain(opened.convert("RGB"), (_THUMB, _THUMB))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return square
    square.paste(small, ((_THUMB - small.width) // 2, (_THUMB - small.height) // 2))
    return square
