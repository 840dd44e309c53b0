"""Small and middling copies of a picture, for the browser: re-encoded, upright, without metadata."""

import io

from PIL import Image

from imclust_core.config import THUMB_SIDE, VIEW_SIDE
from imclust_core.images.opening import open_image

SIZES: dict[str, int] = {"thumb": THUMB_SIDE, "view": VIEW_SIDE}
MEDIA_TYPE = "image/webp"


def encode(rgb: Image.Image, side: int) -> bytes:
    """WebP bytes of `rgb` fitted into a square of `side` pixels; never enlarged.

    A very long strip keeps at least one pixel on its short side.
    """
    small = rgb.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def render(data: bytes, side: int) -> bytes:
    """Decode a file's bytes and encode them at `side`; raises ImageProblem as `open_image` does."""
    return encode(open_image(data, at_least=side).rgb, side)
