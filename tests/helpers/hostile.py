"""A folder with every file-level hostile or odd input we know of, each with the outcome it must have.

The numbers are the rows of the list of hostile inputs in docs/threat-model.md.
"""

import io
import os
import random
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imclust_core.names import path_of

EVIL_NAMES = (
    b"<img src=x onerror=alert(1)>.jpg",
    b"$\\href{javascript:alert(1)}{x}$.jpg",
    b"=1+1.jpg",
    b"not-utf8-\xff\xfe.jpg",
    b"two\nlines.jpg",
    "right-to-left-\u202egpj.exe.jpg".encode(),
    b"what?#%20.jpg",
    b"[link](javascript:alert(1)) **bold** :red[x] `code` ~~s~~.jpg",
    b'it\'s (a) "quote".jpg',
    b"x" * 251 + b".jpg",
    "äöü-日本語-🐘.jpg".encode(),
)


@dataclass(frozen=True)
class Expected:
    """What a scan must say of one file: `reason` None means an image, with at least these notes."""

    reason: str | None = None
    notes: tuple[str, ...] = ()


def picture(width: int = 64, height: int = 48, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A smooth coloured picture that differs with its seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, format_name: str = "JPEG", **options: object) -> bytes:
    """The bytes of a picture in a format."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def jpeg(seed: int = 0, width: int = 64, height: int = 48, **options: object) -> bytes:
    """A small JPEG; different seeds give different bytes."""
    return encoded(picture(width, height, seed), "JPEG", **options)


def png_header(width: int, height: int, colour: int = 2) -> bytes:
    """A PNG that claims a size and holds next to nothing: what a decompression bomb starts with."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def rotated_with_gps() -> bytes:
    """A JPEG that EXIF says is lying on its side, taken at a place nobody else need know."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return jpeg(7, 60, 40, exif=exif)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A copy with a few bits flipped, a piece cut off or out, or a run of bytes overwritten."""
    damaged = bytearray(data)
    kind = dice.randrange(4)
    if kind == 0:
        for _ in range(dice.choice((1, 4, 32))):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    elif kind == 1:
        del damaged[dice.randrange(1, len(damaged)) :]
    elif kind == 2:
        start = dice.randrange(len(damaged))
        del damaged[start : start + dice.randrange(1, 64)]
    else:
        start = dice.randrange(len(damaged))
        length = min(dice.randrange(1, 32), len(damaged) - start)
        damaged[start : start + length] = dice.randbytes(length)
    return bytes(damaged)


def _files() -> dict[str, tuple[bytes, Expected]]:
    deep = Image.fromarray((np.arange(64 * 64).reshape(64, 64) * 16).astype(np.uint16))
    floating = Image.fromarray(np.linspace(0, 1, 64 * 64).reshape(64, 64).astype(np.float32))
    frames = [picture(seed=n) for n in range(3)]
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    good = jpeg(1)
    return {
        "good.jpg": (good, Expected()),
        "grey.jpg": (encoded(picture(seed=2, mode="L"), "JPEG"), Expected()),
        "01-truncated.jpg": (jpeg(3, 400, 300)[:-900], Expected("truncated")),
        "01-truncated.png": (encoded(picture(300, 200, 4), "PNG")[:-700], Expected("truncated")),
        "02-empty.jpg": (b"", Expected("empty")),
        "03-text.jpg": (b"<html><body>404 Not Found</body></html>", Expected("not_an_image")),
        "03-noise.jpg": (bytes(range(256)) * 8, Expected("not_an_image")),
        "03-header-only.jpg": (good[:10], Expected("truncated")),
        "04-gif.jpg": (encoded(picture(seed=5), "GIF"), Expected(notes=("ext_mismatch",))),
        "05-bomb.png": (png_header(20_000, 20_000), Expected("too_many_pixels")),
        "06-warning.png": (png_header(12_000, 12_000), Expected("too_many_pixels")),
        "07-strip.png": (encoded(Image.new("L", (1, 40_000)), "PNG"), Expected("bad_aspect")),
        "07-ratio.png": (encoded(Image.new("L", (1, 500)), "PNG"), Expected("bad_aspect")),
        "08-tiny.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), Expected(notes=("tiny",))),
        "09-deep.png": (encoded(deep, "PNG"), Expected(notes=("deep",))),
        "09-floating.tif": (encoded(floating, "TIFF"), Expected(notes=("deep",))),
        "10-cmyk.jpg": (encoded(picture(seed=6, mode="CMYK"), "JPEG"), Expected(notes=("cmyk",))),
        "11-alpha.png": (encoded(clear, "PNG"), Expected(notes=("alpha",))),
        "12-animated.gif": (
            encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
            Expected(notes=("animated",)),
        ),
        "12-animated.webp": (
            encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
            Expected(notes=("animated",)),
        ),
        "12-animated.png": (
            encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
            Expected(notes=("animated",)),
        ),
        "13-pages.tif": (
            encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
            Expected(notes=("multipage",)),
        ),
        "14-phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, Expected("unsupported:heic")),
        "15-drawing.svg": (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            Expected("unsupported:svg"),
        ),
        "15-svg-named.jpg": (b"<svg onload='alert(1)'/>", Expected("unsupported:svg")),
        "16-postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\nquit\n", Expected("unsupported:eps")),
        "16-paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", Expected("unsupported:pdf")),
        "17-stars.fits": (b"SIMPLE  =                    T" + b" " * 50, Expected("unsupported:fits")),
        "17-layers.psd": (b"8BPS\0\1" + b"\0" * 60, Expected("unsupported:psd")),
        "17-old.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 50, Expected("unsupported:jpeg2000")),
        "17-camera.nef": (encoded(picture(seed=8), "TIFF"), Expected("unsupported:raw")),
        "18-rotated.jpg": (rotated_with_gps(), Expected(notes=("rotated",))),
        "27-copy-1.jpg": (good, Expected()),
        "27-copy-2.jpg": (good, Expected()),
        "modern.avif": (encoded(picture(seed=9), "AVIF"), Expected()),
        "modern.webp": (encoded(picture(seed=10), "WEBP"), Expected()),
        "old.bmp": (encoded(picture(seed=11), "BMP"), Expected()),
        "damaged.gif": (b"GIF89a\x40\0\x30\0\xf7\0\0" + b"\0" * 60, Expected("damaged")),
    }


def make_hostile_folder(root: Path) -> dict[bytes, Expected]:
    """Write the folder and return what a scan must say of each path in it."""
    root.mkdir(parents=True, exist_ok=True)
    expected: dict[bytes, Expected] = {}
    for name, (data, outcome) in _files().items():
        (root / name).write_bytes(data)
        expected[name.encode()] = outcome
    for number, evil in enumerate(EVIL_NAMES):
        Path(path_of(root, evil)).write_bytes(jpeg(100 + number))
        expected[evil] = Expected()
    deep = root / "a folder" / "deeper"
    deep.mkdir(parents=True)
    (deep / "nested.jpg").write_bytes(jpeg(50))
    expected[b"a folder/deeper/nested.jpg"] = Expected()
    (root / "21-loop").symlink_to(root)
    (root / "21-outside.jpg").symlink_to("/etc/passwd")
    (root / "21-dangling.jpg").symlink_to(root / "nowhere.jpg")
    os.mkfifo(root / "22-pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # a socket's path may have no more than about 100 bytes
        try:
            server.bind("22-socket.jpg")
        finally:
            os.chdir(here)
    os.link(root / "good.jpg", root / "27-hard-link.jpg")
    for link in (b"21-loop", b"21-outside.jpg", b"21-dangling.jpg"):
        expected[link] = Expected("symlink")
    expected |= {b"22-pipe.jpg": Expected("not_a_file"), b"22-socket.jpg": Expected("not_a_file")}
    expected[b"27-hard-link.jpg"] = Expected()
    return expected


@contextmanager
def as_nobody(locked: Path, mode: int = 0) -> Iterator[None]:
    """A file or folder without rights, seen by a process that is not root (root can read anything)."""
    before, is_root = locked.stat().st_mode, os.geteuid() == 0
    locked.chmod(mode)
    for above in locked.parents:
        if above.name.startswith(("pytest-", "popen-", "test_")) or above == locked.parent:
            above.chmod(0o755)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        locked.chmod(before)
