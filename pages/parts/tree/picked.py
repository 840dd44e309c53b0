"""Where the images that are picked on other pages are at home in the tree of labels."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from imclust_core.annotation.selection import branch_in, is_set, of_branch
from imclust_core.label_tree.homes import Homes
from imclust_core.label_tree.tree import groups
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import StoredTree, TreeContent, homes_of
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain, plural
from pages.parts.session.selection import Pick, asked_pick, clustering_in_use, current_pick, keep_pick
from pages.parts.tree.cut import CutState, keep_cut
from pages.parts.tree.shown import Shown

_NAMED = 3
"""Groups that are named, of those that hold picked images."""


@dataclass(frozen=True)
class PickedInTree:
    """leaves (n,): how many picked images are at home in each leaf. away: how many in none."""

    pick: Pick
    leaves: np.ndarray
    away: int

    def in_groups(self, shown: Shown, nodes: np.ndarray) -> np.ndarray:
        """How many each of these branches of a cut has: as long as nodes."""
        if shown.tree is None:
            return np.zeros(len(nodes), np.int64)
        return np.bincount(groups(shown.tree, nodes), weights=self.leaves, minlength=len(nodes)).astype(np.int64)


def picked_branch(shown: Shown, state: CutState, nodes: np.ndarray) -> tuple[int | None, PickedInTree | None]:
    """The branch of this cut that is picked, or else where in the tree something else is that is picked."""
    there = nodes.tolist()
    if not asked_pick() and state.branch in there:  # a link from before there was one pick for all pages
        keep_cut(shown.stored.id, state)
        keep_pick(of_branch(shown.stored.id, int(state.branch or 0)))
    with st.container():  # there without a warning too, so that nothing behind it moves
        pick = current_pick(shown.workspace, shown.source, clustering_in_use(shown.workspace, shown.source))
    if pick is None or shown.tree is None:
        return None, None
    tree_id, node = branch_in(pick.key) or ("", -1)
    if tree_id == shown.stored.id and node in there:
        return node, None
    at = _homes(
        shown.workspace,
        shown.one,
        shown.stored,
        shown.content,
        (shown.stored.id, shown.one.finished_at, shown.source.scanned_at, str(shown.workspace.root)),
    ).of(pick.image_ids)
    leaves = np.bincount(at[at >= 0], minlength=shown.tree.leaves)
    return None, PickedInTree(pick, leaves, int((at < 0).sum()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _homes(_workspace: Workspace, _one: Embedding, _tree: StoredTree, _content: TreeContent, what: object) -> Homes:
    return homes_of(_workspace, _one, _tree, _content)


def pick_branch(shown: Shown, node: object, nodes: np.ndarray, before: int | None) -> None:
    """Pick a branch of a cut, or leave the one that was picked before; node: as a browser told it."""
    there = nodes.tolist()
    if type(node) is int and node in there:
        keep_pick(of_branch(shown.stored.id, node))
    elif node is None and before in there and asked_pick() == of_branch(shown.stored.id, int(before or 0)):
        keep_pick("")  # the hand has left it, and not the line moved over it


def say_picked(shown: Shown, picked: PickedInTree | None, nodes: np.ndarray) -> None:
    """Which groups hold most of what is picked, and the way to let go of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if picked is None:
            return
        st.caption(plain(_sentence(shown, picked, nodes)))
        st.button("Clear the pick", icon=":material/close:", type="tertiary", on_click=keep_pick, args=("",))


def _sentence(shown: Shown, picked: PickedInTree, nodes: np.ndarray) -> str:
    counts = picked.in_groups(shown, nodes)
    order = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at]]
    parts = [f"{counts[at]:,} in {shown.content.name_of(int(nodes[at]))}" for at in order[:_NAMED]]
    if rest := order[_NAMED:]:
        parts.append(f"{int(counts[rest].sum()):,} in {plural(len(rest), 'other group')}")
    if picked.away:
        parts.append(f"{picked.away:,} in no group")
    called = "" if is_set(picked.pick.key) else f" ({picked.pick.title})"
    return f"{len(picked.pick.image_ids):,} picked{called}: {', '.join(parts) or 'no image has a home in this tree'}."
