"""Two photographs side by side in one picture: what is asked about the one must be found in its half.

Real photographs of twenty classes, and the bundled network. A square of 256 makes eight columns of places, so that the
seam runs between two of them and a peak lies in one half or the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from imclust_core import open_image
from imclust_core.backbones.network import Backbone, load_backbone
from imclust_core.backbones.registry import BUNDLED
from imclust_core.explain.cam import look
from imclust_core.explain.target_layer import find_places
from imclust_core.explain.targets import OfClass, OfCluster, OfContrast, Target
from tests.helpers.pictures import as_tensor

SIDE = 256
KNOWN = 8
"""Photographs of each class of which its centroid is the mean; those in the pairs are others."""
SHIFTS = [(1,), pytest.param((1, 5, 12), marks=pytest.mark.long)]
"""So many classes further on is the one beside: each class is as often on the left as on the right."""


@dataclass(frozen=True)
class Pairs:
    """Pictures (n, 3, SIDE, SIDE) of two classes each, left and right (n,), and what the network says of the classes.

    words (k,): the network's own class that is first for most photographs of a class. centroids (k, dim).
    """

    network: Backbone
    pictures: Tensor
    left: np.ndarray
    right: np.ndarray
    words: list[int]
    centroids: np.ndarray

    def asked(self, target: Target, of: Sequence[int]) -> np.ndarray:
        """Whether the peak of the map is on the left, for these pictures."""
        trunk, head = self.network.trunk, self.network.head
        heat = look(trunk, head, self.pictures[of], target, places=find_places(trunk, SIDE)).heat
        assert heat is not None and heat.shape[1:] == (8, 8)
        found: np.ndarray = heat.reshape(len(heat), -1).argmax(1) % 8 < 4
        return found

    def hits(self, targets: Sequence[Target]) -> np.ndarray:
        """Whether the peak for a class's target is in its half, for every class in every picture it is part of."""
        found = []
        for number, target in enumerate(targets):
            of = np.flatnonzero((self.left == number) | (self.right == number))
            found.append(self.asked(target, of.tolist()) == (self.left[of] == number))
        return np.concatenate(found)


def rgb(path: Path) -> Image.Image:
    return open_image(path.read_bytes()).rgb


def made(shared_data: Path, shifts: tuple[int, ...]) -> Pairs:
    network, lot = load_backbone(BUNDLED), np.random.default_rng(0)
    own = network.preprocessing
    chosen = []
    for folder in sorted((shared_data / "caltech20").iterdir()):
        files = sorted(folder.iterdir())
        chosen.append([files[at] for at in lot.choice(len(files), KNOWN + 2 * len(shifts), replace=False)])
    features, words = [], []
    for files in chosen:
        with torch.no_grad():
            given = network.trunk(as_tensor(network, [own.pixels(rgb(path)) for path in files[:KNOWN]]))
            assert network.head is not None
            words.append(int(network.head(given).argmax(1).mode().values))
        features.append(torch.nn.functional.normalize(given, dim=1).mean(0).numpy())
    square = replace(own, size=SIDE, resize=SIDE * own.resize // 224)
    pictures, left, right = [], [], []
    for at, shift in enumerate(shifts):
        for number, files in enumerate(chosen):
            other = (number + shift) % len(chosen)
            both = rgb(files[KNOWN + at]), rgb(chosen[other][KNOWN + len(shifts) + at])
            pictures.append(np.concatenate([square.pixels(one)[:, SIDE // 4 : -SIDE // 4] for one in both], axis=1))
            left.append(number)
            right.append(other)
    return Pairs(network, as_tensor(network, pictures), np.array(left), np.array(right), words, np.stack(features))


@pytest.mark.parametrize("shifts", SHIFTS)
def test_a_map_peaks_on_the_photograph_that_was_asked_about(shared_data: Path, shifts: tuple[int, ...]) -> None:
    torch.set_num_threads(1)  # two test processes at two threads each on two cores wait for each other
    pairs = made(shared_data, shifts)
    of = list(range(0, len(pairs.left), 2))
    left, right = pairs.centroids[pairs.left[of]], pairs.centroids[pairs.right[of]]
    contrast = [pairs.asked(OfContrast(left, right), of), ~pairs.asked(OfContrast(right, left), of)]
    for what, hits, number in (
        ("a class", pairs.hits([OfClass(word) for word in pairs.words]), 40),
        ("a cluster", pairs.hits([OfCluster(one - pairs.centroids.mean(0)) for one in pairs.centroids]), 40),
        ("one cluster and not the other", np.concatenate(contrast), 20),
    ):
        assert len(hits) == number * len(shifts) and hits.mean() >= 0.9, (what, hits.mean())
