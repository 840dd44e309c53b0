"""Photographs with classes, described by the bundled network once and kept: what several benches start from."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.scan import WORK
from imclust_core import Workspace, make_samples, open_collection, scan
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.collections import add_collection
from imclust_core.words.class_labels import Label

SUBSETS = (5, 8, 12, 16)
DRAWS = 10


@dataclass(frozen=True)
class Described:
    """n photographs: features (n, d), label_ids and probabilities (n, 5), truth (n,) as class numbers.

    class_vectors (1000, d): the network's last layer. labels: what its classes are called.
    """

    name: str
    features: np.ndarray
    label_ids: np.ndarray
    probabilities: np.ndarray
    truth: np.ndarray
    class_vectors: np.ndarray
    labels: tuple[Label, ...]

    @property
    def classes(self) -> int:
        return len(np.unique(self.truth))

    def part(self, keep: np.ndarray) -> "Described":
        """Only these photographs."""
        return Described(
            self.name,
            self.features[keep],
            self.label_ids[keep],
            self.probabilities[keep],
            self.truth[keep],
            self.class_vectors,
            self.labels,
        )


def workspace_of(folder: Path) -> Path:
    """Where what the network says of a folder is kept."""
    return WORK / f"described-{hashlib.blake2b(bytes(folder), digest_size=4).hexdigest()}"


def described(folder: Path) -> Described:
    """The photographs of a folder whose subfolders are classes, or that has a truth.csv."""
    workspace = Workspace.open(workspace_of(folder))
    source = add_collection(workspace, folder)
    scan(workspace, source.id, lambda *_: None)
    embed(workspace, source.id, EmbedRequest("efficientnet_lite0"), lambda *_, **__: None)
    opened = open_collection(folder, workspace=workspace.root)
    one = opened.embedding()
    paths = opened.paths(one.image_ids)
    table = folder / "truth.csv"
    known = dict(csv.reader(table.open())) if table.exists() else {}
    truth = np.unique([known.get(path.name, path.parent.name) for path in paths], return_inverse=True)[1]
    vectors = one.class_vectors
    assert vectors is not None
    return Described(folder.name, one.features, one.label_ids, one.probabilities, truth, vectors, one.class_labels)


SAMPLES = WORK / "sample-photographs"


def samples() -> Described:
    """The sample collection."""
    if not SAMPLES.exists():
        make_samples(SAMPLES)
    return described(SAMPLES.resolve())


def subsets(whole: Described, seed: int) -> Iterator[tuple[str, Described]]:
    """The whole, then ten random draws of 5, 8, 12 and 16 of its classes."""
    yield "all", whole
    rng = np.random.default_rng(seed)
    for count in SUBSETS:
        for _ in range(DRAWS):
            chosen = rng.choice(whole.classes, count, replace=False)
            yield str(count), whole.part(np.isin(whole.truth, chosen))


def uneven(whole: Described, seed: int) -> Iterator[tuple[str, Described]]:
    """Draws of classes of uneven size: of each class 6 photographs, or all of them, or any number in between."""
    rng = np.random.default_rng(seed)
    for count in SUBSETS:
        for _ in range(DRAWS):
            keep = np.zeros(len(whole.truth), bool)
            for one in rng.choice(whole.classes, count, replace=False):
                of_class = np.flatnonzero(whole.truth == one)
                keep[rng.choice(of_class, rng.integers(min(6, len(of_class)), len(of_class) + 1), replace=False)] = True
            yield str(count), whole.part(keep)
