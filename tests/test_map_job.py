"""Maps as a job and a command: every image has its place, what is kept is found, and what is damaged is made again."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import imclust_core.jobs.kinds.map as map_job
from imclust_core import open_collection
from imclust_core.annotation.editing import open_desk
from imclust_core.cli import main
from imclust_core.errors import Cancelled, ClusteringError, EmbeddingError, MapError
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.map import draw_map, named_groups
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import EmbedRequest, check_map
from imclust_core.jobs.submitting import submit_map
from imclust_core.mapping.methods import METHODS
from imclust_core.store import maps as store
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.embeddings import Embedding, remove_embedding
from imclust_core.store.maps import MapContent, MapRecipe, find_map, keep_map, maps_of, read_map, stored_map
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.conftest import finish, jpeg
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.editing import name
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.trees import newest

UMAP = MapRecipe("umap")


@pytest.fixture
def one(workspace: Workspace, source: Collection) -> Embedding:
    return newest(workspace, source)


def drawn(workspace: Workspace, one: Embedding, recipe: MapRecipe = UMAP, *, anew: bool = False) -> store.StoredMap:
    return stored_map(one, draw_map(workspace, one.id, recipe, quietly, anew=anew)["map"])


@pytest.mark.parametrize("method", METHODS)
def test_every_image_with_a_vector_has_its_place(workspace: Workspace, one: Embedding, method: str) -> None:
    stored = drawn(workspace, one, MapRecipe(method))
    content = read_map(stored)
    assert np.array_equal(content.image_ids, locate(workspace, one, read_rows(one)).image_ids)
    assert stored.images == 36 and stored.seconds >= 0 and 0.5 < (stored.trustworthiness or 0) <= 1
    assert maps_of(one) == [stored]


def test_what_is_kept_is_found_and_not_made_again(
    workspace: Workspace, one: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drawn(workspace, one)
    monkeypatch.setattr(map_job, "from_graph", None)
    assert drawn(workspace, one) == first


def test_a_second_method_takes_the_graph_of_the_first(
    workspace: Workspace, one: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(workspace, one)
    monkeypatch.setattr(map_job, "graph_of", None)
    assert drawn(workspace, one, MapRecipe("tsne")).images == 36
    with pytest.raises(TypeError):  # another seed, another graph
        drawn(workspace, one, MapRecipe("tsne", seed=1))


def test_made_anew_it_comes_out_the_same(workspace: Workspace, one: Embedding) -> None:
    first = read_map(drawn(workspace, one)).places
    assert np.array_equal(read_map(drawn(workspace, one, anew=True)).places, first)


@pytest.mark.parametrize("damage", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 200])
@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_a_damaged_map_is_said_to_be_so_and_made_again(
    workspace: Workspace, one: Embedding, damage: bytes, ending: str
) -> None:
    stored = drawn(workspace, one)
    before = read_map(stored).places
    stored.path.with_suffix(ending).write_bytes(damage)
    if ending == ".npz":
        with pytest.raises(MapError, match="could not be read"):
            read_map(stored)
    else:
        assert maps_of(one) == []
    assert np.array_equal(read_map(drawn(workspace, one)).places, before)


def test_arrays_that_are_no_map_are_not_taken_for_one(workspace: Workspace, one: Embedding) -> None:
    stored = drawn(workspace, one)
    good = read_map(stored)
    bad = [
        (good.image_ids[::-1], good.places),
        (good.image_ids, good.places * np.float32(np.nan)),
        (good.image_ids[1:], good.places[1:]),
        (good.image_ids, good.places[:, :1]),
    ]
    for ids, places in bad:
        np.savez(stored.path, image_ids=ids, places=places)
        with pytest.raises(MapError):
            read_map(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"images": 10**400},
        {"images": "many"},
        {"created_at": 10**400},
        {"seconds": None},
        {"trustworthiness": "high"},
        {"notes": 5},
        {"recipe": {"method": 5}},
        {"recipe": {"method": "umap", "colour": "red"}},
        {"recipe": []},
    ],
)
def test_a_map_whose_facts_were_changed_is_passed_over(
    workspace: Workspace, one: Embedding, change: dict[str, object]
) -> None:
    stored = drawn(workspace, one)
    facts = stored.path.with_suffix(".json")
    facts.write_text(json.dumps(json.loads(facts.read_text()) | change))
    assert maps_of(one) == []
    assert drawn(workspace, one).id == stored.id and len(maps_of(one)) == 1


def test_facts_that_are_no_json_or_nested_without_end_are_passed_over(workspace: Workspace, one: Embedding) -> None:
    facts = drawn(workspace, one).path.with_suffix(".json")
    for text in ("[" * 100_000, "{", "1e400", "null"):
        facts.write_text(text)
        assert maps_of(one) == []


def test_a_damaged_graph_is_made_again(workspace: Workspace, one: Embedding) -> None:
    first = read_map(drawn(workspace, one)).places
    graph = one.folder / "maps" / "graph.npz"
    for damage in (b"", b"nothing", graph.read_bytes()[:-500]):
        graph.write_bytes(damage)
        assert np.array_equal(read_map(drawn(workspace, one, anew=True)).places, first)


@pytest.mark.parametrize("name", ["", "../recipe", "a/b", "x" * 300, "no\0byte", "0123456789abcdef"])
def test_a_map_that_is_not_there_is_said_to_be_so(one: Embedding, name: str) -> None:
    with pytest.raises(MapError):
        stored_map(one, name)


def test_only_so_many_maps_stay(one: Embedding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_KEPT", 3)
    content = MapContent(np.array([2, 1]), np.zeros((2, 2), np.float32))
    kept = [
        keep_map(one, MapRecipe("umap", seed), "state", content, seconds=0, trustworthiness=None) for seed in range(5)
    ]
    assert maps_of(one) == kept[:1:-1]
    assert find_map(one, MapRecipe("umap", 0), "state") is None
    assert len(list((one.folder / "maps").iterdir())) == 6
    assert read_map(kept[-1]).image_ids.tolist() == [1, 2]


def test_a_map_of_a_removed_embedding_brings_nothing_back(workspace: Workspace, one: Embedding) -> None:
    remove_embedding(workspace, one.id)
    with pytest.raises(EmbeddingError):
        drawn(workspace, one)
    with pytest.raises(EmbeddingError):
        keep_map(one, UMAP, "s", MapContent(np.zeros(0, int), np.zeros((0, 2))), seconds=0, trustworthiness=None)
    assert not one.folder.exists()


def test_images_that_come_later_are_placed_and_the_others_stay_about(
    workspace: Workspace, prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "growing"
    shutil.copytree(prepared[1], folder)
    later = sorted(folder.rglob("*.jpg"))[::6]
    for path in later:
        path.rename(tmp_path / f"{path.parent.name}-{path.name}")
    source = embedded_photographs(workspace, folder)
    one = newest(workspace, source)
    first = read_map(drawn(workspace, one))
    for path in later:
        (tmp_path / f"{path.parent.name}-{path.name}").rename(path)
    scan(workspace, source.id, quietly)
    embed(workspace, source.id, EmbedRequest("efficientnet_lite0"), quietly)
    one = newest(workspace, source)
    grown = read_map(drawn(workspace, one))
    assert len(grown.image_ids) == 36 and len(first.image_ids) == 30
    at = np.searchsorted(grown.image_ids, first.image_ids)
    moved = np.linalg.norm(grown.places[at] - first.places, axis=1)
    fresh = read_map(drawn(workspace, one, anew=True))
    assert np.median(moved) < np.median(np.linalg.norm(fresh.places[at] - first.places, axis=1))


@pytest.mark.parametrize("after", [1, 3])
def test_a_cancelled_map_leaves_nothing_half_made(workspace: Workspace, one: Embedding, after: int) -> None:
    told = 0

    def stop(_done: int, _total: int | None, _what: str, _detail: object = None) -> None:
        nonlocal told
        told += 1
        if told > after:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        draw_map(workspace, one.id, UMAP, stop)
    assert maps_of(one) == []
    assert drawn(workspace, one).images == 36


def test_names_draw_together_and_need_names(workspace: Workspace, source: Collection, one: Embedding) -> None:
    stored = clustered(workspace, source, PLAIN)
    ids = open_desk(workspace, stored).image_ids
    with pytest.raises(MapError, match="No cluster of this clustering has a name"):
        named_groups(workspace, f"{stored.id}@0", ids)
    numbers = open_desk(workspace, stored).clusters
    for number, text in zip(numbers, ("Dog", "dog", ""), strict=False):
        if text:
            name(workspace, stored, number, text)
    desk = open_desk(workspace, stored)
    groups = named_groups(workspace, f"{stored.id}@{desk.version}", np.append(ids, 10**9))
    assert groups[-1] == -1
    expected = np.where(np.isin(desk.group, numbers[:2]), 0, -1)
    assert np.array_equal(groups[:-1], expected)
    recipe = MapRecipe("umap", 0, f"{stored.id}@{desk.version}")
    assert drawn(workspace, one, recipe).id != drawn(workspace, one).id


@pytest.mark.parametrize("names", ["", "x", "@", "x@", "x@-1", "x@²"])
def test_names_that_lead_nowhere_are_refused(workspace: Workspace, one: Embedding, names: str) -> None:
    with pytest.raises((MapError, ClusteringError)):
        named_groups(workspace, names, np.arange(3))


@pytest.mark.parametrize("recipe", [MapRecipe("pca", 0, "x@1"), MapRecipe("umap", -1), MapRecipe("umap", 2**31)])
def test_recipes_that_cannot_be_are_refused(recipe: MapRecipe) -> None:
    with pytest.raises(MapError):
        check_map(recipe)


def test_a_worker_draws_a_map(workspace: Workspace, one: Embedding) -> None:
    job = submit_map(workspace, one, UMAP)
    assert submit_map(workspace, one, UMAP).id == job.id
    result = finish(workspace, job).result
    assert result is not None and stored_map(one, result["map"]).images == 36


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_prints_what_it_promises(
    workspace: Workspace, source: Collection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "places.csv"
    assert main(["map", source.id, "--method", "pca", "--json", "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"map", "seconds", "trustworthiness"} <= set(told) and told["images"] == 36
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert [set(row) for row in rows] == [{"image", "path", "x", "y"}] * 36
    assert all(row["path"].endswith(".jpg") and float(row["x"]) < 1e6 for row in rows)
    assert main(["map", source.id, "--method", "pca"]) == 0
    assert told["map"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--names", "none"], "There is no clustering"),
        (["--seed", "-1"], "seed"),
        (["--out", ""], "cannot be written"),
        (["--out", "/nowhere/at/all.csv"], "cannot be written"),
        (["--out", "new-folder/"], "cannot be written"),
        (["--out", "x" * 250], "cannot be written"),
        (["--out", "/dev/null"], "is there already"),
        (["--embedding", "resnet999"], "no finished embedding"),
    ],
)
def test_bad_requests_are_refused_in_words(
    workspace: Workspace, source: Collection, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert main(["map", source.id, "--json", *more]) == 1
    told = capsys.readouterr()
    assert said in json.loads(told.out)["error"] and "Traceback" not in told.err


def test_a_notebook_has_the_newest_map(workspace: Workspace, source: Collection, one: Embedding) -> None:
    opened = open_collection(source.id, workspace=workspace.root)
    with pytest.raises(MapError, match="imclust map"):
        opened.map()
    stored = drawn(workspace, one)
    assert np.array_equal(opened.map().places, read_map(stored).places)


def test_one_image_and_two_have_a_map_too(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for count in (1, 2):
        (folder / f"{count}.jpg").write_bytes(jpeg(count))
        source = add_collection(workspace, folder)
        source = embedded_photographs(workspace, folder)
        for method in METHODS:
            stored = drawn(workspace, newest(workspace, source), MapRecipe(method))
            assert stored.images == count and stored.trustworthiness is None
