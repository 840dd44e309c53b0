"""Where word vectors come from: the ones in the package, a local file, or gensim's downloader."""

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imclust_core.config import named_file
from imclust_core.errors import VectorsUnavailable, WordsError
from imclust_core.words.class_labels import keyed
from imclust_core.words.vector_files import Tell, read_vectors

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

EMBEDDED = "embedded"
NETWORK = "network"
JOINED = "network+embedded"
BUILT_IN = (NETWORK, EMBEDDED, JOINED)
GENSIM = "gensim:"

_WORDNET = Path(__file__).parent / "wordnet"


def check_vectors(name: str) -> str:
    """The full name of a source of vectors, or WordsError for what cannot be one."""
    if name in BUILT_IN:
        return name
    if name.startswith(GENSIM):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name.removeprefix(GENSIM)):
            raise WordsError(
                f"{name!r} is no name of gensim's downloader. Expected one like gensim:glove-wiki-gigaword-50."
            )
        return name
    path = named_file(name)
    if path is None:
        raise WordsError(
            f"{name!r} is no source of word vectors. Expected one of {', '.join(BUILT_IN)}, gensim:NAME, or the full "
            "path of a file that may be read here: .bin, .txt, .vec, .gz or .kv, within IMCLUST_ROOTS if that is set."
        )
    return str(path)


def word_vectors(source: str, wanted: frozenset[str], tell: Tell = lambda _done, _total, _what: None) -> "KeyedVectors":
    """The vectors of the wanted words that the source has, each with the share of text its word makes up.

    source: "embedded", "gensim:NAME", or a path.
    """
    if source == EMBEDDED:
        return embedded_vectors()
    path = _downloaded(source.removeprefix(GENSIM), tell) if source.startswith(GENSIM) else Path(source)
    return read_vectors(path, wanted, tell)


@functools.cache
def embedded_vectors() -> "KeyedVectors":
    """The vectors in the package, made from WordNet by scripts/make_wordnet.py."""
    with np.load(_WORDNET / "vectors.npz", allow_pickle=False) as file:
        words = file["words"].tobytes().decode().split("\n")
        vectors, counts, total = file["vectors"].astype(np.float32), file["counts"], int(file["total"])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return keyed(words, vectors, counts / total)


def _downloaded(name: str, tell: Tell) -> Path:
    """The file of one of gensim's published models, fetched if it is not here yet."""
    import gensim.downloader

    folder = Path(gensim.downloader.base_dir) / name
    there = sorted(path for path in folder.glob(f"{name}*") if path.is_file()) if folder.is_dir() else []
    if there:
        return there[0]
    tell(0, 0, f"downloading {name}")
    place = f"or put the file into {folder} by hand, or give the path of a file of vectors"
    try:
        known = gensim.downloader.info()["models"]
    except Exception as error:  # urllib, ssl, json: each has its own way to say that there is no network
        raise VectorsUnavailable(
            f"gensim's list of word vectors cannot be reached from here ({type(error).__name__}). Connect the machine, "
            f"{place}. The embedded vectors and the network's own words need no download."
        ) from error
    if name not in known:
        raise WordsError(f"gensim's downloader has no {name!r}. It has: {', '.join(sorted(known))}.")
    try:
        return Path(gensim.downloader.load(name, return_path=True))
    except Exception as error:
        raise VectorsUnavailable(
            f"{name} could not be downloaded ({type(error).__name__}: {error}). Try again, {place}."
        ) from error
