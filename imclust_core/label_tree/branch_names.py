"""A name for each branch: what its labels have in common, or else its heaviest words."""

from collections.abc import Sequence

import numpy as np

from imclust_core.label_tree.tree import Tree
from imclust_core.words.class_labels import Label
from imclust_core.words.hypernyms import Hypernyms, hypernyms

_COVERED = 0.75
"""A common kind must hold for this share of a branch's images; a few stray labels shall not spoil a name."""
_LOOKED_AT = 200
"""A branch of thousands of labels is named after its heaviest ones."""
_CHIEF = 0.6
"""A label with this share of the images names the branch by itself."""


def propose(tree: Tree, labels: Sequence[Label], nodes: Sequence[int] | np.ndarray) -> list[str]:
    """A name for each of these branches of the tree."""
    table = hypernyms()
    chains = [table.chain(label.wnid) for label in labels]
    return [_name(tree, labels, chains, table, int(node)) for node in nodes]


def _name(tree: Tree, labels: Sequence[Label], chains: Sequence[tuple[int, ...]], table: Hypernyms, node: int) -> str:
    leaves = tree.heaviest(node)[:_LOOKED_AT]
    weights = np.maximum(tree.images[leaves], 1e-3)
    first, *more = leaves
    if not more or weights[0] >= _CHIEF * weights.sum():
        return labels[first].name
    share: dict[int, float] = {}
    for leaf, weight in zip(leaves, weights, strict=True):
        for row in chains[leaf]:
            share[row] = share.get(row, 0.0) + weight
    for row in reversed(chains[first]):
        if share[row] >= _COVERED * weights.sum() and table.tells(row):
            return table.names[row]
    return f"{labels[first].name}, {labels[more[0]].name}"
