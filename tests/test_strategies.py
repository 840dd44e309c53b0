"""Every strategy on the same tables: it finds groups that lie apart, takes a handful, and says what cannot be.

A new strategy is one row of STRATEGIES, and with that one row of every table here.
"""

import sys
import warnings
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from imclust_core.arrays.linkage import distances_between
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.arrays.reduction import Reduction, reduce, reduction_from
from imclust_core.clustering.run import by_size, grouped
from imclust_core.clustering.strategies import STRATEGIES, Given, Strategy, find_strategy
from imclust_core.errors import ClusteringError
from tests.helpers.cases import case

BY_FEATURES = {name: one for name, one in STRATEGIES.items() if not one.by_words}
OF_K = {name: one for name, one in BY_FEATURES.items() if not one.own_k}
NETS = ("distilled",)
"""Those that learn: they are asked less often, and on less exact terms."""
QUICK = {name: one for name, one in OF_K.items() if name not in NETS}


pytestmark = pytest.mark.filterwarnings("error")


def spots(k: int, each: int = 25, spread: float = 0.05, d: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length one around k directions, each with two rows more than the one before, and where each belongs."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(k), each + 2 * np.arange(k))
    points = np.linalg.qr(rng.normal(size=(d, d)))[0][of] + spread * rng.normal(size=(len(of), d))
    order = rng.permutation(len(of))
    return unit(points)[order], of[order]


def unit(points: np.ndarray) -> np.ndarray:
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def scattered(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(adjusted_rand_score(one, other))


def assert_by_size(labels: np.ndarray, n: int, most: int) -> None:
    """Clusters 0 to k - 1, none empty, the largest first; -1 for the unassigned."""
    assert (labels.shape, labels.dtype) == ((n,), np.int32)
    sizes = np.bincount(labels[labels >= 0])
    assert labels.min() >= -1 and len(sizes) <= most
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all()


# Groups that lie apart


def test_groups_that_lie_apart_are_found_and_what_a_strategy_cannot_take_goes_to_the_nearest_centroid() -> None:
    for (name, strategy), k in product(BY_FEATURES.items(), (2, 6)):
        if name in NETS and k == 2:
            continue  # six are harder, and each takes half a minute
        points, truth = spots(k, each=40)
        labels = grouped(Given(points, k), strategy)
        with case(name, k):
            assert_by_size(labels, len(points), k)
            assert (labels == k - 1 - truth).all(), "the largest is first"
    points, truth = spots(4, each=60)
    for name, strategy in BY_FEATURES.items():
        labels = grouped(Given(points, 4), replace(strategy, most=120))
        with case(name, "at most 120 images"):
            assert_by_size(labels, len(points), 4)
            assert alike(labels[labels >= 0], truth[labels >= 0]) == 1
            # a dense region takes in what lies within reach of its centroid, and no more
            assert (labels >= 0).mean() >= (0.8 if strategy.own_k else 1)


def test_what_lies_far_stays_unassigned_and_a_strategy_is_given_no_more_than_it_can_take() -> None:
    points, truth = spots(3, each=60)
    far = np.concatenate([points, -10 * np.eye(2, points.shape[1], dtype=np.float32)])
    labels = grouped(Given(far, 0), replace(STRATEGIES["hdbscan"], most=len(points) - 20))
    assert (labels[-2:] == -1).all() and alike(labels[:-2][labels[:-2] >= 0], truth[labels[:-2] >= 0]) == 1
    seen: list[int] = []

    def find(given: Given) -> np.ndarray:
        seen.append(len(given.points))
        return np.zeros(len(given.points), np.int64)

    for n in (90, 60):
        assert grouped(Given(scattered(n), 2), Strategy("", "", find, most=60)).tolist() == [0] * n
    assert seen == [60, 60]


# The order of the images, and lots


def test_what_draws_no_lots_gives_the_same_in_any_order_what_does_nearly_and_all_with_the_same_seed() -> None:
    for name, spread, seed in product(("ward", "average", "hdbscan"), (0.05, 0.15), range(3)):
        points, _ = spots(5, spread=spread, seed=seed)
        order = np.random.default_rng(1).permutation(len(points))
        labels, shuffled = (grouped(Given(rows, 5), STRATEGIES[name]) for rows in (points, points[order]))
        with case(name, spread, seed):
            assert alike(labels[order], shuffled) == 1
            assert (grouped(Given(points, 5, seed=9), STRATEGIES[name]) == labels).all()
            sizes = np.bincount(labels[labels >= 0]).tolist()
            assert len(set(sizes)) < len(sizes) or (labels[order] == shuffled).all()
    points, _ = spots(4, spread=0.3)
    before = points.copy()
    for name, strategy in BY_FEATURES.items():
        assert (grouped(Given(points, 4, 5), strategy) == grouped(Given(points, 4, 5), strategy)).all(), name
        assert (points == before).all(), name
    points, _ = spots(5, spread=0.15)
    order = np.random.default_rng(1).permutation(len(points))
    for name, strategy in QUICK.items():
        labels = grouped(Given(points, 5), strategy)
        assert alike(labels[order], grouped(Given(points[order], 5), strategy)) > 0.95, name
        assert alike(labels, grouped(Given(points, 5, seed=9), strategy)) > 0.95, name


def test_each_strategy_reports_its_steps_or_runs_in_a_process_that_can_be_ended() -> None:
    for name, strategy in BY_FEATURES.items():
        told: list[object] = []
        strategy.find(Given(scattered(90), 3, step=lambda *step, told=told: told.append(step)))  # type: ignore[misc]
        assert told or strategy.apart, f"{name}: nobody could stop it"


# A handful


HANDFUL = {
    "one image": (scattered(1), 1, 1),
    "two images, K = 1": (scattered(2), 1, 1),
    "two images, K = 2": (scattered(2), 2, 2),
    "three images, K = 3": (scattered(3), 3, 3),
    "three images, K = 2": (scattered(3), 2, 2),
    "K = n": (scattered(24), 24, 24),
    "K = n - 1": (scattered(24), 23, 23),
    "K = 1": (scattered(24), 1, 1),
    "two numbers each": (unit(np.stack([np.arange(24), np.full(24, 9)], axis=1)), 5, 5),
    "one number each": (np.array([[1], [2], [-1], [-3]], np.float32), 2, 2),
    "all equally far apart": (np.eye(10, dtype=np.float32), 5, 5),
    "many numbers": (scattered(12, 1280), 4, 4),
}
ALIKE = {
    "all alike, K = 1": (np.ones((30, 8), np.float32), 1, 1),
    "three clusters of one image": (np.full((30, 8), 0.1, np.float32), 3, 1),
    "all alike, K = n": (np.full((30, 8), 0.1, np.float32), 30, 1),
    "nothing but zeros": (np.zeros((30, 8), np.float32), 3, 1),
    "copies of two": (scattered(2, 64)[np.arange(40) % 2], 2, 2),
    "copies of five": (scattered(5, 1280)[np.arange(100) % 5], 8, 5),
}


FOR_NETS = ("two images, K = 2", "three images, K = 2", "one number each", "nothing but zeros", "copies of two")


@pytest.mark.parametrize("nets", [FOR_NETS, pytest.param((*HANDFUL, *ALIKE), marks=pytest.mark.long)])
def test_a_handful_of_images_is_no_trouble(nets: tuple[str, ...]) -> None:
    for strategy_name, strategy in BY_FEATURES.items():
        for name in nets if strategy_name in NETS else (*HANDFUL, *ALIKE):
            points, k, most = (HANDFUL | ALIKE)[name]
            labels = grouped(Given(points, k), strategy)
            with case(strategy_name, name):
                assert_by_size(labels, len(points), len(points) if strategy.own_k else k)
                found = int(labels.max()) + 1
                if strategy_name in QUICK:
                    assert (labels >= 0).all() and found >= most
                    # a graph of neighbours is cut into as many parts as were asked for, wherever they lie
                    assert found == most or strategy_name == "spectral"


def test_copies_are_together_where_there_is_room_for_all_and_too_few_images_for_any_region_stay_unassigned() -> None:
    for (name, strategy), k in product(QUICK.items(), (2, 5)):
        of = np.arange(90) % k
        assert alike(grouped(Given(scattered(k, 1280, seed=k)[of], k), strategy), of) == 1, (name, k)
    for n in (1, 2, 9):
        assert grouped(Given(scattered(n), 0), STRATEGIES["hdbscan"]).tolist() == [-1] * n


# What cannot be


def test_every_strategy_says_what_it_is_and_what_cannot_be_clustered() -> None:
    nan, infinite = scattered(20), scattered(20)
    nan[3, 1], infinite[3, 1] = np.nan, np.inf
    wrong = [(nan, 2, "1 of 20 rows .*Leave these rows out"), (infinite, 2, "1 of 20 rows .*Leave these rows out")]
    wrong.append((np.zeros((0, 8), np.float32), 2, "Expected rows of numbers"))
    no_k = [(scattered(20), k, says) for k, says in ((21, "at most 20"), (0, "from 1 to 20"), (-3, "from 1 to 20"))]
    for name, strategy in BY_FEATURES.items():
        for points, k, says in wrong + (no_k if name in OF_K else []):
            with case(name, k, says), pytest.raises(ClusteringError, match=says):
                grouped(Given(points, k), strategy)
    with pytest.raises(ClusteringError, match=r"'magic' is no strategy.*kmeans.*words"):
        find_strategy("magic")
    with pytest.raises(ClusteringError, match="by their labels"):
        grouped(Given(scattered(20), 3), STRATEGIES["words"])
    for name in STRATEGIES:
        one = find_strategy(name)
        assert one.title and one.says and one.most > 0 and one.repeats >= 0, name


# Clusters by size


def test_clusters_are_numbered_from_the_largest_down() -> None:
    for given, wanted in (
        ([5, 5, 2, 2, 2, -1], [1, 1, 0, 0, 0, -1]),
        ([7, 3, 7, 3], [0, 1, 0, 1]),
        ([-1, -1], [-1, -1]),
        ([], []),
        ([4], [0]),
        ([0, 1, 1], [1, 0, 0]),
    ):
        found = by_size(np.array(given, np.int64))
        assert (found.tolist(), found.dtype) == (wanted, np.int32)


# What is done to features first


NO_REDUCTIONS = ["", ":", "l3", "PCA", "pca:", "pca:0", "pca:-1", "pca:1.5", "pca:x", "pca:٣", "pca:²", "pca:100000"]
TOO_MUCH = ["pca:2:3", "pca:white:64", "pca:64:black", "l2:64", "none:3", "umap:white", "umap:5:white", "l2:white"]


def test_a_reduction_and_its_text_are_one_and_what_is_none_is_answered_with_those_there_are() -> None:
    same = ("none", "l2", "pca:64", "pca:256", "pca:256:white", "umap:2", "pca:99999")
    usual = {"pca": "pca:256", "pca:white": "pca:256:white", "umap": "umap:50", "pca:0064": "pca:64"}
    for text, wanted in {**dict(zip(same, same, strict=True)), **usual}.items():
        assert str(reduction_from(text)) == wanted == str(reduction_from(f" {text}\n"))
    assert reduction_from("pca:9:white") == Reduction("pca", 9, True) and reduction_from("l2") == Reduction("l2")
    for text in NO_REDUCTIONS + TOO_MUCH:
        with case(text), pytest.raises(ClusteringError, match=r"is no reduction. Expected one of: none, l2, pca:N"):
            reduction_from(text)


def reduced(features: np.ndarray, text: str, seed: int = 0) -> np.ndarray:
    found = reduce(features, reduction_from(text), seed=seed)
    assert found.dtype == np.float32 and len(found) == len(features) and np.isfinite(found).all()
    return found


def test_rows_stay_or_are_brought_to_length_one_and_keep_their_direction() -> None:
    features = 3 * scattered(20)
    assert (reduced(features, "none") == features).all()
    for kind in (np.float16, np.float32, np.float64):
        features = np.random.default_rng(0).normal(size=(50, 12)).astype(kind)
        found = reduced(features, "l2")
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(found, unit(features.astype(np.float64)), atol=1e-5)
    assert not reduced(np.zeros((3, 4)), "l2").any()


def test_as_many_components_as_there_are_keep_every_distance_and_fewer_nearly() -> None:
    for n, d, dims in ((60, 16, 16), (60, 16, 99), (10, 300, 9), (10, 300, 50)):
        features = np.random.default_rng(0).normal(size=(n, d))
        found = reduced(features, f"pca:{dims}")
        assert found.shape == (n, min(dims, n - 1, d))
        every = distances_between(features, "unit")
        np.testing.assert_allclose(distances_between(found, "euclidean"), every, atol=2e-3, err_msg=f"{n, d, dims}")
    features = spots(5)[0]
    found = reduced(features, "pca:4")
    assert found.shape == (len(features), 4)
    few, every = distances_between(found, "euclidean").ravel(), distances_between(features, "unit").ravel()
    assert np.corrcoef(few, every)[0, 1] == pytest.approx(1, abs=0.05)


def test_white_components_weigh_the_same_and_copies_stay_together_also_where_all_are_alike() -> None:
    features = np.random.default_rng(0).normal(size=(4000, 6)) * [3, 2.5, 2, 1.5, 1, 0.5]
    found = reduced(features, "pca:6:white")
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found.std(axis=0) == pytest.approx(np.full(6, 6**-0.5), rel=0.15)
    found = reduced(scattered(40, 64)[np.arange(120) % 40], "pca:60:white")
    np.testing.assert_allclose(found[:40], found[40:80], atol=1e-3)
    assert distances_between(found[:40], "euclidean")[~np.eye(40, dtype=bool)].min() > 0.5
    for text, n in product(("none", "l2", "pca:5", "pca:256", "pca:5:white", "umap:5"), (1, 2)):
        assert reduced(scattered(n), text).shape[0] == n, text
    for text, n, value in product(("l2", "pca:5", "pca:256", "pca:5:white"), (3, 40), (0.0, 0.1, 1.0)):
        found = reduced(np.full((n, 8), value), text)
        assert np.ptp(found, axis=0).max() == pytest.approx(0, abs=1e-5), (text, n, value)


def test_the_same_seed_reduces_alike_and_lengths_do_not_count() -> None:
    features = np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32)
    before, longer = features.copy(), features * np.arange(1, 201, dtype=np.float32)[:, None]
    for text in ("l2", "pca:5", "pca:40:white"):
        assert (reduced(features, text, seed=2) == reduced(features, text, seed=2)).all(), text
        assert (features == before).all(), text
        np.testing.assert_allclose(reduced(longer, text), reduced(features, text), atol=1e-3, err_msg=text)


class QuickUmap:
    """It has UMAP's ways and none of its half minute of compiling: the directions in which rows differ most."""

    def __init__(self, *, n_components: int, random_state: int, precomputed_knn: tuple[np.ndarray, ...], **_: object):
        self.dims, (near, away, _index) = n_components, precomputed_knn
        assert (near[:, 0] == np.arange(len(near))).all() and (np.diff(away, axis=1) >= 0).all() and random_state == 0

    def fit_transform(self, rows: np.ndarray) -> np.ndarray:
        left, values, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
        return np.pad(left * values, ((0, 0), (0, self.dims)))[:, : self.dims]


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.long)])
def test_umap_keeps_groups_apart_also_where_most_images_are_placed_afterwards(
    monkeypatch: pytest.MonkeyPatch, real: bool
) -> None:
    if not real:
        monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=QuickUmap))
    with warnings.catch_warnings(action="ignore"):  # its import and its compiler have a few
        points, truth = spots(3, each=18)
        found = reduced(points, "umap:2")
        assert found.shape == (len(points), 2)
        assert alike(grouped(Given(found, 3), STRATEGIES["kmeans"]), truth) == 1
        assert (reduced(points, "umap:2") == found).all(), "the same seed"
        monkeypatch.setattr("imclust_core.arrays.reduction.UMAP_ROWS", 40)
        some = reduced(points, "umap:2")
        assert alike(grouped(Given(some, 3), STRATEGIES["kmeans"]), truth) == 1
        for n in (3, 4, 7):  # fewer than there are dimensions
            assert reduced(points[:n], "umap:50").shape == (n, n - 2)


def test_the_nearest_rows_are_those_of_every_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imclust_core.arrays.neighbours._SCORES", 1)  # 64 rows at a time
    for n, m, number in ((1, 1, 1), (30, 30, 5), (200, 50, 7)):
        rows, among = scattered(n, seed=1), scattered(m, seed=2)
        told: list[tuple[int, int]] = []
        near, away = nearest_rows(rows, among, number, device="cpu", step=lambda *step, told=told: told.append(step))
        every = np.linalg.norm(rows[:, None] - among, axis=2)
        assert (near == every.argsort(axis=1)[:, :number]).all(), n
        np.testing.assert_allclose(away, np.sort(every, axis=1)[:, :number], atol=1e-3)
        assert told == [(start, n) for start in range(0, n, 64)]
