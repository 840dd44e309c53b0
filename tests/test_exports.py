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
from pathlib import Path
from typing import Any
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
from tests.helpers.clusterings import clustered
from tests.helpers.command import imclust
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


def forget(workspace: Workspace, image: int, how: str = "UPDATE images SET state = 'gone' WHERE id = ?") -> None:
    with sqlite3.connect(workspace.catalogue) as db:
        db.execute(how, (image,))


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def from_csv(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            **{name: csv_value(row[name]) for name in COLUMNS},
            "image_id": int(row["image_id"]),
            "cluster": int(row["cluster"]),
            "margin": float(row["margin"]),
            "usable": row["usable"] == "true",
        }
        for row in table(folder / "images.csv")
    ]


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


# Rows out are images in


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_every_image_once_with_all_that_is_known_of_it(
    members: Members, tmp_path: Path, name: str
) -> None:
    gone = int(members.desk.image_ids[5])
    forget(members.workspace, gone)
    done = export(members, name, tmp_path / "out")
    rows = READERS[name](done.folder)
    assert rows == [row.facts for row in members] and len(rows) == len(members) == done.images == 36
    assert [row["image_id"] for row in rows] == sorted(members.content.image_ids.tolist())
    assert [row["image_id"] for row in rows if not row["usable"]] == [gone] and done.missing == 1
    assert {"image_id", "path", "cluster", "name", "state", "margin", "author"} < set(rows[0])
    assert sorted(path.name for path in done.folder.iterdir()) == list(done.files)


@pytest.mark.parametrize("name", FORMATS)
def test_the_clusters_go_with_every_format_and_add_up(members: Members, tmp_path: Path, name: str) -> None:
    rows = table(export(members, name, tmp_path / "out").folder / "clusters.csv")
    assert [int(row["cluster"]) for row in rows] == [*members.desk.clusters, UNASSIGNED, ASIDE]
    assert sum(int(row["images"]) for row in rows) == 36
    first = rows[0]
    assert (first["name"], first["note"], first["author"], first["state"]) == ("Zebra", "stripes", "ada", "sure")
    assert first["time"].endswith("+00:00")


def test_images_are_where_people_have_put_them(members: Members) -> None:
    rows = {row.image: row for row in members}
    for number, count in members.desk.sizes.items():
        assert sum(row.cluster == number for row in rows.values()) == count
    assert {row.group for row in rows.values() if row.cluster <= 0} == {"set aside", "unassigned"}
    margins = dict(zip(members.content.image_ids.tolist(), members.content.margin.tolist(), strict=True))
    assert {image: row.margin for image, row in rows.items()} == margins


def test_an_image_that_the_catalogue_has_lost_is_listed_all_the_same(members: Members, tmp_path: Path) -> None:
    lost = int(members.desk.image_ids[0])
    forget(members.workspace, lost, "DELETE FROM images WHERE id = ?")
    for name in FORMATS:
        rows = READERS[name](export(members, name, tmp_path / name).folder) if name != "fiftyone" else None
        assert rows is None or (len(rows) == 36 and [row["path"] for row in rows if row["image_id"] == lost] == [""])


def test_more_images_than_are_read_at_once_are_each_there_once(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row.facts for row in members]
    monkeypatch.setattr("imclust_core.exchange.exports.members.BATCH", 5)
    assert [row.facts for row in members] == whole and BATCH > 5


def test_parquet_has_the_exact_bytes_of_paths_and_is_written_in_pieces(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("imclust_core.exchange.exports.plain_tables.ROWS_AT_ONCE", 10)
    odd = int(members.desk.image_ids[0])
    with sqlite3.connect(members.workspace.catalogue) as db:
        db.execute("UPDATE images SET path = ? WHERE id = ?", (EVIL_NAMES[3], odd))
    file = export(members, "parquet", tmp_path / "out").folder / "images.parquet"
    rows = {row["image_id"]: row for row in parquet.read_table(file).to_pylist()}
    assert rows[odd]["path_bytes"] == EVIL_NAMES[3] and rows[odd]["path"] == "not-utf8-\\xff\\xfe.jpg"
    assert len(rows) == 36 and parquet.ParquetFile(file).num_row_groups == 4


def test_without_pyarrow_parquet_says_what_to_install(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match="pip install pyarrow"):
        export(members, "parquet", tmp_path / "out")
    assert not list(tmp_path.glob("out")) and not list(tmp_path.glob(".imclust-*"))


# Names as they were


def test_what_a_cell_was_can_be_read_back_from_it() -> None:
    cells = [csv_cell(text) for text in CELLS]
    assert [csv_value(cell) for cell in cells] == CELLS and len(set(cells)) == len(CELLS)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    written = csv_bytes(("name",), [(text,) for text in CELLS]).decode("utf-8-sig")
    assert [csv_value(row[0] if row else "") for row in csv.reader(io.StringIO(written, newline=""))][1:] == CELLS


def test_a_hostile_name_is_the_same_in_every_format(members: Members, tmp_path: Path) -> None:
    for name in FORMATS:
        rows = READERS[name](export(members, name, tmp_path / name).folder)
        assert HOSTILE in {row["name"] for row in rows}
    choices = (tmp_path / "labelstudio" / "config.xml").read_text()
    assert "&quot;x&quot;" in choices and choices.count("<Choice ") == 2


def test_a_path_that_is_no_utf8_does_not_stop_the_other_programs(members: Members, tmp_path: Path) -> None:
    with sqlite3.connect(members.workspace.catalogue) as db:
        db.execute("UPDATE images SET path = ? WHERE id = ?", (EVIL_NAMES[3], int(members.desk.image_ids[0])))
    folder = export(members, "fiftyone", tmp_path / "f").folder
    assert all(path.encode() for path in json.loads((folder / "data.json").read_text()).values())
    tasks = (export(members, "labelstudio", tmp_path / "l").folder / "tasks.json").read_text()
    assert "not-utf8-%FF%FE.jpg" in tasks


# Nothing is overwritten


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_holds_anything_is_left_as_it_is(members: Members, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ExportError, match="ever overwritten"):
        export(members, name, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    with pytest.raises(ExportError, match="ever overwritten"):
        export(members, name, tmp_path / "out" / "mine")
    assert (tmp_path / "out" / "mine").read_text() == "mine" and not list(tmp_path.rglob(".imclust-*"))


def test_an_empty_folder_is_filled_and_one_that_was_not_there_is_made(members: Members, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert export(members, "csv", tmp_path / "link").files == ("clusters.csv", "images.csv")
    assert (tmp_path / "empty" / "images.csv").is_file() and (tmp_path / "link").is_symlink()
    assert export(members, "json", tmp_path / "a" / "new" / "one").folder.is_dir()


def test_the_root_of_a_disk_is_there_already(members: Members) -> None:
    with pytest.raises(ExportError, match="is there already"):
        export(members, "csv", Path("/"))


def test_what_comes_into_the_folder_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="could not be written"), new_folder(tmp_path / "out") as making:
        (making / "ours").touch()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"] == [*os.listdir(tmp_path / "out")]
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_fails_half_way_leaves_nothing(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imclust_core.exchange.exports.exports.write_clusters", full)
    with pytest.raises(ExportError, match="No space left"):
        export(members, name, tmp_path / "out")
    assert os.listdir(tmp_path) == ["workspace"]


def test_nothing_is_written_among_the_images_or_into_the_workspace(
    members: Members, source: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match="only ever read"):
        export(members, "csv", source.folder / "results")
    (tmp_path / "way").symlink_to(source.folder)
    with pytest.raises(ExportError, match="only ever read"):
        export(members, "csv", tmp_path / "way" / "results")
    with pytest.raises(ExportError, match="own workspace"):
        folder_to_write(members.workspace, str(members.workspace.root / "results"))
    monkeypatch.setenv("IMCLUST_ROOTS", str(source.folder))
    with pytest.raises(ExportError, match="outside the folders"):
        folder_to_write(members.workspace, str(tmp_path / "results"))


@pytest.mark.parametrize(("name", "how"), [("xls", "copy"), ("csv", "by hand")])
def test_what_is_not_known_is_refused_with_a_list(members: Members, tmp_path: Path, name: str, how: str) -> None:
    with pytest.raises(ExportError, match=r"Choose one of: (csv|symlink), "):
        export(members, name, tmp_path / "out", how)


# Folders


@pytest.mark.parametrize("how", HOW)
def test_folders_hold_each_image_exactly_once(members: Members, source: Collection, tmp_path: Path, how: str) -> None:
    folder = export(members, "folders", tmp_path / "out", how).folder
    rows = table(folder / "images.csv")
    files = [folder / row["file"] for row in rows]
    assert sorted(files) == sorted(path for path in (folder / "images").rglob("*") if not path.is_dir())
    for row, file in zip(rows, files, strict=True):
        original = source.folder / row["path"]
        assert file.read_bytes() == original.read_bytes() and file.parent.parent == folder / "images"
        assert (file.is_symlink(), file.samefile(original)) == (how == "symlink", how != "copy")


def test_a_name_on_two_clusters_is_one_folder_and_the_unnamed_have_their_own(
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


def test_files_that_are_gone_are_counted_and_listed(members: Members, source: Collection, tmp_path: Path) -> None:
    ids = members.desk.image_ids.tolist()
    (tmp_path / "outside.jpg").write_bytes(jpeg())
    outside = os.path.relpath(tmp_path / "outside.jpg", source.folder)
    with sqlite3.connect(members.workspace.catalogue) as db:
        db.execute("UPDATE images SET path = ? WHERE id = ?", (b"nowhere.jpg", ids[0]))
        db.execute("UPDATE images SET path = ? WHERE id = ?", (os.fsencode(outside), ids[1]))
    forget(members.workspace, ids[2])
    done = export(members, "folders", tmp_path / "out", "copy")
    rows = table(done.folder / "images.csv")
    assert done.missing == 3 and [int(row["image_id"]) for row in rows if not row["file"]] == sorted(ids[:3])
    assert len(list((done.folder / "images").glob("*/*"))) == 33


def test_a_way_that_does_not_work_here_is_an_error_that_names_the_others(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setitem(folders_module.WAYS, "hardlink", other_disk)
    with pytest.raises(ExportError, match=r"cross-device link.*symlink or copy"):
        export(members, "folders", tmp_path / "out", "hardlink")
    assert os.listdir(tmp_path) == ["workspace"]


EVIL = [
    "..",
    ".",
    "",
    " ",
    "../../etc",
    "/etc/passwd",
    "a/b\\c:d*e",
    ".hidden",
    "CON",
    "con.txt",
    "Lpt1 .x",
    "nul",
    "COM¹",
]
EVIL += [
    "ends. . .",
    "x" * 300,
    "🐘" * 100,
    "é" * 200,
    "\u202egpj",
    "tab\there",
    "-rf",
    "~",
    "%s",
    "\ud800",
    "…",
    "日本",
]


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("ending", ["", ".jpg", " (12).jpg"])
def test_a_safe_name_is_one_that_every_system_takes(tmp_path: Path, text: str, ending: str) -> None:
    name = safe_name(text, ending)
    assert 0 < len(name.encode()) <= MOST_BYTES and name.endswith(ending)
    assert name == name.rstrip(" .") and not name.startswith((".", " ")) and not set(name) & set('<>:"/\\|?*')
    assert name.split(".")[0].rstrip().lower() not in ("con", "nul", "lpt1", "com¹")
    (tmp_path / name).touch()
    assert os.listdir(tmp_path) == [name], "it is a file right here"


def test_names_in_a_folder_differ_also_where_case_and_accents_do_not_count() -> None:
    names = Names()
    wanted = [
        "A.jpg",
        "a.JPG",
        "a.jpg",
        "é.jpg",
        unicodedata.normalize("NFD", "é.jpg"),
        "x" * 300,
        "x" * 301,
        "ﬁ",
        "fi",
    ]
    made = [names.add(name, 7, is_file=True) for name in wanted]
    assert made[:3] == ["A.jpg", "a (7).JPG", "a (7) 1.jpg"]
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in made}
    assert len(folded) == len(made) and all(len(name.encode()) <= MOST_BYTES for name in made)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Zebra", "red panda & cub", "日本語 🐘", "👩‍🔬", "IMG_0001.JPG", "a.b.c.jpg", "it's (1).png", "-x"):
        assert Names().add(name, is_file=True) == name


def test_hostile_names_stay_inside_the_folder(workspace: Workspace, stored: Clustering, tmp_path: Path) -> None:
    for number, text in zip(
        open_desk(workspace, stored).clusters, ("../../up", "/abs", "..", "CON", "a\\b"), strict=False
    ):
        call(workspace, stored, number, text)
    folder = export(open_members(workspace, stored), "folders", tmp_path / "here" / "out").folder
    assert sorted(os.listdir(tmp_path)) == ["here", "workspace"] and os.listdir(tmp_path / "here") == ["out"]
    assert sum(1 for path in (folder / "images").glob("*/*") if path.is_symlink()) == 36


def test_hostile_file_names_become_files(members: Members, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    ids = members.desk.image_ids.tolist()
    with sqlite3.connect(members.workspace.catalogue) as db:
        db.execute("UPDATE collections SET folder = ?", (os.fsencode(photos.resolve()),))
        for image, name in zip(ids, EVIL_NAMES, strict=False):
            (photos / os.fsdecode(name)).write_bytes(jpeg(image))
            db.execute("UPDATE images SET path = ? WHERE id = ?", (name, image))
    done = export(members, "folders", tmp_path / "out", "copy")
    found = {path.read_bytes() for path in (done.folder / "images").glob("*/*")}
    assert found == {jpeg(image) for image, _ in zip(ids, EVIL_NAMES, strict=False)}
    assert done.missing == 36 - len(EVIL_NAMES)


# The commands


def test_the_commands_name_export_and_refuse(
    members: Members, source: Collection, stored: Clustering, tmp_path: Path
) -> None:
    listed = json.loads(imclust("names", source.folder, "--json").stdout)
    assert listed["clustering"] == stored.id
    assert [one["cluster"] for one in listed["clusters"]] == [row.cluster for row in cluster_rows(members.desk)]
    assert set(listed["clusters"][0]) == {"cluster", "images", "name", "state", "note", "author", "at"}
    asked = ["export", source.folder, "--clustering", stored.id, "--format", "csv", "--out", tmp_path / "out", "--json"]
    done = json.loads(imclust(*asked).stdout)
    assert (done["images"], done["missing"], done["files"]) == (36, 0, ["clusters.csv", "images.csv"])
    again = imclust(*asked)
    assert again.returncode == 1 and json.loads(again.stdout)["reason"] == "export"
    assert "Zebra" in imclust("names", source.folder, "--clustering", stored.id).stdout
    asked[asked.index(stored.id)] = ""
    empty = imclust(*asked[:-2], tmp_path / "other", "--json")
    assert empty.returncode == 1 and json.loads(empty.stdout)["reason"] == "clustering"
    assert not (tmp_path / "other").exists()


def test_names_of_a_clustering_need_the_right_folder(workspace: Workspace, stored: Clustering, photos: Path) -> None:
    imclust("scan", photos)
    told = (
        (["--clustering", stored.id], "is not of"),
        (["--clustering", ""], "is empty"),
        ([], "is not clustered yet"),
    )
    for options, said in told:
        done = imclust("names", photos, *options)
        assert done.returncode == 1 and said in done.stderr


def test_the_members_of_a_desk_follow_what_is_done(members: Members) -> None:
    call(members.workspace, members.stored, 3, "Later")
    later = replace(members, desk=open_desk(members.workspace, members.stored))
    assert "Later" in {row.name for row in later} and "Later" not in {row.name for row in members}
