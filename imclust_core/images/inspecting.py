"""Everything the catalogue wants to know of one file, from one read and one decode."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any

from imclust_core.errors import ImageProblem
from imclust_core.images.opening import decode, read_file

HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file turned out to be: an image (`reason` is None) or a skipped file with its reason.

    `digest` is the blake2b of the bytes, hex, and names derived files; width and height are upright.
    """

    size: int = 0
    mtime_ns: int = 0
    digest: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    notes: str = ""
    reason: str | None = None
    detail: str = ""

    def row(self) -> tuple[Any, ...]:
        """The facts as a plain tuple, for the pipe between processes; `Facts(*row)` is the way back."""
        # dataclasses.astuple copies deeply, and took a sixth of the whole time of a small file
        return tuple(getattr(self, name) for name in self.__slots__)


def digest_of(data: bytes) -> str:
    """The content hash that names duplicates and derived files."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).hexdigest()


def inspect_file(path: str | os.PathLike[str]) -> Facts:
    """Read, hash and wholly decode one file. Whatever is wrong with it becomes a reason; nothing is raised.

    A JPEG is decoded at an eighth of its size: all of its data is still read, at half the cost.
    """
    try:
        file = read_file(path)
    except ImageProblem as problem:
        return Facts(reason=problem.reason, detail=problem.detail[:200])
    try:
        digest = digest_of(file.data)
        opened = decode(file, path, at_least=1)
    except ImageProblem as problem:
        return Facts(file.size, file.mtime_ns, digest, reason=problem.reason, detail=problem.detail[:200])
    except MemoryError:
        return Facts(file.size, file.mtime_ns, reason="out_of_memory")
    found = (opened.format, opened.width, opened.height, " ".join(opened.notes))
    return Facts(file.size, file.mtime_ns, digest, *found)
