"""A cut as a browser tells it: that of the tree that is shown, of numbers it can have, and nothing else."""

from typing import Any

import numpy as np
import pytest

from imclust_core.label_tree.tree import Tree
from pages.parts.tree.cut import CutState, read_cut

TREE = Tree(np.array([[0, 1], [2, 3]]), np.array([0.1, 0.4]), np.arange(3), np.array([5, 2, 9]))  # nodes 0 to 4
TOLD: dict[str, Any] = {"id": "T1", "k": 3, "edits": [["s", 3], ["j", 4]], "branch": 3}


def read(**changes: object) -> CutState | None:
    return read_cut(TOLD | changes, "T1", 10, TREE)


def test_a_cut_of_the_tree_that_is_shown_is_taken_over() -> None:
    assert read() == CutState(3, (("s", 3), ("j", 4)), 3)
    assert read(edits=[], branch=None, k=10) == CutState(10)


def test_a_cut_of_another_tree_that_was_not_heard_in_time_counts_for_nothing() -> None:
    assert read(id="T2") is None and read(id=None) is None
    assert read_cut({name: value for name, value in TOLD.items() if name != "id"}, "T1", 10, TREE) is None


@pytest.mark.parametrize("number", [True, 2.0, "3", None, [], 1, 11, -1, 2**70])
def test_a_k_that_is_no_whole_number_on_the_slider_counts_for_nothing(number: object) -> None:
    assert read(k=number) is None


@pytest.mark.parametrize("node", [True, 1.0, "1", [], 5, -1, 2**70])
def test_a_branch_that_the_tree_has_not_counts_for_nothing_and_an_edit_of_it_is_left_out(node: object) -> None:
    assert read(branch=node) is None
    assert read(edits=[["s", node], ["x", 3], ["s"], "s3", ["s", 3]]) == CutState(3, (("s", 3),), 3)


@pytest.mark.parametrize("told", [None, [], "k", {}, {"id": "T1"}, TOLD | {"edits": "s3"}])
def test_whatever_else_comes_counts_for_nothing(told: object) -> None:
    assert read_cut(told, "T1", 10, TREE) is None


def test_without_a_tree_there_is_a_k_and_no_branch() -> None:
    assert read_cut(TOLD | {"branch": None}, "T1", 10, None) == CutState(3)
    assert read_cut(TOLD, "T1", 10, None) is None
