"""Vectors that gensim saved (.kv). They are pickles, which can run any code, so only what such a file needs is let in.

gensim's own loader runs whatever a file says. Here its classes become a plain holder, numpy's arrays are rebuilt, and
everything else is refused. What a file can reach is made anew for each file, so that none leaves anything behind for
the next. Large arrays lie beside the file and are mapped, not read.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from imclust_core.config import may_read

_NUMBERS = ("f2", "f4", "f8", "i4", "i8", "u4", "u8", "b1")
_ARRAYS = {f"numpy.{core}.multiarray" for core in ("core", "_core")}
_BUFFERS = {f"numpy.{core}.numeric" for core in ("core", "_core")}


def read_kept(path: Path, wanted: frozenset[str]) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """The wanted words of a file that gensim saved: words, vectors (n, d), their places, and how many there are."""
    facts = _attributes(path)
    words, vectors = facts.get("index_to_key"), facts.get("vectors")
    beside = path.with_name(f"{path.name}.vectors.npy")
    if vectors is None and beside.is_file() and may_read(beside):
        vectors = np.lib.format.open_memmap(beside, mode="r")
    if not isinstance(words, list) or not isinstance(vectors, np.ndarray) or vectors.ndim != 2:
        raise ValueError(
            "not KeyedVectors of gensim 4, or the file .vectors.npy that belongs beside it is missing; of a whole "
            "model, save model.wv"
        )
    if vectors.dtype.kind != "f" or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are no text, or its vectors no numbers")
    if len(words) != len(vectors):
        raise ValueError(f"{len(words):,} words and {len(vectors):,} vectors")
    first: dict[str, int] = {}
    for place, word in enumerate(words):
        if word in wanted:
            first.setdefault(word, place)
    places = np.array(list(first.values()), np.int64)
    return list(first), vectors[places].astype(np.float32), places, len(words)


def _attributes(path: Path) -> dict[str, Any]:
    """The attributes of the object that a file holds."""

    class Held:
        """Stands for an object of gensim's: it has the attributes and does nothing."""

    # The one written in Python: that in C sets aside as much memory as a file of a few bytes asks for.
    class Unpickler(pickle._Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if module.startswith("gensim.models."):
                return Held
            # A new class for each file: what a file does to it is gone with it.
            if (module, name) == ("numpy", "dtype"):
                return type("Kind", (_Kind,), {})
            if (module, name) == ("numpy", "ndarray") or (module in _ARRAYS and name == "_reconstruct"):
                return type("Array", (_Array,), {})
            if (module in _ARRAYS and name == "scalar") or (module in _BUFFERS and name == "_frombuffer"):
                return lambda *given: _from_buffer(*given)
            raise ValueError(
                f"it asks for {module}.{name}, which word vectors have no use for; of a whole model, save model.wv"
            )

    try:
        held = Unpickler(io.BytesIO(path.read_bytes())).load()
    except (pickle.UnpicklingError, AttributeError, TypeError, ImportError, LookupError, RecursionError) as error:
        raise ValueError(f"not vectors saved by gensim: {error}") from error
    if not isinstance(held, Held):
        return {}
    return {name: one.value if isinstance(one, _Array) else one for name, one in vars(held).items()}


class _Kind:
    """Stands for a dtype: numbers only."""

    def __init__(self, code: str, *_: Any) -> None:
        if code not in _NUMBERS:
            raise ValueError(f"it holds {code!r} where numbers belong")
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.order = state[1]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.order + self.code)


class _Array:
    """Stands for an array, which its state makes."""

    value: np.ndarray | None = None

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_columns, content = state
        self.value = _from_buffer(content, kind, shape, "F" if by_columns else "C")


def _from_buffer(content: Any, kind: Any, shape: Any = (), order: str = "C", *_: Any) -> np.ndarray:
    if isinstance(content, _Kind):  # a single number comes the other way round
        content, kind = kind, content
    if not isinstance(kind, _Kind) or not isinstance(content, (bytes, bytearray)):
        raise ValueError("an array of it holds something else than numbers")
    return np.frombuffer(content, kind.dtype).reshape(shape, order="F" if order == "F" else "C")
