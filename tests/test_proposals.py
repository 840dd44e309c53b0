"""Names for clusters: what the network says of these images and not of others, and no more than it knows."""

from collections.abc import Sequence

import numpy as np

from imclust_core.annotation.name_proposals import UNSURE, Proposal, propose_names
from imclust_core.words.class_labels import Label
from imclust_core.words.hypernyms import hypernyms
from tests.helpers.cases import case

AFRICAN, INDIAN = Label("African elephant", (), "n02504458"), Label("Indian", (), "n02504013")
BEAGLE, DALMATIAN = Label("beagle", (), "n02088364"), Label("dalmatian", (), "n02110341")
TABBY, TUSKER, TERRAPIN = Label("tabby", (), "n02123045"), Label("tusker"), Label("terrapin", (), "n01667778")
LOGGERHEAD, LEATHERBACK = Label("loggerhead", (), "n01664065"), Label("leatherback", (), "n01665541")
MUG, PIANO = Label("coffee mug", (), "n03063599"), Label("grand piano", (), "n03452741")
ZOO = (AFRICAN, INDIAN, BEAGLE, DALMATIAN, TABBY, LOGGERHEAD, LEATHERBACK, MUG, PIANO)
Said = dict[Label, float]
BEAGLES, DALMATIANS = [{BEAGLE: 0.5, DALMATIAN: 0.3}] * 5, [{DALMATIAN: 0.5, BEAGLE: 0.3}] * 5
BOTH = [
    {AFRICAN: 0.25, LOGGERHEAD: 0.24, INDIAN: 0.25, LEATHERBACK: 0.23},
    {LOGGERHEAD: 0.25, AFRICAN: 0.24, INDIAN: 0.25, LEATHERBACK: 0.23},
]
TURTLES = [{LOGGERHEAD: 0.5, LEATHERBACK: 0.35, TERRAPIN: 0.1}, {LEATHERBACK: 0.5, LOGGERHEAD: 0.35, TERRAPIN: 0.1}]
FIRST: dict[str, tuple[list[list[Said]], list[str]]] = {
    "the label that most images bear": (
        [[{DALMATIAN: 0.9}] * 9 + [{BEAGLE: 0.9}], [{PIANO: 0.8}] * 5],
        ["dalmatian", "grand piano"],
    ),
    "the kind of labels of one kind": (
        [[{AFRICAN: 0.5, INDIAN: 0.4}, {INDIAN: 0.5, AFRICAN: 0.4}] * 4, [{MUG: 0.8}] * 5],
        ["elephant"],
    ),
    "a kind, while others do not belong to it": ([BEAGLES, [{TABBY: 0.9}] * 5], ["dog"]),
    "no kind that others belong to": ([BEAGLES, DALMATIANS], ["beagle"]),
    "what only one cluster bears, before what stands everywhere": (
        [[{MUG: 0.5, PIANO: 0.2}, {PIANO: 0.4, MUG: 0.3}] * 3, [{MUG: 0.6, TABBY: 0.3}] * 9],
        ["grand piano"],
    ),
    "the narrower of two kinds that tell about as much": ([TURTLES * 4, [{MUG: 0.9}] * 9], ["sea turtle"]),
    "the kind that tells a little more, before one label": (
        [[{AFRICAN: 0.75, INDIAN: 0.2}] * 4, [{MUG: 0.9}] * 4],
        ["elephant"],
    ),
    "nor a narrower kind of something else": ([BOTH * 4, [{TABBY: 0.9}, {BEAGLE: 0.9}] * 8], ["elephant"]),
    "the only cluster of a collection": ([[{TABBY: 0.8}] * 3], ["tabby"]),
}


def proposed(
    labels: Sequence[Label], clusters: Sequence[Sequence[Said]], wanted: Sequence[int] | None = None, most: int = 3
) -> dict[int, list[Proposal]]:
    """Names for clusters 0, 1, ... of images, each given as what the network says of it."""
    images = [(at, said) for at, cluster in enumerate(clusters) for said in cluster]
    label_ids, probabilities = np.full((len(images), 5), -1), np.zeros((len(images), 5), np.float32)
    for row, (_, said) in enumerate(images):
        for place, (label, probability) in enumerate(sorted(said.items(), key=lambda pair: -pair[1])):
            label_ids[row, place], probabilities[row, place] = labels.index(label), probability
    groups = np.array([at for at, _ in images], np.int32)
    chosen = range(len(clusters)) if wanted is None else wanted
    return propose_names(labels, label_ids, probabilities, groups, chosen, most)


def names(proposals: Sequence[Proposal]) -> list[str]:
    return [one.name for one in proposals]


# What is proposed


def test_a_cluster_is_named_by_what_tells_it_from_the_others() -> None:
    for what, (clusters, wanted) in FIRST.items():
        found = proposed((*ZOO, TERRAPIN), clusters)
        with case(what):
            assert [names(found[at])[0] for at in range(len(wanted))] == wanted
    found = proposed(ZOO, [*FIRST["the kind of labels of one kind"][0], [{DALMATIAN: 0.9}]])
    assert [found[at][0].wnid for at in (0, 2)] == ["n02503517", DALMATIAN.wnid]


def test_images_of_clusters_that_are_not_wanted_and_of_none_count_as_the_others() -> None:
    clusters = [[{MUG: 0.5, PIANO: 0.3}, {PIANO: 0.5, MUG: 0.3}], [{MUG: 0.9}] * 20]
    assert names(proposed(ZOO, clusters, [0])[0]) == names(proposed(ZOO, clusters)[0])
    assert names(proposed(ZOO, clusters, [0])[0])[0] == "grand piano"
    ids, probabilities = np.array([[8], [0], [0]]), np.full((3, 1), 0.9)
    found = propose_names(ZOO, ids, probabilities, np.array([-1, 0, 0]), [-1, 0])
    assert [names(found[cluster])[0] for cluster in (-1, 0)] == ["grand piano", "African elephant"]


def test_what_is_so_broad_that_it_says_nothing_is_never_a_name() -> None:
    found = proposed(ZOO, [[{MUG: 0.4, PIANO: 0.4}, {PIANO: 0.4, MUG: 0.4}], [{TABBY: 0.9}] * 2], most=50)
    assert not {"entity", "object", "whole", "artifact", "physical entity"} & set(names(found[0]) + names(found[1]))


# How sure, and why


def test_a_share_and_a_receipt_tell_of_how_many_images_it_is_said_and_what_else_is() -> None:
    found = proposed(ZOO, [[{DALMATIAN: 0.9}] * 3 + [{MUG: 0.6, DALMATIAN: 0.3}], [{PIANO: 0.9}] * 4])
    assert found[0][0].share == 0.75
    found = proposed(
        ZOO, [[{DALMATIAN: 0.9}] * 3 + [{MUG: 0.9}], [{AFRICAN: 0.5, INDIAN: 0.4}, {INDIAN: 0.5, AFRICAN: 0.4}]]
    )
    assert found[0][0].receipt == "75 % of images; else coffee mug 25 %"
    assert found[1][0].receipt == "100 % of images, 2 kinds: African elephant 50 %, Indian 50 %"
    one = proposed(ZOO, [[{AFRICAN: 0.9}] * 2, [{MUG: 0.9}] * 2])[0][:2]
    assert names(one) == ["African elephant", "elephant"]
    assert [said.receipt for said in one] == ["100 % of images", "100 % of images, all African elephant"]


def test_scattered_guesses_are_not_believed_and_a_clear_word_is() -> None:
    guesses = [{label: 0.12, ZOO[(at + 1) % 9]: 0.05} for at, label in enumerate(ZOO)]
    found = proposed(ZOO, [guesses, [{PIANO: 0.95}] * 9])
    assert all(one.confidence < UNSURE for one in found[0])
    assert found[1][0].confidence > UNSURE


# What may come in


def test_labels_without_wordnet_name_clusters_too_those_without_words_never_and_none_twice() -> None:
    labels = (Label("class 3"), Label(""), TUSKER)
    found = proposed(labels, [[{label: 0.9}] for label in labels])
    assert [[(one.name, one.wnid) for one in found[at]] for at in range(3)] == [[], [], [("tusker", "")]]
    here, there = Label("Crane", (), "n02012849"), Label("crane", (), "n03126707")
    found = proposed((here, there, MUG), [[{here: 0.5, there: 0.4}, {there: 0.5, here: 0.4}], [{MUG: 0.9}]], most=50)
    assert len({name.casefold() for name in names(found[0])}) == len(found[0]) > 2


def test_nothing_is_proposed_where_the_network_says_nothing_or_nobody_asks() -> None:
    for said in [{}, {TABBY: 0.0}]:
        with case(said):
            found = proposed(ZOO, [[said] * 3, [{MUG: 0.9}]], [0, 1, 7])
            assert found[0] == [] and found[7] == []
            assert names(found[1])[0] == "coffee mug"
    none = np.zeros((0, 5), int), np.zeros((0, 5)), np.zeros(0, int)
    assert propose_names(ZOO, *none, [3]) == {3: []}
    assert propose_names((), np.full((2, 5), -1), np.zeros((2, 5)), np.zeros(2, int), [0]) == {0: []}
    assert proposed(ZOO, [[{MUG: 0.9}]], []) == {}


# Laws


def test_names_are_few_and_of_labels_or_kinds_with_shares_that_neither_order_nor_wish_nor_copies_change() -> None:
    known = {label.name for label in ZOO} | set(hypernyms().names) - {""}
    for seed in range(5):
        with case(seed):
            given = random_images(seed)
            whole = propose_names(ZOO, *given, range(-1, 6), 4)
            for proposals in whole.values():
                assert len(proposals) == len(set(names(proposals))) <= 4 and set(names(proposals)) <= known
                assert all(0 < one.share <= 1 and 0 < one.confidence <= 1 for one in proposals)
            order = np.random.default_rng(seed).permutation(len(given[0]))
            turned = propose_names(ZOO, *(one[order] for one in given), [4, 2], 4)
            assert {at: names(whole[at]) for at in (2, 4)} == {at: names(one) for at, one in turned.items()}
            twice = propose_names(ZOO, *(np.concatenate([one, one]) for one in given), range(-1, 6), 4)
            shares, again = (
                {at: [(one.name, one.share) for one in of] for at, of in found.items()} for found in (whole, twice)
            )
            assert shares == again


def random_images(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label_ids = np.array([rng.permutation(len(ZOO))[:5] for _ in range(n)])
    probabilities = np.sort(rng.dirichlet(np.ones(6), n)[:, :5], axis=1)[:, ::-1].astype(np.float32)
    return np.where(rng.random((n, 5)) < 0.1, -1, label_ids), probabilities, rng.integers(-1, 5, n)
