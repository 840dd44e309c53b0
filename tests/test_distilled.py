"""Self-distilled heads: they find what is there, the same for the same seed, and can be stopped."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from imclust_core.clustering.distilled import distilled
from tests.helpers.cases import case


def blobs(
    k: int = 5, each: int = 20, d: int = 16, spread: float = 0.05, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length one in k groups (k * each, d), and their groups, in random order."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(k), each))
    rows = np.eye(d)[truth] + spread * rng.normal(size=(len(truth), d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """The nets are so small that threads would spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_groups_on_the_sphere_are_found_and_length_does_not_count() -> None:
    lengths = np.random.default_rng(0).choice([1e-20, 1, 1e30], size=(100, 1)).astype(np.float32)
    for d, length in ((16, lengths), (200, 1)):
        points, truth = blobs(d=d, spread=0.02)
        found = distilled(points * length, 5)
        assert (found.shape, found.dtype) == ((100,), np.int64) and found.min() >= 0 and found.max() < 5, d
        assert adjusted_rand_score(truth, found) == 1, d


def test_a_seed_gives_the_same_answer_and_steps_stay_within_the_total() -> None:
    points, _ = blobs(spread=1)
    before = torch.get_rng_state()
    seen: list[tuple[int, int]] = []
    found = distilled(points, 7, seed=3, step=lambda *step: seen.append(step))
    np.testing.assert_array_equal(distilled(points, 7, seed=3), found)
    assert torch.equal(torch.get_rng_state(), before)
    assert set(distilled(points, 7, seed=4).tolist()) <= set(range(7))
    assert len({total for _, total in seen}) == 1 and len(seen) > 100
    assert all(0 <= done <= total for done, total in seen)
    assert seen == sorted(seen)


def test_what_step_raises_comes_through() -> None:
    for when in (0.0, 0.3, 0.6):

        def stop(done: int, total: int, when: float = when) -> None:
            if done >= when * total:
                raise InterruptedError

        with case(when), pytest.raises(InterruptedError):
            distilled(blobs()[0], 5, step=stop)


def test_few_rows_and_rows_that_are_all_alike_are_no_trouble() -> None:
    alike = [(np.full((30, 8), value, np.float32), 4) for value in (0.0, 0.3)]
    few = [(blobs()[0][:n], k) for n, k in ((5, 1), (1, 1), (2, 2), (3, 2), (4, 3))]
    for points, k in few + alike:
        found = distilled(points, k)
        assert found.shape == (len(points),) and found.min() >= 0 and found.max() < k, (len(points), k)


def test_the_order_of_rows_matters_little() -> None:
    points, truth = blobs(spread=0.2, each=30)
    order = np.random.default_rng(1).permutation(len(points))
    one, other = distilled(points, 5), distilled(points[order], 5)
    assert abs(adjusted_rand_score(truth, one) - adjusted_rand_score(truth[order], other)) < 0.1
