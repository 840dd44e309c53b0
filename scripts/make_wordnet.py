"""Make imclust_core/words/wordnet/*.npz from WordNet 3.0: word vectors, and which kind of thing is which.

    python scripts/make_wordnet.py [--wordnet /usr/share/wordnet] [--out imclust_core/words/wordnet]

WordNet's noun file is in Debian's package wordnet-base. The same input gives the same bytes, in about a minute.

Every noun is described by what stands above it in WordNet and by the words of its gloss; the table of words against
those descriptions, weighted by how much more often they meet than by chance, is reduced to its main directions. That
scored better than Word2Vec trained on the same text, in a sixth of the time (docs/decisions.md).
"""

import argparse
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits
from timm.data import ImageNetInfo

from imclust_core.store.database import write_atomically

DIM = 128
WORDS = 34_000
HYPERNYM_SHARE = 0.9  # each step up counts this much of the one before
GLOSS_SHARE = 0.5
HEAD_SHARE = 0.2  # "stork" is also a little of what "black stork" is

STOP = frozenset(
    re.findall(
        r"\w+",
        """
        a about all also an and any are as at be been being between but by can did do does each especially etc for
        from had has have having he her his if in into is it its itself may more most new no not of off often on one
        or other out over own she so some such than that the their them they this those through to two under up used
        using usually very was were when where which while who whose will with
        """,
    )
)


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, the meanings above it, and what its gloss says."""

    lemmas: tuple[str, ...]
    above: tuple[str, ...]
    gloss: str


def read_nouns(path: Path) -> dict[str, Synset]:
    """WordNet's data.noun, by offset; the format is described in its manual page wndb(5)."""
    nouns = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(" "):
            continue  # the licence, at the top
        data, _, gloss = line.partition("|")
        fields = data.split()
        words = int(fields[3], 16)
        lemmas = tuple(fields[4 + 2 * i].lower() for i in range(words))
        at = 5 + 2 * words
        pointers = [fields[at + 4 * i : at + 4 * i + 4] for i in range(int(fields[at - 1]))]
        above = tuple(target for symbol, target, kind, _ in pointers if symbol in ("@", "@i") and kind == "n")
        nouns[fields[0]] = Synset(lemmas, above, gloss)
    return nouns


def chain(nouns: dict[str, Synset], offset: str) -> Iterator[str]:
    """What stands above a meaning, nearest first, along the first way up."""
    while nouns[offset].above:
        offset = nouns[offset].above[0]
        yield offset


def words_of(gloss: str) -> list[str]:
    """The telling words of a gloss, without its examples."""
    found = re.findall(r"[a-z]+(?:-[a-z]+)*", gloss.partition('"')[0].lower())
    return [word for word in found if word not in STOP and len(word) > 1]


def descriptions(nouns: dict[str, Synset]) -> Iterator[tuple[str, str, float]]:
    """(word, what describes it, how much) over all nouns."""
    for offset, one in nouns.items():
        facts = [(offset, 1.5)]
        facts += [(above, HYPERNYM_SHARE**step) for step, above in enumerate(chain(nouns, offset))]
        facts += [(word, GLOSS_SHARE) for word in words_of(one.gloss)]
        facts += [(part, GLOSS_SHARE) for lemma in one.lemmas for part in lemma.split("_")]
        for lemma in one.lemmas:
            yield from ((lemma, fact, share) for fact, share in facts)
        for head in sorted({lemma.split("_")[-1] for lemma in one.lemmas if "_" in lemma}):
            yield from ((head, fact, HEAD_SHARE * share) for fact, share in facts)


def frequencies(nouns: dict[str, Synset]) -> Counter[str]:
    """How often each word stands in WordNet's nouns and their glosses."""
    counts: Counter[str] = Counter()
    for one in nouns.values():
        counts.update(words_of(one.gloss))
        counts.update(one.lemmas)
        counts.update(part for lemma in one.lemmas if "_" in lemma for part in lemma.split("_"))
    return counts


def vectors_of(nouns: dict[str, Synset]) -> tuple[list[str], np.ndarray]:
    """All words, and their directions: (n, DIM), each of length one."""
    rows: dict[str, int] = {}
    columns: dict[str, int] = {}
    entries = [
        (rows.setdefault(word, len(rows)), columns.setdefault(fact, len(columns)), share)
        for word, fact, share in descriptions(nouns)
    ]
    at, of, share = (np.array(part) for part in zip(*entries, strict=True))
    table = scipy.sparse.csr_matrix((share, (at, of)), shape=(len(rows), len(columns))).tocoo()
    by_row = np.bincount(table.row, table.data)
    by_column = np.bincount(table.col, table.data) ** 0.75  # rare facts would count for too much
    chance = by_row[table.row] * by_column[table.col] / by_column.sum()
    surprise = np.log(np.maximum(table.data / chance, 1.0))
    with threadpool_limits(1):  # the order of sums, and so the last digits, would hang on the number of cores
        matrix = scipy.sparse.csr_matrix((surprise, (table.row, table.col)), shape=table.shape)
        found = randomized_svd(matrix, DIM, random_state=0, n_iter=4)[0]
    return list(rows), found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def chosen(words: list[str], nouns: dict[str, Synset], counts: Counter[str]) -> list[str]:
    """The words that are kept: those of ImageNet's classes first, then the most frequent single words."""
    labels: dict[str, None] = {}
    for subset in ("imagenet-1k", "imagenet-22k"):
        info = ImageNetInfo(subset)
        for index in range(info.num_classes()):
            one = nouns[info.index_to_label_name(index)[1:]]
            first = one.lemmas if subset == "imagenet-1k" else one.lemmas[:1]
            labels.update(dict.fromkeys([*first, *(part for lemma in one.lemmas for part in lemma.split("_"))]))
    known = set(words)
    single = sorted((word for word in words if word.isalpha()), key=lambda word: (-counts[word], word))
    return sorted([word for word in dict.fromkeys([*labels, *single]) if word in known][:WORDS])


def main() -> None:
    """Read WordNet, write the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "imclust_core/words/wordnet")
    options = parser.parse_args()
    nouns = read_nouns(options.wordnet / "data.noun")

    words, vectors = vectors_of(nouns)
    counts = frequencies(nouns)
    kept = chosen(words, nouns, counts)
    row = {word: index for index, word in enumerate(words)}
    directions = vectors[[row[word] for word in kept]]
    directions -= directions.mean(axis=0)
    whole = np.round(127 * directions / np.abs(directions).max(axis=1, keepdims=True)).astype(np.int8)
    _save(
        options.out / "vectors.npz",
        words=np.frombuffer("\n".join(kept).encode(), np.uint8),
        counts=np.array([counts[word] for word in kept], np.int32),
        total=np.array(counts.total()),
        vectors=whole,
    )

    order = {offset: index for index, offset in enumerate(nouns)}
    above = [order[one.above[0]] if one.above else -1 for one in nouns.values()]
    inner = set(above)
    names = [one.lemmas[0].replace("_", " ") if order[offset] in inner else "" for offset, one in nouns.items()]
    _save(
        options.out / "hypernyms.npz",
        offsets=np.array([int(offset) for offset in nouns], np.int32),
        above=np.array(above, np.int32),
        names=np.frombuffer("\n".join(names).encode(), np.uint8),
    )


def _save(path: Path, **arrays: np.ndarray) -> None:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    write_atomically(path, file.getvalue())
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
