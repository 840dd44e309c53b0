"""Text on pictures that leave the house."""

import functools

from PIL import Image, ImageDraw, ImageFont

_FONTS = ("DejaVuSans.ttf", "Arial Unicode.ttf", "segoeui.ttf", "arial.ttf")
"""Fonts of Linux, macOS and Windows with more scripts than Pillow's own. Emoji, and with most of these also Chinese,
Japanese and Korean, come out as empty boxes; what stands beside such a name has to tell it apart."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write(page: Image.Image, corner: tuple[int, int], text: str, size: int, ink: str, width: int) -> None:
    """One line of text, cut where it would be wider than `width`."""
    font, draw = _font(size), ImageDraw.Draw(page)
    line = " ".join(text.split())
    if draw.textlength(line, font) > width:
        fits, too_long = 0, len(line)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            short = draw.textlength(f"{line[:middle]}…", font) <= width
            fits, too_long = (middle, too_long) if short else (fits, middle)
        line = f"{line[:fits].rstrip()}…"
    draw.text(corner, line, ink, font)


@functools.cache
def _font(size: int) -> Font:
    """A font with many scripts where one is found by its name; else Pillow's own, which has Latin letters only."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
