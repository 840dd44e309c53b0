"""Small and middling copies of a picture, for the browser: re-encoded, upright, without metadata."""

import io

from PIL import Image

from imclust_core.config import THUMB_SIDE, VIEW_SIDE
from imclust_core.images.opening import open_image

SIZES: dict[str, int] = {"thumb": THUMB_SIDE, "view": VIEW_SIDE}
MEDIA_TYPE = "image/jpeg"


def encode(rgb: Image.Image, side: int) -> bytes:
    """JPEG bytes of `rgb` fitted into a square of `side` pixels; never enlarged.

    A very long strip keeps at least one pixel on its short side.
    """
    small = rgb.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    # WebP would be a third smaller and take seven times as long, and an embedding makes one for every image.
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def render(data: bytes, side: int) -> bytes:
    """Decode a file's bytes and encode them at `side`; raises ImageProblem as `open_image` does."""
    return encode(open_image(data, at_least=side).rgb, side)
