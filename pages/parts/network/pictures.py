"""Kernels and feature maps as pictures: many small ones on one sheet, which the browser cuts apart again."""

import io

import numpy as np
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.explain.colormaps import colour_table
from imclust_core.explain.pictures import heat_layer
from imclust_core.store.embeddings import Embedding

COLUMNS = 16
"""How many small pictures lie beside each other on a sheet."""
COLOURS = "heat"
_MOST_SIDE = 112


def filter_sheet(filters: np.ndarray) -> bytes:
    """Kernels (k, h, w, 3), each from its own least to its own most, as one PNG."""
    return _png(_sheet(np.round(255 * _spread(filters)).astype(np.uint8)))


def map_sheet(maps: np.ndarray) -> bytes:
    """Feature maps (m, side, side), each from its own least to its own most, in the colours of heat, as one PNG."""
    side = tile_side(maps.shape[1])
    step = maps.shape[1] // side
    small = maps[:, : side * step, : side * step].reshape(len(maps), side, step, side, step).mean((2, 4))
    return _png(_sheet(colour_table(COLOURS)[np.round(255 * _spread(small)).astype(np.uint8)]))


def tile_side(side: int) -> int:
    """The pixels along a side of a map of so many places: one for each, or for several where nobody could see them."""
    return side // -(-side // _MOST_SIDE)


def map_over_picture(channel: np.ndarray, one: Embedding, width: int, height: int, side: int) -> bytes:
    """One feature map (h, w) as a PNG to lay over its picture of width x height."""
    return heat_layer(
        _spread(channel[None])[0], Preprocessing.of(one.recipe.preprocessing), width, height, side, COLOURS
    )


def _spread(values: np.ndarray) -> np.ndarray:
    """Each of n arrays scaled to 0..1 by itself; one that is the same everywhere is 0."""
    axes = tuple(range(1, values.ndim))
    low, high = values.min(axes, keepdims=True), values.max(axes, keepdims=True)
    spread: np.ndarray = (values - low) / np.where(high > low, high - low, 1)
    return spread


def _sheet(tiles: np.ndarray) -> np.ndarray:
    """Tiles (n, h, w, 3) in rows of `COLUMNS` (rows * h, COLUMNS * w, 3); black where there are none."""
    n, height, width, _ = tiles.shape
    rows = -(-n // COLUMNS)
    full = np.zeros((rows * COLUMNS, height, width, 3), np.uint8)
    full[:n] = tiles
    laid: np.ndarray = full.reshape(rows, COLUMNS, height, width, 3).transpose(0, 2, 1, 3, 4)
    return laid.reshape(rows * height, COLUMNS * width, 3)


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()
