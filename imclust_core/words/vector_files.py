"""Word vectors from a local file: word2vec and GloVe, packed or not, fastText's binary, and gensim's own.

Such files hold millions of words, of which a tree needs a few thousand: they are read once from end to end, and only
the wanted rows are kept (of gensim's own, whose large arrays lie beside it, the words go through memory). gensim's
loaders keep all, which is 3.6 GB for GoogleNews.
"""

import gzip
import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from imclust_core.errors import WordsError
from imclust_core.names import shown
from imclust_core.words.class_labels import keyed
from imclust_core.words.fasttext import MAGIC, read_fasttext
from imclust_core.words.gensim_files import read_kept

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

Tell = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all and what is being done; it may raise to stop."""

Row = tuple[bytes, Callable[[], np.ndarray]]
"""A word, and how to have its vector: most are not wanted."""

_GENSIM = b"\x80"
_MOST_DIMENSIONS = 10_000
_LONGEST_WORD = 2_000
_EVERY = 20_000
_BLOCK = 1 << 22


def read_vectors(path: Path, wanted: frozenset[str], tell: Tell = lambda _done, _total, _what: None) -> "KeyedVectors":
    """The vectors of the wanted words that a file has; WordsError where it is no file of vectors."""
    try:
        facts = path.stat()
        return _read(path, (facts.st_size, facts.st_mtime_ns), wanted, tell)
    except (OSError, EOFError, ValueError, ArithmeticError, MemoryError, struct.error, zlib.error) as error:
        raise WordsError(
            f"{shown(path)} cannot be read as word vectors ({error or type(error).__name__}). Expected word2vec or "
            "GloVe text, word2vec binary, each packed with gzip or not, fastText binary, or vectors saved by gensim."
        ) from error


_last: dict[tuple[Path, tuple[int, int], frozenset[str]], "KeyedVectors"] = {}
"""What was read last: a tree is often asked for in several ways, one after the other."""


def _read(path: Path, state: tuple[int, int], wanted: frozenset[str], tell: Tell) -> "KeyedVectors":
    key = (path, state, wanted)
    if key not in _last:
        words, vectors, shares = _wanted_rows(path, wanted, tell)
        sound = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
        if not sound.any():
            raise WordsError(
                f"{shown(path)} has none of the words of these labels. Expected vectors of English words, like "
                "GoogleNews, GloVe or fastText; or take the embedded vectors, which need no file."
            )
        found = keyed([word for word, good in zip(words, sound, strict=True) if good], vectors[sound], shares[sound])
        _last.clear()
        _last[key] = found
    return _last[key]


def _wanted_rows(path: Path, wanted: frozenset[str], tell: Tell) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The wanted words of a file, their vectors (n, d), and the share of text that each makes up."""
    what = f"reading {shown(Path(path.name))}"
    with path.open("rb") as raw:
        start = raw.peek(4)[:4]
        tell(0, os.fstat(raw.fileno()).st_size, what)
        if start == MAGIC:
            words, vectors, places, total = read_fasttext(path, wanted, lambda done, total: tell(done, total, what))
        elif start[:1] == _GENSIM:
            words, vectors, places, total = read_kept(path, wanted)
        else:
            words, vectors, places, total = _streamed(raw, wanted, tell, what)
    # Such files are sorted by how frequent a word is but do not say it: Zipf's law does.
    return words, vectors, 1 / (places + 1) / np.log(total + 2)


def _streamed(
    raw: io.BufferedReader, wanted: frozenset[str], tell: Tell, what: str
) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if packed else raw)
    size = os.fstat(raw.fileno()).st_size
    found: dict[str, tuple[int, np.ndarray]] = {}
    total = 0
    for place, (name, vector) in enumerate(_rows(stream)):
        if place % _EVERY == 0:
            tell(raw.tell(), size, what)
        word = name.decode("utf-8", "replace")
        if word in wanted and word not in found:
            found[word] = (place, vector())
        total = place + 1
    vectors = np.array([vector for _, vector in found.values()], np.float32) if found else np.zeros((0, 1), np.float32)
    return list(found), vectors, np.array([place for place, _ in found.values()]), total


def _rows(stream: IO[bytes]) -> Iterator[Row]:
    """The rows of a word2vec or GloVe file."""
    first = stream.readline(_BLOCK)
    header = re.fullmatch(rb"(\d{1,12}) (\d{1,6})\s*", first)
    if header is None:  # GloVe has no header
        yield from _text_rows(stream, first, len(first.split()) - 1)
        return
    count, dim = int(header[1]), _sensible(int(header[2]))
    second = stream.read(_LONGEST_WORD + 32 * dim)
    try:
        is_text = len([float(number) for number in second.split(b"\n")[0].split()[1:4]]) == min(3, dim)
    except ValueError:
        is_text = False
    if not is_text:
        yield from _binary_rows(stream, second, count, dim)
        return
    *whole, rest = second.split(b"\n")
    for line in whole:
        if line.strip():
            yield _text_row(line, dim)
    yield from _text_rows(stream, rest + stream.readline(_BLOCK), dim)


def _sensible(dim: int) -> int:
    if not 1 <= dim <= _MOST_DIMENSIONS:
        raise ValueError(f"{dim} numbers for each word")
    return dim


def _text_rows(stream: IO[bytes], line: bytes, dim: int) -> Iterator[Row]:
    _sensible(dim)
    while line:
        if line.strip():
            yield _text_row(line, dim)
        line = stream.readline(_BLOCK)


def _text_row(line: bytes, dim: int) -> Row:
    word, *numbers = line.rstrip().rsplit(b" ", dim)
    if len(numbers) != dim:
        raise ValueError(f"the line of {word[:40].decode('utf-8', 'replace')!r} has {len(numbers)} numbers, not {dim}")
    return word, lambda: np.array([float(number) for number in numbers], np.float32)


def _binary_rows(stream: IO[bytes], buffer: bytes, count: int, dim: int) -> Iterator[Row]:
    at = 0
    for place in range(count):
        if len(buffer) - at < _LONGEST_WORD + 4 * dim:
            buffer, at = buffer[at:] + stream.read(_BLOCK), 0
        space = buffer.find(b" ", at, at + _LONGEST_WORD)
        if space < 0 or space + 1 + 4 * dim > len(buffer):
            raise ValueError(f"it ends or breaks off after {place:,} of {count:,} words")
        start = space + 1
        block = buffer  # the one this row is in, also when the next has been read
        yield buffer[at:space].lstrip(b"\n"), lambda: np.frombuffer(block, "<f4", dim, start).copy()  # noqa: B023
        at = start + 4 * dim
