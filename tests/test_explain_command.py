"""`imclust explain`: pictures, a table and a list in a new folder, of what was asked for, or a reason in words."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imclust_core.annotation.editing import open_desk
from imclust_core.cli import main
from imclust_core.exchange.sheets.saliency_export import NEEDS
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.helpers.clusterings import clustered
from tests.helpers.editing import move


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["explain", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def listed(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "looks.csv").read_text("utf-8-sig").splitlines()))


def test_each_way_is_a_picture_in_shape(source: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, found = told(
        capsys, str(source.folder), "--out", str(out), "--images", "1", "photo_0003.jpg", "1", "--method", *NEEDS
    )
    assert (code, found["images"], found["failed"]) == (0, 2, {})
    assert (found["exact"], found["guided"], found["layer"]) == (True, True, "bn2")
    rows = listed(out)
    assert [row["image"] for row in rows] == ["1", "3"] and rows[1]["file"] == "photo_0003.jpg"
    assert all("%" in row["label"] and row["explained"] == "top1" for row in rows)
    assert list(rows[0]) == ["image", "file", "explained", "label", *NEEDS]
    assert sorted(found["files"]) == sorted([row[way] for row in rows for way in NEEDS] + ["looks.csv", "table.png"])
    with Image.open(source.folder / "photo_0003.jpg") as original:
        shape = original.width / original.height
    for way in NEEDS:
        with Image.open(out / rows[1][way]) as picture:
            assert picture.width / picture.height == pytest.approx(shape, rel=0.02)
    with Image.open(out / "table.png") as table:
        assert table.width > table.height


def test_clusters_are_explained_as_people_left_them(
    workspace: Workspace, source: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = clustered(workspace, source)
    desk = open_desk(workspace, stored)
    first, second = desk.clusters[:2]
    moved, other = desk.image_ids[desk.rows_of(second)][:2].tolist()
    move(workspace, stored, [moved], first)
    for out, images, more, explained in (
        ("a", [moved], ["cluster"], f"cluster/{stored.id}/{first}/"),
        ("b", [other, moved], ["contrast", "--clustering", stored.id], f"contrast/{stored.id}/{second}/"),
    ):
        asked = ["--images", *map(str, images), "--method", "cam", "--target", *more]
        code, found = told(capsys, str(source.folder), "--out", str(tmp_path / out), *asked)
        assert code == 0 and listed(tmp_path / out)[0]["explained"].startswith(explained)
        assert found["images"] + len(found["failed"]) == len(images)


def test_what_cannot_be_is_said_and_nothing_is_written_over_anything_or_among_the_images(
    source: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, why in (
        ("--images 777777", "no image '777777'"),
        ("--images no.jpg", "no image 'no.jpg'"),
        ("--target class:1000", "classes 0 to 999"),
        ("--target class:", "no target"),
        ("--target dog", "Expected top1"),
        ("--target cluster", "not clustered yet"),
        ("--target cluster:", "no target"),
        ("--target cluster --embedding efficientnet_lite0", "Leave out --embedding"),
        ("--target top1 --clustering abc", "goes with --target cluster"),
        ("--embedding resnet152", "no finished embedding"),
        ("--opacity 7", "opacity"),
    ):
        out = tmp_path / "out"
        code, found = told(capsys, str(source.folder), "--out", str(out), "--images", "1", *more.split())
        assert code == 1 and why in found["error"] and found["reason"], more
        assert not out.exists() and not list(tmp_path.glob(".imclust-*")), more
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for out in (tmp_path / "full", source.folder / "new"):
        code, found = told(capsys, str(source.folder), "--out", str(out), "--images", "1")
        assert code == 1 and "folder" in found["error"]
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine" and not (source.folder / "new").exists()
    assert len(page_of_images(Workspace.open(), source.id, offset=0, limit=100)) == 36
