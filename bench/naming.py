"""Do the proposed names say what is in a cluster? Against the truth, in the default clustering at the true K.

    python bench/naming.py [--photos FOLDER] [--many 1000000] [--json]

caltech20 and the sample collection, described by the bundled network. A cluster is taken for the class of most of its
images. A name is right when it is a meaning of that class in WordNet, with all synonyms, or stands one or two steps
above it; the meanings of each class were written down before any name was seen, and a name is compared by its WordNet
id. A name below the truth (wallaby for kangaroo) is wrong.

first, three   share of clusters whose first name is right, or one of the first three; aims: 0.6 and 0.8
exact          share of clusters whose first name is the class itself, not what is above it
said           share of classes for which the network has a word at all: a class of it is of a kind that would be right
labels         the same for names without WordNet: the three labels that are most probable of most images
sure, unsure   clusters whose first name has at least, or less than, the confidence UNSURE
draws          forty draws of 5, 8, 12 and 16 of the classes, each with its true K
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.described import Described, described, samples, subsets  # noqa: E402
from imclust_core.annotation.name_proposals import UNSURE, Proposal, propose_names  # noqa: E402
from imclust_core.arrays.reduction import reduce, reduction_from  # noqa: E402
from imclust_core.backbones.classes import imagenet_classes  # noqa: E402
from imclust_core.clustering.run import grouped  # noqa: E402
from imclust_core.clustering.strategies import Given, find_strategy  # noqa: E402
from imclust_core.clustering.truth import score  # noqa: E402
from imclust_core.images.samples import SOURCES  # noqa: E402
from imclust_core.jobs.requests import DEFAULT_CLUSTERING  # noqa: E402
from imclust_core.words.class_labels import Label  # noqa: E402
from imclust_core.words.hypernyms import hypernyms  # noqa: E402

SEED = 11
MOST = 3
STEPS = 2
"""How far above the truth a name may stand."""

MEANINGS = {
    "Faces": ("n05600637", "n00007846"),  # human face, person
    "Leopards": ("n02128385",),
    "Motorbikes": ("n03790512", "n03769722"),  # motorcycle, motorbike
    "airplanes": ("n02691156",),
    "bonsai": ("n13111881",),
    "butterfly": ("n02274259",),
    "car_side": ("n02958343",),
    "chandelier": ("n03005285",),
    "dalmatian": ("n02110341",),
    "grand_piano": ("n03452741",),
    "hawksbill": ("n01664990",),
    "helicopter": ("n03512147",),
    "kangaroo": ("n01877134",),
    "ketch": ("n03612010",),
    "laptop": ("n03642806",),
    "llama": ("n02437616",),
    "scorpion": ("n01770393",),
    "starfish": ("n02317335",),
    "sunflower": ("n11978233",),
    "watch": ("n04555897",),
    "astronaut": ("n09818022",),
    "brick": ("n02897820", "n02898369"),  # one brick, brickwork
    "camera": ("n02942699", "n09889539"),  # scikit-image's picture of a cameraman
    "cat": ("n02121808",),
    "clock": ("n03046257",),
    "coffee": ("n07929519", "n03063073"),  # the drink, a cup of it
    "coins": ("n13388245",),
    "flower": ("n11669921", "n11669335"),  # the plant, its bloom
    "galaxies": ("n08271042",),
    "grass": ("n12102133",),
    "gravel": ("n14698884",),
    "moon": ("n09358358", "n09358226"),  # the Earth's, any planet's
    "motorcycle": ("n03790512",),
    "page": ("n06256697",),
    "retina": ("n05426989",),
    "rocket": ("n04099429",),
    "temple": ("n04407435",),
    "tissue": ("n05267345",),
}

Name = Callable[[Described, np.ndarray], dict[int, list[Proposal]]]


@dataclass(frozen=True)
class Named:
    """One cluster: its class by majority and how pure it is, what was proposed, and which place is right, from 1.

    place is 0 where no name is right. saying: share of the images whose first label would be right.
    """

    truth: str
    purity: float
    proposals: list[Proposal]
    place: int
    saying: float

    @property
    def confidence(self) -> float:
        return self.proposals[0].confidence if self.proposals else 0.0


def right_names(truth: str, steps: int = STEPS) -> set[str]:
    """The WordNet ids that are right for a class: its meanings, and what tells something of the steps above them."""
    table = hypernyms()
    rows = {row for wnid in MEANINGS[truth] for row in table.chain(wnid)[-1 - steps : -1] if table.tells(row)}
    return {*MEANINGS[truth], *(f"n{table.offsets[row]:08}" for row in rows)}


def saying(labels: tuple[Label, ...], truth: str) -> np.ndarray:
    """Which of the network's classes are of a kind that is right for this one: (classes,) of bool."""
    table, right = hypernyms(), right_names(truth)
    return np.array([any(f"n{table.offsets[row]:08}" in right for row in table.chain(one.wnid)) for one in labels])


def clustered(data: Described) -> np.ndarray:
    """The default clustering at the true K: (n,)."""
    points = reduce(data.features, reduction_from(DEFAULT_CLUSTERING.reduce))
    return grouped(Given(points, data.classes, 0), find_strategy(DEFAULT_CLUSTERING.strategy))


def ours(data: Described, clusters: np.ndarray) -> dict[int, list[Proposal]]:
    """What imclust proposes."""
    return propose_names(data.labels, data.label_ids, data.probabilities, clusters, np.unique(clusters).tolist(), MOST)


def labels_alone(data: Described, clusters: np.ndarray) -> dict[int, list[Proposal]]:
    """The labels that are most probable of most images."""
    found = {}
    for cluster in np.unique(clusters).tolist():
        first = data.label_ids[clusters == cluster, 0]
        counts = np.bincount(first[first >= 0], minlength=len(data.labels)) / len(first)
        order = np.argsort(-counts, kind="stable")[:MOST].tolist()
        found[cluster] = [
            Proposal(data.labels[at].name, counts[at], counts[at], "", data.labels[at].wnid)
            for at in order
            if counts[at]
        ]
    return found


def named(data: Described, classes: list[str], clusters: np.ndarray, name: Name) -> list[Named]:
    """Every cluster with its names."""
    scores = score(clusters, data.truth, int(clusters.max()) + 1, len(classes))
    found = []
    for cluster, proposals in name(data, clusters).items():
        truth = classes[scores.majority[cluster]]
        right = right_names(truth)
        place = next((at for at, one in enumerate(proposals, 1) if one.wnid in right), 0)
        says = saying(data.labels, truth)[data.label_ids[clusters == cluster, 0]].mean()
        found.append(Named(truth, float(scores.cluster_purity[cluster]), proposals, place, float(says)))
    return found


def rates(all_of_them: list[Named]) -> dict[str, float | int]:
    """How many there are, and which share has the right name first, or among the first three."""
    places = np.array([one.place for one in all_of_them])
    exact = [one.place == 1 and one.proposals[0].wnid in MEANINGS[one.truth] for one in all_of_them]
    share = {"first": places == 1, "three": places > 0, "exact": np.array(exact)}
    return {"clusters": len(places), **{name: round(float(of.mean()), 3) for name, of in share.items() if len(places)}}


def figures(data: Described, classes: list[str]) -> tuple[dict[str, object], list[Named]]:
    """All figures of one set, and its clusters."""
    parts = [(part, clustered(part)) for _, part in subsets(data, SEED)]
    whole = named(data, classes, parts[0][1], ours)
    found: dict[str, object] = {"set": data.name, **rates(whole)}
    found["said"] = round(float(np.mean([saying(data.labels, one).any() for one in classes])), 3)
    found["sure"], found["unsure"] = by_confidence(whole)
    found["labels"] = rates(named(data, classes, parts[0][1], labels_alone))
    draws = [one for part, clusters in parts[1:] for one in named(part, classes, clusters, ours)]
    found["draws"] = rates(draws)
    found["draws_sure"], found["draws_unsure"] = by_confidence(draws)
    found["draws_labels"] = rates([one for part, of in parts[1:] for one in named(part, classes, of, labels_alone)])
    return found, whole


def by_confidence(all_of_them: list[Named]) -> tuple[dict[str, float | int], dict[str, float | int]]:
    """The rates of those with at least the confidence UNSURE, and of those with less."""
    sure = [one for one in all_of_them if one.confidence >= UNSURE]
    return rates(sure), rates([one for one in all_of_them if one.confidence < UNSURE])


def lines(data: Described, whole: list[Named]) -> Iterator[str]:
    """A line for each cluster, and why its first name is wrong."""
    for one in sorted(whole, key=lambda one: one.truth):
        names = ", ".join(proposal.name for proposal in one.proposals)
        if one.place == 1:
            why = ""
        elif not saying(data.labels, one.truth).any():
            why = "the network has no word for it"
        elif one.place:
            why = f"right in place {one.place}"
        else:
            why = f"{100 * one.saying:.0f} % of its images say so"
        yield f"| {data.name} | {one.truth} | {one.purity:.2f} | {names} | {one.confidence:.2f} | {why} |"


def seconds(images: int, clusters: int = 1_000) -> float:
    """How long it takes for so many images, a tenth of whose words are anything at all."""
    rng = np.random.default_rng(SEED)
    labels = [Label(one.name, one.synonyms, one.wnid) for one in imagenet_classes()]
    groups = rng.integers(0, clusters, images)
    near = (groups[:, None] + rng.integers(0, 12, (images, 5))) % len(labels)
    label_ids = np.where(rng.random((images, 5)) < 0.1, rng.integers(0, len(labels), (images, 5)), near)
    probabilities = np.sort(rng.dirichlet(np.ones(6), images)[:, :5])[:, ::-1]
    start = time.perf_counter()
    propose_names(labels, label_ids, probabilities, groups, range(clusters))
    return round(time.perf_counter() - start, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "caltech20")
    parser.add_argument("--many", type=int, default=1_000_000, help="images of the run that is timed")
    parser.add_argument("--json", action="store_true", help="one line of JSON at the end")
    options = parser.parse_args()
    sets = [(samples(), sorted(SOURCES))]
    if options.photos.is_dir():
        classes = sorted(path.name for path in options.photos.iterdir() if path.is_dir())
        if unknown := set(classes) - set(MEANINGS):
            parser.error(f"the meanings of {', '.join(sorted(unknown))} are not written down in {Path(__file__).name}")
        sets.insert(0, (described(options.photos.resolve()), classes))
    print("| set | class | purity | names | confidence | first name wrong since |\n|---|---|---|---|---|---|")
    told = []
    for data, classes in sets:
        assert len(classes) == data.classes
        found, whole = figures(data, classes)
        told.append(found)
        for line in lines(data, whole):
            print(line, flush=True)
    print()
    for found in told:
        for name, value in found.items():
            print(f"{found['set']}, {name}: {value}")
    taken = seconds(options.many)
    print(f"{options.many:,} images, 1,000 clusters: {taken} s")
    if options.json:
        print(json.dumps({"sets": told, "unsure": UNSURE, "images": options.many, "seconds": taken}))


if __name__ == "__main__":
    main()
