"""Two clusterings side by side: every image is counted once, and names and numbers go where the images went."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from imclust_core.clustering.matching import (
    ari,
    carry,
    compare,
    contingency,
    filled,
    flows,
    matched,
    nmi,
    passed_on,
    sentences,
    switched,
)
from imclust_core.errors import ClusteringError
from tests.helpers.cases import case


def some_pair(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Two clusterings that have something to do with each other, with images and clusters left out here and there."""
    rng = np.random.default_rng(seed)
    ka, kb = rng.integers(1, 9, 2).tolist()
    a = rng.integers(-1, ka, n)
    b = np.where(rng.random(n) < 0.6, a % kb, rng.integers(-1, kb, n))
    return a, b, ka + int(rng.integers(0, 3)), kb + int(rng.integers(0, 3))


PAIRS = [some_pair(seed) for seed in range(8)]

NOTHING = np.zeros(0, np.int64)


def numbers_for(old: np.ndarray, new: np.ndarray, old_numbers: np.ndarray, k_new: int) -> np.ndarray:
    """The numbers of new clusters, those of old ones first, as a job gives them."""
    known = passed_on(np.zeros(k_new, np.int64), old, new, old_numbers)
    return filled(known, np.bincount(new[new >= 0], minlength=k_new))


pytestmark = pytest.mark.filterwarnings("error")


def blocks(*parts: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Two clusterings from (label in a, label in b, how many images)."""
    a, b, images = np.array(parts).T
    return np.repeat(a, images), np.repeat(b, images)


def renumbered(labels: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return np.where(labels >= 0, numbers[labels], -1)


def told(a: np.ndarray, b: np.ndarray, ka: int, kb: int) -> list[str]:
    """What is said when the clusters of a are called A, B, C... and those of b 0, 1, 2..."""
    names = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at % 26] for at in range(ka)]
    return sentences(compare(a, b, ka, kb), names, [str(at) for at in range(kb)])


# Counting


def test_a_table_counts_every_image_once_and_nmi_and_ari_of_it_are_scikit_learns_also_for_a_million() -> None:
    for seed, (a, b, ka, kb) in enumerate(PAIRS):
        table, found = contingency(a, b, ka, kb), compare(a, b, ka, kb)
        with case(seed):
            assert table.shape == (ka + 1, kb + 1) and table.dtype == np.int64
            assert all(
                table[x, y] == ((a == one) & (b == other)).sum()
                for (x, one), (y, other) in product(enumerate([*range(ka), -1]), enumerate([*range(kb), -1]))
            )
            assert found.nmi == pytest.approx(normalized_mutual_info_score(a, b), abs=1e-9)
            assert found.ari == pytest.approx(adjusted_rand_score(a, b), abs=1e-9)
    table = np.array([[400_000, 100_000, 0], [50_000, 450_000, 0], [0, 0, 0]])
    small = compare(*blocks((0, 0, 4_000), (0, 1, 1_000), (1, 0, 500), (1, 1, 4_500)), 2, 2)
    assert ari(table) == pytest.approx(small.ari, abs=1e-3) and nmi(table) == pytest.approx(small.nmi)


def test_any_whole_numbers_will_do_for_labels() -> None:
    for dtype in (np.int8, np.uint8, np.int32):
        a: np.ndarray = np.arange(128).astype(dtype)
        b: np.ndarray = (np.arange(128) // 10).astype(dtype)
        assert contingency(a, b, 128, 300)[:128, :13].sum() == 128, dtype
        assert compare(a, a, 128, 300).agreement == 1, dtype
        assert len(switched(compare(a, b, 128, 300), a, b)) == 128 - 13, dtype
        assert len(carry(a, b, 128, 300)[0]) == 13, dtype
        assert numbers_for(b, a, np.arange(1, 14), 300).max() == 300, dtype


# Comparing


def test_numbering_clusters_anew_changes_nothing_but_the_numbers_and_pairs_follow() -> None:
    for seed, (a, b, ka, kb) in enumerate(PAIRS):
        rng = np.random.default_rng(seed)
        to_a, to_b = rng.permutation(ka), rng.permutation(kb)
        one, other = compare(a, b, ka, kb), compare(renumbered(a, to_a), renumbered(b, to_b), ka, kb)
        assert (other.nmi, other.ari, other.agreement) == pytest.approx((one.nmi, one.ari, one.agreement)), seed
        a = np.repeat(np.arange(6), [100, 81, 64, 49, 36, 25])
        b = np.where(rng.random(len(a)) < 0.8, a, rng.integers(-1, 6, len(a)))  # no two ways of pairing are as good
        to_a, to_b = rng.permutation(6), rng.permutation(6)
        one, other = compare(a, b, 6, 6), compare(renumbered(a, to_a), renumbered(b, to_b), 6, 6)
        assert (other.same == one.same).all(), seed
        assert (other.partner[to_a] == to_b[one.partner]).all() and (other.jaccard[to_a] == one.jaccard).all(), seed


def test_what_is_the_same_lies_in_the_pairs_or_outside_on_both_sides_and_the_rest_switched_by_flow() -> None:
    for seed, (a, b, ka, kb) in enumerate(PAIRS):
        found, itself = compare(a, b, ka, kb), compare(a, a, ka, ka)
        used, order = np.isin(np.arange(ka), a), switched(found, a, b)
        with case(seed):
            assert itself.same.all() and itself.agreement == itself.ari == 1 and itself.nmi == pytest.approx(1)
            assert (itself.partner == np.where(used, np.arange(ka), -1)).all() and (itself.jaccard == used).all()
            pairs = {*enumerate(found.partner.tolist())}
            same = [(x == y == -1) or (y >= 0 and (x, y) in pairs) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
            assert found.same.tolist() == same and found.agreement == pytest.approx(np.mean(same))
            partners = found.partner[found.partner >= 0].tolist()
            assert len(partners) == len(set(partners))
            for one, partner in pairs:
                either, both = ((a == one) | (b == partner)).sum(), ((a == one) & (b == partner)).sum()
                assert found.jaccard[one] == pytest.approx(both / either if partner >= 0 else 0)
            assert sorted(order.tolist()) == np.flatnonzero(~found.same).tolist()
            moves = list(zip(a[order].tolist(), b[order].tolist(), strict=True))
            sizes = [found.table[move] for move in moves]
            assert sizes == sorted(sizes, reverse=True), "the largest flow first"
            assert sum(one != other for one, other in pairwise(moves)) == len(set(moves)) - 1, "none is torn apart"


def test_a_cluster_without_a_partner_does_not_agree_with_having_no_cluster() -> None:
    found = compare(*blocks((0, 0, 5), (1, -1, 3), (-1, -1, 2)), 2, 1)
    assert found.partner.tolist() == [0, -1]
    assert found.same.tolist() == [True] * 5 + [False] * 3 + [True] * 2
    assert matched(np.array([[3, 0], [2, 0]])).tolist() == [0, -1], "those that share no image are never a pair"
    with pytest.raises(AttributeError):
        found.nmi = 0.0  # type: ignore[misc]


# Flows


def test_flows_are_the_largest_and_with_the_rest_they_are_all_images() -> None:
    for (seed, (a, b, ka, kb)), most in product(enumerate(PAIRS), (0, 3, 1_000)):
        found, rest = flows(contingency(a, b, ka, kb), most)
        counts = [images for _, _, images in found]
        with case(seed, most):
            assert counts == sorted(counts, reverse=True) and all(counts) and len(found) <= most
            assert sum(counts) + rest == len(a) and (most < 1_000 or rest == 0)
            assert all(((a == x) & (b == y)).sum() == images for x, y, images in found)


# Names that are carried on


def test_every_old_cluster_is_carried_on_or_lost_and_no_new_one_takes_two_names() -> None:
    for seed, (old, new, k_old, k_new) in enumerate(PAIRS):
        carried, lost = carry(old, new, k_old, k_new)
        assert sorted([one.old for one in carried] + [one.old for one in lost]) == list(range(k_old)), seed
        assert [one.new for one in carried] == sorted({one.new for one in carried}), seed
        for one in carried:
            assert one.images == ((old == one.old) & (new == one.new)).sum() > 0, seed
            assert one.share_of_new == pytest.approx(one.images / (new == one.new).sum()), seed
            assert one.share_of_old == pytest.approx(one.images / (old == one.old).sum()), seed
            assert one.doubtful == (one.share_of_new < 0.5), seed
        for gone in lost:
            assert gone.images == sum(images for _, images in gone.went_to) == (old == gone.old).sum(), seed
            assert all(images == ((old == gone.old) & (new == to)).sum() > 0 for to, images in gone.went_to), seed


def test_when_a_cluster_splits_its_name_goes_to_the_larger_part_and_of_several_that_merge_the_largest_stays() -> None:
    (one, other), lost = carry(*blocks((0, 0, 30), (0, 2, 70), (1, 1, 50)), 2, 3)
    assert (one.old, one.new) == (1, 1)
    assert (other.old, other.new, other.images, other.share_of_new, other.share_of_old) == (0, 2, 70, 1, 0.7)
    assert not lost
    (one,), (gone,) = carry(*blocks((0, 0, 30), (0, -1, 5), (1, 0, 70)), 2, 1)
    assert (one.old, one.images, one.share_of_new, one.doubtful) == (1, 70, 0.7, False)
    assert (gone.old, gone.images, gone.went_to) == (0, 35, ((0, 30), (-1, 5)))
    (one,), (gone,) = carry(*blocks((1, 0, 10), (0, 0, 10)), 2, 1)
    assert (one.old, gone.old) == (0, 1), "the lower number, where overlaps are alike"
    (one,), _ = carry(*blocks((0, 1, 10), (0, 0, 10)), 1, 2)
    assert one.new == 0
    carried, (gone, empty) = carry(*blocks((0, -1, 4)), 2, 3)
    assert not carried and gone.went_to == ((-1, 4),), "its images have no cluster any more"
    assert (empty.images, empty.went_to) == (0, ())
    for had in (40, 50):
        (one,), _ = carry(*blocks((0, 0, had), (-1, 0, 100 - had)), 1, 1)
        assert one.doubtful == (had < 50) and one.share_of_old == 1, "most of the new cluster never had the name"


# Numbers


def test_numbers_are_distinct_from_one_and_stay_where_nothing_changes() -> None:
    for seed, (old, new, k_old, k_new) in enumerate(PAIRS):
        rng = np.random.default_rng(seed)
        before = rng.permutation(np.arange(1, 40))[:k_old]
        after = numbers_for(old, new, before, k_new)
        assert after.shape == (k_new,) and after.min() >= 1 and len(set(after.tolist())) == k_new, seed
        for one in carry(old, new, k_old, k_new)[0]:
            assert after[one.new] == before[one.old], seed
        shuffled = rng.permutation(k_new)
        again = numbers_for(new, renumbered(new, shuffled), after, k_new)
        used = np.unique(new[new >= 0])
        assert (again[shuffled[used]] == after[used]).all(), seed
    for numbers in ([1, 1], [0, 1], [-3, 2]):
        with case(numbers), pytest.raises(ClusteringError, match="number of its own"):
            numbers_for(np.array([0, 1]), np.array([0, 1]), np.array(numbers), 2)


def test_new_clusters_get_the_lowest_free_numbers_the_larger_ones_first() -> None:
    old, new = blocks((0, 0, 50), (1, 1, 50), (1, 2, 10), (1, 3, 20), (1, 4, 10))
    assert numbers_for(old, new, np.array([2, 4]), 6).tolist() == [2, 4, 3, 1, 5, 6]
    first = np.repeat([0, 1, 2, -1], [5, 9, 7, 20])
    assert numbers_for(np.full(41, -1), first, NOTHING, 3).tolist() == [3, 1, 2]


# Sentences


SAID: list[tuple[list[tuple[int, int, int]], str]] = [
    (
        [(0, 0, 61), (0, 1, 35), (0, 2, 4), (1, 2, 20), (2, 2, 30), (3, 3, 9), (3, -1, 1)],
        "1 of 4 clusters is the same. 'A' split in two: 61 % to '0', 35 % to '1'. 'C' and 'B' merged into '2'.",
    ),
    (
        [(0, 0, 25), (0, 1, 45), (0, 2, 30)],
        "The only cluster is not the same. 'A' split in three: 45 % to '1', 30 % to '2', 25 % to '0'.",
    ),
    ([(at, 0, 10) for at in range(3)], "None of 3 clusters is the same. 'A', 'B' and 'C' merged into '0'."),
    ([(at, 0, 10) for at in range(4)], "None of 4 clusters is the same. 'A', 'B', 'C' and 'D' merged into '0'."),
    (
        [(at, 0, 30 - at) for at in range(20)],
        "None of 20 clusters is the same. 'A', 'B', 'C' and 17 others merged into '0'.",
    ),
    (
        [(0, 0, 80), (0, 1, 20), (1, 0, 1)],
        "None of 2 clusters is the same. 'A' split in two: 80 % to '0', 20 % to '1'.",
    ),
    ([(0, 0, 80), (0, 1, 20), (2, 2, 100), (3, 2, 2)], "2 of 3 clusters are the same."),
    ([(0, 0, 5)], "The only cluster is the same."),
    ([(0, -1, 5)], "The only cluster is not the same."),
    ([(0, 0, 5), (2, 1, 5)], "All 2 clusters are the same."),
    ([(0, 0, 5), (1, 1, 5), (2, -1, 5)], "2 of 3 clusters are the same."),
    ([(-1, 0, 5)], "There are no clusters to compare."),
]


def test_what_stayed_split_and_merged_is_said_in_plain_words_of_a_dozen_changes_the_largest() -> None:
    for parts, said in SAID:
        assert " ".join(told(*blocks(*parts), 20, 24)) == said, "clusters without images count nothing"
    found = told(*blocks(*((one, 2 * one + half, 10 + one) for one in range(12) for half in (0, 1))), 12, 24)
    assert [one[:3] for one in found] == ["Non", "'L'", "'K'", "'J'", "'I'", "'H'"]
    with pytest.raises(ClusteringError, match="2 and 1 names for 1 and 1 clusters"):
        sentences(compare(np.array([0]), np.array([0]), 1, 1), ["A", "B"], ["C"])


# What can go wrong


def test_odd_clusterings_give_plain_numbers() -> None:
    unassigned, together = np.full(6, -1), np.zeros(6, int)
    odd = [(NOTHING, 0), (NOTHING, 4), (unassigned, 0), (unassigned, 3), (together, 1), (np.arange(6), 9)]
    for a, ka in odd:
        for b, kb in ((a, ka), (np.full(len(a), -1), 0), (np.zeros(len(a), int), 1)):
            found = compare(a, b, ka, kb)
            with case(a, ka, b, kb):
                assert all(0 <= value <= 1 for value in (found.nmi, found.ari, found.agreement))
                assert np.isfinite(found.jaccard).all()
                assert len(sentences(found, ["x"] * ka, ["y"] * kb)) >= 1
                assert len(carry(a, b, ka, kb)[0]) <= min(ka, kb)
                assert sorted(numbers_for(a, b, np.arange(1, ka + 1), kb)) == list(range(1, kb + 1))
                assert len(switched(found, a, b)) == (~found.same).sum()
                assert flows(found.table, 99)[1] == 0


def test_labels_that_cannot_be_right_are_refused_with_what_to_do() -> None:
    wrong: list[tuple[list[Any], int]] = [([0, 3], 3), ([0, -2], 3), ([0], 3), ([0.0, 1.0], 3), ([[0, 1]], 3)]
    for labels, k in [*wrong, ([-1, -1], -1)]:
        a, good = np.array(labels), np.array([0, 1])
        for pair, verb in product(((a, good, k, 2), (good, a, 2, k)), (contingency, compare, carry)):
            with case(pair, verb), pytest.raises(ClusteringError, match=r"Give|Number"):
                verb(*pair)
