"""Which leaf of a tree of labels each image is at home in, and which images are at home below a branch."""

from dataclasses import dataclass

import numpy as np

from imclust_core.arrays.lookup import found_by
from imclust_core.errors import WordsError
from imclust_core.label_tree.tree import Tree, homes


@dataclass(frozen=True)
class Homes:
    """Which leaf of a tree each image of its embedding is at home in.

    image_ids (n,) int64, ascending; leaves (n,): the number of a leaf, or -1.
    """

    image_ids: np.ndarray
    leaves: np.ndarray

    def of(self, image_ids: np.ndarray) -> np.ndarray:
        """The leaf of each of these images (m,), -1 also for those that have no vector."""
        return found_by(image_ids, self.image_ids, self.leaves)

    def below(self, tree: Tree | None, node: int) -> np.ndarray:
        """The ids of the images at home below a node of the tree, ascending; WordsError for a node it does not have."""
        if tree is None or not 0 <= node < len(tree.parents):
            raise WordsError(f"The tree of labels has no branch {node}. Choose one under 3 Choose K.")
        below = np.zeros(tree.leaves + 1, bool)  # the last entry answers for -1
        below[tree.leaves_of(node)] = True
        found: np.ndarray = self.image_ids[below[self.leaves]]
        return found


def leaves_of(classes: np.ndarray, label_ids: np.ndarray, probabilities: np.ndarray, least: float = 1.0) -> np.ndarray:
    """The leaf each image is at home in, or -1: (images,); classes (n,): the class number of each leaf."""
    known = np.zeros(max(int(label_ids.max(initial=0)), int(classes.max(initial=0))) + 1, bool)
    known[classes] = True
    leaf = np.full(len(known) + 1, -1)
    leaf[classes] = np.arange(len(classes))
    found: np.ndarray = leaf[homes(label_ids, probabilities, known, least)]  # the last entry answers for -1
    return found
