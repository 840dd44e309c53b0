"""Every strategy on the same tables: it finds groups that lie apart, takes a handful, and says what cannot be.

A new strategy is one row of STRATEGIES, and with that one row of every table here.
"""

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from imclust_core.arrays.linkage import distances_between
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.arrays.reduction import Reduction, reduce, reduction_from
from imclust_core.clustering.run import by_size, grouped
from imclust_core.clustering.strategies import STRATEGIES, Given, Strategy, find_strategy
from imclust_core.errors import ClusteringError

BY_FEATURES = {name: one for name, one in STRATEGIES.items() if not one.by_words}
OF_K = {name: one for name, one in BY_FEATURES.items() if not one.own_k}
EXACT = ("ward", "average", "hdbscan")
"""Those in which nothing is drawn by lot."""
NETS = ("distilled",)
"""Those that learn: they are asked less often, and on less exact terms."""
each_strategy = pytest.mark.parametrize("strategy", BY_FEATURES.values(), ids=BY_FEATURES)
each_of_k = pytest.mark.parametrize("strategy", OF_K.values(), ids=OF_K)
each_exact = pytest.mark.parametrize("strategy", [STRATEGIES[name] for name in EXACT], ids=EXACT)
quick = {name: one for name, one in OF_K.items() if name not in NETS}
each_quick = pytest.mark.parametrize("strategy", quick.values(), ids=quick)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings(action="error"):
        yield


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


@each_strategy
@pytest.mark.parametrize("k", [2, 6])
def test_groups_that_lie_apart_are_found(strategy: Strategy, k: int) -> None:
    points, truth = spots(k, each=40)
    labels = grouped(Given(points, k), strategy)
    assert_by_size(labels, len(points), k)
    assert alike(labels, truth) == 1
    assert (labels == k - 1 - truth).all(), "the largest is first"


@each_strategy
def test_beyond_what_a_strategy_can_take_the_rest_goes_to_the_nearest_centroid(strategy: Strategy) -> None:
    points, truth = spots(4, each=60)
    labels = grouped(Given(points, 4), replace(strategy, most=120))
    assert_by_size(labels, len(points), 4)
    assert alike(labels[labels >= 0], truth[labels >= 0]) == 1
    # a dense region takes in what lies within reach of its centroid, and no more
    assert (labels >= 0).mean() >= (0.8 if strategy.own_k else 1)


def test_what_lies_far_from_every_dense_region_stays_unassigned() -> None:
    points, truth = spots(3, each=60)
    far = np.concatenate([points, -10 * np.eye(2, points.shape[1], dtype=np.float32)])
    labels = grouped(Given(far, 0), replace(STRATEGIES["hdbscan"], most=len(points) - 20))
    assert (labels[-2:] == -1).all() and alike(labels[:-2][labels[:-2] >= 0], truth[labels[:-2] >= 0]) == 1


def test_a_strategy_is_given_no_more_than_it_can_take() -> None:
    seen: list[int] = []

    def find(given: Given) -> np.ndarray:
        seen.append(len(given.points))
        return np.zeros(len(given.points), np.int64)

    assert grouped(Given(scattered(90), 2), Strategy("", "", find, most=60)).tolist() == [0] * 90
    assert grouped(Given(scattered(60), 2), Strategy("", "", find, most=60)).tolist() == [0] * 60
    assert seen == [60, 60]


# The order of the images, and lots


@each_exact
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread", [0.05, 0.15])
def test_what_draws_no_lots_gives_the_same_in_any_order(strategy: Strategy, spread: float, seed: int) -> None:
    points, _ = spots(5, spread=spread, seed=seed)
    order = np.random.default_rng(1).permutation(len(points))
    labels, shuffled = (grouped(Given(rows, 5), strategy) for rows in (points, points[order]))
    assert alike(labels[order], shuffled) == 1 and (grouped(Given(points, 5, seed=9), strategy) == labels).all()
    sizes = np.bincount(labels[labels >= 0])
    if len(set(sizes.tolist())) == len(sizes):
        assert (labels[order] == shuffled).all()


@each_quick
def test_what_draws_lots_gives_nearly_the_same_in_any_order_and_with_any_seed(strategy: Strategy) -> None:
    points, _ = spots(5, spread=0.15)
    order = np.random.default_rng(1).permutation(len(points))
    labels = grouped(Given(points, 5), strategy)
    assert alike(labels[order], grouped(Given(points[order], 5), strategy)) > 0.95
    assert alike(labels, grouped(Given(points, 5, seed=9), strategy)) > 0.95


@each_strategy
def test_the_same_seed_gives_the_same_labels(strategy: Strategy) -> None:
    points, _ = spots(4, spread=0.3)
    before = points.copy()
    assert (grouped(Given(points, 4, 5), strategy) == grouped(Given(points, 4, 5), strategy)).all()
    assert (points == before).all(), "what is given is not changed"


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


@each_strategy
@pytest.mark.parametrize("name", [*HANDFUL, *ALIKE])
def test_a_handful_of_images_is_no_trouble(strategy: Strategy, name: str) -> None:
    points, k, most = (HANDFUL | ALIKE)[name]
    labels = grouped(Given(points, k), strategy)
    assert_by_size(labels, len(points), len(points) if strategy.own_k else k)
    if strategy.own_k or strategy is STRATEGIES.get("distilled"):
        return
    found = int(labels.max()) + 1
    assert (labels >= 0).all() and found >= most
    # a graph of neighbours is cut into as many parts as were asked for, wherever they lie
    assert found == most or strategy is STRATEGIES["spectral"]


@each_quick
@pytest.mark.parametrize("k", [2, 5])
def test_copies_of_a_picture_are_together_where_there_is_room_for_all(strategy: Strategy, k: int) -> None:
    of = np.arange(90) % k
    labels = grouped(Given(scattered(k, 1280, seed=k)[of], k), strategy)
    assert alike(labels, of) == 1


@pytest.mark.parametrize("n", [1, 2, 9])
def test_too_few_images_for_any_region_to_stand_out_stay_unassigned(n: int) -> None:
    assert grouped(Given(scattered(n), 0), STRATEGIES["hdbscan"]).tolist() == [-1] * n


# What cannot be


@each_strategy
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_none_are_said_in_words(strategy: Strategy, wrong: float) -> None:
    points = scattered(20)
    points[3, 1] = wrong
    with pytest.raises(ClusteringError, match=r"1 of 20 rows .*Leave these rows out"):
        grouped(Given(points, 2), strategy)
    with pytest.raises(ClusteringError, match="Expected rows of numbers"):
        grouped(Given(np.zeros((0, 8), np.float32), 2), strategy)


@each_of_k
@pytest.mark.parametrize(("k", "says"), [(21, "at most 20"), (0, "from 1 to 20"), (-3, "from 1 to 20")])
def test_a_k_that_cannot_be_is_said_in_words(strategy: Strategy, k: int, says: str) -> None:
    with pytest.raises(ClusteringError, match=says):
        grouped(Given(scattered(20), k), strategy)


def test_an_unknown_strategy_is_answered_with_those_there_are() -> None:
    with pytest.raises(ClusteringError, match=r"'magic' is no strategy.*kmeans.*words"):
        find_strategy("magic")
    with pytest.raises(ClusteringError, match="by their labels"):
        grouped(Given(scattered(20), 3), STRATEGIES["words"])


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_says_what_it_is(name: str) -> None:
    one = find_strategy(name)
    assert one.title and one.says and one.most > 0 and one.repeats >= 0


# Clusters by size


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([5, 5, 2, 2, 2, -1], [1, 1, 0, 0, 0, -1]),
        ([7, 3, 7, 3], [0, 1, 0, 1]),
        ([-1, -1], [-1, -1]),
        ([], []),
        ([4], [0]),
        ([0, 1, 1], [1, 0, 0]),
    ],
)
def test_clusters_are_numbered_from_the_largest_down(given: list[int], wanted: list[int]) -> None:
    found = by_size(np.array(given, np.int64))
    assert (found.tolist(), found.dtype) == (wanted, np.int32)


# What is done to features first


@pytest.mark.parametrize("text", ["none", "l2", "pca:64", "pca:256:white", "umap:2", "pca:99999"])
def test_a_reduction_and_its_text_are_one(text: str) -> None:
    assert str(reduction_from(text)) == text == str(reduction_from(f" {text}\n"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("pca", "pca:256"), ("pca:white", "pca:256:white"), ("umap", "umap:50"), ("pca:0064", "pca:64")],
)
def test_what_is_left_out_has_its_usual_value(text: str, wanted: str) -> None:
    assert str(reduction_from(text)) == wanted


NO_REDUCTIONS = ["", ":", "l3", "PCA", "pca:", "pca:0", "pca:-1", "pca:1.5", "pca:x", "pca:٣", "pca:²", "pca:100000"]
TOO_MUCH = ["pca:2:3", "pca:white:64", "pca:64:black", "l2:64", "none:3", "umap:white", "umap:5:white", "l2:white"]


@pytest.mark.parametrize("text", [*NO_REDUCTIONS, *TOO_MUCH])
def test_a_text_that_is_no_reduction_is_answered_with_those_there_are(text: str) -> None:
    with pytest.raises(ClusteringError, match=r"is no reduction. Expected one of: none, l2, pca:N"):
        reduction_from(text)


def reduced(features: np.ndarray, text: str, seed: int = 0) -> np.ndarray:
    found = reduce(features, reduction_from(text), seed=seed)
    assert found.dtype == np.float32 and len(found) == len(features) and np.isfinite(found).all()
    return found


def test_nothing_is_done_where_nothing_was_asked_for() -> None:
    features = 3 * scattered(20)
    assert (reduced(features, "none") == features).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rows_are_brought_to_length_one_and_keep_their_direction(kind: type) -> None:
    features = np.random.default_rng(0).normal(size=(50, 12)).astype(kind)
    found = reduced(features, "l2")
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found, unit(features.astype(np.float64)), atol=1e-5)
    assert not reduced(np.zeros((3, 4)), "l2").any()


@pytest.mark.parametrize(("n", "d", "dims"), [(60, 16, 16), (60, 16, 99), (10, 300, 9), (10, 300, 50)])
def test_as_many_components_as_there_are_keep_every_distance(n: int, d: int, dims: int) -> None:
    features = np.random.default_rng(0).normal(size=(n, d))
    found = reduced(features, f"pca:{dims}")
    assert found.shape == (n, min(dims, n - 1, d))
    np.testing.assert_allclose(distances_between(found, "euclidean"), distances_between(features, "unit"), atol=2e-3)


def test_fewer_components_keep_what_the_images_differ_in_most() -> None:
    features = spots(5)[0]
    found = reduced(features, "pca:4")
    assert found.shape == (len(features), 4)
    assert np.corrcoef(distances_between(found, "euclidean").ravel(), distances_between(features, "unit").ravel())[
        0, 1
    ] == pytest.approx(1, abs=0.05)


def test_white_components_weigh_the_same_and_rows_have_length_one() -> None:
    features = np.random.default_rng(0).normal(size=(4000, 6)) * [3, 2.5, 2, 1.5, 1, 0.5]
    found = reduced(features, "pca:6:white")
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found.std(axis=0) == pytest.approx(np.full(6, 6**-0.5), rel=0.15)


def test_copies_of_a_picture_stay_together_however_many_white_components_there_are() -> None:
    features = scattered(40, 64)[np.arange(120) % 40]
    found = reduced(features, "pca:60:white")
    np.testing.assert_allclose(found[:40], found[40:80], atol=1e-3)
    assert distances_between(found[:40], "euclidean")[~np.eye(40, dtype=bool)].min() > 0.5


@pytest.mark.parametrize("text", ["none", "l2", "pca:5", "pca:256", "pca:5:white", "umap:5"])
@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_images_are_reduced_without_trouble(text: str, n: int) -> None:
    assert reduced(scattered(n), text).shape[0] == n


@pytest.mark.parametrize("text", ["l2", "pca:5", "pca:256", "pca:5:white"])
@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_features_that_are_all_alike_stay_so(text: str, n: int, value: float) -> None:
    found = reduced(np.full((n, 8), value), text)
    assert (found.max(axis=0) - found.min(axis=0)).max() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("text", ["l2", "pca:5", "pca:40:white"])
def test_the_same_seed_reduces_alike_and_lengths_do_not_count(text: str) -> None:
    features = np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32)
    before = features.copy()
    assert (reduced(features, text, seed=2) == reduced(features, text, seed=2)).all()
    assert (features == before).all()
    longer = features * np.arange(1, 201, dtype=np.float32)[:, None]
    np.testing.assert_allclose(reduced(longer, text), reduced(features, text), atol=1e-3)


@pytest.mark.filterwarnings("default")
def test_umap_keeps_groups_apart_also_where_most_images_are_placed_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_reduction_is_what_its_fields_say() -> None:
    assert reduction_from("pca:9:white") == Reduction("pca", 9, True)
    assert reduction_from("l2") == Reduction("l2")


@pytest.mark.parametrize(("n", "m", "number"), [(1, 1, 1), (30, 30, 5), (200, 50, 7)])
def test_the_nearest_rows_are_those_of_every_distance(
    monkeypatch: pytest.MonkeyPatch, n: int, m: int, number: int
) -> None:
    monkeypatch.setattr("imclust_core.arrays.neighbours._SCORES", 1)  # 64 rows at a time
    rows, among = scattered(n, seed=1), scattered(m, seed=2)
    told: list[tuple[int, int]] = []
    near, away = nearest_rows(rows, among, number, device="cpu", step=lambda *step: told.append(step))
    every = np.linalg.norm(rows[:, None] - among, axis=2)
    assert (near == every.argsort(axis=1)[:, :number]).all()
    np.testing.assert_allclose(away, np.sort(every, axis=1)[:, :number], atol=1e-3)
    assert told == [(start, n) for start in range(0, n, 64)]
