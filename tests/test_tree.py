"""The tree of labels: the same as anyone's where weights are equal, and cuts that keep what they promise."""

import warnings
from itertools import product

import numpy as np
import pytest
import scipy.cluster.hierarchy

from imclust_core.arrays.linkage import LINKAGES, METRICS
from imclust_core.errors import WordsError
from imclust_core.label_tree.grow import grow
from imclust_core.label_tree.label_tree import best_examples, joined, label_tree, used_classes
from imclust_core.label_tree.leaf_order import leaf_order
from imclust_core.label_tree.tree import (
    JOIN,
    SPLIT,
    Tree,
    by_size,
    carried,
    cut,
    edited,
    edits_from,
    edits_text,
    groups,
    homes,
)
from imclust_core.words.class_labels import Label, keyed, label_vectors
from tests.helpers.cases import case

WAYS = list(product(LINKAGES, METRICS))
SEEDS = range(3)
SEEDED = list(product(SEEDS, WAYS))

Branches = dict[frozenset[int], float]


def some_vectors(seed: int, n: int = 40, d: int = 12) -> np.ndarray:
    """Vectors in loose clusters, no two distances alike."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, d))[rng.integers(0, 8, n)] * 2 + rng.normal(size=(n, d))


def some_images(seed: int, n: int = 40) -> np.ndarray:
    """Numbers of images as they come: a few labels have most of them, and some have none."""
    return np.random.default_rng(seed).zipf(1.6, n).clip(max=5_000) - 1


def some_tree(seed: int, linkage: str = "ward", metric: str = "cosine", n: int = 40) -> Tree:
    return grow(some_vectors(seed, n), some_images(seed, n), linkage=linkage, metric=metric)


def branches(children: np.ndarray, heights: np.ndarray) -> Branches:
    """Every merge as the set of leaves below it, with its height."""
    below: list[frozenset[int]] = [frozenset([leaf]) for leaf in range(len(children) + 1)]
    for a, b in children.astype(int).tolist():
        below.append(below[a] | below[b])
    return dict(zip(below[len(children) + 1 :], heights.tolist(), strict=True))


def branches_of(tree: Tree) -> Branches:
    return branches(tree.children, tree.heights)


def same(one: Branches, other: Branches, case: object = "") -> None:
    assert set(one) == set(other), case
    for branch, height in one.items():
        assert height == pytest.approx(other[branch], rel=2e-3, abs=1e-4), (case, branch)


# Merges


def test_with_equal_weights_the_tree_is_scipys() -> None:
    for seed, (linkage, metric) in SEEDED:
        vectors = some_vectors(seed)
        tree = grow(vectors, some_images(seed), linkage=linkage, metric=metric, count_power=0)
        if (linkage, metric) == ("ward", "cosine"):  # scipy's Ward knows the plane alone: unit vectors have the angles
            theirs = scipy.cluster.hierarchy.linkage(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), "ward")
        else:
            theirs = scipy.cluster.hierarchy.linkage(vectors, linkage, metric)
        same(branches_of(tree), branches(theirs[:, :2], theirs[:, 2]), (linkage, metric, seed))


def test_merges_lie_above_what_they_merge_whatever_the_order_and_weights_matter_where_means_are_taken() -> None:
    for seed, (linkage, metric) in SEEDED:
        vectors, images = some_vectors(seed), some_images(seed)
        order = np.random.default_rng(seed).permutation(40)
        one, other, light, heavy = (
            grow(vectors[rows], images[rows], linkage=linkage, metric=metric, **more)
            for rows, more in ((slice(None), {}), (order, {}), *((slice(None), {"count_power": p}) for p in (0, 1)))
        )
        with case(linkage, metric, seed):
            assert (np.diff(one.heights) >= 0).all()
            assert sorted(one.children.ravel().tolist()) == list(range(2 * 40 - 2)), "each node is used once"
            assert all(max(pair) < 40 + merge for merge, pair in enumerate(one.children.tolist()))
            renamed = {frozenset(order[list(branch)].tolist()): height for branch, height in branches_of(other).items()}
            same(branches_of(one), renamed)
            assert (branches_of(light) != branches_of(heavy)) == (linkage in ("ward", "average"))


def test_what_weighs_is_how_many_images_carry_a_label() -> None:
    vectors = some_vectors(4, 20)
    once = grow(vectors, np.full(20, 2), metric="euclidean", count_power=1)
    twice = grow(np.repeat(vectors, 2, axis=0), np.ones(40), metric="euclidean", count_power=1)
    folded = {frozenset(leaf // 2 for leaf in branch): height for branch, height in branches_of(twice).items()}
    same(branches_of(once), {branch: height for branch, height in folded.items() if len(branch) > 1})
    vectors, images = some_vectors(1), some_images(1)
    other = grow(vectors, images, carried=np.ones(40), count_power=1)
    same(branches_of(other), branches_of(grow(vectors, images, count_power=0)))
    np.testing.assert_array_equal(other.images, images)


def test_few_labels_and_identical_vectors_make_trees_too() -> None:
    with warnings.catch_warnings(action="error"):
        for n, (linkage, metric) in product((1, 2, 3, 9), WAYS):
            vectors = some_vectors(0, n) if n < 9 else np.full((9, 5), 0.5)
            tree = grow(vectors, np.arange(n), linkage=linkage, metric=metric)
            with case(n, linkage, metric):
                assert (tree.leaves, len(tree.children), len(tree.heights)) == (n, n - 1, n - 1)
                assert sorted(tree.order.tolist()) == list(range(n))
                assert [len(cut(tree, k)) for k in range(1, n + 1)] == list(range(1, n + 1))
                assert tree.images_below[-1] == sum(range(n))
                if n == 9:
                    assert tree.heights == pytest.approx(0, abs=1e-3)


WRONG = {
    "linkage": (np.ones((2, 3)), np.ones(2), {"linkage": "median"}),
    "metric": (np.ones((2, 3)), np.ones(2), {"metric": "cityblock"}),
    "none": (np.ones((0, 3)), np.ones(0), {}),
    "nan": (np.array([[1.0, np.nan], [1.0, 2.0]]), np.ones(2), {}),
    "fewer images": (np.ones((3, 3)), np.ones(2), {}),
    "flat": (np.ones(3), np.ones(3), {}),
}


def test_what_makes_no_tree_is_said_in_words() -> None:
    for what, (vectors, images, more) in WRONG.items():
        with case(what), pytest.raises(WordsError, match=r"Expected|needs one finite vector"):
            grow(vectors, images, **more)


# Cuts


def test_as_many_groups_come_out_as_are_asked_for_and_each_k_splits_one() -> None:
    for seed, way in SEEDED:
        tree = some_tree(seed, *way)
        cuts = {k: cut(tree, k) for k in range(1, 41)}
        as_scipy = np.column_stack([tree.children, tree.heights, tree.leaves_below[tree.leaves :]]).astype(float)
        theirs = scipy.cluster.hierarchy.cut_tree(as_scipy, list(cuts)).T.tolist()
        with case(way, seed):
            for (k, nodes), there in zip(cuts.items(), theirs, strict=True):
                mine = groups(tree, nodes).tolist()
                pairs = set(zip(mine, there, strict=True))
                assert len(pairs) == k == len(set(mine)) == len(nodes), "the groups are scipy's"
                assert tree.images_below[nodes].sum() == tree.images.sum() and tree.leaves_below[nodes].sum() == 40
                assert sorted(tree.numbers[nodes].tolist()) == list(range(1, k + 1))
            assert [len(cut(tree, k)) for k in (-3, 0, 41, 10**9)] == [1, 1, 40, 40]
            for k in range(1, 40):
                before, after = set(cuts[k].tolist()), set(cuts[k + 1].tolist())
                (split,), new = before - after, after - before
                # the larger part goes on under the number, the other gets the new one
                larger, smaller = sorted(new, key=lambda node: -tree.images_below[node])
                assert set(tree.children[split - 40].tolist()) == new
                numbers, expected = [tree.numbers[larger], tree.numbers[smaller]], [tree.numbers[split], k + 1]
                alike = tree.images_below[larger] == tree.images_below[smaller]
                assert numbers == expected or (alike and numbers == expected[::-1]), k
            assert len(set(tree.heights.tolist())) == 39 and tree.heights[0] > 0


def test_groups_are_listed_by_their_images_and_joining_takes_in_all_that_lies_below() -> None:
    root = 2 * 40 - 2
    for seed, k in product(SEEDS, (1, 5, 12, 20, 39)):
        tree = some_tree(seed)
        nodes = cut(tree, k)
        listed, leaves = by_size(tree, nodes), tree.heaviest(root)
        with case(seed, k):
            assert sorted(listed.tolist()) == nodes.tolist() and (np.diff(tree.images_below[listed]) <= 0).all()
            assert sorted(leaves) == list(range(40)) and (np.diff(tree.images[leaves]) <= 0).all()
            for node in nodes[nodes >= 40].tolist():
                split = edited(tree, nodes, [(SPLIT, node)])
                assert len(split) == k + 1 and node not in split
                assert edited(tree, nodes, [(SPLIT, node), (JOIN, node)]).tolist() == nodes.tolist()
            if k > 1:
                assert edited(tree, nodes, [(JOIN, root)]).tolist() == [root]
                assert edited(tree, nodes, [(JOIN, root), (SPLIT, root)]).tolist() == cut(tree, 2).tolist()


# Edits


def test_edits_that_do_not_apply_are_passed_over() -> None:
    tree = some_tree(2)
    nodes = cut(tree, 8)
    most = int(nodes.max())
    inside, above = int(tree.children[most - 40][0]), int(tree.parents[most])
    leaf = int(nodes[nodes < 40][0]) if (nodes < 40).any() else 0
    idle = [(SPLIT, inside), (SPLIT, above), (SPLIT, leaf), (JOIN, most), (JOIN, leaf)]
    if inside >= 40:
        idle.append((JOIN, inside))  # it lies within a group: there is nothing below it to join
    garbage = [(action, node) for action in (SPLIT, JOIN, "x", "") for node in (-1, -79, 79, 80, 10**11)]
    for edits in (idle, garbage, idle + garbage):
        assert edited(tree, nodes, edits).tolist() == nodes.tolist()
    assert len(edited(tree, nodes, [*garbage, (SPLIT, most), *idle[:1]])) >= 9, "the others still count"


def test_whatever_is_done_to_a_cut_every_label_stays_in_one_group() -> None:
    for seed in range(5):
        tree = some_tree(seed)
        rng = np.random.default_rng(seed)
        edits = [(str(rng.choice([SPLIT, JOIN])), int(rng.integers(-2, 82))) for _ in range(60)]
        for many in range(0, 61, 10):
            nodes = edited(tree, cut(tree, 10), edits[:many])
            below = np.concatenate([tree.leaves_of(node) for node in nodes])
            assert sorted(below.tolist()) == list(range(40)), (seed, many)
            assert len(set(tree.numbers[nodes].tolist())) == len(nodes), ("a colour for each", seed, many)
            placed = groups(tree, nodes)
            for place, node in enumerate(nodes):
                assert (placed[tree.leaves_of(node)] == place).all(), (seed, many)


NO_EDITS = ["", ".", "...", "s", "j", "x12", "12", "s-1", "s١٢", "s²", "S12", "s 12", "s12 ", "s1_0", "s+1"]
NO_EDITS += ["s" + "9" * 5_000]


def test_edits_come_back_from_an_address_as_they_went_and_what_is_none_is_left_out() -> None:
    for edits, text in ((((SPLIT, 1034), (JOIN, 1020), (SPLIT, 0)), "s1034.j1020.s0"), ((), "")):
        assert edits_text(edits) == text and edits_from(text) == edits
    for text in NO_EDITS:
        assert edits_from(text) == () and edits_from(f"s7.{text}.j8") == ((SPLIT, 7), (JOIN, 8)), text
    assert edits_from("s7.s1.5e3x.j8") == ((SPLIT, 7), (SPLIT, 1), (JOIN, 8)), "a point parts edits"


NO_EDITS += ["s" + "9" * 5_000]


# The order of the leaves


def test_every_branch_is_in_one_piece_from_left_to_right() -> None:
    for n in (1, 2, 3, 40, 249, 250, 251, 600):
        tree = some_tree(n, n=n)
        place = np.empty(n, int)
        place[tree.order] = np.arange(n)
        assert sorted(tree.order.tolist()) == list(range(n))
        for node in range(n, 2 * n - 1):
            places = place[tree.leaves_of(node)]
            assert places.max() - places.min() == len(places) - 1, n
    children = np.array([[0, 1], *([leaf, 1_000 + leaf - 2] for leaf in range(2, 1_000))])
    order = leaf_order(children, np.arange(1_000.0)[:, None])
    assert order.tolist() in (list(range(1_000)), list(range(999, -1, -1)), [1, 0, *range(2, 1_000)])


def test_neighbours_from_left_to_right_are_alike() -> None:
    for n in (40, 400):
        vectors = some_vectors(0, n)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        tree = grow(vectors, np.ones(n))
        as_merged, waiting = [], [2 * n - 2]  # as it comes out of the tree, with no thought of who stands beside whom
        while waiting:
            node = waiting.pop()
            if node < n:
                as_merged.append(node)
            else:
                waiting.extend(tree.children[node - n].tolist())
        assert sorted(as_merged) == sorted(tree.order)
        ours, plain = (np.linalg.norm(np.diff(unit[order], axis=0), axis=1).sum() for order in (tree.order, as_merged))
        assert ours < plain, n


# From images to a tree

FIVE = np.array([[2, 0, 1, -1, -1], [0, 2, 1, -1, -1], [1, 0, 2, -1, -1], [-1, -1, -1, -1, -1]])
SURE = np.array([[0.5, 0.3, 0.1, 0, 0], [0.2, 0.15, 0.1, 0, 0], [0.6, 0.3, 0.1, 0, 0], [0, 0, 0, 0, 0]])


HOMES = [
    ([True, True, True], 1.0, [2, 0, 1, -1]),
    ([True, True, True], 0.0, [2, 0, 1, -1]),
    ([True, True, False], 1.0, [-1, 0, 1, -1]),  # its first label alone counts, and has no vector
    ([True, True, False], 0.3, [0, 0, 1, -1]),  # the next one is probable enough
    ([True, True, False], 0.31, [-1, 0, 1, -1]),
    ([False, True, False], 0.1, [1, 1, 1, -1]),
    ([False, False, False], 0.0, [-1, -1, -1, -1]),
]


def test_an_image_is_at_home_in_its_most_probable_label_that_the_tree_has() -> None:
    for known, least, expected in HOMES:
        assert homes(FIVE, SURE, np.array(known), least).tolist() == expected, (known, least)
    first = [[True, False, False], [True, False, False], [True, False, False], [False, False, False]]
    assert carried(FIVE, SURE, 1.0)[:, :3].tolist() == first
    assert carried(FIVE, SURE, 0.3)[:, :3].tolist() == [[True, True, False], first[1], [True, True, False], first[3]]
    assert not carried(FIVE, SURE, 0.0)[:, 3:].any()
    assert used_classes(FIVE, SURE).tolist() == [0, 1, 2]
    assert used_classes(FIVE[:1], SURE[:1]).tolist() == [2]
    assert used_classes(FIVE[3:], SURE[3:]).tolist() == []


def said(seed: int, images: int = 300, classes: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """What a network might say: five labels an image, the most probable first; every tenth image has fewer."""
    rng = np.random.default_rng(seed)
    label_ids = np.array([rng.choice(classes, 5, replace=False) for _ in range(images)])
    probabilities = -np.sort(-rng.dirichlet(np.full(5, 0.6), images), axis=1)
    label_ids[::10, 2:], probabilities[::10, 2:] = -1, 0
    label_ids[::20], probabilities[::20] = -1, 0
    return label_ids, probabilities.astype(np.float32)


def test_images_in_the_tree_and_those_without_a_place_are_all_images_in_whatever_order() -> None:
    for seed, least in product(SEEDS, (1.0, 0.2, 0.0)):
        label_ids, probabilities = said(seed)
        vectors, order = some_vectors(seed, 50), np.random.default_rng(seed).permutation(300)
        vectors[::3] = np.nan
        vectors[1] = 0  # no direction is no vector
        made = label_tree(vectors, label_ids, probabilities, least=least)
        other = label_tree(vectors, label_ids[order], probabilities[order], least=least)
        with case(seed, least):
            assert made.tree is not None and other.tree is not None
            placed = made.leaf_of >= 0
            counts = np.bincount(made.leaf_of[placed], minlength=len(made.classes))
            assert made.tree.images.tolist() == counts.tolist()
            assert np.isfinite(vectors[made.classes]).all() and 1 not in made.classes
            assert set(made.classes.tolist()) <= set(used_classes(label_ids, probabilities, least).tolist())
            own = made.classes[made.leaf_of[placed]][:, None]
            assert (label_ids[placed] == own).any(axis=1).all(), "each image is at home in a label that it carries"
            assert made.tree.children.tolist() == other.tree.children.tolist() and made.without == other.without
            assert made.tree.order.tolist() == other.tree.order.tolist()
            assert made.leaf_of[order].tolist() == other.leaf_of.tolist()


def test_examples_are_the_surest_images_of_the_label_of_a_leaf_and_no_others() -> None:
    for seed in SEEDS:
        label_ids, probabilities = said(seed)
        made = label_tree(some_vectors(seed, 50), label_ids, probabilities)
        found = best_examples(made.leaf_of, made.classes, label_ids, probabilities, 4)
        assert found.shape == (len(made.classes), 4)
        for leaf, rows in enumerate(found.tolist()):
            best = sorted(np.flatnonzero(made.leaf_of == leaf), key=lambda image: -probabilities[image, 0])
            assert rows == (best + [-1] * 4)[:4], (seed, leaf)
    label_ids, probabilities = np.array([[7, 1], [1, 7], [7, 1]]), np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    # all three are at home in label 1, since 7 has no vector
    assert best_examples(np.zeros(3, int), [1], label_ids, probabilities, 2).tolist() == [[1, 2]]


def test_labels_without_a_vector_are_listed_with_their_images() -> None:
    vectors = some_vectors(0, 4)
    vectors[[1, 3]] = np.nan
    label_ids = np.array([[3], [1], [0], [3], [2], [3], [-1]])
    made = label_tree(vectors, label_ids, np.where(label_ids >= 0, 0.9, 0.0))
    assert made.without == ((3, 3), (1, 1))
    assert made.leaf_of.tolist() == [-1, -1, 0, -1, 1, -1, -1]
    assert made.classes.tolist() == [0, 2]


NOBODY = {
    "no images": (some_vectors(0, 4), np.zeros((0, 5), int)),
    "no labels": (some_vectors(0, 4), np.full((3, 5), -1)),
    "no vectors": (np.full((4, 6), np.nan), np.array([[0, 1, 2, 3, -1]] * 3)),
    "no directions": (np.zeros((4, 6)), np.array([[0, 1, 2, 3, -1]] * 3)),
}


def test_where_no_label_has_a_vector_there_is_no_tree_and_no_error() -> None:
    for (what, (vectors, label_ids)), least in product(NOBODY.items(), (1.0, 0.0)):
        sure = np.full(label_ids.shape, 0.2)
        made = label_tree(vectors, label_ids, sure, least=least)
        assert (made.tree, len(made.classes)) == (None, 0), what
        assert made.leaf_of.tolist() == [-1] * len(label_ids), what
        lacking = [0] if least == 1 else [0, 1, 2, 3]  # all that an image carries, not its first alone
        said_of = what in ("no vectors", "no directions")
        assert made.without == (tuple((label, 3) for label in lacking) if said_of else ()), (what, least)
        assert best_examples(made.leaf_of, made.classes, label_ids, sure, 3).shape == (0, 3), what


def test_joined_vectors_have_what_either_knows() -> None:
    network = np.array([[2.0, 0.0], [np.nan, np.nan], [0.0, 3.0], [np.nan, np.nan]])
    words = np.array([[0.0, 9.0], [5.0, 0.0], [np.nan, np.nan], [np.nan, np.nan]])
    found = joined(network, words, share=0.5)
    assert found.tolist() == [[1, 0, 0, 0.5], [0, 0, 0.5, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


# What was tried first


def test_the_first_recipe_makes_one_giant_group_and_ward_does_not() -> None:
    """First words and single linkage: each label hangs on the next one, and the strays are left by themselves."""
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(6, 16))
    firsts = [f"first{label}" for label in range(60)]
    heads = [f"head{kind}" for kind in range(6)]
    # What comes first is often an adjective, whose vector says little of the thing.
    matrix = np.concatenate([0.5 * np.repeat(kinds, 10, axis=0) + rng.normal(size=(60, 16)), kinds])
    vectors = keyed(firsts + heads, matrix, np.full(66, 1e-6))
    labels = [Label(f"{first} {heads[label // 10]}") for label, first in enumerate(firsts)]
    images = np.full(60, 10)

    def sizes(text: str, linkage: str) -> list[int]:
        tree = grow(label_vectors(labels, vectors, text), images, linkage=linkage)
        return sorted(tree.leaves_below[cut(tree, 6)].tolist(), reverse=True)

    giant, *others = sizes("first_word", "single")
    assert giant >= 50 and others.count(1) >= 3
    assert sizes("first_word", "ward")[0] <= 25 and sizes("first_word", "ward")[-1] >= 3
    assert sizes("phrase", "ward") == [10] * 6
