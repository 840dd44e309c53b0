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
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.backbones.registry import BUNDLED
from imclust_core.explain.cam import look
from imclust_core.explain.target_layer import Places, find_places
from imclust_core.explain.targets import OfClass, OfCluster, OfContrast, Target

SIDE = 256
KNOWN = 8
"""Photographs of each class of which its centroid is the mean; those in the pairs are others."""
SHIFTS = (1, 5, 12)
"""So many classes further on is the one beside: each class is three times on the left, and three times on the right."""


@dataclass(frozen=True)
class Pairs:
    """Pictures (n, 3, SIDE, SIDE) of two classes each, left and right (n,), and what the network says of the classes.

    words (k,): the network's own class that is first for most photographs of a class. centroids (k, dim).
    """

    network: Backbone
    places: Places
    pictures: Tensor
    left: np.ndarray
    right: np.ndarray
    words: np.ndarray
    centroids: np.ndarray

    def asked(self, target: Target, of: Sequence[int]) -> np.ndarray:
        """Whether the peak of the map is on the left, for these pictures."""
        heat = look(self.network.trunk, self.network.head, self.pictures[of], target, places=self.places).heat
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


def normalised(pictures: np.ndarray, preprocessing: Preprocessing) -> Tensor:
    values = (pictures.astype(np.float32) / 255 - np.float32(preprocessing.mean)) / np.float32(preprocessing.std)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def rgb(path: Path) -> Image.Image:
    return open_image(path.read_bytes()).rgb


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> Pairs:
    network, lot = load_backbone(BUNDLED), np.random.default_rng(0)
    chosen = []
    for folder in sorted((shared_data / "caltech20").iterdir()):
        files = sorted(folder.iterdir())
        chosen.append([files[at] for at in lot.choice(len(files), KNOWN + 2 * len(SHIFTS), replace=False)])
    features, labels = [], []
    for files in chosen:
        single = np.stack([network.preprocessing.pixels(rgb(path)) for path in files[:KNOWN]])
        with torch.no_grad():
            given = network.trunk(normalised(single, network.preprocessing))
            assert network.head is not None
            labels.append(int(network.head(given).argmax(1).mode().values))
        features.append(torch.nn.functional.normalize(given, dim=1).mean(0).numpy())
    pictures, left, right = [], [], []
    square = replace(network.preprocessing, size=SIDE, resize=SIDE * network.preprocessing.resize // 224)
    quarter = SIDE // 4
    for at, shift in enumerate(SHIFTS):
        for number, files in enumerate(chosen):
            other = (number + shift) % len(chosen)
            both = rgb(files[KNOWN + at]), rgb(chosen[other][KNOWN + len(SHIFTS) + at])
            pictures.append(np.concatenate([square.pixels(one)[:, quarter:-quarter] for one in both], axis=1))
            left.append(number)
            right.append(other)
    return Pairs(
        network,
        find_places(network.trunk, SIDE),
        normalised(np.stack(pictures), network.preprocessing),
        np.array(left),
        np.array(right),
        np.array(labels),
        np.stack(features),
    )


def test_the_map_of_a_class_peaks_on_the_photograph_of_that_class(pairs: Pairs) -> None:
    hits = pairs.hits([OfClass(int(word)) for word in pairs.words])
    assert len(hits) == 120 and hits.mean() >= 0.9, hits.mean()


def test_the_map_of_a_cluster_peaks_on_the_photograph_of_that_cluster(pairs: Pairs) -> None:
    hits = pairs.hits([OfCluster(centroid - pairs.centroids.mean(0)) for centroid in pairs.centroids])
    assert len(hits) == 120 and hits.mean() >= 0.9, hits.mean()


def test_what_speaks_for_one_cluster_and_against_the_other_is_in_the_one_s_half(pairs: Pairs) -> None:
    of = list(range(0, len(pairs.left), 2))
    left, right = pairs.centroids[pairs.left[of]], pairs.centroids[pairs.right[of]]
    hits = np.concatenate([pairs.asked(OfContrast(left, right), of), ~pairs.asked(OfContrast(right, left), of)])
    assert len(hits) == 60 and hits.mean() >= 0.9, hits.mean()
