"""Which label vectors make the best tree? Every choice of vectors, label text, linkage and weight in one table.

    python bench/words.py [--photos FOLDER] [--vectors PATH] [--seed 0] [--many 21000]

For each choice:

caltech20, samples   NMI of the tree's cut, taken as a clustering of the images, with the truth, at K = the number of
                     classes: the mean over the whole set and ten draws of 5, 8, 12 and 16 of its classes each. Beside
                     it stand random vectors, which are the floor (it is high, since many labels belong to one class),
                     and the labels themselves, each a group of its own.
largest              share of the largest group, in labels, when all 1,000 names are cut into 20
hypernyms            NMI of a cut of all 1,000 names with WordNet's groups eight steps below its root. For vectors made
                     from WordNet that is circular.

The last line times a tree of --many labels, and the peak of memory. --vectors adds a local file, such as GoogleNews.
Takes some three minutes.
"""

import argparse
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.described import Described, described, samples, subsets  # noqa: E402
from bench.memory import peak_mb  # noqa: E402
from imclust_core.arrays.linkage import LINKAGES  # noqa: E402
from imclust_core.label_tree.branch_names import propose  # noqa: E402
from imclust_core.label_tree.grow import grow  # noqa: E402
from imclust_core.label_tree.label_tree import joined, label_tree  # noqa: E402
from imclust_core.label_tree.tree import cut, groups  # noqa: E402
from imclust_core.words.class_labels import Label, label_vectors, wanted_words  # noqa: E402
from imclust_core.words.hypernyms import hypernyms  # noqa: E402
from imclust_core.words.vectors import embedded_vectors, word_vectors  # noqa: E402

HYPERNYM_DEPTH = 8
SEED = 1
POWERS = {"ward": (0.0, 0.25, 0.5, 1.0), "average": (0.0, 0.25)}


def sources(data: Described, file: str | None, seed: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """(vectors, label text, one vector for each class)."""
    random = np.random.default_rng(seed)
    yield "random", "-", random.normal(size=(len(data.labels), 100))
    embedded = embedded_vectors()
    for text in ("phrase", "first_word"):
        yield "embedded", text, label_vectors(data.labels, embedded, text)
        if file:
            found = word_vectors(file, wanted_words(data.labels, text))
            yield Path(file).name, text, label_vectors(data.labels, found, text)
    yield "network", "-", data.class_vectors
    yield "network+embedded", "phrase", joined(data.class_vectors, label_vectors(data.labels, embedded, "phrase"))


def agreement(data: Described, vectors: np.ndarray, linkage: str, power: float) -> float:
    """NMI of the cut at the true number of classes with the truth."""
    grown = label_tree(vectors, data.label_ids, data.probabilities, linkage=linkage, count_power=power)
    if grown.tree is None:
        return 0.0
    of_leaf = groups(grown.tree, cut(grown.tree, data.classes))
    return float(normalized_mutual_info_score(data.truth, np.append(of_leaf, -1)[grown.leaf_of]))


def of_labels(data: Described) -> float:
    """NMI of the most probable labels themselves with the truth."""
    return float(normalized_mutual_info_score(data.truth, data.label_ids[:, 0]))


def over_subsets(sets: list[Described], score: Callable[[Described], float]) -> str:
    """For each set the figure for all of it, and the mean over the draws."""
    cells = []
    for whole in sets:
        scores = [score(part) for _, part in subsets(whole, SEED)]
        cells.append(f"{scores[0]:.3f} / {np.mean(scores[1:]):.3f}")
    return " | ".join(cells)


def of_names(data: Described, vectors: np.ndarray, linkage: str) -> tuple[float, float]:
    """Share of the largest of 20 groups of all names, and NMI with WordNet's own groups."""
    known = np.isfinite(vectors).all(axis=1)
    tree = grow(vectors[known], np.ones(int(known.sum()), int), linkage=linkage)
    largest = np.bincount(groups(tree, cut(tree, 20))).max() / known.sum()
    table = hypernyms()
    chains = [table.chain(label.wnid) for label, good in zip(data.labels, known, strict=True) if good]
    kinds = np.unique([chain[min(HYPERNYM_DEPTH, len(chain) - 1)] for chain in chains], return_inverse=True)[1]
    found = groups(tree, cut(tree, int(kinds.max()) + 1))
    return float(largest), float(normalized_mutual_info_score(kinds, found))


def many_labels(number: int, dim: int = 1280) -> dict[str, float]:
    """Seconds and memory for a tree of very many labels; the vectors are random, which changes neither."""
    rng = np.random.default_rng(0)
    vectors, counts = rng.normal(size=(number, dim)).astype(np.float32), rng.zipf(1.6, number).clip(1, 5000)
    start = time.perf_counter()
    tree = grow(vectors, counts)
    grown = time.perf_counter() - start
    propose(tree, [Label(f"label {at}") for at in range(number)], cut(tree, 200))
    named = time.perf_counter() - start
    return {"labels": number, "tree_s": round(grown, 1), "with_names_s": round(named, 1), "peak_mb": peak_mb()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "caltech20")
    parser.add_argument("--vectors", help="a local file of word vectors to score too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--many", type=int, default=21_000, help="labels of a large tree that is timed at the end")
    options = parser.parse_args()
    sets = [samples()]
    if options.photos.is_dir():
        sets.insert(0, described(options.photos.resolve()))
    names = " | ".join(f"{one.name}, whole / draws" for one in sets)
    print(f"| vectors | label text | linkage | weight | {names} | largest | hypernyms |")
    print("|---|---|---|---|" + "---|" * (len(sets) + 2))
    print(f"| each label its own group | | | | {over_subsets(sets, of_labels)} | | |")
    for name, text, vectors in sources(sets[0], options.vectors, options.seed):
        for linkage in LINKAGES:
            largest, kinds = of_names(sets[0], vectors, linkage)
            for power in POWERS.get(linkage, (0.0,)):
                cut_of = functools.partial(agreement, vectors=vectors, linkage=linkage, power=power)
                scores = over_subsets(sets, cut_of)
                print(f"| {name} | {text} | {linkage} | {power} | {scores} | {largest:.2f} | {kinds:.2f} |")
    print(json.dumps(many_labels(options.many)))


if __name__ == "__main__":
    main()
