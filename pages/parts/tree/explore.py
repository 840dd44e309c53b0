"""The tree, its groups and the choice of K: one fragment, so that a moved cut draws nothing else anew."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from imclust_core.choosing_k.curves import Evidence
from imclust_core.choosing_k.suggestion import suggest
from imclust_core.label_tree.tree import cut, edited
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import StoredTree, TreeContent, read_tree
from imclust_core.store.workspace import Workspace
from pages.parts.frame.steps import go_to
from pages.parts.kit.redraw import redraw_if_asked
from pages.parts.kit.text import plain
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.tree.choice import keep_choice
from pages.parts.tree.cut import CutState, current_cut, is_asked, keep_cut, read_cut
from pages.parts.tree.figure import tree_figure
from pages.parts.tree.group_cards import group_cards, show_branch
from pages.parts.tree.picked import PickedInTree, pick_branch, picked_branch, say_picked
from pages.parts.tree.shown import Shown

_TREE = "tree_of_labels"
_GROUPS = "groups_of_cut"
_PROBLEM = "choice_problem"


@st.cache_resource(max_entries=8, show_spinner=False)
def _content(_stored: StoredTree, tree_id: str, root: str) -> TreeContent:
    return read_tree(_stored)


def explore(
    workspace: Workspace,
    source: Collection,
    one: Embedding,
    stored: StoredTree,
    found: tuple[Evidence, bool] | None,
) -> None:
    """Show slider, tree and groups, and let a K be chosen; found: what the images say, as `find_evidence` has it."""
    looks = (stored.evidence, *((found[0],) if found else ()))
    suggestion = suggest(stored.evidence, found[0] if found else None)
    content = _content(stored, stored.id, str(workspace.root))
    shown = Shown(workspace, source, one, stored, content, looks, suggestion)
    st.fragment(_explore)(shown)


def _explore(shown: Shown) -> None:
    redraw_if_asked()
    state = current_cut(shown.stored.id, shown.suggestion.k if shown.suggestion else 2, shown.most)
    tree = shown.tree
    line = cut(tree, state.k) if tree is not None else np.zeros(0, np.int64)
    nodes = edited(tree, line, state.edits) if tree is not None else line
    branch, picked = picked_branch(shown, state, nodes)
    state = replace(state, branch=branch)
    # What the line says, and what was split and joined by hand: there may be more clusters than labels.
    _say_and_choose(shown, state, nodes, state.k + len(nodes) - len(line))
    if tree is None:
        _figure(shown, state, None, None)
        return
    say_picked(shown, picked, nodes)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _figure(shown, state, shown.content, picked)
        if state.branch is not None:
            show_branch(shown.workspace, shown.source, shown.content, tree, state.branch, key="branch_images")
    with right:
        group_cards(
            shown.workspace,
            shown.source,
            shown.content,
            tree,
            nodes,
            state.branch,
            key=_GROUPS,
            picked=dict(zip(nodes.tolist(), picked.in_groups(shown, nodes).tolist(), strict=True)) if picked else {},
            on_pick=lambda node: _picked(shown, state, nodes, node),
        )


def _figure(shown: Shown, state: CutState, content: TreeContent | None, picked: PickedInTree | None) -> None:
    tree_figure(
        content,
        shown.stored.id,
        key=_TREE,
        cut=state,
        most=shown.most,
        evidence=shown.looks,
        suggestion=shown.suggestion,
        picked={int(leaf): int(picked.leaves[leaf]) for leaf in np.flatnonzero(picked.leaves)} if picked else {},
        on_cut=lambda told: _moved(shown, state.branch, told),
    )


def _say_and_choose(shown: Shown, state: CutState, nodes: np.ndarray, k: int) -> None:
    """What is suggested and why, beside the button that takes the K."""
    says, use = st.columns([5, 1], vertical_alignment="center")
    with says:
        if shown.suggestion is not None:
            why = shown.suggestion.why
            st.markdown(f"**Suggested: K = {shown.suggestion.k}.** {plain(why[:1].upper() + why[1:])}")
        else:
            st.write("There is too little here to suggest a K.")
    with use:
        nothing = shown.suggestion is None and not is_asked()
        st.button(
            f"Use K = {k}",
            disabled=nothing,
            type="primary",
            icon=":material/arrow_forward:",
            width="stretch",
            on_click=_use,
            args=(shown, state, nodes, k),
        )
        show_trouble(_PROBLEM)


def _use(shown: Shown, state: CutState, nodes: np.ndarray, k: int) -> None:
    with trouble_kept(_PROBLEM):
        keep_choice(shown, state, nodes, k)
        go_to("cluster")


def _moved(shown: Shown, before: int | None, told: Any) -> None:
    """Take over what the hand made of the tree in the browser."""
    read = read_cut(told, shown.stored.id, shown.most, shown.tree)
    if read is None:
        return
    keep_cut(shown.stored.id, CutState(read.k, read.edits))
    if shown.tree is not None:
        nodes = edited(shown.tree, cut(shown.tree, read.k), read.edits)
        pick_branch(shown, read.branch, nodes, before)


def _picked(shown: Shown, state: CutState, nodes: np.ndarray, node: int) -> None:
    pick_branch(shown, None if node == state.branch else node, nodes, state.branch)
