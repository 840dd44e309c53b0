"""Evidence for K: it finds groups that are there, says nothing where there are none, and gives its reasons."""

from itertools import product

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from imclust_core.arrays.linkage import distances_between
from imclust_core.choosing_k.curves import Curve, Evidence
from imclust_core.choosing_k.evidence import image_evidence, reduced, word_evidence
from imclust_core.choosing_k.suggestion import VOTERS, suggest
from imclust_core.clustering.scores import silhouette_of_each
from imclust_core.label_tree.branch_names import propose
from imclust_core.label_tree.grow import grow
from imclust_core.label_tree.tree import cut
from imclust_core.words.class_labels import Label
from imclust_core.words.hypernyms import hypernyms

KINDS = {"gap", "silhouette", "elbow", "stability", "density"}


no_warnings = pytest.mark.filterwarnings("error")


def blobs(k: int, each: int = 20, seed: int = 0) -> np.ndarray:
    """Features in k groups, well apart."""
    rng = np.random.default_rng(seed)
    return np.repeat(np.eye(32)[:k], each, axis=0) + 0.05 * rng.normal(size=(k * each, 32))


def test_the_silhouette_is_that_of_scikit_learn_and_distances_those_of_scipy() -> None:
    for metric, k in product(("euclidean", "cosine"), (2, 5, 30)):
        rng = np.random.default_rng(k)
        points = rng.normal(size=(120, 6)) + 2 * rng.normal(size=(k, 6))[(labels := np.arange(120) % k)]
        labels[0] = k  # one is alone
        away = distances_between(points, metric)
        theirs = silhouette_score(points, labels, metric=metric)
        assert silhouette_of_each(away, labels).mean() == pytest.approx(theirs, abs=1e-4), (k, metric)
        np.testing.assert_allclose(away, cdist(points, points, metric), atol=1e-5, err_msg=metric)


@no_warnings
def test_reduced_features_are_small_finite_and_one_row_for_each_image_and_keep_its_angles() -> None:
    for n, d, most in ((0, 8, 1), (1, 8, 1), (2, 8, 1), (3, 8, 2), (50, 8, 8), (300, 256, 100)):
        found = reduced(np.random.default_rng(0).normal(size=(n, d)))
        assert (found.shape, found.dtype) == ((n, most), np.float32) and np.isfinite(found).all()
    for n, value in product((1, 2, 3, 40), (0.0, 1.0)):
        found = reduced(np.full((n, 8), value))
        assert len(found) == n and found == pytest.approx(0, abs=1e-6), ("all alike", n, value)
    features = np.random.default_rng(0).normal(size=(60, 16))
    for given in (features, features * np.arange(1, 61)[:, None]):  # angles stay, and lengths do not count
        found = distances_between(reduced(given), "euclidean")
        np.testing.assert_allclose(found, distances_between(features, "unit"), atol=1e-4)


def test_groups_that_lie_apart_are_found_by_every_kind_of_evidence() -> None:
    for k, seed in product((3, 6, 10), (0, 1)):
        found = image_evidence(reduced(blobs(k, seed=seed)), repeats=2)
        assert set(found.curves) == KINDS and found.images == 20 * k
        best = {kind: curve.best[0] for kind, curve in found.curves.items() if kind != "elbow"}
        assert best == dict.fromkeys(KINDS - {"elbow"}, k), seed
        suggestion = suggest(None, found)
        assert suggestion is not None and suggestion.k == k, seed


def test_every_curve_has_a_value_for_each_k_and_its_best_are_among_them() -> None:
    for k in (3, 5):
        noisy = blobs(k, seed=3) + 0.1 * np.random.default_rng(4).normal(size=(20 * k, 32))
        for kind, curve in image_evidence(reduced(noisy), repeats=2).curves.items():
            assert len(curve.ks) == len(curve.values) and np.isfinite(curve.values).all(), kind
            if kind != "density":
                assert set(curve.best) <= set(curve.ks), kind
                assert list(curve.ks) == sorted(set(curve.ks)) and curve.ks[0] == 2, kind
            if kind not in ("density", "elbow"):
                values = [curve.values[curve.ks.index(best)] for best in curve.best]
                assert values == sorted(values, reverse=True), kind
            if kind == "elbow":
                assert (np.diff(curve.values) <= 1e-9).all(), "what is left of the spread can only fall"


def test_the_same_seed_gives_the_same_evidence_of_copies_too_and_steps_are_told_up_to_the_last() -> None:
    points = reduced(np.random.default_rng(0).normal(size=(80, 16)))
    assert image_evidence(points, repeats=3, seed=5) == image_evidence(points, repeats=3, seed=5)
    assert image_evidence(points, repeats=3, seed=5) != image_evidence(points, repeats=3, seed=6)
    told: list[tuple[int, int]] = []
    image_evidence(reduced(blobs(3, 10)), repeats=2, step=lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5) and told == sorted(told)
    features = blobs(4)
    features[:10] = features[0]
    suggestion = suggest(None, image_evidence(reduced(features), repeats=0))
    assert suggestion is not None and suggestion.k == 4


@no_warnings
def test_a_handful_of_images_is_no_trouble_and_those_that_are_all_alike_suggest_nothing() -> None:
    for n in range(13):
        found = image_evidence(reduced(np.random.default_rng(n).normal(size=(n, 8))), repeats=2)
        assert found.images == n
        assert all(np.isfinite(curve.values).all() for curve in found.curves.values()), n
        suggestion = suggest(None, found)
        assert suggestion is None or 2 <= suggestion.k < n
        assert n > 3 or (found.curves == {} and suggestion is None), n
    for n in (4, 5, 20, 100):
        found = image_evidence(np.zeros((n, 3), np.float32), repeats=2)
        assert not any(curve.best for curve in found.curves.values()), n
        assert suggest(None, found) is None, n


def worded(k: int, each: int = 4, images: int = 12) -> tuple[Evidence, np.ndarray]:
    """Labels in k groups, and images that lie as their labels do."""
    vectors = blobs(k, each)
    tree = grow(vectors, np.full(k * each, images))
    leaf_of = np.repeat(np.arange(k * each), images)
    rng = np.random.default_rng(1)
    features = vectors.repeat(images, axis=0) + 0.05 * rng.normal(size=(k * each * images, 32))
    return word_evidence(tree, leaf_of, reduced(features)), leaf_of


def test_words_in_groups_that_lie_apart_say_so() -> None:
    for k in (4, 6, 10):
        found, leaf_of = worded(k)
        assert found.images == len(leaf_of)
        assert {kind: curve.best[0] for kind, curve in found.curves.items()} == {"word_gap": k, "word_fit": k}
        for curve in found.curves.values():
            assert set(curve.best) <= set(curve.ks) and len(curve.ks) == len(curve.values), k


@no_warnings
def test_a_handful_of_labels_is_no_trouble_and_those_that_are_all_alike_say_nothing() -> None:
    for leaves, images in product(range(1, 8), (0, 1, 2, 3, 30)):
        rng = np.random.default_rng(leaves)
        tree = grow(rng.normal(size=(leaves, 6)), np.ones(leaves))
        leaf_of = rng.integers(-1, leaves, images)
        found = word_evidence(tree, leaf_of, reduced(rng.normal(size=(images, 8))))
        assert found.images == (leaf_of >= 0).sum(), (leaves, images)
        for curve in found.curves.values():
            assert set(curve.best) <= set(curve.ks) and all(2 <= k < leaves for k in curve.best), (leaves, images)
    tree = grow(np.full((9, 4), 0.5), np.ones(9))
    found = word_evidence(tree, np.arange(90) % 9, np.zeros((90, 3), np.float32))
    assert suggest(found, None) is None


def evidence(**votes: int) -> Evidence:
    return Evidence(100, {kind: Curve((), (), (k,) if k else ()) for kind, k in votes.items()})


def test_the_middle_of_the_votes_is_suggested_and_nothing_without_any() -> None:
    found = suggest(evidence(word_fit=5, word_gap=60), evidence(silhouette=12, gap=13, density=2))
    assert found is not None and found.k == 12
    assert found.votes == {"silhouette": 12, "gap": 13, "density": 2, "word_fit": 5, "word_gap": 60}
    calm: dict[str, int] = {"silhouette": 10, "gap": 11, "density": 12}
    for k, votes in (
        (11, calm),
        (11, {**calm, "density": 199}),
        (7, {"silhouette": 7, "gap": 9}),
        (7, {"word_gap": 7}),
        (7, {"density": 9, "word_fit": 7}),
    ):
        found = suggest(None, evidence(**votes))
        assert found is not None and found.k == k, votes
    assert suggest(None, None) is None
    assert suggest(Evidence(0, {}), Evidence(3, {})) is None
    assert suggest(evidence(word_gap=0), evidence(silhouette=0, density=0)) is None
    # these are shown and do not vote
    assert suggest(None, evidence(elbow=9, stability=8)) is None


def test_the_reason_names_k_and_what_is_for_and_against_it() -> None:
    found = suggest(evidence(word_fit=11, word_gap=60), evidence(silhouette=12, gap=13, density=2))
    assert found is not None
    for_it, _, against = found.reason.partition(" Against it: ")
    assert for_it.startswith("12: ")
    assert "sort best into 12 groups (silhouette)" in for_it and "gap at 13" in for_it and "cut into 11" in for_it
    assert "2 dense regions" in against and "words has its largest gap at 60" in against
    assert found.reason.endswith(".") and ".." not in found.reason
    found = suggest(None, evidence(**dict.fromkeys(VOTERS, 8)))
    assert found is not None and "Against" not in found.reason, "all agree"
    assert found.reason.count("8") >= len(VOTERS)


NO_NOUNS = ["", "n", "n1", "02084071", "v02084071", "n02084071 ", "n-2084071", "n٠٢", "n²", "n99999999", "n" + "9" * 40]


def test_what_stands_above_a_dog_goes_from_entity_to_dog_and_every_noun_hangs_on_entity() -> None:
    table = hypernyms()
    names = [table.names[row] for row in table.chain("n02084071")]
    assert (names[0], names[-1]) == ("entity", "dog") and {"animal", "canine"} < set(names)
    assert len(table.offsets) == len(table.above) == len(table.names)
    assert (np.diff(table.offsets) > 0).all()
    roots = np.flatnonzero(table.above < 0)
    assert [table.names[row] for row in roots] == ["entity"]
    above = np.arange(len(table.above))
    for _ in range(30):  # no chain is longer, and none goes round
        above = np.where(table.above[above] < 0, above, table.above[above])
    assert set(above.tolist()) == set(roots.tolist())
    for wnid in NO_NOUNS:
        assert table.chain(wnid) == (), wnid


DOGS = [("Chihuahua", "n02085620"), ("beagle", "n02088364"), ("golden retriever", "n02099601"), ("pug", "n02110958")]
CARS = [("minivan", "n03770679"), ("convertible", "n03100240"), ("cab", "n02930766"), ("jeep", "n03594945")]


def two_groups(wnids: bool, images: list[int] | None = None) -> list[str]:
    """The names proposed for the dogs and for the cars."""
    labels = [Label(name, (name,), wnid if wnids else "") for name, wnid in (*DOGS, *CARS)]
    vectors = np.repeat(np.eye(4)[:2], 4, axis=0) + 0.05 * np.random.default_rng(0).normal(size=(8, 4))
    tree = grow(vectors, np.array(images or [5, 9, 8, 3, 7, 2, 6, 5]))
    nodes = sorted(cut(tree, 2).tolist(), key=lambda node: int(tree.leaves_of(node).min()))
    assert [sorted(tree.leaves_of(node).tolist()) for node in nodes] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    return propose(tree, labels, nodes)


def test_a_group_is_named_by_what_its_labels_have_in_common_or_by_its_heaviest_ones() -> None:
    dogs, cars = two_groups(wnids=True)
    assert dogs in {"dog", "domestic dog", "canine"}
    assert cars in {"car", "auto", "motor vehicle"}
    assert two_groups(wnids=False) == ["beagle, golden retriever", "minivan, cab"]
    assert two_groups(wnids=True, images=[5, 90, 8, 3, 7, 2, 6, 5])[0] == "beagle", "it has most of the images"
    labels = [Label(name, (name,), wnid) for name, wnid in (*DOGS, ("teapot", "n04398044"))]
    tree = grow(np.random.default_rng(0).normal(size=(5, 4)), np.array([9, 9, 9, 9, 1]))
    few_strays = propose(tree, labels, cut(tree, 1))[0]
    assert few_strays in {"dog", "domestic dog", "canine"}
    labels = [Label(name, (name,), wnid) for name, wnid in DOGS]
    for images in ([3, 2, 1, 0], [0, 0, 0, 0]):
        tree = grow(np.eye(4), np.array(images))
        assert propose(tree, labels, np.arange(4)) == [name for name, _ in DOGS]
        assert all(propose(tree, labels, [4, 5, 6]))
