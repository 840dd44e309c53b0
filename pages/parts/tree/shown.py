"""What the Choose K page shows: a tree with the evidence beside it."""

from dataclasses import dataclass

from imclust_core.choosing_k.curves import Evidence
from imclust_core.choosing_k.suggestion import Suggestion
from imclust_core.label_tree.tree import Tree
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import StoredTree, TreeContent
from imclust_core.store.workspace import Workspace

_MOST = 500
"""The highest K on the slider."""


@dataclass(frozen=True)
class Shown:
    """A tree of an embedding, its content, what was looked at for evidence, and what that suggests."""

    workspace: Workspace
    source: Collection
    one: Embedding
    stored: StoredTree
    content: TreeContent
    looks: tuple[Evidence, ...]
    suggestion: Suggestion | None

    @property
    def tree(self) -> Tree | None:
        """The tree, where there is one to cut: one label makes none."""
        tree = self.content.tree
        return tree if tree is not None and tree.leaves > 1 else None

    @property
    def most(self) -> int:
        """The highest K to look at."""
        labels = self.tree.leaves if self.tree is not None else 0
        wanted = max(labels, 3 * (self.suggestion.k if self.suggestion else 0), 10)
        return max(2, min(_MOST, wanted, self.stored.images))
