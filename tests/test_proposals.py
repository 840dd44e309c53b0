"""Names for clusters: what the network says of these images and not of others, and no more than it knows."""

from collections.abc import Sequence

import numpy as np

from imclust_core.annotation.name_proposals import UNSURE, Proposal, propose_names
from imclust_core.words.class_labels import Label
from imclust_core.words.hypernyms import hypernyms
from tests.helpers.cases import case

AFRICAN, TUSKER, INDIAN = Label("African elephant", (), "n02504458"), Label("tusker"), Label("Indian", (), "n02504013")
BEAGLE, DALMATIAN, TABBY = (
    Label("beagle", (), "n02088364"),
    Label("dalmatian", (), "n02110341"),
    Label("tabby", (), "n02123045"),
)
LOGGERHEAD, LEATHERBACK = Label("loggerhead", (), "n01664065"), Label("leatherback", (), "n01665541")
MUG, PIANO = Label("coffee mug", (), "n03063599"), Label("grand piano", (), "n03452741")
ZOO = (AFRICAN, INDIAN, BEAGLE, DALMATIAN, TABBY, LOGGERHEAD, LEATHERBACK, MUG, PIANO)
Said = dict[Label, float]


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


def test_a_label_that_most_images_bear_names_their_cluster() -> None:
    found = proposed(ZOO, [[{DALMATIAN: 0.9}] * 9 + [{BEAGLE: 0.9}], [{PIANO: 0.8}] * 5])
    assert names(found[0])[0] == "dalmatian"
    assert names(found[1])[0] == "grand piano"
    assert found[0][0].wnid == DALMATIAN.wnid


def test_labels_of_one_kind_give_the_cluster_the_name_of_the_kind() -> None:
    found = proposed(ZOO, [[{AFRICAN: 0.5, INDIAN: 0.4}, {INDIAN: 0.5, AFRICAN: 0.4}] * 4, [{MUG: 0.8}] * 5])
    assert names(found[0])[0] == "elephant"
    assert found[0][0].wnid == "n02503517"


def test_a_kind_is_a_name_for_one_cluster_only_while_others_do_not_belong_to_it() -> None:
    beagles, dalmatians = [{BEAGLE: 0.5, DALMATIAN: 0.3}] * 5, [{DALMATIAN: 0.5, BEAGLE: 0.3}] * 5
    among_cats = proposed(ZOO, [beagles, [{TABBY: 0.9}] * 5])
    among_dogs = proposed(ZOO, [beagles, dalmatians])
    assert [names(found[0])[0] for found in (among_cats, among_dogs)] == ["dog", "beagle"]


def test_a_label_that_stands_everywhere_comes_after_what_only_one_cluster_bears() -> None:
    found = proposed(ZOO, [[{MUG: 0.5, PIANO: 0.2}, {PIANO: 0.4, MUG: 0.3}] * 3, [{MUG: 0.6, TABBY: 0.3}] * 9])
    assert names(found[0])[0] == "grand piano"


def test_of_two_kinds_that_tell_about_as_much_the_narrower_one_comes_first() -> None:
    terrapin = Label("terrapin", (), "n01667778")
    labels = (*ZOO, terrapin)
    turtles = [{LOGGERHEAD: 0.5, LEATHERBACK: 0.35, terrapin: 0.1}, {LEATHERBACK: 0.5, LOGGERHEAD: 0.35, terrapin: 0.1}]
    assert names(proposed(labels, [turtles * 4, [{MUG: 0.9}] * 9])[0])[0] == "sea turtle"


def test_but_one_label_does_not_come_before_the_kind_that_tells_a_little_more() -> None:
    found = proposed(ZOO, [[{AFRICAN: 0.75, INDIAN: 0.2}] * 4, [{MUG: 0.9}] * 4])
    assert names(found[0])[0] == "elephant"


def test_nor_does_a_narrower_kind_of_something_else() -> None:
    said = {AFRICAN: 0.25, LOGGERHEAD: 0.24}
    turned = {LOGGERHEAD: 0.25, AFRICAN: 0.24}
    both = [{**one, INDIAN: 0.25, LEATHERBACK: 0.23} for one in (said, turned)]
    found = proposed(ZOO, [both * 4, [{TABBY: 0.9}, {BEAGLE: 0.9}] * 8])
    assert names(found[0])[0] == "elephant"


def test_the_only_cluster_of_a_collection_is_named_too() -> None:
    assert names(proposed(ZOO, [[{TABBY: 0.8}] * 3])[0])[0] == "tabby"


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


def test_a_share_counts_the_images_whose_first_label_it_is() -> None:
    found = proposed(ZOO, [[{DALMATIAN: 0.9}] * 3 + [{MUG: 0.6, DALMATIAN: 0.3}], [{PIANO: 0.9}] * 4])
    assert found[0][0].share == 0.75


def test_scattered_guesses_are_not_believed_and_a_clear_word_is() -> None:
    guesses = [{label: 0.12, ZOO[(at + 1) % 9]: 0.05} for at, label in enumerate(ZOO)]
    found = proposed(ZOO, [guesses, [{PIANO: 0.95}] * 9])
    assert all(one.confidence < UNSURE for one in found[0])
    assert found[1][0].confidence > UNSURE


def test_one_label_has_a_receipt_with_what_else_is_said_and_a_kind_with_what_it_is_made_of() -> None:
    found = proposed(
        ZOO, [[{DALMATIAN: 0.9}] * 3 + [{MUG: 0.9}], [{AFRICAN: 0.5, INDIAN: 0.4}, {INDIAN: 0.5, AFRICAN: 0.4}]]
    )
    assert found[0][0].receipt == "75 % of images; else coffee mug 25 %"
    assert found[1][0].receipt == "100 % of images, 2 kinds: African elephant 50 %, Indian 50 %"


def test_a_kind_of_which_one_label_was_seen_says_so() -> None:
    found = proposed(ZOO, [[{AFRICAN: 0.9}] * 2, [{MUG: 0.9}] * 2])
    assert names(found[0])[:2] == ["African elephant", "elephant"]
    assert [one.receipt for one in found[0][:2]] == ["100 % of images", "100 % of images, all African elephant"]


# What may come in


def test_a_network_without_wordnet_ids_is_named_by_its_labels() -> None:
    cat, dog = Label("my cat"), Label("my dog")
    found = proposed((cat, dog), [[{cat: 0.9}] * 3, [{dog: 0.9}] * 3])
    assert [(one.name, one.wnid) for one in found[0]] == [("my cat", "")]


def test_classes_that_only_have_a_number_or_no_name_are_never_proposed() -> None:
    labels = (Label("class 3"), Label(""), TUSKER)
    found = proposed(labels, [[{labels[0]: 0.9}], [{labels[1]: 0.9}], [{TUSKER: 0.9}]])
    assert [names(found[at]) for at in range(3)] == [[], [], ["tusker"]]


def test_nothing_is_proposed_where_the_network_says_nothing() -> None:
    for said in [{}, {TABBY: 0.0}]:
        with case(said):
            found = proposed(ZOO, [[said] * 3, [{MUG: 0.9}]], [0, 1, 7])
            assert found[0] == [] and found[7] == []
            assert names(found[1])[0] == "coffee mug"


def test_no_images_no_labels_and_no_wish_give_no_names() -> None:
    none = np.zeros((0, 5), int), np.zeros((0, 5)), np.zeros(0, int)
    assert propose_names(ZOO, *none, [3]) == {3: []}
    assert propose_names((), np.full((2, 5), -1), np.zeros((2, 5)), np.zeros(2, int), [0]) == {0: []}
    assert proposed(ZOO, [[{MUG: 0.9}]], []) == {}


def test_no_name_comes_twice() -> None:
    here, there = Label("Crane", (), "n02012849"), Label("crane", (), "n03126707")
    found = proposed((here, there, MUG), [[{here: 0.5, there: 0.4}, {there: 0.5, here: 0.4}], [{MUG: 0.9}]], most=50)
    assert len({name.casefold() for name in names(found[0])}) == len(found[0]) > 2


# Laws


def test_shares_and_confidences_are_shares_and_names_are_few_distinct_and_of_labels_or_kinds() -> None:
    for seed in range(5):
        with case(seed):
            label_ids, probabilities, groups = random_images(seed)
            known = {label.name for label in ZOO} | set(hypernyms().names)
            for proposals in propose_names(ZOO, label_ids, probabilities, groups, range(-1, 6), 4).values():
                assert len(proposals) == len(set(names(proposals))) <= 4
                assert all(0 < one.share <= 1 and 0 < one.confidence <= 1 for one in proposals)
                assert set(names(proposals)) <= known - {""}


def test_neither_the_order_of_images_nor_which_clusters_are_asked_for_changes_a_name() -> None:
    for seed in range(5):
        with case(seed):
            label_ids, probabilities, groups = random_images(seed)
            whole = propose_names(ZOO, label_ids, probabilities, groups, range(5))
            order = np.random.default_rng(seed).permutation(len(groups))
            turned = propose_names(ZOO, label_ids[order], probabilities[order], groups[order], [4, 2])
            assert {at: names(whole[at]) for at in (2, 4)} == {at: names(one) for at, one in turned.items()}


def test_a_collection_taken_twice_has_the_same_names_with_the_same_shares() -> None:
    for seed in range(5):
        with case(seed):
            label_ids, probabilities, groups = random_images(seed)
            once = propose_names(ZOO, label_ids, probabilities, groups, range(5))
            label_ids, probabilities, groups = (
                np.concatenate([one, one]) for one in (label_ids, probabilities, groups)
            )
            twice = propose_names(ZOO, label_ids, probabilities, groups, range(5))
            assert [[(one.name, one.share) for one in of] for of in once.values()] == [
                [(one.name, one.share) for one in of] for of in twice.values()
            ]


def random_images(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label_ids = np.array([rng.permutation(len(ZOO))[:5] for _ in range(n)])
    probabilities = np.sort(rng.dirichlet(np.ones(6), n)[:, :5], axis=1)[:, ::-1].astype(np.float32)
    return np.where(rng.random((n, 5)) < 0.1, -1, label_ids), probabilities, rng.integers(-1, 5, n)
