"""What a network looked at, written to a folder: a picture for each image and method, a table, and a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError
from imclust_core.explain.pictures import blended, decode_slopes, shown_slopes, weighed
from imclust_core.images.opening import open_image
from imclust_core.report.look_table import MOST_ROWS, LookRow, side_by_side
from imclust_core.report.safe_names import safe_name
from imclust_core.report.tables import csv_text
from imclust_core.report.writing import keep_out_of, new_folder
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.looks import HEATS, read_heat, read_slopes
from imclust_core.store.pictures import safe_path
from imclust_core.store.workspace import Workspace

_SIDE = 1024
NEEDS = {
    "cam": ("cam",),
    "gradcam": ("gradcam",),
    "gbp": ("guided",),
    "gradient": ("gradient",),
    "guided_gradcam": ("gradcam", "guided"),
}
"""What of `store.looks.METHODS` each way to show it is made of. A new way is one line here and one in `_drawn`."""


@dataclass(frozen=True)
class Explained:
    """One image that was looked at. target: as in `naming.looking`; lines: what is said of it in the table."""

    image: ImageRow
    target: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Style:
    """How looks are drawn. titles: of the ways, as their columns are called; opacity: of heat over the picture."""

    titles: dict[str, str]
    colours: str
    opacity: float
    grey: bool


def write_looks(
    workspace: Workspace, source: Collection, one: Embedding, rows: Sequence[Explained], style: Style, folder: Path
) -> list[str]:
    """Write them to a folder that must be new or empty; it is there whole at the end, or not at all."""
    keep_out_of(source, folder)
    listed: list[tuple[object, ...]] = []
    table: list[LookRow] = []
    with new_folder(folder) as making:
        for row in rows:
            picture = _original(source, row.image)
            drawn = {way: _drawn(way, one, row, picture, style) for way in style.titles}
            files = []
            for way, shown in drawn.items():
                files.append(safe_name(f"{row.image.id}-{Path(row.image.name).stem}", f"-{way}.png"))
                shown.save(making / files[-1], "PNG")
            listed.append((row.image.id, row.image.name, row.target, *row.lines[:1], *files))
            if len(table) < MOST_ROWS:
                table.append(LookRow(str(row.image.id), row.image.name, [picture, *drawn.values()], row.lines))
        if table:
            page = side_by_side(table, titles=["Original", *style.titles.values()], colours=style.colours)
            page.save(making / "table.png", "PNG")
        header = ("image", "file", "explained", "label", *style.titles)
        (making / "looks.csv").write_bytes(csv_text(header, listed).encode("utf-8-sig"))
        return sorted(entry.name for entry in making.iterdir())


def _original(source: Collection, image: ImageRow) -> Image.Image:
    path = safe_path(source.folder, image.path, follow_links=source.follow_links)
    picture = open_image(path, at_least=_SIDE).rgb
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return picture


def _drawn(way: str, one: Embedding, row: Explained, picture: Image.Image, style: Style) -> Image.Image:
    preprocessing = Preprocessing.of(one.recipe.preprocessing)
    kept = {method: _kept(one, row, method) for method in NEEDS[way]}
    if way in HEATS:
        return blended(picture, kept[way], preprocessing, style.colours, style.opacity)
    slopes = kept[NEEDS[way][-1]]
    if way == "guided_gradcam":
        slopes = weighed(slopes, kept["gradcam"])
    return shown_slopes(slopes, preprocessing, *picture.size, _SIDE, grey=style.grey)


def _kept(one: Embedding, row: Explained, method: str) -> np.ndarray:
    digest = row.image.hash or b""
    if method in HEATS:
        heat = read_heat(one, digest, row.target, method)
        if heat is not None:
            return heat
    elif slopes := read_slopes(one, digest, row.target, method):
        return decode_slopes(slopes)
    raise ExplainError(f"What was found in {row.image.name} is not kept any more. Run the same command again.")
