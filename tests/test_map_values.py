"""What a map is coloured by: every image has the code of what is known of it, in the map's order, as people left it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED
from imclust_core.annotation.editing import merge_clusters, move_images, name_cluster, open_desk, undo
from imclust_core.errors import MapError
from imclust_core.jobs.kinds.scan import scan
from imclust_core.store.catalogue import paths
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.collections import Collection, add_collection, collection
from imclust_core.store.embeddings import Embedding, add_embedding, class_names
from imclust_core.store.maps import MapContent, StoredMap
from imclust_core.store.truth import FOLDERS, read_truth
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace
from pages.parts.kit.colours import NOISE, PALETTE, colour_of
from pages.parts.map import colouring as map_values
from pages.parts.map.colouring import BYS, FULL, SCALE, UNKNOWN, Colouring, colouring, ways
from pages.parts.map.sources import map_content
from tests.helpers.cases import case
from tests.helpers.clusterings import DENSE, PLAIN, clustered
from tests.helpers.colours import contrast
from tests.helpers.embedded import long_ago, quietly
from tests.helpers.maps import kept, mapped
from tests.helpers.trees import newest


@pytest.fixture
def one(workspace: Workspace, source: Collection) -> Embedding:
    return newest(workspace, source)


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source, replace(PLAIN, k=6))


@pytest.fixture
def shown(workspace: Workspace, source: Collection) -> StoredMap:
    return mapped(workspace, source, without=3, strangers=2)


def by_image(shown: StoredMap, found: Colouring) -> dict[int, int]:
    """The code of each image, by its id."""
    return dict(zip(map_content(shown).image_ids.tolist(), found.codes.tolist(), strict=True))


def meanings(shown: StoredMap, found: Colouring) -> dict[int, str | None]:
    """What each image is said to be, by its id."""
    titles = {at: entry.title for at, entry in enumerate(found.entries)}
    return {image: titles[code] if code != UNKNOWN else None for image, code in by_image(shown, found).items()}


def assert_shares(shown: StoredMap, found: Colouring, known: Mapping[int, float]) -> None:
    """Each image has the code of its share, and those of which nothing is known have none."""
    assert found.scale == SCALE and found.entries == ()
    for image, code in by_image(shown, found).items():
        assert code == UNKNOWN if image not in known else abs(code / FULL - known[image]) < 1e-4


def test_each_image_has_the_entry_of_its_cluster_as_people_left_it(
    workspace: Workspace, stored: Clustering, one: Embedding, shown: StoredMap
) -> None:
    desk = open_desk(workspace, stored)
    first, second = desk.clusters[:2]
    name_cluster(workspace, stored, first, text="Zebra", state="sure", author="ada", uuid="1", base=0)
    loose = desk.image_ids[desk.rows_of(second)][:2].tolist()
    move_images(workspace, stored, loose[:1], ASIDE, author="ada", uuid="2", seen=desk.version)
    move_images(workspace, stored, loose[1:], UNASSIGNED, author="ada", uuid="3", seen=desk.version)
    desk = open_desk(workspace, stored)
    found = colouring(workspace, one, shown, "cluster", stored)
    group = dict(zip(desk.image_ids.tolist(), desk.group.tolist(), strict=True))
    on_map = map_content(shown).image_ids.tolist()
    said = meanings(shown, found)
    assert said == {image: desk.called(group[image]) if image in group else None for image in on_map}
    assert [entry.number for entry in found.entries][-2:] == [
        number for number in (UNASSIGNED, ASIDE) if number in {group.get(image) for image in on_map}
    ] or len(set(loose) & set(on_map)) < 2
    assert found.version == desk.version > 0 and found.codes.dtype == np.uint16 and not found.scale
    for entry in found.entries:
        assert entry.size == sum(title == entry.title for title in said.values())
        assert entry.colour == (colour_of(entry.number) if (entry.number or 0) > 0 else NOISE)
        assert (entry.at is None) == (entry.colour == NOISE)


def test_an_entry_lies_on_its_image_nearest_to_the_middle(
    workspace: Workspace, stored: Clustering, one: Embedding, shown: StoredMap
) -> None:
    found, places = colouring(workspace, one, shown, "cluster", stored), map_content(shown).places
    for code, entry in enumerate(found.entries):
        own = places[found.codes == code]
        off = np.linalg.norm(own - np.median(own, axis=0), axis=1)
        assert entry.at is not None and np.array_equal(np.float32(entry.at), own[np.argmin(off)])
        assert entry.told["at"] == entry.at and entry.told["ink"] in ("#000000", "#ffffff")


def test_clusters_of_one_name_are_one_entry_and_those_without_are_grey(
    workspace: Workspace, stored: Clustering, one: Embedding, source: Collection, shown: StoredMap
) -> None:
    assert "name" not in ways(workspace, source, one, stored)
    a, b, c, *rest = open_desk(workspace, stored).clusters
    for number, name in ((a, "Dog"), (b, "Cat"), (c, "Dog")):
        name_cluster(workspace, stored, number, text=name, state="sure", author="ada", uuid=str(number), base=0)
    assert "name" in ways(workspace, source, one, stored)
    found, desk = colouring(workspace, one, shown, "name", stored), open_desk(workspace, stored)
    titles = {entry.title: entry for entry in found.entries}
    assert list(titles) == ["Dog", "Cat", "without a name"] and rest
    assert (titles["Dog"].number, titles["Dog"].colour) == (None, colour_of(a))
    assert (titles["Cat"].number, titles["without a name"].colour) == (b, NOISE)
    for image, title in meanings(shown, found).items():
        rows = desk.rows_at([image])
        name = (desk.name_of(int(desk.group[rows[0]])) or "without a name") if len(rows) else None
        assert title == name


def test_colours_of_an_earlier_version_are_as_it_was_then_and_a_name_does_not_change_the_codes(
    workspace: Workspace, stored: Clustering, one: Embedding, shown: StoredMap
) -> None:
    before = colouring(workspace, one, shown, "cluster", stored)
    number = before.entries[0].number or 0
    name_cluster(workspace, stored, number, text="Zebra", state="sure", author="bob", uuid="0", base=0)
    named = colouring(workspace, one, shown, "cluster", stored)
    assert named.tag == before.tag and named.entries[0].title == f"{number} Zebra"
    assert named.version == before.version == 0  # so that browsers need not ask for them again
    a, b = open_desk(workspace, stored).clusters[1:3]
    event = merge_clusters(workspace, stored, a, b, author="ada", uuid="1", base=0)
    after = colouring(workspace, one, shown, "cluster", stored)
    assert after.tag != before.tag and after.version == event.id and len(after.entries) == len(before.entries) - 1
    again = colouring(workspace, one, shown, "cluster", stored, before.version)
    assert again.tag == before.tag and again.entries == before.entries
    undo(workspace, stored, author="ada", uuid="2")
    assert colouring(workspace, one, shown, "cluster", stored).tag == before.tag


def test_labels_are_ranked_and_confidence_is_the_probability_of_the_first(
    workspace: Workspace, one: Embedding, shown: StoredMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    said = dict(zip(located.image_ids.tolist(), rows.labels[located.rows], strict=True))
    names = class_names(one)
    whole = colouring(workspace, one, shown, "label", None)
    for image, title in meanings(shown, whole).items():
        assert title == (names[said[image]["label"][0]] if image in said else None)
    sizes = [entry.size for entry in whole.entries]
    assert sizes == sorted(sizes, reverse=True) and [entry.colour for entry in whole.entries[:3]] == list(PALETTE[:3])
    shares = colouring(workspace, one, shown, "confidence", None)
    assert_shares(shown, shares, {image: label["probability"][0] for image, label in said.items()})
    map_values._coloured.clear()
    monkeypatch.setattr(map_values, "MOST_LABELS", 2)
    try:
        few = colouring(workspace, one, shown, "label", None)
    finally:
        map_values._coloured.clear()
    assert [entry.title for entry in few.entries[:2]] == [entry.title for entry in whole.entries[:2]]
    (rest,) = few.entries[2:]
    assert (rest.title, rest.colour, rest.at, rest.size) == ("other labels", NOISE, None, sum(sizes[2:]))


def test_of_very_many_groups_the_smallest_are_one_entry_and_no_image_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    of = np.repeat(np.arange(100), np.arange(100) + 1)
    kinds = [map_values._Kind(str(at), NOISE if at == 3 else "#961eff", at) for at in range(100)]
    monkeypatch.setattr(map_values, "MOST", 10)
    places = np.zeros((len(of), 2), np.float32)
    found = map_values._grouped(np.append(of, -1), kinds, "the rest", np.append(places, places[:1], axis=0))
    assert [entry.title for entry in found.entries] == ["3", *map(str, range(91, 100)), "the rest"]
    assert sum(entry.size for entry in found.entries) == len(of) and found.codes[-1] == UNKNOWN
    sizes = np.bincount(found.codes[:-1])
    assert sizes.tolist() == [entry.size for entry in found.entries]


def test_margin_is_the_clusterings_and_says_nothing_of_images_in_no_cluster(
    workspace: Workspace, source: Collection, one: Embedding, shown: StoredMap
) -> None:
    for recipe in (PLAIN, DENSE):
        stored = clustered(workspace, source, recipe)
        content = read_clustering(stored)
        within = content.labels >= 0
        known = dict(zip(content.image_ids[within].tolist(), content.margin[within], strict=True))
        assert_shares(shown, colouring(workspace, one, shown, "margin", stored), known)


@pytest.fixture
def sorted_source(workspace: Workspace, source: Collection, tmp_path: Path) -> Collection:
    """Photographs in folders, one of them in none, and two folders of one name in different places."""
    below = [".", "dogs", "dogs", "cats/small", "cats/small", "wolves", "old/dogs", "=evil\n<b>"]
    for at, (where, file) in enumerate(zip(below, sorted(source.folder.rglob("*.jpg")), strict=False)):
        (tmp_path / "sorted" / where).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, tmp_path / "sorted" / where / f"{at}.jpg")
    made = add_collection(workspace, tmp_path / "sorted")
    scan(workspace, made.id, quietly)
    long_ago(workspace)
    return collection(workspace, made.id)


def test_truth_is_the_folder_each_image_lies_in_and_follows_the_next_scan(
    workspace: Workspace, sorted_source: Collection, one: Embedding
) -> None:
    known = paths(workspace, sorted_source.id)
    here = add_embedding(workspace, sorted_source.id, one.recipe, [])
    shown = kept(here, MapContent(np.sort(np.array([*known, 10**6])), np.zeros((len(known) + 1, 2), np.float32)))
    found = colouring(workspace, here, shown, "truth", None)
    truth = read_truth(workspace, sorted_source.id, FOLDERS).classes
    assert len(truth) == len(known) - 1
    assert meanings(shown, found) == {image: truth.get(image) for image in by_image(shown, found)}
    titles = [(entry.title, entry.size) for entry in found.entries]
    assert titles == [("=evil\\n<b>", 1), ("dogs", 3), ("small", 2), ("wolves", 1)]
    assert [entry.colour for entry in found.entries] == list(PALETTE[:4])
    assert list(ways(workspace, sorted_source, here, None)) == ["truth"]
    shutil.rmtree(sorted_source.folder / "wolves")
    scan(workspace, sorted_source.id, quietly)
    after = colouring(workspace, here, shown, "truth", None)
    assert after.tag != found.tag and "wolves" not in [entry.title for entry in after.entries]


def test_only_what_is_known_is_offered_and_what_cannot_be_shown_is_said_in_words(
    workspace: Workspace, stored: Clustering, source: Collection, one: Embedding, shown: StoredMap
) -> None:
    assert list(ways(workspace, source, one, stored)) == ["cluster", "label", "confidence", "margin"]
    assert list(ways(workspace, source, one, None)) == ["label", "confidence"]
    for by in ("nothing", "", "CLUSTER", "cluster", "name", "margin"):
        with case(by), pytest.raises(MapError):
            colouring(workspace, one, shown, by, None)
    with pytest.raises(MapError, match="need a clustering of this collection"):
        colouring(workspace, one, shown, "cluster", replace(stored, collection_id="other"))


@pytest.mark.parametrize("words", ["[]", "nonsense"])
def test_a_network_without_words_offers_no_labels(
    workspace: Workspace, source: Collection, one: Embedding, words: str
) -> None:
    (one.folder / "classes.json").write_text(words)
    assert ways(workspace, source, one, None) == {}


def test_tiny_maps_have_colours_too(workspace: Workspace, stored: Clustering, one: Embedding) -> None:
    for n in (0, 1, 2):
        ids = read_clustering(stored).image_ids[:n]
        tiny = kept(one, MapContent(np.sort(ids), np.zeros((n, 2), np.float32)))
        for by in BYS:
            found = colouring(workspace, one, tiny, by, stored)
            assert len(found.codes) == n and sum(entry.size for entry in found.entries) in (0, n), by


def test_every_colour_of_the_scale_stands_out_from_both_themes() -> None:
    for colour in SCALE:
        assert contrast(colour, "#ffffff") >= 1.9 and contrast(colour, "#14171a") >= 2.4, colour
