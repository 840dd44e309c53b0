"""The tree in the browser cuts by the same rules as the tree here: both are asked on the same cases."""

import json
from typing import Any

import numpy as np

from imclust_core.label_tree.tree import Edit, Tree, cut, edited
from tests.helpers.node import run_script

SCRIPT = """
import { readFileSync } from "node:fs"
import { cutAt, edited, kAt, leavesOf, lineAt, treeOf } from "./pages/parts/tree/model.js"
const sorted = (nodes) => [...nodes].sort((a, b) => a - b)
const answers = JSON.parse(readFileSync(0, "utf8")).map(({ shape, ks, heights, edits }) => {
  const tree = treeOf(shape)
  return {
    cuts: ks.map((k) => sorted(cutAt(tree, k))),
    edited: ks.map((k) => sorted(edited(tree, k, edits))),
    lines: ks.map((k) => lineAt(tree, k)),
    ks: heights.map((height) => kAt(tree, height)),
    below: tree.below,
    heaviest: tree.below.map((_, node) => leavesOf(tree, node)),
  }
})
console.log(JSON.stringify(answers))
"""


def k_at(tree: Tree, height: float) -> int:
    """How many branches a line at this height cuts off."""
    return int((tree.heights > height).sum()) + 1


def height_of(tree: Tree, k: int) -> float:
    """Where a line has to be for k branches: between the merge that would make fewer and the one that makes k."""
    highest = tree.heights[::-1]
    if not len(highest) or k <= 1:
        return float(highest[0]) * 1.05 if len(highest) else 0.0
    below = float(highest[k - 1]) if k - 1 < len(highest) else 0.0
    return (float(highest[min(k - 2, len(highest) - 1)]) + below) / 2


def random_tree(n: int, rng: np.random.Generator, ties: bool) -> Tree:
    """Any two neighbours in the order of the leaves may merge next, so that branches never cross."""
    roots = rng.permutation(n).tolist()
    order, children = list(roots), []
    for merge in range(n - 1):
        at = int(rng.integers(0, len(roots) - 1))
        children.append((roots[at], roots[at + 1]))
        roots[at : at + 2] = [n + merge]
    heights = np.sort(rng.integers(0, 5, n - 1) / 4 if ties else rng.random(n - 1))
    return Tree(np.array(children).reshape(-1, 2), heights, np.array(order), rng.integers(0, 50, n))


def random_edits(tree: Tree, rng: np.random.Generator) -> list[Edit]:
    nodes = rng.integers(0, 2 * tree.leaves - 1, 6).tolist()
    return [(str(rng.choice(["s", "j"])), node) for node in nodes]


def test_the_browser_cuts_and_edits_trees_as_python_does() -> None:
    rng = np.random.default_rng(0)
    given: list[dict[str, Any]] = []
    expected: list[dict[str, Any]] = []
    for n in (2, 3, 4, 7, 20, 60):
        for ties in (False, True):
            for _ in range(8):
                tree, ks = random_tree(n, rng, ties), list(range(1, n + 2))
                edits, heights = random_edits(tree, rng), [*tree.heights.tolist(), -1.0, 0.0, 2.0]
                shape = {
                    "leaf_names": [str(leaf) for leaf in range(n)],
                    "names": {},
                    "children": tree.children.ravel().tolist(),
                    "heights": tree.heights.tolist(),
                    "order": tree.order.tolist(),
                    "images": tree.images.tolist(),
                    "numbers": [],
                }
                given.append({"shape": shape, "ks": ks, "heights": heights, "edits": edits})
                expected.append(
                    {
                        "cuts": [sorted(cut(tree, k).tolist()) for k in ks],
                        "edited": [sorted(edited(tree, cut(tree, k), edits).tolist()) for k in ks],
                        "lines": [height_of(tree, k) for k in ks],
                        "ks": [k_at(tree, height) for height in heights],
                        "below": tree.images_below.tolist(),
                        "heaviest": [tree.heaviest(node) for node in range(2 * n - 1)],
                    }
                )
    answers = json.loads(run_script(SCRIPT, json.dumps(given)))
    assert len(answers) == len(expected) == 96
    for case, (answer, right) in enumerate(zip(answers, expected, strict=True)):
        for what, value in right.items():
            close = np.allclose(answer[what], value) if what == "lines" else answer[what] == value
            assert close, f"{what} of case {case}: {answer[what]} in the browser, {value} here"
