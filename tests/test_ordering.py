"""In whatever order the images of a group are looked at, it is all of them, each once."""

import dataclasses
from collections import Counter
from itertools import product

import numpy as np

from imclust_core.annotation.ordering import ORDERS, ordered
from imclust_core.annotation.predictions import Said
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


def test_each_order_has_all_of_the_images_each_once_also_of_none_or_one_and_without_clusters_or_labels() -> None:
    alone, empty = content_of(np.full(4, np.inf), np.full(4, np.inf)), content_of(np.zeros(0), np.zeros(0))
    for how, seed, known in product(ORDERS, SEEDS, (True, False)):
        rows, content, said = some(seed)
        unlabelled = dataclasses.replace(said, label_ids=np.full_like(said.label_ids, -1))
        with case(how, seed, known):
            for told in (said, unlabelled) if known else (None,):
                found = ordered(how, rows, content, told, seed)
                assert sorted(found.tolist()) == rows.tolist()
                assert ordered(how, rows, content, told, seed).tolist() == found.tolist(), "and the same again"
                assert ordered(how, NOTHING, content, told).tolist() == []
                assert ordered(how, np.array([7]), content, told).tolist() == [7]
            none = Said(np.zeros((0, 5), int), np.zeros((0, 5))) if known else None
            assert ordered(how, NOTHING, empty, none).tolist() == []
            assert sorted(ordered(how, np.arange(4), alone, None).tolist()) == [0, 1, 2, 3]


def test_the_most_typical_come_first_or_the_oddest_or_those_at_the_border_by_place_where_alike() -> None:
    for seed in SEEDS:
        with case(seed):
            rows, content, _ = some(seed)
            typical, odd, border = (ordered(how, rows, content, None) for how in ("typical", "odd", "border"))
            assert typical.tolist() == sorted(rows.tolist(), key=lambda row: (content.own[row], row))
            assert odd.tolist() == sorted(rows.tolist(), key=lambda row: (-content.own[row], row))
            assert (np.diff(content.margin[border]) >= 0).all()


def test_a_random_order_is_the_same_with_the_same_seed_and_another_with_another() -> None:
    rows, content, said = some(1)
    found = [tuple(ordered("random", rows, content, said, seed).tolist()) for seed in (0, 1, 2, 0, 999_999_999)]
    assert found[0] == found[3] and len(set(found)) == 4 and tuple(rows.tolist()) not in found


def test_by_label_the_most_frequent_comes_first_and_of_each_the_surest() -> None:
    for seed in SEEDS:
        rows, content, said = some(seed)
        found, labels, sure = ordered("label", rows, content, said), said.label_ids[:, 0], said.probabilities[:, 0]
        counts = Counter(labels[rows].tolist())
        keys = [(-counts[labels[row]], labels[row], -sure[row], row) for row in found.tolist()]
        assert keys == sorted(keys), seed
        plain = ordered("label", rows, content, None)
        assert plain.tolist() == ordered("typical", rows, content, None).tolist()
