"""What a network looked at, written to a folder: a picture for each image and method, a table, and a list."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError, ImageProblem
from imclust_core.exchange.exports.safe_names import safe_name
from imclust_core.exchange.exports.tables import csv_bytes
from imclust_core.exchange.exports.writing import keep_out_of, new_folder
from imclust_core.exchange.sheets.saliency_table import MOST_ROWS, LookRow, side_by_side
from imclust_core.explain.pictures import blended, decode_slopes, shown_slopes, weighed
from imclust_core.images.inspecting import digest_of
from imclust_core.images.opening import open_image, read_file
from imclust_core.images.reasons import sentence
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.saliency import HEATS, forget_look, read_heat, read_slopes
from imclust_core.store.pictures import safe_path

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
    """One image that was looked at. target: as in `naming.looking`, and about: the same in words, or nothing.

    label: its first label, or nothing.
    """

    image: ImageRow
    target: str
    label: str
    about: str

    def lines(self) -> list[str]:
        """What the table says of it."""
        return [line for line in (self.label, self.about) if line]


@dataclass(frozen=True)
class Style:
    """How looks are drawn. titles: of the ways, as their columns are called; opacity: of heat over the picture."""

    titles: dict[str, str]
    colours: str
    opacity: float
    grey: bool


def write_looks(
    source: Collection, one: Embedding, rows: Sequence[Explained], style: Style, folder: Path
) -> tuple[list[str], dict[str, str]]:
    """Write them to a folder that must be new or empty; it is there whole at the end, or not at all.

    Returns the names of the files, and why images are left out, by id.
    """
    keep_out_of(source, folder)
    failed: dict[str, str] = {}
    listed: list[tuple[object, ...]] = []
    table: list[LookRow] = []
    with new_folder(folder) as making:
        for row in rows:
            try:
                picture = _original(source, row.image)
            except ImageProblem as problem:
                failed[str(row.image.id)] = sentence(problem.reason)
                continue
            drawn = {way: _drawn(way, one, row, picture, style) for way in style.titles}
            files = []
            for way, shown in drawn.items():
                files.append(safe_name(f"{row.image.id}-{Path(row.image.name).stem}", f"-{way}.png"))
                shown.save(making / files[-1], "PNG")
            listed.append((row.image.id, row.image.name, row.target, row.label, *files))
            if len(table) < MOST_ROWS:
                table.append(LookRow(str(row.image.id), row.image.name, [picture, *drawn.values()], row.lines()))
        if not table:
            raise ExplainError(
                f"None of these images can be drawn: {next(iter(failed.values()), 'none could be read.')}"
            )
        page = side_by_side(table, titles=["Original", *style.titles.values()], colours=style.colours)
        page.save(making / "table.png", "PNG")
        header = ("image", "file", "explained", "label", *style.titles)
        (making / "looks.csv").write_bytes(csv_bytes(header, listed))
        return sorted(entry.name for entry in making.iterdir()), failed


def _original(source: Collection, image: ImageRow) -> Image.Image:
    file = read_file(safe_path(source.folder, image.path, follow_links=source.follow_links))
    if bytes.fromhex(digest_of(file.data)) != image.hash:
        raise ImageProblem("changed", "since the scan")
    picture = open_image(file.data, at_least=_SIDE).rgb
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
        with contextlib.suppress(ExplainError):
            return decode_slopes(slopes)
        forget_look(one, digest, row.target, method)  # damaged
    raise ExplainError(f"What was found in {row.image.name} is not kept any more. Run the same command again.")
