"""k-means: every row is with its nearest mean, no cluster is empty, and what cannot be clustered is said in words."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans as Theirs
from sklearn.metrics import adjusted_rand_score

import imclust_core.arrays.chunks as pieces_module
import imclust_core.arrays.rows as rows_module
from imclust_core.clustering.kmeans import KMeans, kmeans
from imclust_core.errors import ClusteringError
from tests.helpers.cases import case

cpu = partial(kmeans, device="cpu")


pytestmark = pytest.mark.filterwarnings("error")


def blobs(k: int, each: int = 40, d: int = 16, spread: float = 0.2, seed: int = 0) -> np.ndarray:
    """Rows around k centres: well apart with little spread, overlapping with much; each cluster has some more rows."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(k), each + np.arange(k))
    return (rng.normal(size=(k, d))[of] + spread * rng.normal(size=(len(of), d))).astype(np.float32)


def truth(k: int, each: int = 40) -> np.ndarray:
    return np.repeat(np.arange(k), each + np.arange(k))


def noise(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(n, d)).astype(np.float32)


SETS: dict[str, tuple[np.ndarray, int]] = {
    "apart": (blobs(8), 8),
    "overlapping, K too small": (blobs(12, spread=1.0), 7),
    "overlapping, K too large": (blobs(6, spread=1.0), 17),
    "uniform noise": (noise(400, 3), 12),
    "heavy tails": (np.random.default_rng(0).standard_t(2, size=(500, 6)).astype(np.float32), 9),
    "wide, reduced while searching": (blobs(10, each=20, d=300, spread=0.6), 10),
    "nearly as many clusters as rows": (noise(60, 4), 50),
}


def distances(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """All squared distances, one difference at a time, in double precision."""
    points, centroids = points.astype(np.float64), centroids.astype(np.float64)
    return np.stack([np.square(points - one).sum(axis=1) for one in centroids], axis=1)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(adjusted_rand_score(one, other))


def assert_sound(found: KMeans, points: np.ndarray, name: str = "") -> None:
    away = distances(points, found.centroids)
    own = away[np.arange(len(points)), found.labels]
    scale = float(np.square(points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)).sum(axis=1).mean())
    assert (own <= away.min(axis=1) + 1e-5 * scale + 1e-12).all(), f"every row is with its nearest centroid: {name}"
    assert found.inertia == pytest.approx(own.sum(), rel=1e-5, abs=1e-9 * scale * len(points)), name
    sizes = np.bincount(found.labels, minlength=len(found.centroids))
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all(), f"no cluster is empty, the largest is first: {name}"
    assert len(sizes) == len(found.centroids), name
    assert (found.labels.dtype, found.centroids.dtype) == (np.int32, np.float32), name


def test_every_row_is_with_its_nearest_centroid_nearly_the_mean_of_its_rows_the_same_for_the_same_seed() -> None:
    for name, (points, k) in SETS.items():
        found, again = cpu(points, k, seed=1), cpu(points.copy(), k, seed=1)
        assert_sound(found, points, name)
        assert len(found.centroids) == k, name
        assert found.labels.tobytes() == again.labels.tobytes(), name
        assert found.centroids.tobytes() == again.centroids.tobytes(), name
        assert (found.inertia, found.iterations) == (again.inertia, again.iterations), name
        means = np.stack([points[found.labels == one].mean(axis=0) for one in range(k)])
        spread = np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean())
        # rounds end when one of them makes the clusters tighter by 2e-5: what is left of the way is short
        assert np.linalg.norm(found.centroids - means, axis=1).max() < 0.1 * spread, name
        assert distances(points, means)[np.arange(len(points)), found.labels].sum() >= found.inertia * (1 - 1e-4), name


def test_clusters_are_as_tight_as_the_best_of_ten_starts_of_scikit_learn_in_any_order_of_the_rows() -> None:
    for name, (points, k) in SETS.items():
        theirs = Theirs(k, n_init=10, random_state=0).fit(points).inertia_
        first, *others = (cpu(points, k, seed=seed).inertia for seed in range(3))
        ours = sorted([first, *others])
        # where nothing lies apart there are many answers nearly as good, and either side may find a better one
        assert ours[1] <= 1.002 * theirs and ours[2] <= 1.02 * theirs, name
        shuffled = points[np.random.default_rng(0).permutation(len(points))]
        assert cpu(shuffled, k).inertia == pytest.approx(first, rel=0.02), name


def test_groups_that_lie_apart_are_found_whatever_the_seed() -> None:
    for k, seed in product((2, 5, 20), range(5)):
        assert alike(cpu(blobs(k, seed=7), k, seed=seed).labels, truth(k)) == 1, (k, seed)


def test_where_the_origin_is_and_how_large_the_numbers_are_does_not_matter() -> None:
    points = blobs(6)
    plain = cpu(points, 6)
    for offset in (1e4, -1e4):
        found = cpu(points + np.float32(offset), 6)
        assert alike(found.labels, plain.labels) == 1, offset
        assert found.centroids.mean() == pytest.approx(offset, rel=1e-3)
    for scale in (1e-8, 1e-4, 1e4, 1e8):
        found = cpu(points * np.float32(scale), 6)
        assert alike(found.labels, plain.labels) == 1, scale
        assert found.inertia == pytest.approx(plain.inertia * scale**2, rel=1e-3)


def test_spherical_clusters_go_by_angle_and_rows_without_one_do_no_harm() -> None:
    points = blobs(6)
    longer = points * np.random.default_rng(0).uniform(0.01, 100, size=(len(points), 1)).astype(np.float32)
    found, scaled = cpu(points, 6, spherical=True), cpu(longer, 6, spherical=True)
    assert alike(found.labels, scaled.labels) == alike(found.labels, truth(6)) == 1
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)
    assert_sound(scaled, longer / np.linalg.norm(longer, axis=1, keepdims=True))
    points = blobs(4)
    points[:3] = 0
    found = cpu(points, 4, spherical=True)
    assert np.isfinite(found.centroids).all() and alike(found.labels[3:], truth(4)[3:]) == 1
    assert cpu(np.zeros((5, 3), np.float32), 2, spherical=True).labels.tolist() == [0] * 5
    for name, (given, k) in SETS.items():
        unit = (given - np.float32(0.5)) / np.linalg.norm(given - np.float32(0.5), axis=1, keepdims=True)
        found = cpu(given - np.float32(0.5), k, spherical=True)
        assert_sound(found, unit, name)
        cosines = unit @ found.centroids.T
        assert (cosines[np.arange(len(unit)), found.labels] >= cosines.max(axis=1) - 1e-5).all(), name


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "float16": lambda points: points.astype(np.float16),
    "float64": lambda points: points.astype(np.float64),
    "by columns": np.asfortranarray,
    "every other column": lambda points: np.repeat(points, 2, axis=1)[:, ::2],
    "turned twice": lambda points: points[::-1][::-1],
    "whole numbers": lambda points: np.round(points * 100).astype(np.int32),
}


def test_any_array_will_do_and_is_not_changed(tmp_path: Path) -> None:
    for (name, shaped), frozen, spherical in product(SHAPES.items(), (False, True), (False, True)):
        points = shaped(blobs(4))
        points.flags.writeable = not frozen
        before = points.copy()
        assert alike(cpu(points, 4, spherical=spherical).labels, truth(4)) == 1, (name, frozen, spherical)
        assert (points == before).all(), (name, frozen, spherical)
    np.save(tmp_path / "points.npy", blobs(4))
    mapped = np.load(tmp_path / "points.npy", mmap_mode="r")
    assert alike(cpu(mapped, 4).labels, truth(4)) == 1, "a map of a file that may only be read"


def test_many_rows_go_through_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    points = blobs(9, each=300, spread=0.8)
    whole = {spherical: cpu(points, 9, spherical=spherical) for spherical in (False, True)}
    monkeypatch.setattr(pieces_module, "_PIECE", 1)  # pieces have 256 rows at least
    assert len(points) > 5 * 256
    for kept, spherical in product((0, 512 * 2**20), whole):
        monkeypatch.setattr(rows_module, "_KEPT_BYTES", kept)
        found = cpu(points, 9, spherical=spherical)
        assert alike(found.labels, whole[spherical].labels) > 0.999, (kept, spherical)
        assert found.inertia == pytest.approx(whole[spherical].inertia, rel=1e-5), (kept, spherical)


def test_a_sample_is_searched_and_all_rows_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imclust_core.clustering.kmeans._LEAST_SAMPLE", 200)
    monkeypatch.setattr("imclust_core.clustering.kmeans._SAMPLE", 20)
    points = blobs(8, each=150)
    found = cpu(points, 8)
    assert_sound(found, points)
    assert alike(found.labels, truth(8, each=150)) == 1


def test_as_many_clusters_as_rows_are_single_rows_and_one_is_the_mean_of_all() -> None:
    for n, spherical in product((1, 2, 3, 7), (False, True)):
        found = cpu(noise(n, 5), n, spherical=spherical)
        assert sorted(found.labels.tolist()) == list(range(n)), (n, spherical)
        assert found.inertia == pytest.approx(0, abs=1e-9), (n, spherical)
    points = noise(50, 4)
    found = cpu(points, 1)
    assert set(found.labels.tolist()) == {0}
    np.testing.assert_allclose(found.centroids[0], points.mean(axis=0), rtol=1e-5)
    assert found.inertia == pytest.approx(50 * points.var(axis=0).sum(), rel=1e-4)


def test_there_are_no_more_clusters_than_different_rows() -> None:
    for n, value, spherical in product((1, 2, 9, 333), (0.0, 1.0, 0.1, 1e6), (False, True)):
        found = cpu(np.full((n, 33), value, np.float32), min(n, 5), spherical=spherical)
        assert found.labels.tolist() == [0] * n and len(found.centroids) == 1, (n, value, spherical)
        assert found.inertia == pytest.approx(0, abs=1e-5), (n, value, spherical)
    for different, k, d, spherical in product((2, 5, 13), (5, 40), (3, 200), (False, True)):
        rng = np.random.default_rng(different)
        of = np.append(np.arange(different), rng.integers(0, different, 400))
        points = rng.normal(size=(different, d)).astype(np.float32)[of]
        found = cpu(points, k, spherical=spherical)
        assert len(found.centroids) == min(k, different), (different, k, d, spherical)
        assert k < different or alike(found.labels, of) == 1, (different, k, d, spherical)
        for one in range(different):
            together = len(set(found.labels[of == one].tolist())) == 1
            assert together, ("copies are together", different, k, d, spherical)
    for n, spherical in product(range(2, 11), (False, True)):
        rng = np.random.default_rng(n)
        points = rng.normal(size=(3, 5)).astype(np.float32)[rng.integers(0, 3, n)]
        different = len(np.unique(points, axis=0))
        sizes = [len(cpu(points, k, spherical=spherical).centroids) for k in range(1, n + 1)]
        assert sizes == [min(k, different) for k in range(1, n + 1)], (n, spherical)


# What cannot be

IMPOSSIBLE = [
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
]


def test_what_cannot_be_clustered_is_said_in_words() -> None:
    for (points, k, says), spherical in product(IMPOSSIBLE, (False, True)):
        with case(points.tolist(), k, spherical), pytest.raises(ClusteringError, match=says):
            cpu(points, k, spherical=spherical)


def test_steps_are_told_up_to_the_whole_and_what_one_raises_ends_the_work() -> None:
    for n, k in ((1, 1), (60, 50), (500, 8)):
        told: list[tuple[int, int]] = []
        cpu(noise(n, 4), k, step=lambda *step, told=told: told.append(step))
        assert told == sorted(told) and len({total for _, total in told}) == 1, (n, k)
        assert all(0 < done <= total for done, total in told), (n, k)
    for after in (1, 5, 20):
        steps = iter(range(1, after))  # one step too few

        def step(*_: int, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cpu(noise(400, 4), 10, step=step)
