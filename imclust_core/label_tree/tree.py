"""The tree of labels and its cuts.

Nodes below n are leaves, one for each label; node n + i is what merge i made, so a higher number lies higher, and
node 2n - 2 is the root. A cut is a set of nodes below which every leaf lies exactly once.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

SPLIT = "s"
JOIN = "j"
Edit = tuple[str, int]
"""What somebody did to one branch of a cut: (SPLIT, node) or (JOIN, node)."""


@dataclass(frozen=True)
class Tree:
    """A tree over n labels.

    children (n - 1, 2) and heights (n - 1,): the merges, lowest first. order (n,): the leaves from left to right.
    images (n,): how many images are at home in each leaf.
    """

    children: np.ndarray
    heights: np.ndarray
    order: np.ndarray
    images: np.ndarray

    @property
    def leaves(self) -> int:
        return len(self.images)

    @functools.cached_property
    def parents(self) -> np.ndarray:
        """The node above each node; 2n - 1, which is none, above the root: (2n - 1,)."""
        n = self.leaves
        found = np.full(2 * n - 1, 2 * n - 1)
        found[self.children.ravel()] = np.repeat(np.arange(n, 2 * n - 1), 2)
        return found

    @functools.cached_property
    def images_below(self) -> np.ndarray:
        """How many images each node holds: (2n - 1,)."""
        return self._sums(self.images)

    @functools.cached_property
    def leaves_below(self) -> np.ndarray:
        """How many leaves each node holds: (2n - 1,)."""
        return self._sums(np.ones(self.leaves, np.int64))

    def _sums(self, of_leaves: np.ndarray) -> np.ndarray:
        out = np.concatenate([of_leaves, np.zeros(len(self.children), of_leaves.dtype)])
        for merge, (a, b) in enumerate(self.children):
            out[self.leaves + merge] = out[a] + out[b]
        return out

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """A number for each node, from 1, which decides its colour: (2n - 1,).

        Where a branch splits, the part with more images keeps its number and the other gets the next new one. So a
        branch keeps its number while K moves, and the groups of a cut at K have the numbers 1 to K.
        """
        n = self.leaves
        out = np.ones(2 * n - 1, np.int64)
        for node in range(2 * n - 2, n - 1, -1):
            a, b = sorted(
                self.children[node - n].tolist(),
                key=lambda child: (-self.images_below[child], -self.leaves_below[child], child),
            )
            out[a], out[b] = out[node], 2 * n - node
        return out

    @functools.cached_property
    def spans(self) -> np.ndarray:
        """From where to where in `order` the leaves of each node lie: (2n - 1, 2), the end not included."""
        n = self.leaves
        out = np.zeros((2 * n - 1, 2), np.int64)
        out[self.order] = np.stack([np.arange(n), np.arange(1, n + 1)], axis=1)
        for merge, (a, b) in enumerate(self.children):
            out[n + merge] = min(out[a, 0], out[b, 0]), max(out[a, 1], out[b, 1])
        return out

    def leaves_of(self, node: int) -> np.ndarray:
        """The leaves below a node, from left to right."""
        first, stop = self.spans[node]
        return self.order[first:stop]

    def heaviest(self, node: int) -> list[int]:
        """The leaves below a node, those with the most images first."""
        leaves = self.leaves_of(node)
        found: list[int] = leaves[np.lexsort((leaves, -self.images[leaves]))].tolist()
        return found


def cut(tree: Tree, k: int) -> np.ndarray:
    """The k branches, or as many as there are leaves if those are fewer, that a horizontal line cuts off."""
    top = 2 * tree.leaves - max(1, min(k, tree.leaves))
    return np.flatnonzero((np.arange(len(tree.parents)) <= top - 1) & (tree.parents >= top))


def edited(tree: Tree, nodes: np.ndarray, edits: Sequence[Edit]) -> np.ndarray:
    """The cut after somebody split or joined branches of it, one after the other.

    What does not apply, since the line has moved over it, is passed over.
    """
    chosen = set(nodes.tolist())
    for action, node in edits:
        if action == SPLIT and node in chosen and node >= tree.leaves:
            chosen.remove(node)
            chosen.update(tree.children[node - tree.leaves].tolist())
        elif action == JOIN and tree.leaves <= node < len(tree.parents) and node not in chosen:
            first, stop = tree.spans[node]
            below = {one for one in chosen if first <= tree.spans[one, 0] and tree.spans[one, 1] <= stop}
            if below:
                chosen -= below
                chosen.add(node)
    return np.array(sorted(chosen), np.int64)


def groups(tree: Tree, nodes: np.ndarray) -> np.ndarray:
    """The place in `nodes` of each leaf's group: (n,)."""
    out = np.full(tree.leaves, -1)
    for place, node in enumerate(nodes):
        out[tree.leaves_of(int(node))] = place
    return out


def by_size(tree: Tree, nodes: np.ndarray) -> np.ndarray:
    """The branches of a cut, those with the most images first."""
    return np.array(sorted(nodes.tolist(), key=lambda node: (-tree.images_below[node], tree.numbers[node])), np.int64)


def edits_from(text: str) -> tuple[Edit, ...]:
    """Edits from an address: "s1034.j1020"; what is no edit is left out."""
    found = []
    for part in text.split("."):
        if part[:1] in (SPLIT, JOIN) and part[1:].isascii() and part[1:].isdigit() and len(part) < 12:
            found.append((part[0], int(part[1:])))
    return tuple(found)


def edits_text(edits: Iterable[Edit]) -> str:
    """Edits for an address, as `edits_from` reads them."""
    return ".".join(f"{action}{node}" for action, node in edits)


def homes(label_ids: np.ndarray, probabilities: np.ndarray, known: np.ndarray, least: float) -> np.ndarray:
    """The label each image is at home in: its most probable one that the tree has, or -1.

    Parameters
    ----------
    label_ids, probabilities: (images, 5), the most probable first, -1 where there are no more.
    known: (classes,) of bool, the labels that the tree has.
    least: labels below this probability do not count, save an image's first. 1 or more leaves the first alone.
    """
    usable = carried(label_ids, probabilities, least) & known[np.maximum(label_ids, 0)]
    first = usable.argmax(axis=1)
    rows = np.arange(len(label_ids))
    return np.where(usable[rows, first], label_ids[rows, first], -1)


def carried(label_ids: np.ndarray, probabilities: np.ndarray, least: float) -> np.ndarray:
    """Which of its labels an image carries: the first, and those of at least this probability: (images, 5)."""
    out: np.ndarray = (label_ids >= 0) & (probabilities >= least)
    out[:, :1] = label_ids[:, :1] >= 0
    return out
