"""How near does the suggested K come to the truth? Words alone, images alone, and both.

    python bench/choose_k.py [--photos FOLDER] [--seed 11] [--count-power 0.25]

caltech20 and the sample collection, each whole and in ten random draws of 5, 8, 12 and 16 of its classes; then draws
whose classes are of uneven size. For every kind of evidence: the median and the worst of |suggested / true - 1|,
and how many of all suggestions are within 10 %. Takes some three minutes.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.described import Described, described, samples, subsets, uneven  # noqa: E402
from imclust_core.choosing_k.evidence import image_evidence, reduced, word_evidence  # noqa: E402
from imclust_core.choosing_k.suggestion import VOTERS, suggest  # noqa: E402
from imclust_core.label_tree.grow import COUNT_POWER  # noqa: E402
from imclust_core.label_tree.label_tree import joined, label_tree  # noqa: E402
from imclust_core.words.class_labels import label_vectors  # noqa: E402
from imclust_core.words.vectors import embedded_vectors  # noqa: E402

SHOWN_ONLY = ("elbow", "stability")
REPEATS = 4


def answers(data: Described, count_power: float) -> dict[str, int | None]:
    """What each kind of evidence says, and what they say together."""
    points = reduced(data.features)
    vectors = joined(data.class_vectors, label_vectors(data.labels, embedded_vectors()))
    grown = label_tree(vectors, data.label_ids, data.probabilities, count_power=count_power)
    assert grown.tree is not None
    words = word_evidence(grown.tree, grown.leaf_of, points)
    images = image_evidence(points, repeats=REPEATS)
    curves = {**words.curves, **images.curves}
    found: dict[str, int | None] = {}
    for name, (some, more) in {
        "both": (words, images),
        "words alone": (words, None),
        "images alone": (None, images),
    }.items():
        one = suggest(some, more)
        found[name] = one.k if one else None
    for kind in (*VOTERS, *SHOWN_ONLY):
        found[kind] = curves[kind].best[0] if kind in curves and curves[kind].best else None
    return found


def errors(parts: Iterator[tuple[str, Described]], count_power: float) -> dict[str, list[tuple[str, float]]]:
    """By kind of evidence: (draw, relative error); an answer that was not given counts as wholly wrong."""
    found: dict[str, list[tuple[str, float]]] = {}
    for draw, part in parts:
        for kind, k in answers(part, count_power).items():
            found.setdefault(kind, []).append((draw, abs(k / part.classes - 1) if k else 1.0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "caltech20")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--count-power", type=float, default=COUNT_POWER, help="how much a label's images weigh")
    options = parser.parse_args()
    sets = [samples()]
    if options.photos.is_dir():
        sets.insert(0, described(options.photos.resolve()))
    print("| set | evidence | whole set | median error | worst | within 10 % |")
    print("|---|---|---|---|---|---|")
    for one in sets:
        for name, parts in ((one.name, subsets(one, options.seed)), (f"{one.name}, uneven", uneven(one, options.seed))):
            for kind, found in errors(parts, options.count_power).items():
                values = np.array([error for _, error in found])
                whole = next((f"{100 * error:.0f} %" for draw, error in found if draw == "all"), "")
                print(
                    f"| {name} | {kind} | {whole} | {100 * np.median(values):.1f} % | {100 * values.max():.0f} % | "
                    f"{100 * np.mean(values <= 0.1):.0f} % |"
                )


if __name__ == "__main__":
    main()
