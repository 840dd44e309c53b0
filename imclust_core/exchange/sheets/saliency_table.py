"""The table of what a network looked at: each image with its maps beside it, as one picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from imclust_core.errors import ExportError
from imclust_core.exchange.sheets.fonts import write
from imclust_core.explain.colormaps import colour_table

MOST_ROWS = 60
"""Images in one table; a picture of more would be too tall for many programs."""

_TEXT, _PICTURE, _GAP = 270, 256, 12
_HEAD, _FOOT = 48, 50
_LINE = 28
_SCALE = (256, 14)
_INK, _FAINT, _PAPER, _RULE = "#202020", "#606060", "#ffffff", "#e4e4e4"


@dataclass(frozen=True)
class LookRow:
    """One image of the table.

    index: what it is called by, like "12". name: of its file. pictures: one under each title. lines: what is said of
    it, like a class with its probability; the first stands out.
    """

    index: str
    name: str
    pictures: Sequence[Image.Image]
    lines: Sequence[str] = ()


def side_by_side(rows: Sequence[LookRow], *, titles: Sequence[str], colours: str = "heat") -> Image.Image:
    """The rows below each other, with a title over each column; colours: the map whose scale stands at the foot."""
    _check(rows, titles)
    fitted = [[_fitted(picture) for picture in row.pictures] for row in rows]
    heights = [_height(row, pictures) for row, pictures in zip(rows, fitted, strict=True)]
    page = Image.new("RGB", (_left(len(titles)), _HEAD + sum(heights) + _FOOT), _PAPER)
    for column, title in enumerate(titles):
        write(page, (_left(column), _GAP), title, 20, _INK, _PICTURE)
    top = _HEAD
    for row, pictures, height in zip(rows, fitted, heights, strict=True):
        _draw_row(page, row, pictures, top)
        top += height
    _draw_scale(page, top, colours)
    return page


def _check(rows: Sequence[LookRow], titles: Sequence[str]) -> None:
    if not 1 <= len(rows) <= MOST_ROWS or not titles:
        raise ExportError(
            f"A table has 1 to {MOST_ROWS} images and at least one column, not {len(rows):,} in {len(titles)}."
        )
    for row in rows:
        if len(row.pictures) != len(titles):
            raise ExportError(
                f"The row {row.index!r} has {len(row.pictures)} pictures, and there are {len(titles)} titles. Give a "
                "picture for each title."
            )


def _left(column: int) -> int:
    return _GAP + _TEXT + column * (_PICTURE + _GAP)


def _fitted(picture: Image.Image) -> Image.Image:
    """As large as its column allows, also when it is small."""
    scale = _PICTURE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _height(row: LookRow, pictures: Sequence[Image.Image]) -> int:
    return max(_LINE * (2 + len(row.lines)), *(picture.height for picture in pictures)) + 2 * _GAP


def _draw_row(page: Image.Image, row: LookRow, pictures: Sequence[Image.Image], top: int) -> None:
    ImageDraw.Draw(page).line((_GAP, top, page.width - _GAP, top), _RULE)
    top += _GAP
    write(page, (_GAP, top), row.index, 22, _INK, _TEXT - 2 * _GAP)
    write(page, (_GAP, top + _LINE), row.name, 16, _FAINT, _TEXT - 2 * _GAP)
    for number, line in enumerate(row.lines):
        write(page, (_GAP, top + (2 + number) * _LINE), line, 18, _FAINT if number else _INK, _TEXT - 2 * _GAP)
    for column, picture in enumerate(pictures):
        left = _left(column) + (_PICTURE - picture.width) // 2
        # A white picture ends somewhere too.
        edge = (left - 1, top - 1, left + picture.width, top + picture.height)
        ImageDraw.Draw(page).rectangle(edge, outline=_RULE)
        page.paste(picture, (left, top))


def _draw_scale(page: Image.Image, top: int, colours: str) -> None:
    """The colours of a map from little to much, at the foot."""
    ImageDraw.Draw(page).line((_GAP, top, page.width - _GAP, top), _RULE)
    top += _FOOT // 2 - _SCALE[1] // 2
    write(page, (_GAP, top - 4), "How much it counts", 16, _FAINT, _TEXT - 2 * _GAP)
    left = _left(0)
    write(page, (left, top - 4), "little", 16, _FAINT, 44)
    page.paste(Image.fromarray(colour_table(colours)[None]).resize(_SCALE), (left + 50, top))
    write(page, (left + 50 + _SCALE[0] + 8, top - 4), "much", 16, _FAINT, 60)
