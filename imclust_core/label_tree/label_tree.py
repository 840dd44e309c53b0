"""From what a network says of each image to a tree of its labels: arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.linkage import unit_rows
from imclust_core.label_tree.grow import COUNT_POWER, grow
from imclust_core.label_tree.homes import leaves_of
from imclust_core.label_tree.tree import Tree, carried


@dataclass(frozen=True)
class LabelTree:
    """A tree over the labels that a collection's images carry.

    tree: None where no label has a vector. classes (n,): the class number of each leaf. leaf_of (images,): the leaf an
    image is at home in, or -1. without: (class number, images that carry it) of the labels without a vector.
    """

    tree: Tree | None
    classes: np.ndarray
    leaf_of: np.ndarray
    without: tuple[tuple[int, int], ...]


def used_classes(label_ids: np.ndarray, probabilities: np.ndarray, least: float = 1.0) -> np.ndarray:
    """The class numbers that any image carries, as `label_tree` counts them."""
    return np.unique(label_ids[carried(label_ids, probabilities, least)])


def label_tree(
    vectors: np.ndarray,
    label_ids: np.ndarray,
    probabilities: np.ndarray,
    *,
    least: float = 1.0,
    linkage: str = "ward",
    metric: str = "cosine",
    count_power: float = COUNT_POWER,
) -> LabelTree:
    """Make the tree of the labels that images carry.

    Parameters
    ----------
    vectors: (classes, d), one for each class of the network; rows of NaN for classes without one.
    label_ids, probabilities: (images, m), the most probable first, -1 where there are no more.
    least: the probability from which labels other than the first count; 1 for the first alone.
    """
    known = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    bears = carried(label_ids, probabilities, least)
    number = np.bincount(label_ids[bears], minlength=len(known))
    classes = np.flatnonzero((number > 0) & known)
    lacking = np.flatnonzero((number > 0) & ~known)
    without = sorted(((int(one), int(number[one])) for one in lacking), key=lambda pair: (-pair[1], pair[0]))
    if not len(classes):
        return LabelTree(None, classes, np.full(len(label_ids), -1), tuple(without))
    leaf_of = leaves_of(classes, label_ids, probabilities, least)
    tree = grow(
        vectors[classes],
        np.bincount(leaf_of[leaf_of >= 0], minlength=len(classes)),
        carried=number[classes],
        linkage=linkage,
        metric=metric,
        count_power=count_power,
    )
    return LabelTree(tree, classes, leaf_of, tuple(without))


def joined(network: np.ndarray, words: np.ndarray, share: float = 0.25) -> np.ndarray:
    """The network's own vectors with word vectors beside them: (n, d1 + d2); either may be missing (NaN).

    share: how long the word vectors are, where the network's have length one: measured in bench/words.py.
    """
    sides = ((network, 1.0), (words, share))
    return np.hstack([np.nan_to_num(unit_rows(vectors)).astype(np.float32) * length for vectors, length in sides])


def best_examples(
    leaf_of: np.ndarray,
    classes: Sequence[int] | np.ndarray,
    label_ids: np.ndarray,
    probabilities: np.ndarray,
    most: int,
) -> np.ndarray:
    """For each leaf the rows of the images that are most surely of its label: (n, most), -1 where there are fewer."""
    share = np.where(label_ids == np.append(classes, -2)[leaf_of][:, None], probabilities, 0).max(axis=1, initial=0)
    order = np.lexsort((-share, leaf_of))
    order = order[leaf_of[order] >= 0]
    leaves = leaf_of[order]
    place = np.arange(len(order)) - np.searchsorted(leaves, leaves)
    out = np.full((len(classes), most), -1, np.int64)
    out[leaves[place < most], place[place < most]] = order[place < most]
    return out
