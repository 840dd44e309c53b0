"""Vectors that gensim saved (.kv). They are pickles, which can run any code, so only what such a file needs is let in.

gensim's own loader runs whatever a file says. Here its classes become a plain holder, numpy's arrays are rebuilt, and
everything else is refused. Large arrays lie beside the file and are mapped, not read.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}


class _Held:
    """Stands for an object of gensim's: it has the attributes and does nothing."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("gensim.models."):
            return _Held
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        raise ValueError(f"it asks for {module}.{name}, which word vectors have no use for")


def read_kept(path: Path, wanted: frozenset[str]) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """The wanted words of a file that gensim saved: words, vectors (n, d), their places, and how many there are."""
    try:
        held = _Unpickler(io.BytesIO(path.read_bytes())).load()
    except (pickle.UnpicklingError, AttributeError, TypeError, ImportError) as error:
        raise ValueError(f"not vectors saved by gensim: {error}") from error
    facts = vars(held.wv if hasattr(held, "wv") else held) if isinstance(held, _Held) else {}
    words = facts.get("index_to_key")
    vectors = facts.get("vectors")
    beside = path.with_name(f"{path.name}.vectors.npy")
    if vectors is None and beside.is_file():
        vectors = np.load(beside, mmap_mode="r", allow_pickle=False)
    if not isinstance(words, list) or not isinstance(vectors, np.ndarray) or vectors.ndim != 2:
        raise ValueError("not KeyedVectors of gensim 4, or the file .vectors.npy that belongs beside it is missing")
    if len(words) != len(vectors):
        raise ValueError(f"{len(words):,} words and {len(vectors):,} vectors")
    places = [place for place, word in enumerate(words) if word in wanted]
    return [words[place] for place in places], vectors[places].astype(np.float32), np.array(places, int), len(words)
