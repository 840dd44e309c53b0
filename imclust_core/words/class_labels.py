"""From a label to a vector: all its synonyms, each by its whole phrase or by its words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

TEXTS = ("phrase", "first_word")

_HEAD = 3.0
"""How much more the last word of a phrase counts than the others: a black stork is a stork."""
_RARE = 1e-3
"""Words more frequent than this say less the more frequent they are."""
_SHARE = "share"
"""The attribute of a vector that holds how frequent its word is."""


@dataclass(frozen=True)
class Label:
    """What a network may say: its name, its synonyms (the name among them, if any), and its WordNet id if known."""

    name: str
    synonyms: tuple[str, ...] = ()
    wnid: str = ""

    @property
    def phrases(self) -> tuple[str, ...]:
        """The words it may be called by; none for a class that only has a number."""
        if re.fullmatch(r"class \d+", self.name):
            return ()
        return self.synonyms or (self.name,)


def wanted_words(labels: Iterable[Label], text: str = "phrase") -> frozenset[str]:
    """Every word that could help to make vectors of these labels; all others need not be read from a file."""
    found: set[str] = set()
    for label in labels:
        for phrase in _phrases(label, text):
            found.update(_spellings(phrase))
            for word in _parts(phrase):
                found.update(_spellings(word))
    return frozenset(found)


def label_vectors(labels: Sequence[Label], vectors: "KeyedVectors", text: str = "phrase") -> np.ndarray:
    """One vector for each label: (n, d) float64, a row of NaN where none of its words is known.

    A phrase that has a vector of its own is taken whole. Else its words are summed: the last one counts most, and
    frequent words less. Synonyms count alike. With `first_word` only the first word of the first synonym is taken,
    as it is, which is how this idea was first tried.
    """
    out = np.full((len(labels), vectors.vector_size), np.nan)
    for row, label in enumerate(labels):
        found = [vector for phrase in _phrases(label, text) if (vector := _of_phrase(phrase, vectors)) is not None]
        if found and text == "first_word":
            out[row] = found[0]
        elif found:
            total = np.sum([_unit(vector) for vector in found], axis=0)
            out[row] = _unit(total)
    return out


def _phrases(label: Label, text: str) -> tuple[str, ...]:
    if text == "phrase":
        return label.phrases
    return tuple(_parts(phrase)[0] for phrase in label.phrases[:1] if _parts(phrase))


def _parts(phrase: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", phrase)


def _spellings(phrase: str) -> list[str]:
    """How a file may spell it, the likeliest first."""
    joined = re.sub(r"\s+", "_", phrase.strip())
    capitals = "_".join(part[:1].upper() + part[1:] for part in joined.split("_"))
    return list(dict.fromkeys((joined, joined.lower(), joined.capitalize(), capitals)))


def _of_phrase(phrase: str, vectors: "KeyedVectors") -> np.ndarray | None:
    whole = _known(phrase, vectors)
    if whole is not None:
        return _vector(whole, vectors)
    parts = [(place, word) for place, part in enumerate(_parts(phrase)) if (word := _known(part, vectors)) is not None]
    if not parts:
        return None
    last = len(_parts(phrase)) - 1
    weights = [_rarity(word, vectors) * (_HEAD if place == last else 1.0) for place, word in parts]
    total: np.ndarray = np.sum(
        [weight * _unit(_vector(word, vectors)) for weight, (_, word) in zip(weights, parts, strict=True)], axis=0
    )
    return total


def _known(phrase: str, vectors: "KeyedVectors") -> str | None:
    return next((word for word in _spellings(phrase) if word in vectors.key_to_index), None)


def _vector(word: str, vectors: "KeyedVectors") -> np.ndarray:
    found: np.ndarray = vectors.get_vector(word).astype(np.float64)
    return found


def _rarity(word: str, vectors: "KeyedVectors") -> float:
    return _RARE / (_RARE + float(vectors.get_vecattr(word, _SHARE)))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def keyed(words: Sequence[str], matrix: np.ndarray, shares: np.ndarray) -> "KeyedVectors":
    """Words and their vectors (n, d), with the share of all text that each word makes up, as gensim holds them."""
    from gensim.models import KeyedVectors  # it takes seconds to import

    vectors = KeyedVectors(matrix.shape[1], count=len(words))
    vectors.add_vectors(list(words), matrix.astype(np.float32, copy=False))
    for word, share in zip(words, shares, strict=True):
        vectors.set_vecattr(word, _SHARE, float(share))
    return vectors
