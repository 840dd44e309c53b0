"""Self-distilled heads: they find what is there, the same for the same seed, and can be stopped."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from imclust_core.clustering.distilled import distilled


def blobs(
    k: int = 5, each: int = 20, d: int = 16, spread: float = 0.05, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length one in k groups (k * each, d), and their groups, in random order."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(k), each))
    rows = np.eye(d)[truth] + spread * rng.normal(size=(len(truth), d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


@pytest.mark.parametrize("d", [16, 200])
def test_groups_on_the_sphere_are_found(d: int) -> None:
    points, truth = blobs(d=d, spread=0.02)
    found = distilled(points, 5)
    assert found.shape == (100,) and found.dtype == np.int64
    assert found.min() >= 0 and found.max() < 5
    assert adjusted_rand_score(truth, found) == 1


def test_length_does_not_count() -> None:
    points, truth = blobs()
    lengths = np.random.default_rng(0).choice([1e-20, 1, 1e30], size=(100, 1)).astype(np.float32)
    assert adjusted_rand_score(truth, distilled(points * lengths, 5)) == 1


def test_a_seed_gives_the_same_answer() -> None:
    points, _ = blobs(spread=1)
    before = torch.get_rng_state()
    np.testing.assert_array_equal(distilled(points, 7, seed=3), distilled(points, 7, seed=3))
    assert torch.equal(torch.get_rng_state(), before)
    assert set(distilled(points, 7, seed=4).tolist()) <= set(range(7))


def test_steps_stay_within_the_total() -> None:
    seen: list[tuple[int, int]] = []
    distilled(blobs()[0], 5, step=lambda done, total: seen.append((done, total)))
    assert len({total for _, total in seen}) == 1
    assert all(0 <= done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 100


@pytest.mark.parametrize("when", [0.0, 0.3, 0.6])
def test_what_step_raises_comes_through(when: float) -> None:
    def stop(done: int, total: int) -> None:
        if done >= when * total:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        distilled(blobs()[0], 5, step=stop)


@pytest.mark.parametrize(("n", "k"), [(5, 1), (1, 1), (2, 2), (3, 2), (4, 3)])
def test_few_rows(n: int, k: int) -> None:
    found = distilled(blobs()[0][:n], k)
    assert found.shape == (n,) and found.min() >= 0 and found.max() < k


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_rows_that_are_all_alike(value: float) -> None:
    found = distilled(np.full((30, 8), value, np.float32), 4)
    assert found.min() >= 0 and found.max() < 4


def test_the_order_of_rows_matters_little() -> None:
    points, truth = blobs(spread=0.2, each=30)
    order = np.random.default_rng(1).permutation(len(points))
    one, other = distilled(points, 5), distilled(points[order], 5)
    assert abs(adjusted_rand_score(truth, one) - adjusted_rand_score(truth[order], other)) < 0.1
