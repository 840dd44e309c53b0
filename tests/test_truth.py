"""Scores against the truth: what brute force finds, never flattered by what is left out."""

from dataclasses import astuple
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from imclust_core.clustering.truth import class_numbers, order_for_confusion, score
from imclust_core.errors import ClusteringError
from tests.helpers.cases import case

NOTHING = np.zeros(0, np.int64)


pytestmark = pytest.mark.filterwarnings("error")


def some_case(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Labels that follow the truth more or less, with images that lack one or the other."""
    rng = np.random.default_rng(seed)
    k, classes = rng.integers(1, 6, 2).tolist()
    truth = rng.integers(-1, classes, n)
    labels = np.where((rng.random(n) < 0.5) & (truth >= 0), truth % k, rng.integers(-1, k, n))
    return labels, truth, k, classes


CASES = [some_case(seed) for seed in range(10)]


def brute_acc(labels: np.ndarray, truth: np.ndarray, k: int, classes: int) -> float:
    """The best share of right images over all ways to give each cluster a class of its own, or none."""
    known = truth >= 0
    most = 0
    for named in permutations(range(max(k, classes)), k):
        given = np.append(named, -2)[labels]
        most = max(most, int((given == truth)[known].sum()))
    return most / int(known.sum())


# Scores


def test_scores_are_those_of_brute_force_and_scikit_learn_over_the_images_with_a_truth_whatever_the_numbers() -> None:
    for seed, made in enumerate(CASES):
        labels, truth, k, classes = made
        found, known, to = score(*made), truth >= 0, np.random.default_rng(seed).permutation(k)
        others = score(labels[known], truth[known], k, classes)
        anew = score(np.append(to, -1)[labels], truth, k, classes)
        with case(seed):
            assert found.acc == pytest.approx(brute_acc(*made))
            assert 0 <= found.acc <= found.purity <= 1 and found.images == known.sum()
            assert found.nmi == pytest.approx(normalized_mutual_info_score(truth[known], labels[known]), abs=1e-9)
            assert found.ari == pytest.approx(adjusted_rand_score(truth[known], labels[known]), abs=1e-9)
            for value, same in zip(astuple(found), astuple(others), strict=True):
                assert np.array_equal(value, same), "images without a truth change nothing"
            for name in ("nmi", "ari", "acc", "purity"):
                assert getattr(anew, name) == pytest.approx(getattr(found, name)), name
            assert (anew.recall == found.recall).all() and (anew.cluster_purity[to] == found.cluster_purity).all()


def test_each_class_and_each_cluster_is_told_by_its_own_images() -> None:
    for seed, (labels, truth, k, classes) in enumerate(CASES):
        found = score(labels, truth, k, classes)
        assert found.table.shape == (k + 1, classes)
        of_classes = (found.class_images, found.best_cluster, found.recall)
        of_clusters = (found.cluster_images, found.majority, found.cluster_purity)
        sides = ((labels, truth, k, classes, of_classes), (truth, labels, classes, k, of_clusters))
        for values, groups, kinds, number, told in sides:
            for one, (images, best, share) in enumerate(zip(*told, strict=True)):
                inside = values[groups == one]
                counts = np.bincount(inside[inside >= 0], minlength=kinds)
                total = len(inside) if told is of_classes else counts.sum()
                assert (images, best) == (total, counts.argmax() if counts.any() else -1), (seed, one)
                assert share == pytest.approx(counts.max() / max(total, 1)), (seed, one)
            assert len(told[0]) == number


def test_a_confusion_picture_shows_every_row_and_column_once_with_the_pairs_on_the_diagonal() -> None:
    for seed, (labels, truth, k, classes) in enumerate(CASES):
        found = score(labels, truth, k, classes)
        rows, columns = order_for_confusion(found.table)
        assert sorted(rows.tolist()) == list(range(k + 1)) and rows[-1] == k, seed
        assert sorted(columns.tolist()) == list(range(classes)), seed
        diagonal = np.diag(found.table[np.ix_(rows[:-1], columns)])
        pairs = diagonal[: (diagonal > 0).sum()].tolist()
        assert diagonal.sum() == pytest.approx(found.acc * found.images), seed
        assert pairs == sorted(pairs, reverse=True), seed
    rows, columns = order_for_confusion(
        np.array([[0, 5, 0, 0], [0, 3, 0, 0], [9, 0, 0, 0], [0, 4, 0, 0], [0, 0, 1, 8]])
    )
    assert (rows.tolist(), columns.tolist()) == ([2, 0, 3, 1, 4], [0, 1, 3, 2]), "those without a pair by their images"


def test_the_truth_itself_scores_one_and_images_without_a_cluster_are_wrong() -> None:
    truth = np.array([0, 1, 1, 2, 2, 2, -1])
    found = score(truth, truth, 3, 3)
    assert (found.nmi, found.ari, found.acc, found.purity) == pytest.approx((1, 1, 1, 1))
    assert (found.recall == 1).all() and (found.cluster_purity == 1).all()
    found = score(np.array([0, 0, -1, -1]), np.array([0, 0, 1, 1]), 1, 2)
    assert (found.acc, found.purity) == (0.5, 0.5)
    assert (found.recall.tolist(), found.best_cluster.tolist()) == ([1, 0], [0, -1])
    assert found.nmi == found.ari == 1, "as a group of their own they fit their class"


# The confusion picture


# Names of classes


def test_classes_are_numbered_by_name_and_what_is_not_named_is_not_known() -> None:
    for names, expected, wanted in (
        (["owl", None, "cat", "", "owl", "Ärmel"], ("cat", "owl", "Ärmel"), [1, -1, 0, -1, 1, 2]),
        ([None, ""], (), [-1, -1]),
        ([], (), []),
    ):
        numbers, classes = class_numbers(names)
        assert (classes, numbers.tolist(), numbers.dtype) == (expected, wanted, np.int64)


# What can go wrong


def test_odd_clusterings_give_plain_numbers_and_where_no_truth_is_known_all_are_nothing() -> None:
    unknown = np.full(4, -1)
    for labels, truth, k, classes in (
        (NOTHING, NOTHING, 0, 0),
        (NOTHING, NOTHING, 3, 2),
        (np.zeros(4, int), unknown, 1, 0),
        (np.arange(4), unknown, 4, 2),
        (unknown, unknown, 0, 0),
        (unknown, np.zeros(4, int), 0, 1),
        (unknown, np.arange(4), 5, 4),
        (np.zeros(4, int), np.arange(4), 1, 9),
        (np.arange(60) % 59, np.zeros(60, int), 99, 1),
        (np.arange(60), np.arange(60), 60, 60),
        (np.zeros(1, int), np.zeros(1, int), 1, 1),
    ):
        found = score(labels, truth, k, classes)
        with case(labels, truth, k):
            for value in (found.nmi, found.ari, found.acc, found.purity):
                assert type(value) is float and 0 <= value <= (truth >= 0).any()
            assert np.isfinite(found.recall).all() and np.isfinite(found.cluster_purity).all()
            rows, columns = order_for_confusion(found.table)
            assert (len(rows), rows[-1], len(columns)) == (k + 1, k, classes)


def test_labels_and_classes_that_cannot_be_right_are_refused() -> None:
    good = [0, 0]
    for labels, truth in (([0, 1], [0]), ([0, 2], good), (good, [0, 2]), ([0, -2], good), (good, [0, -2])):
        with case(labels, truth), pytest.raises(ClusteringError):
            score(np.array(labels), np.array(truth), 2, 2)
