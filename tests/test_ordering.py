"""In whatever order the images of a group are looked at, it is all of them, each once."""

import dataclasses

import numpy as np

from imclust_core.annotation.ordering import ORDERS, Said, ordered
from imclust_core.store.clusterings import ClusterContent
from tests.helpers.cases import case

SEEDS = range(20)
NOTHING = np.zeros(0, np.int64)


def content_of(own: np.ndarray, second: np.ndarray) -> ClusterContent:
    n = len(own)
    return ClusterContent(np.arange(n) + 100, np.zeros(n, int), own, second, np.full(n, -1), np.ones((1, 2)))


def some(seed: int) -> tuple[np.ndarray, ClusterContent, Said]:
    """The places of some of sixty images, their distances, many of them alike, and what a network says of them."""
    rng = np.random.default_rng(seed)
    own, labels = rng.integers(0, 9, 60) / 8, rng.integers(-1, 5, (60, 5))
    rows = np.flatnonzero(rng.random(60) < 0.7)
    return rows, content_of(own, own + rng.integers(0, 4, 60) / 8), Said(labels, rng.integers(0, 6, (60, 5)) / 8)


def test_each_order_has_all_of_the_images_each_once() -> None:
    for how in ORDERS:
        for seed in SEEDS:
            with case(how, seed):
                rows, content, said = some(seed)
                for known in (said, None):
                    found = ordered(how, rows, content, known, seed)
                    assert sorted(found.tolist()) == rows.tolist()
                    assert ordered(how, rows, content, known, seed).tolist() == found.tolist(), "and the same again"


def test_an_empty_group_is_in_order_and_so_is_a_single_image() -> None:
    for how in ORDERS:
        for known in [True, False]:
            with case(how, known):
                _, content, said = some(0)
                assert ordered(how, NOTHING, content, said if known else None).tolist() == []
                assert ordered(how, np.array([7]), content, said if known else None).tolist() == [7]
                empty, none = content_of(np.zeros(0), np.zeros(0)), Said(np.zeros((0, 5), int), np.zeros((0, 5)))
                assert ordered(how, NOTHING, empty, none if known else None).tolist() == []


def test_the_most_typical_come_first_or_the_oddest_by_place_where_alike() -> None:
    for seed in SEEDS:
        with case(seed):
            rows, content, _ = some(seed)
            typical, odd = (ordered(how, rows, content, None) for how in ("typical", "odd"))
            assert typical.tolist() == sorted(rows.tolist(), key=lambda row: (content.own[row], row))
            assert odd.tolist() == sorted(rows.tolist(), key=lambda row: (-content.own[row], row))
            assert content.own[odd].tolist() == content.own[typical][::-1].tolist()


def test_at_the_border_the_least_margin_comes_first() -> None:
    for seed in SEEDS:
        with case(seed):
            rows, content, _ = some(seed)
            margins = content.margin[ordered("border", rows, content, None)]
            assert (np.diff(margins) >= 0).all()


def test_images_without_a_cluster_are_in_order_too() -> None:
    alone = content_of(np.full(4, np.inf), np.full(4, np.inf))
    for how in ORDERS:
        assert sorted(ordered(how, np.arange(4), alone, None).tolist()) == [0, 1, 2, 3]


def test_a_random_order_is_the_same_with_the_same_seed_and_another_with_another() -> None:
    rows, content, said = some(1)
    found = [tuple(ordered("random", rows, content, said, seed).tolist()) for seed in (0, 1, 2, 0, 999_999_999)]
    assert found[0] == found[3] and len(set(found)) == 4 and tuple(rows.tolist()) not in found


def test_by_label_the_most_frequent_comes_first_and_of_each_the_surest() -> None:
    for seed in SEEDS:
        with case(seed):
            rows, content, said = some(seed)
            found = ordered("label", rows, content, said)
            labels, sure = said.label_ids[found, 0].tolist(), said.probabilities[found, 0].tolist()
            first = list(dict.fromkeys(labels))
            assert labels == [label for label in first for _ in range(labels.count(label))], "no label is torn apart"
            counts = [labels.count(label) for label in first]
            assert counts == sorted(counts, reverse=True)
            assert first == sorted(first, key=lambda label: (-labels.count(label), label))
            expected = sorted(
                zip(labels, sure, found.tolist(), strict=True), key=lambda one: (first.index(one[0]), -one[1], one[2])
            )
            assert [row for *_, row in expected] == found.tolist()


def test_images_without_labels_are_a_group_of_their_own() -> None:
    rows, content, said = some(3)
    none = dataclasses.replace(said, label_ids=np.full_like(said.label_ids, -1))
    assert sorted(ordered("label", rows, content, none).tolist()) == rows.tolist()
    assert ordered("label", rows, content, None).tolist() == ordered("typical", rows, content, None).tolist()
