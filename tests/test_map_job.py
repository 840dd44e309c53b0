"""Maps as a job and a command: every image has its place, what is kept is found, and what is damaged is made again."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from itertools import product
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
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, remove_embedding
from imclust_core.store.maps import MapContent, MapRecipe, find_map, forget_map, maps_of, read_map, stored_map
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.conftest import finish
from tests.helpers.cases import case
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.editing import name
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.hostile import jpeg
from tests.helpers.maps import kept
from tests.helpers.trees import newest

UMAP = MapRecipe("umap")


@pytest.fixture
def one(workspace: Workspace, source: Collection) -> Embedding:
    return newest(workspace, source)


def drawn(workspace: Workspace, one: Embedding, recipe: MapRecipe = UMAP, *, anew: bool = False) -> store.StoredMap:
    return stored_map(one, draw_map(workspace, one.id, recipe, quietly, anew=anew)["map"])


def test_every_image_with_a_vector_has_its_place_by_each_method_from_one_graph(
    workspace: Workspace, one: Embedding, monkeypatch: pytest.MonkeyPatch, source: Collection
) -> None:
    opened, made = open_collection(source.id, workspace=workspace.root), []
    with pytest.raises(MapError, match="imclust map"):
        opened.map()
    for method in METHODS:
        stored = drawn(workspace, one, MapRecipe(method))
        assert np.array_equal(read_map(stored).image_ids, locate(workspace, one, read_rows(one)).image_ids), method
        assert stored.images == 36 and stored.seconds >= 0 and 0.5 < (stored.trustworthiness or 0) <= 1, method
        made.append(stored)
        assert maps_of(one) == made[::-1], method
        monkeypatch.setattr(map_job, "graph_of", None)  # the first one's is taken
    with pytest.raises(TypeError):  # another seed, another graph
        drawn(workspace, one, MapRecipe("tsne", seed=1))
    monkeypatch.setattr(map_job, "from_graph", None)
    assert [drawn(workspace, one, stored.recipe) for stored in made] == made, "what is kept is not made again"
    assert np.array_equal(opened.map().places, read_map(drawn(workspace, one)).places), "a notebook has it"


def test_a_damaged_map_or_graph_is_said_to_be_so_and_made_again_the_same(workspace: Workspace, one: Embedding) -> None:
    stored, graph = drawn(workspace, one), one.folder / "maps" / "graph.npz"
    good, whole = read_map(stored), graph.read_bytes()
    for ending, damage in product((".npz", ".json"), (b"", b"no zip", b"PK\x03\x04" + b"\0" * 200)):
        stored.path.with_suffix(ending).write_bytes(damage)
        with case(ending, damage):
            if ending == ".npz":
                with pytest.raises(MapError, match="could not be read"):
                    read_map(stored)
            else:
                assert maps_of(one) == []
            assert np.array_equal(read_map(drawn(workspace, one)).places, good.places)
    for damage in (whole, b"", b"nothing", whole[:-500]):
        graph.write_bytes(damage)
        assert np.array_equal(read_map(drawn(workspace, one, anew=True)).places, good.places), damage[:9]
    for ids, places in (
        (good.image_ids[::-1], good.places),
        (good.image_ids, good.places * np.float32(np.nan)),
        (good.image_ids[1:], good.places[1:]),
        (good.image_ids, good.places[:, :1]),
    ):
        np.savez(stored.path, image_ids=ids, places=places)
        with case(ids.shape, places.shape), pytest.raises(MapError):
            read_map(stored)


BAD_FACTS: list[dict[str, object]] = [
    {"images": 10**400},
    {"images": "many"},
    {"created_at": 10**400},
    {"seconds": None},
    {"trustworthiness": "high"},
    {"notes": 5},
    {"recipe": {"method": 5}},
    {"recipe": {"method": "umap", "colour": "red"}},
    {"recipe": []},
]


def test_a_map_whose_facts_were_changed_is_passed_over(workspace: Workspace, one: Embedding) -> None:
    recipe = MapRecipe("pca")
    stored = drawn(workspace, one, recipe)
    facts = stored.path.with_suffix(".json")
    sound = facts.read_text()
    for change in BAD_FACTS:
        facts.write_text(json.dumps(json.loads(sound) | change))
        assert maps_of(one) == [], change
        assert drawn(workspace, one, recipe).id == stored.id and len(maps_of(one)) == 1, change
    for text in ("[" * 100_000, "{", "1e400", "null"):
        facts.write_text(text)
        assert maps_of(one) == [], text[:9]


def test_only_so_many_maps_stay_one_that_is_not_there_is_said_to_be_so_and_of_a_removed_embedding_none_comes_back(
    workspace: Workspace, one: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name_ in ("", "../recipe", "a/b", "x" * 300, "no\0byte", "0123456789abcdef"):
        with case(name_), pytest.raises(MapError):
            stored_map(one, name_)
    monkeypatch.setattr(store, "_KEPT", 3)
    content = MapContent(np.array([2, 1]), np.zeros((2, 2), np.float32))
    made = [kept(one, content, MapRecipe("umap", seed)) for seed in range(5)]
    assert maps_of(one) == made[:1:-1]
    assert find_map(one, MapRecipe("umap", 0), "state") is None
    assert len(list((one.folder / "maps").iterdir())) == 6
    assert read_map(made[-1]).image_ids.tolist() == [1, 2]
    remove_embedding(workspace, one.id)
    for again in (lambda: drawn(workspace, one), lambda: kept(one, content)):
        with pytest.raises(EmbeddingError):
            again()
    assert not one.folder.exists()


def assert_stay_about(workspace: Workspace, one: Embedding, first: MapContent) -> None:
    """The 30 images of the first map lie nearer to their places than on a map that is made anew."""
    grown, fresh = (read_map(drawn(workspace, one, anew=anew)) for anew in (False, True))
    assert len(grown.image_ids) == 36 and len(first.image_ids) == 30
    at = np.searchsorted(grown.image_ids, first.image_ids)
    moved, anew = (np.linalg.norm(one.places[at] - first.places, axis=1) for one in (grown, fresh))
    assert np.median(moved) < np.median(anew)


def test_images_that_were_on_an_earlier_map_stay_about_there(workspace: Workspace, one: Embedding) -> None:
    stored = drawn(workspace, one, MapRecipe("umap", 1))
    whole = read_map(stored)
    some = np.arange(36) % 6 > 0
    forget_map(stored)
    first = MapContent(whole.image_ids[some], whole.places[some])
    kept(one, first, UMAP)
    assert_stay_about(workspace, one, first)


@pytest.mark.long
def test_images_that_come_later_are_placed_and_the_others_stay_about(
    workspace: Workspace, prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(prepared[1], tmp_path / "growing")
    later = sorted(folder.rglob("*.jpg"))[::6]
    aside = [path.rename(tmp_path / f"{path.parent.name}-{path.name}") for path in later]
    source = embedded_photographs(workspace, folder)
    first = read_map(drawn(workspace, newest(workspace, source)))
    for path, where in zip(aside, later, strict=True):
        path.rename(where)
    scan(workspace, source.id, quietly)
    embed(workspace, source.id, EmbedRequest("efficientnet_lite0"), quietly)
    assert_stay_about(workspace, newest(workspace, source), first)


def test_names_draw_together_and_need_names(workspace: Workspace, source: Collection, one: Embedding) -> None:
    stored = clustered(workspace, source, PLAIN)
    ids, numbers = open_desk(workspace, stored).image_ids, open_desk(workspace, stored).clusters
    with pytest.raises(MapError, match="No cluster of this clustering has a name"):
        named_groups(workspace, f"{stored.id}@0", ids)
    for number, text in zip(numbers, ("Dog", "dog"), strict=False):
        name(workspace, stored, number, text)
    desk = open_desk(workspace, stored)
    groups = named_groups(workspace, f"{stored.id}@{desk.version}", np.append(ids, 10**9))
    assert groups.tolist() == [*np.where(np.isin(desk.group, numbers[:2]), 0, -1), -1]
    recipe = MapRecipe("umap", 0, f"{stored.id}@{desk.version}")
    assert drawn(workspace, one, recipe).id != drawn(workspace, one).id
    for names in ("", "x", "@", "x@", "x@-1", "x@²"):
        with case(names), pytest.raises((MapError, ClusteringError)):
            named_groups(workspace, names, np.arange(3))
    for recipe in (MapRecipe("pca", 0, "x@1"), MapRecipe("umap", -1), MapRecipe("umap", 2**31)):
        with case(recipe), pytest.raises(MapError):
            check_map(recipe)


def test_a_cancelled_map_leaves_nothing_half_made_and_the_worker_draws_it(workspace: Workspace, one: Embedding) -> None:
    for after in (1, 3):
        steps = iter(range(after))

        def stop(*_: object, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise Cancelled("enough")

        with pytest.raises(Cancelled):
            draw_map(workspace, one.id, UMAP, stop)
        assert maps_of(one) == [], after
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


def test_bad_requests_are_refused_in_words(source: Collection, capsys: pytest.CaptureFixture[str]) -> None:
    for more, said in (
        (["--names", "none"], "There is no clustering"),
        (["--seed", "-1"], "seed"),
        (["--out", ""], "cannot be written"),
        (["--out", "/nowhere/at/all.csv"], "cannot be written"),
        (["--out", "new-folder/"], "cannot be written"),
        (["--out", "x" * 250], "cannot be written"),
        (["--out", "/dev/null"], "is there already"),
        (["--embedding", "resnet999"], "no finished embedding"),
    ):
        with case(more):
            assert main(["map", source.id, "--json", *more]) == 1
            told = capsys.readouterr()
            assert said in json.loads(told.out)["error"] and "Traceback" not in told.err


def test_one_image_and_two_have_a_map_too(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
    source = embedded_photographs(workspace, folder)
    for count in (2, 1):
        for method in METHODS:
            stored = drawn(workspace, newest(workspace, source), MapRecipe(method))
            assert stored.images == count and stored.trustworthiness is None, (count, method)
        (folder / "2.jpg").unlink(missing_ok=True)
        scan(workspace, source.id, quietly)
