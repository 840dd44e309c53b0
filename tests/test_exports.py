"""Results that leave the house: every image once in every format, nothing overwritten, no name leads anywhere else."""

import csv
import errno
import io
import json
import os
import sqlite3
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import unquote_to_bytes

import pytest

import imclust_core.exchange.exports.folders as folders_module
from imclust_core.annotation.annotated import ASIDE, UNASSIGNED
from imclust_core.annotation.editing import merge_clusters, open_desk, split_cluster
from imclust_core.errors import ExportError
from imclust_core.exchange.exports.exports import FORMATS, HOW, export
from imclust_core.exchange.exports.members import COLUMNS, Members, cluster_rows, open_members
from imclust_core.exchange.exports.safe_names import MOST_BYTES, Names, safe_name
from imclust_core.exchange.exports.tables import csv_bytes, csv_cell, csv_value
from imclust_core.exchange.exports.writing import folder_to_write, new_folder
from imclust_core.store.catalogue import BATCH
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.clusterings import clustered
from tests.helpers.command import imclust, imclust_here
from tests.helpers.hostile import EVIL_NAMES, jpeg
from tests.helpers.tables import CELLS, HOSTILE, call, put


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    """A clustering that people have worked on: named, merged, split, moved, set aside."""
    made = clustered(workspace, source)
    call(workspace, made, 1, "Zebra", note="stripes")
    call(workspace, made, 2, HOSTILE)
    merge_clusters(workspace, made, 4, 3, author="bob", uuid="merge", base=0)
    desk = open_desk(workspace, made)
    first = desk.image_ids[desk.rows_of(1)].tolist()
    split_cluster(workspace, made, 1, [first[:2]], how="hand", author="bob", uuid="split", base=desk.base_of(1))
    put(workspace, made, first[2:3], ASIDE)
    put(workspace, made, desk.image_ids[desk.rows_of(3)].tolist()[:1], UNASSIGNED)
    return made


@pytest.fixture
def members(workspace: Workspace, stored: Clustering) -> Members:
    return open_members(workspace, stored)


RENAME = "UPDATE images SET path = ? WHERE id = ?"


def with_catalogue(members: Members, change: str, *values: tuple[Any, ...]) -> None:
    with sqlite3.connect(members.workspace.catalogue) as db:
        db.executemany(change, values)


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def from_csv(folder: Path) -> list[dict[str, Any]]:
    read: dict[str, Callable[[str], Any]] = {"image_id": int, "cluster": int, "margin": float, "usable": "true".__eq__}
    return [{name: read.get(name, csv_value)(row[name]) for name in COLUMNS} for row in table(folder / "images.csv")]


def from_json(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "images.json").read_text())["images"]
    return found


def from_parquet(folder: Path) -> list[dict[str, Any]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[dict[str, Any]] = parquet.read_table(folder / "images.parquet").to_pylist()
    assert all(row.pop("path_bytes").decode() == row["path"] for row in rows)
    return rows


def from_fiftyone(folder: Path) -> list[dict[str, Any]]:
    data, labels = (json.loads((folder / f"{name}.json").read_text()) for name in ("data", "labels"))
    assert data.keys() == labels["labels"].keys()
    for key, target in labels["labels"].items():
        facts = target["attributes"]
        assert labels["classes"][target["label"]] == facts["group"] and data[key].endswith(facts["path"])
        assert key == str(facts["image_id"]) and "." not in key, "FiftyOne cuts extensions off keys"
    return [target["attributes"] for target in labels["labels"].values()]


def from_labelstudio(folder: Path) -> list[dict[str, Any]]:
    tasks = json.loads((folder / "tasks.json").read_text())
    found = []
    for task in tasks:
        facts = {name: task["data"][name] for name in COLUMNS}
        where = unquote_to_bytes(task["data"]["image"].removeprefix("/data/local-files/?d="))
        assert where.endswith(b"/" + facts["path"].encode())
        given = [choice for one in task["predictions"] for choice in one["result"][0]["value"]["choices"]]
        assert given == ([facts["name"]] if facts["name"] else [])
        found.append(facts)
    return found


READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "csv": from_csv,
    "folders": from_csv,
    "json": from_json,
    "parquet": from_parquet,
    "fiftyone": from_fiftyone,
    "labelstudio": from_labelstudio,
}


def test_every_format_holds_every_image_once_with_all_that_is_known(members: Members, tmp_path: Path) -> None:
    gone, known = int(members.desk.image_ids[5]), sorted(members.content.image_ids.tolist())
    with_catalogue(members, "UPDATE images SET state = 'gone' WHERE id = ?", (gone,))
    for name in FORMATS:
        with case(name):
            done = export(members, name, tmp_path / name)
            rows = READERS[name](done.folder)
            assert rows == [row.facts for row in members] and len(rows) == len(members) == done.images == 36
            assert [row["image_id"] for row in rows] == known and HOSTILE in {row["name"] for row in rows}
            assert [row["image_id"] for row in rows if not row["usable"]] == [gone] and done.missing == 1
            assert {"image_id", "path", "cluster", "name", "state", "margin", "author"} < set(rows[0])
            assert sorted(path.name for path in done.folder.iterdir()) == list(done.files)
            clusters = table(done.folder / "clusters.csv")
            assert [int(row["cluster"]) for row in clusters] == [*members.desk.clusters, UNASSIGNED, ASIDE]
            assert sum(int(row["images"]) for row in clusters) == 36
            said = [clusters[0][column] for column in ("name", "note", "author", "state")]
            assert said == ["Zebra", "stripes", "ada", "sure"] and clusters[0]["time"].endswith("+00:00")
    choices = (tmp_path / "labelstudio" / "config.xml").read_text()
    assert "&quot;x&quot;" in choices and choices.count("<Choice ") == 2


def test_images_are_where_people_put_them_in_any_batches(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {row.image: row for row in members}
    for number, count in members.desk.sizes.items():
        assert sum(row.cluster == number for row in rows.values()) == count
    assert {row.group for row in rows.values() if row.cluster <= 0} == {"set aside", "unassigned"}
    margins = dict(zip(members.content.image_ids.tolist(), members.content.margin.tolist(), strict=True))
    assert {image: row.margin for image, row in rows.items()} == margins
    monkeypatch.setattr("imclust_core.exchange.exports.members.BATCH", 5)
    assert [row.facts for row in members] == [row.facts for row in rows.values()] and BATCH > 5
    call(members.workspace, members.stored, 3, "Later")
    later = replace(members, desk=open_desk(members.workspace, members.stored))
    assert "Later" in {row.name for row in later} and "Later" not in {row.name for row in members}


def test_an_image_that_the_catalogue_has_lost_is_listed_all_the_same(members: Members, tmp_path: Path) -> None:
    lost = int(members.desk.image_ids[0])
    with_catalogue(members, "DELETE FROM images WHERE id = ?", (lost,))
    for name in FORMATS:
        folder = export(members, name, tmp_path / name).folder
        rows = READERS[name](folder) if name != "fiftyone" else [row.facts for row in members]
        with case(name):
            assert len(rows) == 36 and [row["path"] for row in rows if row["image_id"] == lost] == [""]


def test_a_path_that_is_no_utf8_stops_no_other_program_and_parquet_has_its_exact_bytes_in_pieces(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = int(members.desk.image_ids[0])
    with_catalogue(members, RENAME, (EVIL_NAMES[3], odd))
    folder = export(members, "fiftyone", tmp_path / "f").folder
    assert all(path.encode() for path in json.loads((folder / "data.json").read_text()).values())
    tasks = (export(members, "labelstudio", tmp_path / "l").folder / "tasks.json").read_text()
    assert "not-utf8-%FF%FE.jpg" in tasks
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("imclust_core.exchange.exports.plain_tables.ROWS_AT_ONCE", 10)
    file = export(members, "parquet", tmp_path / "p").folder / "images.parquet"
    rows = {row["image_id"]: row for row in parquet.read_table(file).to_pylist()}
    assert rows[odd]["path_bytes"] == EVIL_NAMES[3] and rows[odd]["path"] == "not-utf8-\\xff\\xfe.jpg"
    assert len(rows) == 36 and parquet.ParquetFile(file).num_row_groups == 4


def test_what_a_cell_was_can_be_read_back_from_it() -> None:
    cells = [csv_cell(text) for text in CELLS]
    assert [csv_value(cell) for cell in cells] == CELLS and len(set(cells)) == len(CELLS)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    written = csv_bytes(("name",), [(text,) for text in CELLS]).decode("utf-8-sig")
    assert [csv_value(row[0] if row else "") for row in csv.reader(io.StringIO(written, newline=""))][1:] == CELLS


def test_a_folder_that_holds_anything_stays_and_others_are_filled_or_made(members: Members, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "mine"
    mine.write_text("mine")
    for name, out in product(FORMATS, (tmp_path / "out", mine)):
        with case(name, out), pytest.raises(ExportError, match="ever overwritten"):
            export(members, name, out)
        assert os.listdir(tmp_path / "out") == ["mine"] and mine.read_text() == "mine"
        assert not list(tmp_path.rglob(".imclust-*")), (name, out)
    with pytest.raises(ExportError, match="could not be written"), new_folder(tmp_path / "new") as making:
        (making / "ours").touch()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "theirs").touch()
    assert os.listdir(tmp_path / "new") == ["theirs"], "also what comes into it meanwhile"
    assert sorted(os.listdir(tmp_path)) == ["new", "out", "workspace"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert export(members, "csv", tmp_path / "link").files == ("clusters.csv", "images.csv")
    assert (tmp_path / "empty" / "images.csv").is_file() and (tmp_path / "link").is_symlink()
    assert export(members, "json", tmp_path / "a" / "new" / "one").folder.is_dir()


def test_an_export_that_fails_half_way_or_needs_what_is_not_here_leaves_nothing_and_says_what_will_do(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(why: str, name: str, how: str = HOW[0]) -> None:
        with case(name), pytest.raises(ExportError, match=why):
            export(members, name, tmp_path / "out", how)
        assert os.listdir(tmp_path) == ["workspace"], name

    fails(r"Choose one of: csv, ", "xls")
    fails(r"Choose one of: symlink, ", "csv", "by hand")
    monkeypatch.setitem(folders_module.WAYS, "hardlink", Mock(side_effect=OSError(errno.EXDEV, "Invalid cross-device")))
    fails(r"cross-device.*symlink or copy", "folders", "hardlink")
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("imclust_core.exchange.exports.exports.write_clusters", full)
    for name in FORMATS:
        fails("No space left", name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    fails("pip install pyarrow", "parquet")


def test_nothing_is_written_among_the_images_or_into_the_workspace(
    members: Members, source: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "way").symlink_to(source.folder)
    for folder, why in (
        *((source.folder / "results", "only ever read"), (tmp_path / "way" / "results", "only ever read")),
        (Path("/"), "is there already"),
    ):
        with case(folder), pytest.raises(ExportError, match=why):
            export(members, "csv", folder)
    with pytest.raises(ExportError, match="own workspace"):
        folder_to_write(members.workspace, str(members.workspace.root / "results"))
    monkeypatch.setenv("IMCLUST_ROOTS", str(source.folder))
    with pytest.raises(ExportError, match="outside the folders"):
        folder_to_write(members.workspace, str(tmp_path / "results"))


def test_folders_hold_each_image_exactly_once(members: Members, source: Collection, tmp_path: Path) -> None:
    for how in HOW:
        folder = export(members, "folders", tmp_path / how, how).folder
        rows = table(folder / "images.csv")
        files = [folder / row["file"] for row in rows]
        assert sorted(files) == sorted(path for path in (folder / "images").rglob("*") if not path.is_dir())
        for row, file in zip(rows, files, strict=True):
            original = source.folder / row["path"]
            assert file.read_bytes() == original.read_bytes() and file.parent.parent == folder / "images"
            assert (file.is_symlink(), file.samefile(original)) == (how == "symlink", how != "copy")


def test_a_name_on_two_clusters_is_one_folder_the_unnamed_have_their_own_and_hostile_ones_stay_inside(
    workspace: Workspace, stored: Clustering, tmp_path: Path
) -> None:
    number = open_desk(workspace, stored).clusters[-1]
    for cluster, text in ((5, "Zebra"), (6, "zebra"), (3, f"cluster {number}")):
        call(workspace, stored, cluster, text)
    folder = export(open_members(workspace, stored), "folders", tmp_path / "out").folder
    made = {path.name: len(list(path.iterdir())) for path in (folder / "images").iterdir()}
    sizes = open_desk(workspace, stored).sizes
    assert made["Zebra"] == sizes[1] + sizes[5] and made["zebra (2)"] == sizes[6]
    assert made[f"cluster {number}"] == sizes[3] and made[f"cluster {number} (2)"] == sizes[number]
    assert made["set aside"] == made["unassigned"] == 1 and sum(made.values()) == 36
    hostile = ("../../up", "/abs", "..", "CON", "a\\b")
    for cluster, text in zip(open_desk(workspace, stored).clusters, hostile, strict=False):
        call(workspace, stored, cluster, text)
    folder = export(open_members(workspace, stored), "folders", tmp_path / "here" / "out").folder
    assert sorted(os.listdir(tmp_path)) == ["here", "out", "workspace"] and os.listdir(tmp_path / "here") == ["out"]
    assert sum(1 for path in (folder / "images").glob("*/*") if path.is_symlink()) == 36


def test_files_that_are_gone_are_listed_and_odd_names_are_files(
    members: Members, source: Collection, tmp_path: Path
) -> None:
    ids = members.desk.image_ids.tolist()
    (tmp_path / "outside.jpg").write_bytes(jpeg())
    outside = os.path.relpath(tmp_path / "outside.jpg", source.folder)
    with_catalogue(members, RENAME, (b"nowhere.jpg", ids[0]), (os.fsencode(outside), ids[1]))
    with_catalogue(members, "UPDATE images SET state = 'gone' WHERE id = ?", (ids[2],))
    done = export(members, "folders", tmp_path / "out", "copy")
    rows = table(done.folder / "images.csv")
    assert done.missing == 3 and [int(row["image_id"]) for row in rows if not row["file"]] == sorted(ids[:3])
    assert len(list((done.folder / "images").glob("*/*"))) == 33
    (photos := tmp_path / "photos").mkdir()
    with_catalogue(members, "UPDATE collections SET folder = ?", (os.fsencode(photos.resolve()),))
    evil = dict(zip(ids[3:], EVIL_NAMES, strict=False))
    for image, name in evil.items():
        (photos / os.fsdecode(name)).write_bytes(jpeg(image))
        with_catalogue(members, RENAME, (name, image))
    done = export(members, "folders", tmp_path / "evil", "copy")
    found = {path.read_bytes() for path in (done.folder / "images").glob("*/*")}
    assert found == {jpeg(image) for image in evil} and done.missing == 36 - len(EVIL_NAMES)


EVIL = (
    *("..", ".", "", " ", "../../etc", "/etc/passwd", "a/b\\c:d*e", ".hidden"),
    *("CON", "con.txt", "Lpt1 .x", "nul", "COM¹"),
    *("ends. . .", "x" * 300, "🐘" * 100, "é" * 200, "\u202egpj", "tab\there", "-rf", "~", "%s", "\ud800", "…", "日本"),
)


def test_a_safe_name_is_one_that_every_system_takes(tmp_path: Path) -> None:
    for text, ending in product(EVIL, ("", ".jpg", " (12).jpg")):
        name = safe_name(text, ending)
        with case(ascii(text), ending):
            assert 0 < len(name.encode()) <= MOST_BYTES and name.endswith(ending)
            assert name == name.rstrip(" .") and not name.startswith((".", " ")) and not set(name) & set('<>:"/\\|?*')
            assert name.split(".")[0].rstrip().lower() not in ("con", "nul", "lpt1", "com¹")
            (tmp_path / name).touch()
            assert os.listdir(tmp_path) == [name], "it is a file right here"
            (tmp_path / name).unlink()


def test_names_in_a_folder_differ_also_where_case_and_accents_do_not_count_and_ordinary_ones_stay() -> None:
    names, accents = Names(), ("é.jpg", unicodedata.normalize("NFD", "é.jpg"))
    wanted = ("A.jpg", "a.JPG", "a.jpg", *accents, "x" * 300, "x" * 301, "ﬁ", "fi", "ß", "ss")
    made = [names.add(name, 7, is_file=True) for name in wanted]
    assert made[:3] == ["A.jpg", "a (7).JPG", "a (7) 1.jpg"]
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in made}
    assert len(folded) == len(made) and all(len(name.encode()) <= MOST_BYTES for name in made)
    for name in ("Zebra", "red panda & cub", "日本語 🐘", "👩‍🔬", "IMG_0001.JPG", "a.b.c.jpg", "it's (1).png", "-x"):
        assert Names().add(name, is_file=True) == name


def test_the_commands_name_export_and_refuse(
    members: Members, source: Collection, stored: Clustering, tmp_path: Path, photos: Path
) -> None:
    listed = json.loads(imclust_here("names", source.folder, "--json").stdout)
    assert listed["clustering"] == stored.id
    assert [one["cluster"] for one in listed["clusters"]] == [row.cluster for row in cluster_rows(members.desk)]
    assert set(listed["clusters"][0]) == {"cluster", "images", "name", "state", "note", "author", "at"}
    asked = ["export", source.folder, "--clustering", stored.id, "--format", "csv", "--out", tmp_path / "out", "--json"]
    done = json.loads(imclust(*asked).stdout)
    assert (done["images"], done["missing"], done["files"]) == (36, 0, ["clusters.csv", "images.csv"])
    again = imclust_here(*asked)
    assert again.returncode == 1 and json.loads(again.stdout)["reason"] == "export"
    assert "Zebra" in imclust_here("names", source.folder, "--clustering", stored.id).stdout
    asked[asked.index(stored.id)] = ""
    empty = imclust_here(*asked[:-2], tmp_path / "other", "--json")
    assert empty.returncode == 1 and json.loads(empty.stdout)["reason"] == "clustering"
    assert not (tmp_path / "other").exists()
    imclust_here("scan", photos)
    for options, said in (
        *((["--clustering", stored.id], "is not of"), (["--clustering", ""], "is empty")),
        ([], "is not clustered yet"),
    ):
        wrong = imclust_here("names", photos, *options)
        assert wrong.returncode == 1 and said in wrong.stderr
