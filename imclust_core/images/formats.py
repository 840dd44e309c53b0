"""Which format a file's first bytes say it is; names and extensions are not trusted."""

from imclust_core.errors import ImageProblem

EXTENSIONS: dict[str, str] = {
    "jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "jfif": "JPEG", "mpo": "JPEG", "png": "PNG", "apng": "PNG",
    "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "dib": "BMP", "tif": "TIFF", "tiff": "TIFF", "avif": "AVIF",
    "heic": "HEIF", "heif": "HEIF",
}  # fmt: skip

RAW_EXTENSIONS = frozenset({"nef", "cr2", "cr3", "arw", "dng", "orf", "rw2", "raf", "pef", "srw"})
"""Camera raw files are TIFF inside, and a TIFF reader would take their postage-stamp preview for the photo."""

HEADER_BYTES = 64

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"%PDF", "unsupported:pdf"),
    (b"%!PS", "unsupported:eps"),
    (b"\xc5\xd0\xd3\xc6", "unsupported:eps"),
    (b"8BPS", "unsupported:psd"),
    (b"SIMPLE  =", "unsupported:fits"),
    (b"\0\0\1\0", "unsupported:ico"),
    (b"\0\0\0\x0cjP  ", "unsupported:jpeg2000"),
    (b"\xff\x4f\xff\x51", "unsupported:jpeg2000"),
    (b"\0\0\0\x0cJXL ", "unsupported:jxl"),
    (b"\xff\x0a", "unsupported:jxl"),
    (b"\xd7\xcd\xc6\x9a", "unsupported:wmf"),
    (b"qoif", "unsupported:qoi"),
    (b"DDS ", "unsupported:dds"),
)

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_MOVIE_EXTENSIONS = frozenset({"mp4", "mov", "m4v", "3gp"})


def sniff(header: bytes, extension: str = "") -> str:
    """Return the Pillow format, one of `EXTENSIONS`, that `header`, the file's first 64 bytes, announces.

    Raises ImageProblem `unsupported:...` for what we know and do not open, `not_an_image` for all else.
    """
    if extension in RAW_EXTENSIONS:
        raise ImageProblem("unsupported:raw")
    for magic, name in _MAGIC:
        if header.startswith(magic):
            if name.startswith("unsupported"):
                raise ImageProblem(name)
            return name
    if header[:2] == b"BM" and header[14:18] in _BMP_HEADER_SIZES:
        return "BMP"
    if header[:4] == b"RIFF" and header[8:12] == b"WEBP":
        return "WEBP"
    if header[4:8] == b"ftyp" and extension not in _MOVIE_EXTENSIONS:
        brands = {header[at : at + 4] for at in range(8, HEADER_BYTES, 4)}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIF"
    text = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (extension == "svg" and text.startswith(b"<")):
        raise ImageProblem("unsupported:svg")
    raise ImageProblem("not_an_image")


_BMP_HEADER_SIZES = frozenset(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))
