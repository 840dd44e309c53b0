"""k-means: every row is with its nearest mean, no cluster is empty, and what cannot be clustered is said in words."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from sklearn.cluster import KMeans as Theirs
from sklearn.metrics import adjusted_rand_score

import imclust_core.arrays.chunks as pieces_module
import imclust_core.arrays.rows as rows_module
from imclust_core.clustering.kmeans import KMeans, kmeans
from imclust_core.errors import ClusteringError

cpu = partial(kmeans, device="cpu")


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings(action="error"):
        yield


def blobs(k: int, each: int = 40, d: int = 16, spread: float = 0.2, seed: int = 0) -> np.ndarray:
    """Rows around k centres: well apart with little spread, overlapping with much; each cluster has some more rows."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(k), each + np.arange(k))
    return (rng.normal(size=(k, d))[of] + spread * rng.normal(size=(len(of), d))).astype(np.float32)


def truth(k: int, each: int = 40) -> np.ndarray:
    return np.repeat(np.arange(k), each + np.arange(k))


def noise(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(n, d)).astype(np.float32)


def heavy_tails(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(2, size=(n, d)).astype(np.float32)


SETS: dict[str, tuple[Callable[[], np.ndarray], int]] = {
    "apart": (lambda: blobs(8), 8),
    "overlapping, K too small": (lambda: blobs(12, spread=1.0), 7),
    "overlapping, K too large": (lambda: blobs(6, spread=1.0), 17),
    "uniform noise": (lambda: noise(400, 3), 12),
    "heavy tails": (lambda: heavy_tails(500, 6), 9),
    "wide, reduced while searching": (lambda: blobs(10, each=20, d=300, spread=0.6), 10),
    "nearly as many clusters as rows": (lambda: noise(60, 4), 50),
}
each_set = pytest.mark.parametrize("name", SETS)


def distances(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """All squared distances, one difference at a time, in double precision."""
    points, centroids = points.astype(np.float64), centroids.astype(np.float64)
    return np.stack([np.square(points - one).sum(axis=1) for one in centroids], axis=1)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(adjusted_rand_score(one, other))


# What is so of every answer


def assert_sound(found: KMeans, points: np.ndarray) -> None:
    away = distances(points, found.centroids)
    own = away[np.arange(len(points)), found.labels]
    scale = float(np.square(points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)).sum(axis=1).mean())
    assert (own <= away.min(axis=1) + 1e-5 * scale + 1e-12).all(), "every row is with its nearest centroid"
    assert found.inertia == pytest.approx(own.sum(), rel=1e-5, abs=1e-9 * scale * len(points))
    sizes = np.bincount(found.labels, minlength=len(found.centroids))
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all(), "no cluster is empty, the largest is first"
    assert len(sizes) == len(found.centroids)
    assert (found.labels.dtype, found.centroids.dtype) == (np.int32, np.float32)


@each_set
def test_every_row_is_with_its_nearest_centroid_and_no_cluster_is_empty(name: str) -> None:
    make, k = SETS[name]
    points = make()
    found = cpu(points, k, seed=1)
    assert_sound(found, points)
    assert len(found.centroids) == k


@each_set
def test_centroids_are_the_means_of_their_rows(name: str) -> None:
    make, k = SETS[name]
    points = make()
    found = cpu(points, k)
    means = np.stack([points[found.labels == one].mean(axis=0) for one in range(k)])
    spread = np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean())
    # rounds end when one of them makes the clusters tighter by 2e-5: what is left of the way is short
    assert np.linalg.norm(found.centroids - means, axis=1).max() < 0.1 * spread
    assert distances(points, means)[np.arange(len(points)), found.labels].sum() >= found.inertia * (1 - 1e-4)


@each_set
def test_clusters_are_as_tight_as_the_best_of_ten_starts_of_scikit_learn(name: str) -> None:
    make, k = SETS[name]
    points = make()
    theirs = Theirs(k, n_init=10, random_state=0).fit(points).inertia_
    ours = sorted(cpu(points, k, seed=seed).inertia for seed in range(3))
    # where nothing lies apart there are many answers nearly as good, and either side may find a better one
    assert ours[1] <= 1.002 * theirs and ours[2] <= 1.02 * theirs


@each_set
def test_the_same_seed_gives_the_same_answer_bit_for_bit(name: str) -> None:
    make, k = SETS[name]
    points = make()
    one, other = cpu(points, k, seed=3), cpu(points.copy(), k, seed=3)
    assert one.labels.tobytes() == other.labels.tobytes()
    assert one.centroids.tobytes() == other.centroids.tobytes()
    assert (one.inertia, one.iterations) == (other.inertia, other.iterations)


@each_set
def test_the_order_of_the_rows_hardly_matters(name: str) -> None:
    make, k = SETS[name]
    points = make()
    shuffled = points[np.random.default_rng(0).permutation(len(points))]
    assert cpu(shuffled, k).inertia == pytest.approx(cpu(points, k).inertia, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [2, 5, 20])
def test_groups_that_lie_apart_are_found_whatever_the_seed(k: int, seed: int) -> None:
    assert alike(cpu(blobs(k, seed=7), k, seed=seed).labels, truth(k)) == 1


@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_where_the_origin_is_does_not_matter(offset: float) -> None:
    points = blobs(6)
    found = cpu(points + np.float32(offset), 6)
    assert alike(found.labels, cpu(points, 6).labels) == 1
    assert found.centroids.mean() == pytest.approx(offset, rel=1e-3)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e4, 1e8])
def test_how_large_the_numbers_are_does_not_matter(scale: float) -> None:
    points = blobs(6)
    found, plain = cpu(points * np.float32(scale), 6), cpu(points, 6)
    assert alike(found.labels, plain.labels) == 1
    assert found.inertia == pytest.approx(plain.inertia * scale**2, rel=1e-3)


# By angle


def test_spherical_clusters_go_by_angle_and_length_does_not_count() -> None:
    points = blobs(6)
    longer = points * np.random.default_rng(0).uniform(0.01, 100, size=(len(points), 1)).astype(np.float32)
    found, scaled = cpu(points, 6, spherical=True), cpu(longer, 6, spherical=True)
    assert alike(found.labels, scaled.labels) == alike(found.labels, truth(6)) == 1
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)
    assert_sound(scaled, longer / np.linalg.norm(longer, axis=1, keepdims=True))


@each_set
def test_every_row_is_with_the_spherical_centroid_at_the_smallest_angle(name: str) -> None:
    make, k = SETS[name]
    points = make() - np.float32(0.5)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    found = cpu(points, k, spherical=True)
    assert_sound(found, unit)
    cosines = unit @ found.centroids.T
    assert (cosines[np.arange(len(unit)), found.labels] >= cosines.max(axis=1) - 1e-5).all()


def test_rows_of_zeros_have_no_direction_and_do_no_harm() -> None:
    points = blobs(4)
    points[:3] = 0
    found = cpu(points, 4, spherical=True)
    assert np.isfinite(found.centroids).all() and alike(found.labels[3:], truth(4)[3:]) == 1
    assert cpu(np.zeros((5, 3), np.float32), 2, spherical=True).labels.tolist() == [0] * 5


# Any array


@pytest.mark.parametrize(
    "shaped",
    [
        lambda points: points.astype(np.float16),
        lambda points: points.astype(np.float64),
        lambda points: np.asfortranarray(points),
        lambda points: np.repeat(points, 2, axis=1)[:, ::2],
        lambda points: points[::-1][::-1],
        lambda points: np.round(points * 100).astype(np.int32),
    ],
    ids=["float16", "float64", "by columns", "every other column", "turned twice", "whole numbers"],
)
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("spherical", [False, True])
def test_any_array_will_do_and_is_not_changed(
    shaped: Callable[[np.ndarray], np.ndarray], frozen: bool, spherical: bool
) -> None:
    points = shaped(blobs(4))
    points.flags.writeable = not frozen
    before = points.copy()
    assert alike(cpu(points, 4, spherical=spherical).labels, truth(4)) == 1
    assert (points == before).all()


def test_a_map_of_a_file_that_may_only_be_read_will_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    np.save(tmp_path / "points.npy", blobs(4))
    assert alike(cpu(np.load(tmp_path / "points.npy", mmap_mode="r"), 4).labels, truth(4)) == 1


@pytest.mark.parametrize("kept", [0, 512 * 2**20])
@pytest.mark.parametrize("spherical", [False, True])
def test_many_rows_go_through_in_pieces_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch, kept: int, spherical: bool
) -> None:
    points = blobs(9, each=300, spread=0.8)
    whole = cpu(points, 9, spherical=spherical)
    monkeypatch.setattr(pieces_module, "_PIECE", 1)  # pieces have 256 rows at least
    monkeypatch.setattr(rows_module, "_KEPT_BYTES", kept)
    found = cpu(points, 9, spherical=spherical)
    assert len(points) > 5 * 256 and alike(found.labels, whole.labels) > 0.999
    assert found.inertia == pytest.approx(whole.inertia, rel=1e-5)


def test_a_sample_is_searched_and_all_rows_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imclust_core.clustering.kmeans._LEAST_SAMPLE", 200)
    monkeypatch.setattr("imclust_core.clustering.kmeans._SAMPLE", 20)
    points = blobs(8, each=150)
    found = cpu(points, 8)
    assert_sound(found, points)
    assert alike(found.labels, truth(8, each=150)) == 1


# A handful


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("spherical", [False, True])
def test_as_many_clusters_as_rows_are_single_rows(n: int, spherical: bool) -> None:
    found = cpu(noise(n, 5), n, spherical=spherical)
    assert found.labels.tolist() == sorted(set(range(n)), key=found.labels.tolist().index)
    assert len(set(found.labels.tolist())) == n and found.inertia == pytest.approx(0, abs=1e-9)


def test_one_cluster_is_the_mean_of_all() -> None:
    points = noise(50, 4)
    found = cpu(points, 1)
    assert set(found.labels.tolist()) == {0}
    np.testing.assert_allclose(found.centroids[0], points.mean(axis=0), rtol=1e-5)
    assert found.inertia == pytest.approx(50 * points.var(axis=0).sum(), rel=1e-4)


@pytest.mark.parametrize("n", [1, 2, 9, 333])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e6])
@pytest.mark.parametrize("spherical", [False, True])
def test_rows_that_are_all_alike_are_one_cluster(n: int, value: float, spherical: bool) -> None:
    found = cpu(np.full((n, 33), value, np.float32), min(n, 5), spherical=spherical)
    assert found.labels.tolist() == [0] * n and len(found.centroids) == 1
    assert found.inertia == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("different", [2, 5, 13])
@pytest.mark.parametrize("k", [5, 40])
@pytest.mark.parametrize("d", [3, 200])
@pytest.mark.parametrize("spherical", [False, True])
def test_there_are_no_more_clusters_than_different_rows(different: int, k: int, d: int, spherical: bool) -> None:
    rng = np.random.default_rng(different)
    of = np.append(np.arange(different), rng.integers(0, different, 400))
    points = rng.normal(size=(different, d)).astype(np.float32)[of]
    found = cpu(points, k, spherical=spherical)
    if k >= different:
        assert len(found.centroids) == different and alike(found.labels, of) == 1
    else:
        assert len(found.centroids) == k
    assert all(len(set(found.labels[of == one].tolist())) == 1 for one in range(different)), "copies are together"


@pytest.mark.parametrize("n", range(2, 11))
@pytest.mark.parametrize("spherical", [False, True])
def test_any_k_will_do_for_a_handful_with_copies_among_them(n: int, spherical: bool) -> None:
    rng = np.random.default_rng(n)
    points = rng.normal(size=(3, 5)).astype(np.float32)[rng.integers(0, 3, n)]
    different = len(np.unique(points, axis=0))
    for k in range(1, n + 1):
        assert len(cpu(points, k, spherical=spherical).centroids) == min(k, different)


# What cannot be


@pytest.mark.parametrize(
    ("points", "k", "says"),
    [
        (noise(3, 2), 4, r"K = 4 is more than the 3 images there are. Choose a K of at most 3\."),
        (noise(1, 2), 2, r"the 1 image there are?"),
        (noise(3, 2), 0, "K = 0 is not possible. Expected a whole number from 1 to 3"),
        (noise(3, 2), -1, "Expected a whole number"),
        (np.array([[0, np.nan], [1, 2]]), 1, r"1 of 2 rows .*NaN.*Leave these rows out"),
        (np.array([[0, np.inf], [1, -np.inf]]), 1, r"2 of 2 rows .*infinity"),
        (np.zeros((0, 4)), 1, r"Expected rows of numbers.*\(0, 4\)"),
        (np.zeros((4, 0)), 1, r"Expected rows of numbers.*\(4, 0\)"),
        (np.zeros(4), 1, r"Expected rows of numbers.*\(4,\)"),
        (np.zeros((2, 2, 2)), 1, "Expected rows of numbers"),
    ],
)
@pytest.mark.parametrize("spherical", [False, True])
def test_what_cannot_be_clustered_is_said_in_words(points: np.ndarray, k: int, says: str, spherical: bool) -> None:
    with pytest.raises(ClusteringError, match=says):
        cpu(points, k, spherical=spherical)


# Telling of it


@pytest.mark.parametrize(("n", "k"), [(1, 1), (60, 50), (500, 8)])
def test_steps_are_told_and_never_go_beyond_the_whole(n: int, k: int) -> None:
    told: list[tuple[int, int]] = []
    cpu(noise(n, 4), k, step=lambda done, total: told.append((done, total)))
    assert told == sorted(told) and len({total for _, total in told}) == 1
    assert all(0 < done <= total for done, total in told)


@pytest.mark.parametrize("after", [1, 5, 20])
def test_what_a_step_raises_ends_the_work(after: int) -> None:
    told: list[int] = []

    def step(done: int, total: int) -> None:
        told.append(done)
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cpu(noise(400, 4), 10, step=step)
    assert len(told) == after
