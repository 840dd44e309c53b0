"""The table of what was picked: each image once, with what people said of it, and nothing a spreadsheet would run."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE
from imclust_core.annotation.editing import move_images, name_cluster, open_desk
from imclust_core.exchange.exports import picked
from imclust_core.exchange.exports.picked import PICKED_COLUMNS, picked_table
from imclust_core.exchange.exports.tables import csv_value
from imclust_core.jobs.kinds.scan import scan
from imclust_core.names import display_name, path_of
from imclust_core.store.catalogue import page_of_images, paths
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.workspace import Workspace
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.embedded import quietly
from tests.helpers.hostile import EVIL_NAMES, jpeg


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source, replace(PLAIN, k=6))


def read(table: bytes) -> list[dict[str, str]]:
    assert table.startswith(b"\xef\xbb\xbf")
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    assert tuple(rows.fieldnames or ()) == PICKED_COLUMNS
    return [{column: csv_value(cell) for column, cell in row.items()} for row in rows]


def test_each_image_has_a_row_with_what_people_said_of_it(
    workspace: Workspace, source: Collection, stored: Clustering
) -> None:
    desk = open_desk(workspace, stored)
    a, b = desk.clusters[:2]
    name_cluster(workspace, stored, a, text="=Zebra, ñandú", state="doubtful", author="ada", uuid="1", base=0)
    inside, other = desk.image_ids[desk.rows_of(a)], desk.image_ids[desk.rows_of(b)]
    move_images(workspace, stored, other[:1].tolist(), ASIDE, author="ada", uuid="2", seen=desk.version)
    wanted = np.concatenate([other[:2], inside, inside])
    found = read(picked_table(workspace, source, stored, wanted))
    assert [int(row["image_id"]) for row in found] == np.unique(wanted).tolist()
    known, group = paths(workspace, source.id), {**dict.fromkeys(inside.tolist(), a), other[1]: b, other[0]: ASIDE}
    for row in found:
        image = int(row["image_id"])
        assert row["path"] == display_name(known[image]) and int(row["cluster"]) == group[image]
        named = group[image] == a
        assert (row["name"], row["state"]) == (("=Zebra, ñandú", "doubtful") if named else ("", ""))


def test_without_a_clustering_or_outside_it_what_is_not_known_stays_empty_and_nothing_of_another_collection_gets_out(
    workspace: Workspace, source: Collection, stored: Clustering, photos: Path
) -> None:
    ids = [row.id for row in page_of_images(workspace, source.id, offset=0, limit=3)]
    for row in read(picked_table(workspace, source, None, np.array(ids))):
        assert (row["cluster"], row["name"], row["state"]) == ("", "", "") and row["path"]
    other = add_collection(workspace, photos)
    scan(workspace, other.id, quietly)
    theirs = [row.id for row in page_of_images(workspace, other.id, offset=0, limit=99)]
    assert len(theirs) == 12
    for nobody in (theirs, [10**9], []):
        assert read(picked_table(workspace, source, stored, np.array(nobody, np.int64))) == []


@pytest.mark.parametrize("many", [1, 10**6])
def test_names_of_files_are_no_formulas_and_break_no_row_also_when_the_file_is_gone(
    workspace: Workspace, tmp_path: Path, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "evil"
    folder.mkdir()
    names = [*EVIL_NAMES, b"=1+1.jpg", b"@x, y.jpg", b"a\r\nb.jpg", b"\xff\xfe.jpg", "é\u202ex.jpg".encode(), b"0.jpg"]
    for at, name in enumerate(names):
        Path(path_of(folder, name)).write_bytes(jpeg(at))
    source = add_collection(workspace, folder)
    scan(workspace, source.id, quietly)
    known = paths(workspace, source.id)
    (folder / "0.jpg").unlink()
    scan(workspace, source.id, quietly)
    monkeypatch.setattr(picked, "_MANY", many)
    table = picked_table(workspace, source, None, np.array(list(known)))
    found = {int(row["image_id"]): row["path"] for row in read(table)}
    assert found == {image: display_name(path) for image, path in known.items()} and "0.jpg" in found.values()
    for row in csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
