"""Scores against the truth: what brute force finds, never flattered by what is left out."""

import warnings
from collections.abc import Iterator
from dataclasses import astuple
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from imclust_core.clustering.truth import class_numbers, order_for_confusion, score
from imclust_core.errors import ClusteringError

SEEDS = range(10)
NOTHING = np.zeros(0, np.int64)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def some_case(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Labels that follow the truth more or less, with images that lack one or the other."""
    rng = np.random.default_rng(seed)
    k, classes = rng.integers(1, 6, 2).tolist()
    truth = rng.integers(-1, classes, n)
    labels = np.where((rng.random(n) < 0.5) & (truth >= 0), truth % k, rng.integers(-1, k, n))
    return labels, truth, k, classes


def brute_acc(labels: np.ndarray, truth: np.ndarray, k: int, classes: int) -> float:
    """The best share of right images over all ways to give each cluster a class of its own, or none."""
    known = truth >= 0
    most = 0
    for named in permutations(range(max(k, classes)), k):
        given = np.append(named, -2)[labels]
        most = max(most, int((given == truth)[known].sum()))
    return most / int(known.sum())


# Scores


@pytest.mark.parametrize("seed", SEEDS)
def test_accuracy_is_the_best_of_all_one_to_one_namings(seed: int) -> None:
    case = some_case(seed)
    assert score(*case).acc == pytest.approx(brute_acc(*case))


@pytest.mark.parametrize("seed", SEEDS)
def test_numbering_clusters_anew_changes_no_score(seed: int) -> None:
    labels, truth, k, classes = some_case(seed)
    to = np.random.default_rng(seed).permutation(k)
    one, other = score(labels, truth, k, classes), score(np.append(to, -1)[labels], truth, k, classes)
    assert (other.nmi, other.ari, other.acc, other.purity) == pytest.approx((one.nmi, one.ari, one.acc, one.purity))
    assert (other.recall == one.recall).all()
    assert (other.cluster_purity[to] == one.cluster_purity).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_nmi_and_ari_are_scikit_learns_over_the_images_with_a_truth(seed: int) -> None:
    labels, truth, k, classes = some_case(seed)
    known = truth >= 0
    found = score(labels, truth, k, classes)
    assert found.images == known.sum()
    assert found.nmi == pytest.approx(normalized_mutual_info_score(truth[known], labels[known]), abs=1e-9)
    assert found.ari == pytest.approx(adjusted_rand_score(truth[known], labels[known]), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_purity_is_never_below_accuracy(seed: int) -> None:
    found = score(*some_case(seed))
    assert 0 <= found.acc <= found.purity <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_images_without_a_truth_change_nothing(seed: int) -> None:
    labels, truth, k, classes = some_case(seed)
    known = truth >= 0
    one, other = score(labels, truth, k, classes), score(labels[known], truth[known], k, classes)
    for value, same in zip(astuple(one), astuple(other), strict=True):
        assert np.array_equal(value, same)


def test_the_truth_itself_scores_one() -> None:
    truth = np.array([0, 1, 1, 2, 2, 2, -1])
    found = score(truth, truth, 3, 3)
    assert (found.nmi, found.ari, found.acc, found.purity) == pytest.approx((1, 1, 1, 1))
    assert (found.recall == 1).all() and (found.cluster_purity == 1).all()


def test_images_without_a_cluster_are_wrong() -> None:
    found = score(np.array([0, 0, -1, -1]), np.array([0, 0, 1, 1]), 1, 2)
    assert (found.acc, found.purity) == (0.5, 0.5)
    assert found.recall.tolist() == [1, 0]
    assert found.best_cluster.tolist() == [0, -1]
    assert found.nmi == found.ari == 1, "as a group of their own they fit their class"


@pytest.mark.parametrize("seed", SEEDS)
def test_each_class_and_each_cluster_is_told_by_its_own_images(seed: int) -> None:
    labels, truth, k, classes = some_case(seed)
    found = score(labels, truth, k, classes)
    assert found.table.shape == (k + 1, classes)
    for one in range(classes):
        inside = labels[truth == one]
        counts = np.bincount(inside[inside >= 0], minlength=k)
        assert found.class_images[one] == len(inside)
        assert found.best_cluster[one] == (counts.argmax() if counts.any() else -1)
        assert found.recall[one] == pytest.approx(counts.max() / max(len(inside), 1))
    for one in range(k):
        inside = truth[(labels == one) & (truth >= 0)]
        counts = np.bincount(inside, minlength=classes)
        assert found.cluster_images[one] == len(inside)
        assert found.majority[one] == (counts.argmax() if counts.any() else -1)
        assert found.cluster_purity[one] == pytest.approx(counts.max() / max(len(inside), 1))


# The confusion picture


@pytest.mark.parametrize("seed", SEEDS)
def test_a_confusion_picture_shows_every_row_and_column_once_with_the_pairs_on_the_diagonal(seed: int) -> None:
    labels, truth, k, classes = some_case(seed)
    found = score(labels, truth, k, classes)
    rows, columns = order_for_confusion(found.table)
    assert sorted(rows.tolist()) == list(range(k + 1)) and rows[-1] == k
    assert sorted(columns.tolist()) == list(range(classes))
    diagonal = np.diag(found.table[np.ix_(rows[:-1], columns)])
    pairs = int((diagonal > 0).sum())
    assert diagonal.sum() == pytest.approx(found.acc * found.images)
    assert diagonal[:pairs].tolist() == sorted(diagonal[:pairs].tolist(), reverse=True)


def test_clusters_and_classes_without_a_pair_come_after_the_pairs_by_their_images() -> None:
    table = np.array([[0, 5, 0, 0], [0, 3, 0, 0], [9, 0, 0, 0], [0, 4, 0, 0], [0, 0, 1, 8]])
    rows, columns = order_for_confusion(table)
    assert rows.tolist() == [2, 0, 3, 1, 4]
    assert columns.tolist() == [0, 1, 3, 2]


# Names of classes


def test_classes_are_numbered_by_name_and_what_is_not_named_is_not_known() -> None:
    numbers, classes = class_numbers(["owl", None, "cat", "", "owl", "Ärmel"])
    assert classes == ("cat", "owl", "Ärmel")
    assert numbers.tolist() == [1, -1, 0, -1, 1, 2] and numbers.dtype == np.int64


@pytest.mark.parametrize("names", [[], [None, ""]])
def test_without_names_there_are_no_classes(names: list[str | None]) -> None:
    numbers, classes = class_numbers(names)
    assert classes == () and numbers.tolist() == [-1] * len(names) and numbers.dtype == np.int64


# What can go wrong


@pytest.mark.parametrize(
    ("labels", "truth", "k", "classes"),
    [
        (NOTHING, NOTHING, 0, 0),
        (NOTHING, NOTHING, 3, 2),
        (np.zeros(4, int), np.full(4, -1), 1, 0),
        (np.arange(4), np.full(4, -1), 4, 2),
        (np.full(4, -1), np.full(4, -1), 0, 0),
    ],
)
def test_where_no_truth_is_known_all_scores_are_nothing(
    labels: np.ndarray, truth: np.ndarray, k: int, classes: int
) -> None:
    found = score(labels, truth, k, classes)
    assert (found.images, found.nmi, found.ari, found.acc, found.purity) == (0, 0, 0, 0, 0)
    rows, columns = order_for_confusion(found.table)
    assert (len(rows), len(columns)) == (k + 1, classes)


@pytest.mark.parametrize(
    ("labels", "truth", "k", "classes"),
    [
        (np.full(4, -1), np.zeros(4, int), 0, 1),
        (np.full(4, -1), np.arange(4), 5, 4),
        (np.zeros(4, int), np.arange(4), 1, 9),
        (np.arange(60) % 59, np.zeros(60, int), 99, 1),
        (np.arange(60), np.arange(60), 60, 60),
        (np.zeros(1, int), np.zeros(1, int), 1, 1),
    ],
)
def test_odd_clusterings_give_plain_numbers(labels: np.ndarray, truth: np.ndarray, k: int, classes: int) -> None:
    found = score(labels, truth, k, classes)
    assert all(type(value) is float and 0 <= value <= 1 for value in (found.nmi, found.ari, found.acc, found.purity))
    assert np.isfinite(found.recall).all() and np.isfinite(found.cluster_purity).all()
    assert order_for_confusion(found.table)[0][-1] == k


@pytest.mark.parametrize(
    ("labels", "truth"), [([0, 1], [0]), ([0, 2], [0, 0]), ([0, 0], [0, 2]), ([0, -2], [0, 0]), ([0, 0], [0, -2])]
)
def test_labels_and_classes_that_cannot_be_right_are_refused(labels: list[int], truth: list[int]) -> None:
    with pytest.raises(ClusteringError):
        score(np.array(labels), np.array(truth), 2, 2)
