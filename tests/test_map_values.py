"""What a map is coloured by: every image has the code of what is known of it, in the map's order, as people left it."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk
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
from pages.parts.map import codes
from pages.parts.map import colouring as map_values
from pages.parts.map.codes import FULL, SCALE, UNKNOWN, Colouring, Kind, grouped
from pages.parts.map.colouring import WAYS, colouring, ways
from pages.parts.map.sources import map_content
from tests.helpers.cases import case
from tests.helpers.clusterings import DENSE, PLAIN, clustered
from tests.helpers.colours import contrast
from tests.helpers.embedded import long_ago, quietly
from tests.helpers.maps import kept, mapped
from tests.helpers.trees import newest


@dataclass(frozen=True)
class Scene:
    """A map without three of the images and with two strangers, and a clustering of six; what is asked of them."""

    workspace: Workspace
    source: Collection
    one: Embedding
    stored: Clustering
    shown: StoredMap

    @property
    def desk(self) -> Desk:
        return open_desk(self.workspace, self.stored)

    def coloured(self, by: str, version: int | None = None) -> Colouring:
        return colouring(self.workspace, self.one, self.shown, by, self.stored, version)

    def called(self, number: int, text: str) -> None:
        given = {"state": "sure", "author": "ada", "uuid": str(number), "base": 0}
        name_cluster(self.workspace, self.stored, number, text=text, **given)

    def on_map(self) -> list[int]:
        found: list[int] = map_content(self.shown).image_ids.tolist()
        return found

    def meanings(self, found: Colouring) -> dict[int, str | None]:
        """What each image is said to be, by its id."""
        titles: dict[int, str | None] = {at: entry.title for at, entry in enumerate(found.entries)}
        said = [titles[code] if code != UNKNOWN else None for code in found.codes.tolist()]
        return dict(zip(self.on_map(), said, strict=True))

    def assert_shares(self, found: Colouring, known: Mapping[int, float]) -> None:
        """Each image has the code of its share, and those of which nothing is known have none."""
        assert found.scale == SCALE and found.entries == ()
        for image, code in zip(self.on_map(), found.codes.tolist(), strict=True):
            assert code == UNKNOWN if image not in known else abs(code / FULL - known[image]) < 1e-4


@pytest.fixture
def scene(workspace: Workspace, source: Collection) -> Scene:
    shown = mapped(workspace, source, without=3, strangers=2)
    return Scene(workspace, source, newest(workspace, source), clustered(workspace, source), shown)


def test_each_image_has_the_entry_of_its_cluster_as_people_left_it_on_its_image_nearest_to_the_middle(
    scene: Scene,
) -> None:
    first, second = scene.desk.clusters[:2]
    scene.called(first, "Zebra")
    loose = scene.desk.image_ids[scene.desk.rows_of(second)][-2:].tolist()
    for image, into in zip(loose, (ASIDE, UNASSIGNED), strict=True):
        moved = {"author": "ada", "uuid": f"to {into}", "seen": scene.desk.version}
        move_images(scene.workspace, scene.stored, [image], into, **moved)
    desk, found, places = scene.desk, scene.coloured("cluster"), map_content(scene.shown).places
    group = dict(zip(desk.image_ids.tolist(), desk.group.tolist(), strict=True))
    said = scene.meanings(found)
    assert said == {image: desk.called(group[image]) if image in group else None for image in scene.on_map()}
    assert [entry.number for entry in found.entries][-2:] == [UNASSIGNED, ASIDE] and set(loose) <= set(said)
    assert found.version == desk.version > 0 and found.codes.dtype == np.uint16 and not found.scale
    for code, entry in enumerate(found.entries):
        assert entry.size == sum(title == entry.title for title in said.values())
        assert entry.colour == (colour_of(entry.number) if (entry.number or 0) > 0 else NOISE)
        assert (entry.at is None) == (entry.colour == NOISE)
        if entry.at is not None:
            own = places[found.codes == code]
            off = np.linalg.norm(own - np.median(own, axis=0), axis=1)
            assert np.array_equal(np.float32(entry.at), own[np.argmin(off)])
            assert entry.told["at"] == entry.at and entry.told["ink"] in ("#000000", "#ffffff")


def test_clusters_of_one_name_are_one_entry_and_those_without_are_grey(scene: Scene) -> None:
    given = scene.workspace, scene.source, scene.one, scene.stored
    assert {"cluster", "label", "confidence", "margin"} <= set(ways(*given)) and "name" not in ways(*given)
    a, b, c, *rest = scene.desk.clusters
    for number, name in ((a, "Dog"), (b, "Cat"), (c, "Dog")):
        scene.called(number, name)
    assert "name" in ways(*given)
    found, desk = scene.coloured("name"), scene.desk
    titles = {entry.title: entry for entry in found.entries}
    assert list(titles) == ["Dog", "Cat", "without a name"] and rest
    assert (titles["Dog"].number, titles["Dog"].colour) == (None, colour_of(a))
    assert (titles["Cat"].number, titles["without a name"].colour) == (b, NOISE)
    for image, title in scene.meanings(found).items():
        rows = desk.rows_at([image])
        name = (desk.name_of(int(desk.group[rows[0]])) or "without a name") if len(rows) else None
        assert title == name


def test_colours_of_an_earlier_version_are_as_it_was_then_and_a_name_does_not_change_the_codes(scene: Scene) -> None:
    before = scene.coloured("cluster")
    number = before.entries[0].number or 0
    scene.called(number, "Zebra")
    named = scene.coloured("cluster")
    assert named.tag == before.tag and named.entries[0].title == f"{number} Zebra"
    assert named.version == before.version == 0  # so that browsers need not ask for them again
    a, b = scene.desk.clusters[1:3]
    event = merge_clusters(scene.workspace, scene.stored, a, b, author="ada", uuid="merge", base=0)
    after, again = scene.coloured("cluster"), scene.coloured("cluster", before.version)
    assert after.tag != before.tag and after.version == event.id and len(after.entries) == len(before.entries) - 1
    assert again.tag == before.tag and again.entries == before.entries
    undo(scene.workspace, scene.stored, author="ada", uuid="undo")
    assert scene.coloured("cluster").tag == before.tag


def test_labels_are_ranked_and_confidence_is_the_probability_of_the_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_rows(scene.one)
    located = locate(scene.workspace, scene.one, rows)
    said = dict(zip(located.image_ids.tolist(), rows.labels[located.rows], strict=True))
    names, whole = class_names(scene.one), scene.coloured("label")
    for image, title in scene.meanings(whole).items():
        assert title == (names[said[image]["label"][0]] if image in said else None)
    sizes = [entry.size for entry in whole.entries]
    assert sizes == sorted(sizes, reverse=True) and [entry.colour for entry in whole.entries[:3]] == list(PALETTE[:3])
    scene.assert_shares(scene.coloured("confidence"), {image: one["probability"][0] for image, one in said.items()})
    map_values._coloured.clear()
    monkeypatch.setattr(map_values, "MOST_LABELS", 2)
    try:
        few = scene.coloured("label")
    finally:
        map_values._coloured.clear()
    assert [entry.title for entry in few.entries[:2]] == [entry.title for entry in whole.entries[:2]]
    (rest,) = few.entries[2:]
    assert (rest.title, rest.colour, rest.at, rest.size) == ("other labels", NOISE, None, sum(sizes[2:]))


def test_of_very_many_groups_the_smallest_are_one_entry_and_no_image_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    of = np.repeat(np.arange(100), np.arange(100) + 1)
    kinds = [Kind(str(at), NOISE if at == 3 else "#961eff", at) for at in range(100)]
    monkeypatch.setattr(codes, "MOST", 10)
    places = np.zeros((len(of), 2), np.float32)
    found = grouped(np.append(of, -1), kinds, "the rest", np.append(places, places[:1], axis=0))
    assert [entry.title for entry in found.entries] == ["3", *map(str, range(91, 100)), "the rest"]
    assert sum(entry.size for entry in found.entries) == len(of) and found.codes[-1] == UNKNOWN
    sizes = np.bincount(found.codes[:-1])
    assert sizes.tolist() == [entry.size for entry in found.entries]


def test_margin_is_the_clusterings_and_says_nothing_of_images_in_no_cluster(scene: Scene) -> None:
    for recipe in (PLAIN, DENSE):
        of = replace(scene, stored=clustered(scene.workspace, scene.source, recipe))
        content = read_clustering(of.stored)
        within = content.labels >= 0
        known = dict(zip(content.image_ids[within].tolist(), content.margin[within], strict=True))
        of.assert_shares(of.coloured("margin"), known)


def test_truth_is_the_folder_each_image_lies_in_and_follows_the_next_scan(scene: Scene, tmp_path: Path) -> None:
    """Some lie in none, and two folders in different places have one name."""
    workspace, folder = scene.workspace, tmp_path / "sorted"
    below = [".", "dogs", "dogs", "cats/small", "cats/small", "wolves", "old/dogs", "=evil\n<b>"]
    for at, (where, file) in enumerate(zip(below, sorted(scene.source.folder.rglob("*.jpg")), strict=False)):
        (folder / where).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / where / f"{at}.jpg")
    source = add_collection(workspace, folder)
    scan(workspace, source.id, quietly)
    long_ago(workspace)
    known = paths(workspace, source.id)
    here = add_embedding(workspace, source.id, scene.one.recipe, [])
    content = MapContent(np.sort(np.array([*known, 10**6])), np.zeros((len(known) + 1, 2), np.float32))
    of = replace(scene, one=here, shown=kept(here, content))
    found, truth = of.coloured("truth"), read_truth(workspace, source.id, FOLDERS).classes
    assert len(truth) == len(known) - 1
    assert of.meanings(found) == {image: truth.get(image) for image in of.on_map()}
    titles = [(entry.title, entry.size) for entry in found.entries]
    assert titles == [("=evil\\n<b>", 1), ("dogs", 3), ("small", 2), ("wolves", 1)]
    assert [entry.colour for entry in found.entries] == list(PALETTE[:4])
    assert "truth" in ways(workspace, collection(workspace, source.id), here, None)
    shutil.rmtree(folder / "wolves")
    scan(workspace, source.id, quietly)
    after = of.coloured("truth")
    assert after.tag != found.tag and "wolves" not in [entry.title for entry in after.entries]


def test_only_what_is_known_is_offered_and_what_cannot_be_shown_is_said_in_words(scene: Scene) -> None:
    workspace, source, one, shown = scene.workspace, scene.source, scene.one, scene.shown
    offered = ways(workspace, source, one, None)
    assert {"label", "confidence"} <= set(offered) and "truth" not in offered
    assert not [by for by in offered if WAYS[by].of_clustering]
    for by in ("nothing", "", "CLUSTER", "cluster", "name", "margin"):
        with case(by), pytest.raises(MapError):
            colouring(workspace, one, shown, by, None)
    with pytest.raises(MapError, match="need a clustering of this collection"):
        colouring(workspace, one, shown, "cluster", replace(scene.stored, collection_id="other"))
    for n in (0, 1, 2):
        ids = read_clustering(scene.stored).image_ids[:n]
        tiny = replace(scene, shown=kept(one, MapContent(np.sort(ids), np.zeros((n, 2), np.float32))))
        for by in WAYS:
            found = tiny.coloured(by)
            assert len(found.codes) == n and sum(entry.size for entry in found.entries) in (0, n), by
    for at, words in enumerate(("[]", "nonsense")):
        (one.folder / "classes.json").write_text(words)
        offered = ways(workspace, source, replace(one, finished_at=at), None)
        assert not {"label", "confidence"} & set(offered), "a network without words"


def test_every_colour_of_the_scale_stands_out_from_both_themes() -> None:
    for colour in SCALE:
        assert contrast(colour, "#ffffff") >= 1.9 and contrast(colour, "#14171a") >= 2.4, colour
