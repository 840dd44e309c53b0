"""The truth from folders and tables, and what the commands say of clusterings, on real photographs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from imclust_core.errors import ClusteringError, TruthError
from imclust_core.store.clusterings import ClusterRecipe
from imclust_core.store.collections import Collection
from imclust_core.store.comparisons import compared, evaluated
from imclust_core.store.truth import FOLDERS, has_folders, read_truth
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.clusterings import clustered
from tests.helpers.command import imclust, imclust_here
from tests.helpers.embedded import embedded_photographs

WARD = ClusterRecipe("l2", "ward", 18)


@pytest.fixture
def table(prepared: tuple[Path, Path]) -> Path:
    """The truth that comes with the sample photographs."""
    return prepared[1] / "truth.csv"


def test_each_photograph_with_its_own_kind_is_right(workspace: Workspace, source: Collection, table: Path) -> None:
    stored = clustered(workspace, source, WARD)
    found = evaluated(workspace, stored, str(table))
    assert (found.scores.images, len(found.classes), found.unused) == (36, 18, 0)
    assert found.scores.acc > 0.9 and found.scores.purity >= found.scores.acc
    assert not has_folders(workspace, source.id)
    with pytest.raises(TruthError, match="says nothing"):
        evaluated(workspace, stored, FOLDERS)
    with pytest.raises(ClusteringError, match="different collections"):
        compared(stored, replace(clustered(workspace, source, replace(WARD, k=3)), collection_id="other"))


WAYS = {
    "as it is": lambda text: text.encode(),
    "with a mark of its encoding": lambda text: "\ufeff".encode() + text.encode(),
    "with semicolons": lambda text: text.replace(",", ";").encode(),
    "with tabs and Windows' ends of line": lambda text: text.replace(",", "\t").replace("\n", "\r\n").encode(),
    "without a first line": lambda text: text.partition("\n")[2].encode(),
    "with blanks and quotes": lambda text: text.replace(",", ', "').replace("\n", '"\n').encode(),
    "from the current folder": lambda text: text.replace("photo", "./photo").encode(),
    "the columns the other way round": lambda text: "\n".join(
        ",".join(reversed(line.split(","))) for line in text.splitlines()
    ).encode(),
}


def test_a_table_is_read_in_any_writing(workspace: Workspace, source: Collection, table: Path, tmp_path: Path) -> None:
    file, (_, _, rows) = tmp_path / "truth.csv", table.read_text().partition("\n")
    for way, written in WAYS.items():
        file.write_bytes(written(rows if way == "with blanks and quotes" else table.read_text()))
        known = read_truth(workspace, source.id, str(file))
        assert len(known.classes) == 36 and len(set(known.classes.values())) == 18, way


BAD = {
    "empty": (b"", "0 rows were read"),
    "no text": (b"\x89PNG\r\n\x1a\n\x00\xff" * 50, "cannot be read as a table"),
    "one column": (b"file\nphoto_0001.jpg\nphoto_0002.jpg\n", "gives an image of this collection a class"),
    "a stray quote": (b'file,class\n"photo_0001.jpg,cat\nphoto_0002.jpg,dog\n', "cannot be read as a table"),
    "other images": (b"file,class\nnobody.jpg,cat\n", "1 of them name no image here"),
    "two classes": (b"file,class\nphoto_0001.jpg,cat\nphoto_0001.jpg,dog\n", "two classes: cat and dog"),
}


def test_what_is_no_table_or_file_is_refused_in_words(workspace: Workspace, source: Collection, tmp_path: Path) -> None:
    for kind, (data, says) in BAD.items():
        (tmp_path / "truth.csv").write_bytes(data)
        with case(kind), pytest.raises(TruthError, match=says):
            read_truth(workspace, source.id, str(tmp_path / "truth.csv"))
    for path in ("/nowhere.csv", "/dev/zero", "/proc/self/environ", ".", "\0"):
        with case(path), pytest.raises(TruthError):
            read_truth(workspace, source.id, path)


def test_folders_are_classes_where_there_are_several(workspace: Workspace, table: Path, tmp_path: Path) -> None:
    for line in table.read_text().splitlines()[1:]:
        name, kind = line.split(",")
        (tmp_path / "sorted" / kind).mkdir(parents=True, exist_ok=True)
        shutil.copy(table.parent / name, tmp_path / "sorted" / kind / name)
    source = embedded_photographs(workspace, tmp_path / "sorted")
    assert has_folders(workspace, source.id)
    found = evaluated(workspace, clustered(workspace, source, WARD), FOLDERS)
    assert (found.scores.images, len(found.classes)) == (36, 18)


def test_the_commands_cluster_compare_and_evaluate(workspace: Workspace, source: Collection, table: Path) -> None:
    made = []
    for run, more in ((imclust, ["--k", "18"]), (imclust_here, ["--k", "6", "--strategy", "ward", "--reduce", "l2"])):
        done = run("cluster", str(source.folder), *more, "--json")
        assert done.returncode == 0, done.stderr
        made.append(json.loads(done.stdout))
    first, second = made
    assert {"clustering", "k", "sizes", "inertia", "silhouette", "seconds"} <= first.keys()
    assert (first["k"], sum(first["sizes"]), second["strategy"]) == (18, 36, "ward")
    found = json.loads(imclust_here("compare", first["clustering"], second["clustering"], "--json").stdout)
    assert found["images"] == 36 and len(found["carried"]) + len(found["lost"]) == 18
    asked = ("evaluate", str(source.folder), "--clustering", first["clustering"], "--truth", str(table))
    scored = json.loads(imclust(*asked, "--json").stdout)
    assert scored["images"] == 36 and scored["acc"] > 0.9 and {"nmi", "ari", "purity"} <= scored.keys()
    assert "ACC" in imclust_here(*asked).stdout
    for (command, *more), code in (
        (["cluster", "--k", "0"], 2),
        (["cluster", "--k", "37"], 1),
        (["cluster", "--reduce", "pca:0"], 1),
        (["cluster", "--seed", "-1"], 1),
        (["cluster", "--embedding", "nobody"], 1),
        (["evaluate", "--clustering", "../../etc"], 1),
    ):
        done = imclust_here(command, str(source.folder), *more, "--json")
        assert done.returncode == code and "Traceback" not in done.stderr, more
        assert code == 2 or json.loads(done.stdout).keys() == {"error", "reason"}, more
