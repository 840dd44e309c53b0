"""fastText's own binary format: only the rows that are wanted are read, by a map of the file.

gensim's loader holds all of a model in memory, which is 7 GB and more, and never ends on a file that was cut off in
its list of words. The vector of a word is the mean of its own row and of those of its parts.
"""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

MAGIC = struct.pack("<i", 793712314)
_HEADER = struct.Struct("<2i12id3i2q")
_ENTRY = struct.Struct("<qb")
_LONGEST_WORD = 10_000
_BLOCK = 1 << 20
_WORD = 0


def read_fasttext(
    path: Path, wanted: frozenset[str], tell: Callable[[int, int], None]
) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """The wanted words of a fastText binary: words, vectors (n, d), their places, and how many words there are."""
    content = np.memmap(path, np.uint8, "r")
    fields = _HEADER.unpack(content[: _HEADER.size].tobytes())
    _, version, dim = fields[:3]
    bucket, shortest, longest = fields[10:13]
    size, count, labels, _, pruned = fields[15:]
    if version < 12 or pruned > 0:
        raise ValueError("a fastText model that is old, or made smaller (.ftz); give the full .bin of a newer one")
    places, end = _places(content, wanted, size, count, tell)
    quantised, rows, columns = struct.unpack("<?2q", content[end : end + 17].tobytes())
    if (
        quantised
        or columns != dim
        or size != count + labels
        or rows != count + bucket
        or end + 17 + 4 * rows * columns > len(content)
    ):
        raise ValueError("it breaks off, or its matrix is not as large as its beginning says")
    matrix = np.memmap(path, "<f4", "r", offset=end + 17, shape=(rows, columns))
    vectors = [
        matrix[[place, *(count + at for at in _parts(word, shortest, longest, bucket))]].mean(axis=0)
        for word, place in places.items()
    ]
    found = np.array(vectors, np.float32).reshape(len(vectors), dim)
    return list(places), found, np.array(list(places.values()), np.int64), count


def _places(
    content: np.ndarray, wanted: frozenset[str], size: int, count: int, tell: Callable[[int, int], None]
) -> tuple[dict[str, int], int]:
    """Where the wanted words stand in the list of words, and where that list ends."""
    found: dict[str, int] = {}
    at = _HEADER.size
    block, inside = b"", 0
    for place in range(size):
        if len(block) - inside < _LONGEST_WORD + _ENTRY.size:
            block, inside = content[at : at + _BLOCK].tobytes(), 0
            tell(at, len(content))
        stop = block.find(b"\0", inside, inside + _LONGEST_WORD)
        if stop < 0 or stop + 1 + _ENTRY.size > len(block):
            raise ValueError(f"it breaks off after {place:,} of {size:,} words")
        word = block[inside:stop].decode("utf-8", "replace")
        _, kind = _ENTRY.unpack_from(block, stop + 1)
        if kind == _WORD and place < count and word in wanted:
            found.setdefault(word, place)
        at += stop + 1 + _ENTRY.size - inside
        inside = stop + 1 + _ENTRY.size
    return found, at


def _parts(word: str, shortest: int, longest: int, bucket: int) -> list[int]:
    """The rows of a word's parts, counted from the first one that is no word."""
    if not bucket or longest <= 0:
        return []
    from gensim.models.fasttext import ft_ngram_hashes

    return [int(at) for at in ft_ngram_hashes(word, shortest, longest, bucket)]
