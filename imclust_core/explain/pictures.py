"""What a network looked at, as pictures: a layer of colours to lay over the original, and its slopes."""

import io
import math

import numpy as np
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError
from imclust_core.explain.colormaps import colour_table
from imclust_core.explain.overlay import checked, lay

HEAT_TYPE = "image/png"
SLOPES_TYPE = "image/jpeg"

_ZERO = 128
_DIMMED = 140
"""How opaque the black is, of 255, over what the network was not given."""
_CLIP = 99.0


def encode_slopes(slopes: np.ndarray) -> bytes:
    """Slopes (size, size, 3) as JPEG bytes: 128 is none, 1 and 255 the 99th percentile of their size and beyond."""
    slopes = checked(slopes, "A picture of slopes")
    if slopes.ndim != 3 or slopes.shape[2] != 3:
        raise ExplainError(f"Slopes of the shape {slopes.shape} are no picture. Expected (size, size, 3).")
    signed = slopes / _most(np.abs(slopes))
    # With every pixel's own colour: half of what slopes say is in it.
    return _jpeg(np.round(_ZERO + 127 * np.clip(signed, -1, 1)).astype(np.uint8), quality=90)


def decode_slopes(data: bytes) -> np.ndarray:
    """The slopes (size, size, 3) uint8 that were kept; 128 is none."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            return np.array(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ExplainError(
            f"Kept slopes ({len(data):,} bytes) cannot be read as a JPEG. The file may have been cut short: remove it "
            "and explain the image again."
        ) from error


def heat_layer(
    heat: np.ndarray, preprocessing: Preprocessing, width: int, height: int, side: int, colours: str
) -> bytes:
    """Heat (h, w) in 0..1 as PNG bytes to lay over a picture of width x height shown in a square of `side` pixels.

    Opaque colours of the map `colours` where the network looked; half transparent black where it was given nothing.
    As large as the picture's thumbnail of that side.
    """
    layer = _layer(heat, preprocessing, (width, height), fitted(width, height, side), colours)
    out = io.BytesIO()
    # More effort makes it hardly smaller and takes four times as long.
    layer.save(out, "PNG", transparency=bytes([_DIMMED]), compress_level=1)
    return out.getvalue()


def slopes_picture(
    slopes: np.ndarray, preprocessing: Preprocessing, width: int, height: int, side: int, *, grey: bool
) -> bytes:
    """Slopes (size, size, 3) uint8 as JPEG bytes with the shape of the picture, in a square of `side` pixels."""
    return _jpeg(np.asarray(shown_slopes(slopes, preprocessing, width, height, side, grey=grey)), quality=85)


def shown_slopes(
    slopes: np.ndarray, preprocessing: Preprocessing, width: int, height: int, side: int, *, grey: bool
) -> Image.Image:
    """Slopes (size, size, 3) uint8 as a picture with the shape of the original, in a square of `side` pixels.

    In colour grey is none, and also what the network was not given; grey: how steep, from black to white. A picture
    smaller than what the network was given is enlarged to that, since the network was given it enlarged.
    """
    signed = (checked(slopes, "A picture of slopes") - _ZERO) / 127
    if grey:
        steep = np.abs(signed).sum(2, keepdims=True)
        signed = 2 * np.minimum(1, steep / _most(steep)) - 1
    left, _, right, _ = preprocessing.box(width, height)
    larger = max(1.0, slopes.shape[1] / (right - left))
    out = fitted(round(width * larger), round(height * larger), side)
    laid, _ = lay(signed, preprocessing, width, height, *out)
    return Image.fromarray(np.round(_ZERO + 127 * laid).astype(np.uint8).squeeze())


def weighed(slopes: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Guided Grad-CAM: slopes (size, size, 3) uint8 where the heat (h, w) is; as steep as before at their steepest."""
    size = slopes.shape[0]
    laid, _ = lay(checked(heat, "A heat map"), Preprocessing(size=size, resize=0), size, size, size, size)
    signed = (slopes.astype(np.float32) - _ZERO) * laid[..., None]
    found: np.ndarray = np.round(_ZERO + 127 * np.clip(signed / _most(np.abs(signed)), -1, 1)).astype(np.uint8)
    return found


def blended(
    rgb: Image.Image, heat: np.ndarray, preprocessing: Preprocessing, colours: str, opacity: float
) -> Image.Image:
    """The picture with its heat (h, w) over it; opacity 0 is the picture alone, 1 the colours alone."""
    check_opacity(opacity)
    layer = _layer(heat, preprocessing, rgb.size, rgb.size, colours)
    covers = layer.point([round(opacity * _DIMMED)] + [round(opacity * 255)] * 255, "L")
    return Image.composite(layer.convert("RGB"), rgb, covers)


def check_opacity(opacity: float) -> None:
    """ExplainError for what is not from 0 to 1."""
    if not 0 <= opacity <= 1:
        raise ExplainError(f"An opacity of {opacity} cannot be shown. Expected 0 (the picture) to 1 (the colours).")


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of a picture in a square of `side` pixels, by the rule of Pillow's thumbnails; never enlarged."""
    if max(width, height) <= side:
        return width, height
    if width <= height:
        return max(1, math.ceil(side * width / height - 0.5)), side
    exact = side * height / width
    # The number of lines that keeps the shape best, which is not always the nearest to the exact one.
    lines = min(math.floor(exact), math.ceil(exact), key=lambda n: abs(width / height - side / n) if n else 0)
    return side, max(1, lines)


def _layer(
    heat: np.ndarray, preprocessing: Preprocessing, size: tuple[int, int], out: tuple[int, int], colours: str
) -> Image.Image:
    """The heat as a picture with a palette: 0 where nothing was seen, and 1 to 255 from little to much."""
    heat = checked(heat, "A heat map")
    if heat.ndim != 2:
        raise ExplainError(f"A heat map of the shape {heat.shape} has no one value at each place. Expected (h, w).")
    laid, seen = lay(np.clip(heat, 0, 1), preprocessing, *size, *out)
    levels = np.where(seen, np.round(1 + 254 * laid), 0).astype(np.uint8)
    table = colour_table(colours)[np.linspace(0, 255, 255).round().astype(int)]
    layer = Image.fromarray(levels)
    layer.putpalette(bytes(3) + table.tobytes())
    return layer


def _most(sizes: np.ndarray) -> float:
    """The 99th percentile of sizes, above which all are shown alike; never 0."""
    return float(np.percentile(sizes, _CLIP)) or float(sizes.max()) or 1.0


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()
