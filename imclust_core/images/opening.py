"""The one way a picture is opened: by whatever will ever decode one, and always to the same upright RGB."""

import io
import os
import stat
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from imclust_core.config import MAX_FILE_BYTES, MAX_PIXELS, MAX_RATIO, MAX_SIDE, TINY_SIDE
from imclust_core.errors import ImageProblem
from imclust_core.images.formats import EXTENSIONS, HEADER_BYTES, sniff
from imclust_core.names import reason_of, time_of

# Between one and two times the limit Pillow only warns; the check below refuses, and this backs it up
# for pictures nested inside others (TIFF pages, icons).
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_REDUCIBLE = frozenset({"RGB", "L", "RGBA", "CMYK"})
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class OpenedImage:
    """One decoded picture.

    rgb: mode RGB, upright, transparency laid on white, at least as large as was asked for.
    format: the content's format ("JPEG", ...). width, height: of the whole picture, upright.
    notes: codes of `imclust_core.images.reasons.NOTES`.
    """

    rgb: Image.Image
    format: str
    width: int
    height: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FileBytes:
    """A regular file's whole content, with the size and time it had before and after the read."""

    data: bytes
    size: int
    mtime_ns: int


def read_file(path: str | os.PathLike[str]) -> FileBytes:
    """Read one regular file whole; raise ImageProblem for anything that is not one or cannot be read.

    Never follows a link and never waits on a pipe. A file whose first bytes are no picture's is not read on.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise ImageProblem(reason_of(error), error.strerror or "") from error
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise ImageProblem("not_a_file")
        if before.st_size == 0:
            raise ImageProblem("empty")
        header = os.read(handle, HEADER_BYTES)
        sniff(header, extension_of(path))
        if before.st_size > MAX_FILE_BYTES:
            raise ImageProblem("too_large")
        data = _read_on(handle, header, before.st_size)
        after = os.fstat(handle)
    except OSError as error:
        raise ImageProblem(reason_of(error), error.strerror or "") from error
    finally:
        os.close(handle)
    if len(data) != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ImageProblem("changed")
    return FileBytes(data, before.st_size, time_of(before))


def _read_on(handle: int, header: bytes, size: int) -> bytes:
    """The header and what follows it, up to one byte more than `size`: enough to see that a file grew."""
    parts, missing = [header], size + 1 - len(header)
    while missing > 0 and (part := os.read(handle, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def extension_of(path: str | os.PathLike[str]) -> str:
    """The extension of a name, lower case, without its dot."""
    return os.path.splitext(os.fspath(path))[1][1:].lower()


def open_image(source: str | os.PathLike[str] | bytes, *, at_least: int | None = None) -> OpenedImage:
    """Decode one picture wholly and return it upright and RGB, or raise ImageProblem with a reason code.

    Parameters
    ----------
    source: a path, or the file's bytes when they are already in hand.
    at_least: the caller needs no more than this many pixels on the short side; large JPEGs are then
        decoded at a fraction of their size, which is several times faster.

    Example: `open_image("cat.jpg", at_least=224).rgb.size`
    """
    if isinstance(source, bytes):
        return _decode(source, extension="", at_least=at_least)
    return _decode(read_file(source).data, extension=extension_of(source), at_least=at_least)


def decode(file: FileBytes, path: str | os.PathLike[str], *, at_least: int | None = None) -> OpenedImage:
    """As `open_image`, for bytes that `read_file` already read from `path`."""
    return _decode(file.data, extension=extension_of(path), at_least=at_least)


def _decode(data: bytes, *, extension: str, at_least: int | None) -> OpenedImage:
    if not data:
        raise ImageProblem("empty")
    format_name = sniff(data[:HEADER_BYTES], extension)
    if format_name == "HEIF":
        _register_heif()
    try:
        with Image.open(io.BytesIO(data), formats=(format_name,)) as picture:
            return _upright_rgb(picture, format_name, extension, at_least)
    except ImageProblem:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageProblem("too_many_pixels", str(error)) from error
    except MemoryError as error:
        raise ImageProblem("out_of_memory") from error
    except UnidentifiedImageError as error:
        raise ImageProblem("damaged", "header") from error
    except OSError as error:
        text = str(error)
        # Pillow has no error type for this, only these two texts.
        cut_short = "truncated" in text or "Truncated" in text
        raise ImageProblem("truncated" if cut_short else "damaged", text) from error
    except Exception as error:
        # Decoders of damaged files raise almost anything (SyntaxError, struct.error, IndexError, ...):
        # whatever it was, it is this file's and must not end the run.
        kind = "truncated" if isinstance(error, (EOFError, struct.error)) else "damaged"
        raise ImageProblem(kind, f"{type(error).__name__}: {error}") from error


def _upright_rgb(picture: Image.Image, format_name: str, extension: str, at_least: int | None) -> OpenedImage:
    width, height = picture.size
    _check_geometry(width, height)
    notes = []
    if extension and EXTENSIONS.get(extension) != format_name:
        notes.append("ext_mismatch")
    if min(width, height) < TINY_SIDE:
        notes.append("tiny")
    if getattr(picture, "is_animated", False):
        notes.append("multipage" if format_name in ("TIFF", "JPEG") else "animated")
    if at_least is not None and format_name == "JPEG":
        picture.draft(None, (at_least, at_least))
    picture.load()
    orientation = _orientation(picture)
    rgb, colour_notes = _to_rgb(_reduced(picture, at_least))
    if orientation != 1:
        rgb = rgb.transpose(_TURNS[orientation])
        notes.append("rotated")
        if orientation >= 5:
            width, height = height, width
    rgb.info = {}  # nothing of the file's metadata may travel on into what we encode
    return OpenedImage(rgb, format_name, width, height, (*notes, *colour_notes))


def _check_geometry(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageProblem("damaged", f"{width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise ImageProblem("too_many_pixels", f"{width} x {height}")
    if max(width, height) > MAX_SIDE or max(width, height) > MAX_RATIO * min(width, height):
        raise ImageProblem("bad_aspect", f"{width} x {height}")


def _orientation(picture: Image.Image) -> int:
    if picture.format == "JPEG" and "exif" not in picture.info and "xmp" not in picture.info:
        return 1  # where else Pillow would look; asking it costs as much as opening a small file
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is optional decoration: unreadable EXIF means "as it lies"
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reduced(picture: Image.Image, at_least: int | None) -> Image.Image:
    """Shrink by whole factors before any colour conversion, which would otherwise copy every pixel."""
    factor = min(picture.size) // at_least if at_least else 1
    if factor < 2 or picture.mode not in _REDUCIBLE or "transparency" in picture.info:
        return picture
    small = picture.reduce(factor)
    small.info = picture.info
    return small


def _to_rgb(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return a new RGB picture of the same size, and the notes on what had to be done."""
    mode = picture.mode
    if mode.startswith("I") or mode == "F":
        return _deep_to_grey(picture).convert("RGB"), ("deep",)
    if mode == "CMYK":
        return _cmyk_to_rgb(picture), ("cmyk",)
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        if rgba.getchannel("A").getextrema() == (255, 255):
            return rgba.convert("RGB"), ()
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB"), ("alpha",)
    return (picture.copy() if mode == "RGB" else picture.convert("RGB")), ()


def _deep_to_grey(picture: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating grey to 8 bits; Pillow's own conversion clips nearly all to white."""
    values = np.nan_to_num(np.asarray(picture, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if picture.mode.startswith("I;16") or (picture.mode == "I" and low >= 0 and 255 < high <= 65535):
        low, high = 0.0, 65535.0
    elif picture.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.clip(scaled + 0.5, 0, 255).astype(np.uint8))


def _cmyk_to_rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile only costs colour accuracy
    return picture.convert("RGB")


def _register_heif() -> None:
    try:
        import pillow_heif
    except ImportError:
        raise ImageProblem("unsupported:heic") from None
    pillow_heif.register_heif_opener()
