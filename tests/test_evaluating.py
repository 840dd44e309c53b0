"""The truth from folders and tables, and what the commands say of clusterings, on real photographs."""

import json
import shutil
from pathlib import Path

import pytest

from imclust_core.errors import ClusteringError, TruthError
from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.store.clusterings import Clustering, ClusterRecipe, clustering
from imclust_core.store.collections import Collection
from imclust_core.store.comparisons import compared, evaluated
from imclust_core.store.truth import FOLDERS, has_folders, read_truth
from imclust_core.store.workspace import Workspace
from tests.conftest import stop_workers
from tests.helpers.command import imclust
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.trees import newest


def clustered(workspace: Workspace, source: Collection, k: int, strategy: str = "ward") -> Clustering:
    made = cluster(workspace, newest(workspace, source).id, ClusterRecipe("l2", strategy, k), quietly)
    return clustering(workspace, made["clustering"])


@pytest.fixture
def table(prepared: tuple[Path, Path]) -> str:
    """The truth that comes with the sample photographs."""
    return (prepared[1] / "truth.csv").read_text()


def test_each_photograph_with_its_own_kind_is_all_right(
    workspace: Workspace, source: Collection, prepared: tuple[Path, Path]
) -> None:
    found = evaluated(workspace, clustered(workspace, source, 18), str(prepared[1] / "truth.csv"))
    assert (found.scores.images, len(found.classes), found.unused) == (36, 18, 0)
    assert found.scores.acc > 0.9 and found.scores.purity >= found.scores.acc


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


@pytest.mark.parametrize("way", WAYS)
def test_a_table_is_read_however_it_was_written(
    workspace: Workspace, source: Collection, table: str, tmp_path: Path, way: str
) -> None:
    if way == "with blanks and quotes":
        table = table.partition("\n")[2]
    file = tmp_path / "truth.csv"
    file.write_bytes(WAYS[way](table))
    known = read_truth(workspace, source.id, str(file))
    assert len(known.classes) == 36 and len(set(known.classes.values())) == 18


BAD = {
    "empty": (b"", "0 rows were read"),
    "no text": (b"\x89PNG\r\n\x1a\n\x00\xff" * 50, "cannot be read as a table"),
    "one column": (b"file\nphoto_0001.jpg\nphoto_0002.jpg\n", "gives an image of this collection a class"),
    "a stray quote": (b'file,class\n"photo_0001.jpg,cat\nphoto_0002.jpg,dog\n', "cannot be read as a table"),
    "other images": (b"file,class\nnobody.jpg,cat\n", "1 of them name no image here"),
    "two classes": (b"file,class\nphoto_0001.jpg,cat\nphoto_0001.jpg,dog\n", "two classes: cat and dog"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_table_that_is_none_is_refused_in_words(
    workspace: Workspace, source: Collection, tmp_path: Path, kind: str
) -> None:
    data, says = BAD[kind]
    (tmp_path / "truth.csv").write_bytes(data)
    with pytest.raises(TruthError, match=says):
        read_truth(workspace, source.id, str(tmp_path / "truth.csv"))


@pytest.mark.parametrize("path", ["/nowhere.csv", "/dev/zero", "/proc/self/environ", ".", "\0"])
def test_what_is_no_file_is_not_read(workspace: Workspace, source: Collection, path: str) -> None:
    with pytest.raises(TruthError):
        read_truth(workspace, source.id, path)


def test_folders_are_classes_where_there_are_several(
    workspace: Workspace, prepared: tuple[Path, Path], tmp_path: Path, table: str
) -> None:
    for line in table.splitlines()[1:]:
        name, kind = line.split(",")
        (tmp_path / "sorted" / kind).mkdir(parents=True, exist_ok=True)
        shutil.copy(prepared[1] / name, tmp_path / "sorted" / kind / name)
    source = embedded_photographs(workspace, tmp_path / "sorted")
    assert has_folders(workspace, source.id)
    found = evaluated(workspace, clustered(workspace, source, 18), FOLDERS)
    assert (found.scores.images, len(found.classes)) == (36, 18)


def test_without_folders_the_truth_says_nothing(workspace: Workspace, source: Collection) -> None:
    assert not has_folders(workspace, source.id)
    with pytest.raises(TruthError, match="says nothing"):
        evaluated(workspace, clustered(workspace, source, 4), FOLDERS)


def test_clusterings_of_two_collections_are_not_compared(
    workspace: Workspace, source: Collection, tmp_path: Path, prepared: tuple[Path, Path]
) -> None:
    other = embedded_photographs(workspace, shutil.copytree(prepared[1], tmp_path / "other"))
    with pytest.raises(ClusteringError, match="different collections"):
        compared(clustered(workspace, source, 3), clustered(workspace, other, 3))


def test_the_commands_cluster_compare_and_evaluate(
    workspace: Workspace, source: Collection, prepared: tuple[Path, Path]
) -> None:
    made = []
    for more in (["--k", "18"], ["--k", "6", "--strategy", "ward", "--reduce", "l2"]):
        done = imclust("cluster", str(source.folder), *more, "--json")
        assert done.returncode == 0, done.stderr
        made.append(json.loads(done.stdout))
    first, second = made
    assert {"clustering", "k", "sizes", "inertia", "silhouette", "seconds"} <= first.keys()
    assert (first["k"], sum(first["sizes"]), second["strategy"]) == (18, 36, "ward")
    found = json.loads(imclust("compare", first["clustering"], second["clustering"], "--json").stdout)
    assert found["images"] == 36 and len(found["carried"]) + len(found["lost"]) == 18
    truth = str(prepared[1] / "truth.csv")
    asked = ("evaluate", str(source.folder), "--clustering", first["clustering"], "--truth", truth)
    scored = json.loads(imclust(*asked, "--json").stdout)
    assert scored["images"] == 36 and scored["acc"] > 0.9 and {"nmi", "ari", "purity"} <= scored.keys()
    assert "ACC" in imclust(*asked).stdout
    stop_workers(workspace)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["cluster", "--k", "0"], 2),
        (["cluster", "--k", "37"], 1),
        (["cluster", "--reduce", "pca:0"], 1),
        (["cluster", "--seed", "-1"], 1),
        (["cluster", "--embedding", "nobody"], 1),
        (["evaluate", "--clustering", "../../etc"], 1),
    ],
)
def test_a_command_that_cannot_be_says_why(
    workspace: Workspace, source: Collection, asked: list[str], code: int
) -> None:
    done = imclust(asked[0], str(source.folder), *asked[1:], "--json")
    assert done.returncode == code and "Traceback" not in done.stderr
    assert code == 2 or json.loads(done.stdout).keys() == {"error", "reason"}
