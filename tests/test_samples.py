"""The sample collection: the same bytes each time, and names that give nothing away."""

import csv
from pathlib import Path

import pytest

from imclust_core import inspect_file, make_samples
from imclust_core.errors import FolderError
from imclust_core.images.samples import PER_CLASS, SOURCES


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def classes_of(folder: Path) -> dict[str, str]:
    with (folder / "truth.csv").open() as file:
        return {row["file"]: row["class"] for row in csv.DictReader(file)}


def test_the_same_seed_gives_the_same_bytes_and_another_others_and_making_them_goes_on_where_it_was_stopped(
    tmp_path: Path,
) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    for name, seed in (("a", 5), ("c", 6)):
        make_samples(tmp_path / name, seed=seed, per_class=1)
    with pytest.raises(KeyboardInterrupt):
        make_samples(tmp_path / "b", seed=5, per_class=1, step=stop)
    make_samples(tmp_path / "b", seed=5, per_class=1)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != contents(tmp_path / "c")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()}
    make_samples(tmp_path / "a", seed=5, per_class=1)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()} == before, "written again"


def test_every_photograph_is_a_jpeg_has_a_class_its_name_does_not_tell_and_no_twin(tmp_path: Path) -> None:
    assert 280 <= PER_CLASS * len(SOURCES) <= 320
    made, truth = make_samples(tmp_path / "s", per_class=3), classes_of(tmp_path / "s")
    facts = {path.name: inspect_file(path) for path in (tmp_path / "s").glob("*.jpg")}
    assert set(facts) == set(truth) and len(truth) == made == 3 * len(SOURCES)
    assert all(one.format == "JPEG" and min(one.width or 0, one.height or 0) > 60 for one in facts.values())
    assert len({one.digest for one in facts.values()}) == made
    assert {name: list(truth.values()).count(name) for name in SOURCES} == dict.fromkeys(SOURCES, 3)
    assert list(truth.values()) != sorted(truth.values())


def test_a_folder_with_somebodys_own_files_is_left_alone(tmp_path: Path) -> None:
    for number, names in enumerate((("truth.csv", "photo_0001.jpg"), ("mine.jpg",))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(b"mine")
        with pytest.raises(FolderError, match="empty or new folder"):
            make_samples(folder)
        assert contents(folder) == dict.fromkeys(names, b"mine")
