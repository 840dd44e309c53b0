"""Names of files and folders that Linux, Windows and macOS all take, made of whatever people and cameras write."""

import os
import unicodedata

from imclust_core.annotation.text import JOINERS

MOST_BYTES = 255
"""What file systems allow for one name: bytes on Linux, and never more than as many units on Windows and macOS."""

_FORBIDDEN = '<>:"/\\|?*'
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}
_MOST_EXTENSION = 20


class Names:
    """The names in one folder, no two of which are one where case or the way of writing an accent does not count."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def add(self, wanted: str, mark: object = 2, *, is_file: bool = False) -> str:
        """A name like the one that is wanted. mark: what tells it apart where that is taken.

        is_file: whether what follows the last dot is an extension, to be kept.
        """
        stem, extension = os.path.splitext(wanted) if is_file else (wanted, "")
        if len(extension.encode(errors="replace")) > _MOST_EXTENSION:
            stem, extension = wanted, ""
        name, tries = safe_name(stem, extension), 0
        while _folded(name) in self._taken:
            name = safe_name(stem, f" ({mark}){f' {tries}' if tries else ''}{extension}")
            tries += 1
        self._taken.add(_folded(name))
        return name


def safe_name(stem: str, ending: str = "") -> str:
    """`stem` and `ending` as one name; the stem is cut where both would be too long."""
    stem, ending = _plain(stem).strip(" ") or "_", _plain(ending)
    if stem.startswith("."):
        stem = f"_{stem[1:]}"  # hidden on Linux and macOS, and "." and ".." lead elsewhere
    whole = _cut(stem, MOST_BYTES - 1 - len(ending.encode())) + ending
    whole = whole.rstrip(" .") or "_"  # Windows drops blanks and dots at the end
    return f"_{whole}" if whole.split(".")[0].rstrip(" ").lower() in _RESERVED else whole


def _plain(text: str) -> str:
    """Text without what no name may hold; also without what cannot be written as UTF-8, which is never printable."""
    allowed = (char in JOINERS or (char.isprintable() and char not in _FORBIDDEN) for char in text)
    return "".join(char if fine else "_" for char, fine in zip(text, allowed, strict=True))


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
