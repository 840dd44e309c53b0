"""Figures of a clustering: those of scikit-learn where it has them, and plain answers where there is nothing to say."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score

import imclust_core.arrays.chunks as pieces_module
from imclust_core.clustering.scores import Measured, Placed, measure, place
from imclust_core.clustering.stability import stability
from imclust_core.errors import Cancelled
from tests.helpers.cases import case

SEEDS = range(4)


pytestmark = pytest.mark.filterwarnings("error")


def unit(features: np.ndarray) -> np.ndarray:
    found: np.ndarray = features.astype(np.float64)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def some(seed: int, n: int = 240, k: int = 5, unassigned: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Features of any length, and a clustering that has something to do with them."""
    rng = np.random.default_rng(seed)
    labels = np.append(np.arange(k), rng.integers(0, k, n - k))
    features = (rng.normal(size=(k, 12))[labels] + rng.normal(size=(n, 12))) * rng.uniform(0.1, 20, (n, 1))
    labels[k:][rng.random(n - k) < unassigned] = -1
    return features.astype(np.float32), labels.astype(np.int32)


def both(features: np.ndarray, labels: np.ndarray, k: int) -> tuple[Placed, Measured]:
    placed = place(features, labels, k)
    return placed, measure(features, labels, placed)


# As others have them


def test_figures_are_those_of_scikit_learn_on_features_of_length_one_of_the_images_in_a_cluster() -> None:
    for seed, (k, unassigned) in product(SEEDS, ((2, 0), (5, 0), (30, 0), (5, 0.4))):
        features, labels = some(seed, k=k, unassigned=unassigned)
        placed, found = both(features, labels, k)
        used = labels >= 0
        rows, own = unit(features[used]), labels[used]
        with case(seed, k, unassigned):
            assert used.all() == (not unassigned) and used.sum() > 50
            assert found.silhouette == pytest.approx(silhouette_score(rows, own), abs=1e-4)
            assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(rows, own), rel=1e-3)
            assert found.davies_bouldin == pytest.approx(davies_bouldin_score(rows, own), rel=1e-3)
            each = silhouette_samples(rows, own)
            np.testing.assert_allclose(found.silhouettes, [each[own == one].mean() for one in range(k)], atol=1e-4)
            cosines = np.einsum("ij,ij->i", rows, unit(placed.centroids)[own])
            np.testing.assert_allclose(found.cohesion, [cosines[own == one].mean() for one in range(k)], atol=1e-5)
            assert found.sizes.tolist() == np.bincount(own).tolist()
            assert found.inertia == pytest.approx(both(features[used], own, k)[1].inertia, rel=1e-5)


def test_where_images_lie_is_what_every_distance_says() -> None:
    for seed, unassigned in product(SEEDS, (0.0, 0.3)):
        features, labels = some(seed, unassigned=unassigned)
        placed, found = both(features, labels, 5)
        rows, at = unit(features), np.arange(len(features))
        centroids = np.stack([rows[labels == one].mean(axis=0) for one in range(5)])
        away = np.linalg.norm(rows[:, None] - centroids, axis=2)
        mine = np.where(labels >= 0, labels, away.argmin(axis=1))
        with case(seed, unassigned):
            np.testing.assert_allclose(placed.centroids, centroids, atol=1e-5)
            np.testing.assert_allclose(placed.own, away[at, mine], atol=1e-4)
            assert found.inertia == pytest.approx(np.square(away[at, mine][labels >= 0]).sum(), rel=1e-4)
            away[at, mine] = np.inf
            np.testing.assert_allclose(placed.second, away.min(axis=1), atol=1e-4)
            np.testing.assert_allclose(away[at, placed.other], away.min(axis=1), atol=1e-4)
            assert (placed.other != mine).all()


def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = [some(0, n=1500, unassigned=unassigned) for unassigned in (0.0, 0.3)]
    whole = [both(*one, 5) for one in sets]
    monkeypatch.setattr(pieces_module, "_PIECE", 1)  # pieces have 256 rows at least
    for one, (placed, found) in zip(sets, whole, strict=True):
        again, measured = both(*one, 5)
        for name in ("centroids", "own", "second"):
            np.testing.assert_allclose(getattr(again, name), getattr(placed, name), atol=1e-5)
        assert (again.other == placed.other).mean() > 0.999
        assert measured.inertia == pytest.approx(found.inertia, rel=1e-5)


def test_lengths_the_kind_of_number_and_clusters_without_images_do_not_count() -> None:
    features, labels = some(1)
    _, found = both(features, labels, 5)
    for other in (features * 7, features.astype(np.float64), features.astype(np.float16), features[:, ::-1]):
        _, again = both(other, labels, 5)
        assert again.silhouette == pytest.approx(found.silhouette, abs=2e-3)
        assert again.inertia == pytest.approx(found.inertia, rel=2e-3)
    _, wider = both(features, labels, 7)
    assert wider.sizes[5:].tolist() == [0, 0] and wider.cohesion[5:].tolist() == [0, 0]
    for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
        assert getattr(wider, name) == pytest.approx(getattr(found, name), rel=1e-6), name


def test_of_many_images_a_sample_says_what_the_silhouette_is(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = some(2, n=1200)
    placed = place(features, labels, 5)
    whole = measure(features, labels, placed)
    monkeypatch.setattr("imclust_core.clustering.scores._SAMPLE", 400)
    one, again = measure(features, labels, placed, seed=1), measure(features, labels, placed, seed=1)
    assert one.silhouette == again.silhouette == pytest.approx(whole.silhouette, abs=0.03)
    assert one.silhouette != whole.silhouette
    assert (one.inertia, one.davies_bouldin) == (whole.inertia, whole.davies_bouldin)


# Where there is nothing to say


def test_where_figures_would_mean_nothing_there_are_none() -> None:
    for labels in ([], [-1], [-1, -1, -1, -1], [0], [0, 0, 0, 0], [0, -1, 0, -1], [0, 1, 2, 3], [0, 1, -1, -1]):
        features = np.random.default_rng(0).normal(size=(len(labels), 6)).astype(np.float32)
        k = max(labels, default=-1) + 1
        placed, found = both(features, np.array(labels, np.int32), k)
        with case(labels):
            assert (found.silhouette, found.calinski_harabasz, found.davies_bouldin) == (None, None, None)
            assert found.sizes.tolist() == [labels.count(one) for one in range(k)]
            assert placed.centroids.shape == (k, 6) and found.silhouettes.tolist() == [0] * k
            assert np.isfinite(found.inertia) and np.isfinite(found.cohesion).all()
            assert np.isinf(placed.second).all() == (k < 2)
            assert not labels or (placed.other == -1).all() == (k < 2)


def test_groups_of_copies_are_as_tight_as_can_be_and_those_at_one_place_overlap_without_bound() -> None:
    features = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 2, 2]]
    _, found = both(features, np.array([0, 0, 1, 1, 2, 2]), 3)
    assert found.silhouette == pytest.approx(1, abs=1e-3) and found.davies_bouldin == pytest.approx(0, abs=1e-3)
    assert found.inertia == pytest.approx(0, abs=1e-5) and found.cohesion == pytest.approx(np.ones(3), abs=1e-5)
    features = np.tile(np.eye(3, dtype=np.float32), (4, 1))
    _, found = both(features, np.repeat([0, 1], 6), 2)
    assert found.davies_bouldin is None and found.silhouette is not None and found.silhouette <= 0
    features, labels = some(4)
    features[:20] = 0
    placed, found = both(features, labels, 5)
    assert np.isfinite(placed.own).all() and found.silhouette is not None and np.isfinite(found.silhouette)


# How far clusters come back


def again(labels: np.ndarray, k: int) -> np.ndarray:
    """How stable clusters are that every sample finds as they were."""
    return stability(labels, k, lambda chosen, _: labels[chosen], repeats=3)


def test_clusters_that_come_back_whole_are_perfectly_stable_and_too_few_images_have_no_figure() -> None:
    labels = np.repeat([0, 1, 2, -1], 40)
    turned = stability(labels, 3, lambda chosen, _: np.append((np.arange(3) + 1) % 3, -1)[labels[chosen]], repeats=3)
    assert turned.tolist() == [1] * 3, "what they are called there does not matter"
    nothing = stability(labels, 3, lambda chosen, _: np.full(len(chosen), -1), repeats=3)
    assert nothing.tolist() == [0] * 3, "unassigned images are in no cluster on either side"
    unmet = again(labels, 5)
    assert unmet[:3].tolist() == [1, 1, 1] and np.isnan(unmet[3:]).all(), "what no sample met has no figure"
    assert np.isnan(stability(np.full(50, -1), 0, lambda chosen, _: labels[chosen], repeats=3)).all()
    for n, k in ((0, 0), (1, 1), (12, 2), (20, 16), (40, 40)):
        found = again(np.arange(n) % max(k, 1), k)
        assert found.shape == (k,) and np.isnan(found).all(), (n, k)


def test_clusters_drawn_by_lot_do_not_come_back_and_those_beside_them_may() -> None:
    labels = np.repeat(np.arange(3), 100)
    for first in (0, 1):  # from this one on they are drawn

        def lots(chosen: np.ndarray, seed: int, first: int = first) -> np.ndarray:
            drawn = np.random.default_rng(seed).integers(first, 3, len(chosen))
            return np.where(labels[chosen] < first, labels[chosen], drawn)

        found = stability(labels, 3, lots, repeats=6)
        assert (found[:first] == 1).all() and (found[first:] < 0.5).all() and (found > 0).all(), first


def test_it_is_run_as_often_as_asked_on_samples_with_seeds_of_their_own_until_a_step_raises() -> None:
    labels = np.repeat(np.arange(2), 50)
    for repeats in (0, 1, 4):
        asked: list[tuple[tuple[int, ...], int]] = []
        told: list[tuple[int, int]] = []

        def keep(chosen: np.ndarray, seed: int, asked: list[tuple[tuple[int, ...], int]] = asked) -> np.ndarray:
            asked.append((tuple(chosen.tolist()), seed))
            return labels[chosen]

        found = stability(labels, 2, keep, repeats=repeats, step=lambda *step, told=told: told.append(step))  # type: ignore[misc]
        assert len(asked) == len({seed for _, seed in asked}) == len({chosen for chosen, _ in asked}) == repeats
        assert all(len(set(chosen)) == 80 and list(chosen) == sorted(chosen) for chosen, _ in asked), repeats
        assert told == [(done, repeats) for done in range(repeats)]
        assert np.isnan(found).all() == (repeats == 0)

    def stop(done: int, _total: int) -> None:
        if done:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        stability(labels, 2, lambda chosen, _: labels[chosen], repeats=3, step=stop)
