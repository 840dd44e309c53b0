"""The groups of a cut as cards, and one of them in full: its words and more of its images."""

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from imclust_core.label_tree.tree import Tree, by_size
from imclust_core.store.catalogue import usable_images
from imclust_core.store.collections import Collection
from imclust_core.store.trees import TreeContent
from imclust_core.store.workspace import Workspace
from pages.parts.cards.cards import Card, show_cards
from pages.parts.grid.grid import image_grid
from pages.parts.kit.text import plain, plural

_PICTURES = 3
_IN_FULL = 24
_WORDS = 6


def group_cards(
    workspace: Workspace,
    source: Collection,
    content: TreeContent,
    tree: Tree,
    nodes: np.ndarray,
    branch: int | None,
    *,
    key: str,
    picked: Mapping[int, int],
    on_pick: Callable[[int], None],
) -> None:
    """One card for each branch of a cut, the largest first; on_pick gets the node of a click.

    picked: node -> how many of its images are picked elsewhere.
    """
    cards = []
    for node in by_size(tree, nodes).tolist():
        count, labels = int(tree.images_below[node]), int(tree.leaves_below[node])
        here = f"{picked[node]:,} picked · " if picked.get(node) else ""
        cards.append(
            Card(
                node,
                int(tree.numbers[node]),
                content.name_of(node),
                f"{here}{plural(count, 'image')}, {plural(labels, 'label')}",
                words_of(content, tree, node, _WORDS),
                examples(content, tree, node, _PICTURES),
            )
        )
    show_cards(workspace, source, cards, branch, key=key, on_pick=on_pick)


def show_branch(
    workspace: Workspace, source: Collection, content: TreeContent, tree: Tree, node: int, *, key: str
) -> None:
    """The images that stand for one branch."""
    usable = usable_images(workspace, source.id, examples(content, tree, node, _IN_FULL))
    name = content.name_of(node)
    st.write(f"**{tree.numbers[node]} {plain(name)}**: {plural(int(tree.images_below[node]), 'image')}, some of them")
    image_grid(workspace, source.id, usable, key=key, label="Images of the branch")


def words_of(content: TreeContent, tree: Tree, node: int, most: int) -> str:
    """The labels of a branch, those with the most images first."""
    leaves = tree.heaviest(node)
    more = f" and {len(leaves) - most} more" if len(leaves) > most else ""
    return ", ".join(content.leaf_names[leaf] for leaf in leaves[:most]) + more


def examples(content: TreeContent, tree: Tree, node: int, most: int) -> list[int]:
    """Images that stand for a branch: the surest of each label in turn, its heaviest labels first."""
    leaves = tree.heaviest(node)[:most]
    in_turn = content.examples[leaves].T.ravel()
    return in_turn[in_turn >= 0][:most].tolist()  # type: ignore[no-any-return]
