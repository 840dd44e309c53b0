"""The scan: rows out = files in, ids for ever, and nothing read twice or touched without need."""

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imclust_core.errors import Cancelled, SourceUnavailable
from imclust_core.exchange.exports.tables import csv_cell, skipped_csv
from imclust_core.images import walking
from imclust_core.jobs.kinds import scan as scan_module
from imclust_core.jobs.kinds.scan import MAX_TROUBLE, scan
from imclust_core.names import path_of
from imclust_core.store.catalogue import duplicate_groups, image, page_of_images, skipped_files
from imclust_core.store.collections import Collection, add_collection, remove_collection
from imclust_core.store.counts import summary_of
from imclust_core.store.database import reading
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import quietly
from tests.helpers.hostile import as_nobody, jpeg, make_hostile_folder


def rows(workspace: Workspace) -> dict[bytes, tuple[Any, ...]]:
    """Every row of the catalogue by its path."""
    with reading(workspace.catalogue) as db:
        return {row["path"]: tuple(row) for row in db.execute("SELECT * FROM images")}


@pytest.fixture
def source(workspace: Workspace, photos: Path) -> Collection:
    return add_collection(workspace, photos)


def test_every_hostile_file_becomes_a_row_and_a_rescan_touches_no_row_and_reads_no_file(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = make_hostile_folder(tmp_path / "hostile")
    collection = add_collection(workspace, tmp_path / "hostile")
    result = scan(workspace, collection.id, quietly)
    before = rows(workspace)
    assert set(before) == set(expected)
    with reading(workspace.catalogue) as db:
        for row in db.execute("SELECT path, state, reason, notes FROM images"):
            outcome = expected[row["path"]]
            assert (row["reason"], row["state"]) == (outcome.reason, "bad" if outcome.reason else "ok"), row["path"]
            assert set(outcome.notes) <= set(row["notes"].split()), row["path"]
    assert result["files"] == len(expected) == result["images"] + sum(result["skipped"].values())
    assert result["duplicates"] == 3
    (group,) = duplicate_groups(workspace, collection.id, limit=10)
    assert {one.path for one in group} == {b"good.jpg", b"27-copy-1.jpg", b"27-copy-2.jpg", b"27-hard-link.jpg"}
    summary = summary_of(workspace, collection.id)
    assert summary is not None
    assert (summary.files, summary.images, summary.skipped) == (result["files"], result["images"], result["skipped"])
    assert sum(summary.formats.values()) == sum(summary.sizes.values()) == summary.images
    monkeypatch.setattr(scan_module.Decoder, "inspect", read_nothing)
    monkeypatch.setattr(scan_module, "record_files", read_nothing)
    result = scan(workspace, collection.id, quietly)
    assert rows(workspace) == before
    assert (result["new"], result["changed"], result["gone"]) == (0, 0, 0)


def read_nothing(*arguments: Any) -> list[Any]:
    """Stands for reading and recording: fails when it is asked for anything."""
    assert not arguments[-1], "a file was read or recorded again"
    return []


def test_a_rescan_finds_each_change_and_keeps_every_id(workspace: Workspace, source: Collection, photos: Path) -> None:
    os.utime(photos / "01.jpg", (15_000_000_000, 15_000_000_000))  # from the far future, and an image like any other
    assert scan(workspace, source.id, quietly)["images"] == 12
    before, gone = rows(workspace), (photos / "04.jpg").read_bytes()
    (photos / "new.jpg").write_bytes(jpeg(99))
    (photos / "03.jpg").write_bytes(jpeg(98, 80, 60))
    (photos / "04.jpg").unlink()
    result = scan(workspace, source.id, quietly)
    after = rows(workspace)
    assert (result["new"], result["changed"], result["gone"], result["files"]) == (1, 1, 1, 12)
    assert all(after[path][0] == row[0] for path, row in before.items())
    untouched = set(before) - {b"03.jpg", b"04.jpg"}
    assert all(after[path] == before[path] for path in untouched)
    newest = max(after.items(), key=lambda item: item[1][0])[0]
    Path(path_of(photos, newest)).unlink()
    (photos / "04.jpg").write_bytes(gone)
    assert scan(workspace, source.id, quietly)["gone"] == 1
    back = rows(workspace)[b"04.jpg"]
    assert (back[0], back[3]) == (before[b"04.jpg"][0], "ok")


def test_a_scan_keeps_following_links_and_those_to_nowhere_or_to_a_folder_change_no_row(
    workspace: Workspace, photos: Path
) -> None:
    add_collection(workspace, photos, follow_links=True)
    collection = add_collection(workspace, photos)
    assert collection.follow_links, "until told otherwise"
    scan(workspace, collection.id, quietly)
    before = rows(workspace)
    (photos / "a-link").symlink_to(photos / "below")
    for number in range(2 * MAX_TROUBLE):
        (photos / f"annexed-{number}.jpg").symlink_to(photos / f"nowhere-{number}.jpg")
    assert scan(workspace, collection.id, quietly)["skipped"] == {"symlink": 2 * MAX_TROUBLE}
    assert {path: row for path, row in rows(workspace).items() if not path.startswith(b"annexed")} == before


def test_a_folder_whose_name_is_no_utf8_is_scanned_and_named_with_no_file_and_with_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = Path(path_of(tmp_path, b"bad-\xff-name"))
    folder.mkdir()
    collection = add_collection(workspace, folder)
    assert scan(workspace, collection.id, quietly)["files"] == 0
    (folder / "one.jpg").write_bytes(jpeg())
    assert scan(workspace, collection.id, quietly)["images"] == 1
    (folder / "one.jpg").unlink()
    with pytest.raises(SourceUnavailable, match=r"bad-\\xff-name"):
        scan(workspace, collection.id, quietly)


def test_a_workspace_inside_the_folder_is_not_scanned_also_when_reached_by_a_link(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(photos)
    for root in (tmp_path / "link" / "imclust-workspace", photos / "imclust-workspace"):
        inside = Workspace.open(root)
        result = scan(inside, add_collection(inside, photos).id, quietly)
        assert (result["files"], result["images"]) == (12, 12), root


def test_a_scan_that_was_stopped_and_resumed_equals_a_whole_one(
    workspace: Workspace, source: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "_RECORD_SECONDS", 0.0)
    monkeypatch.setattr(scan_module, "_LOOK_UP", 4)

    def stop_soon(done: int, _total: int | None, _message: str) -> None:
        if done >= 4:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        scan(workspace, source.id, stop_soon)
    kept = rows(workspace)
    assert 0 < len(kept) < 12
    resumed = scan(workspace, source.id, quietly)
    assert {path: row for path, row in rows(workspace).items() if path in kept} == kept
    assert resumed["new"] == 12 - len(kept)
    whole = Workspace.open(workspace.root.parent / "another")
    fresh = scan(whole, add_collection(whole, photos).id, quietly)
    in_one, in_two = ({path: row[3:] for path, row in rows(one).items()} for one in (whole, workspace))
    assert in_one == in_two and (fresh["files"], fresh["images"]) == (resumed["files"], resumed["images"])


def losing(lose: Callable[[], object]) -> Callable[..., Iterator[walking.Found]]:
    """A walk after which something is lost, before what it found is read."""

    def walk_and_lose(*arguments: Any, **options: Any) -> Iterator[walking.Found]:
        found = list(walking.walk(*arguments, **options))
        lose()
        yield from found

    return walk_and_lose


def test_a_lost_drive_marks_nothing_bad_and_a_folder_that_is_suddenly_empty_loses_no_image(
    workspace: Workspace, source: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4 * MAX_TROUBLE):
        (photos / f"more {number:03}.jpg").write_bytes(jpeg(number))
    shutil.copytree(photos, photos.parent / "copy")
    with monkeypatch.context() as patch:
        patch.setattr(scan_module, "walk", losing(lambda: shutil.rmtree(photos)))
        with pytest.raises(SourceUnavailable, match="Nothing was marked as bad"):
            scan(workspace, source.id, quietly)
    assert rows(workspace) == {}
    (photos.parent / "copy").rename(photos)
    scan(workspace, source.id, quietly)
    before = rows(workspace)
    shutil.rmtree(photos)
    for make in (lambda: None, photos.mkdir):  # an unmounted drive leaves an empty folder behind
        make()
        with pytest.raises(SourceUnavailable, match="resume"):
            scan(workspace, source.id, quietly)
        assert rows(workspace) == before


def test_single_unreadable_files_are_recorded_and_read_again_next_time(
    workspace: Workspace, source: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = photos.parent / "elsewhere.jpg"
    with monkeypatch.context() as patch:
        patch.setattr(scan_module, "walk", losing(lambda: (photos / "02.jpg").rename(elsewhere)))
        assert scan(workspace, source.id, quietly)["skipped"] == {"vanished": 1}
    elsewhere.rename(photos / "02.jpg")
    again = scan(workspace, source.id, quietly)
    assert (again["skipped"], again["images"], again["changed"]) == ({}, 12, 1)


def test_a_folder_that_cannot_be_listed_or_looked_into_keeps_its_images(
    workspace: Workspace, source: Collection, photos: Path
) -> None:
    scan(workspace, source.id, quietly)
    with as_nobody(photos / "below"):
        found = {entry.path: entry.reason for entry in walking.walk(photos)}
        assert found[b"below/"] == "permission"
        assert b"below/11.jpg" not in found
        # This process may no longer start others or write its databases, so the catalogue is asked next.
    unlisted = [path for path, reason in found.items() if reason == "permission"]
    seen = bytearray(64)
    for path, row in rows(workspace).items():
        seen[row[0] >> 3] |= (path in found) << (row[0] & 7)
    assert scan_module.mark_gone(workspace, source.id, seen, unlisted) == 0
    assert scan_module.mark_gone(workspace, source.id, seen, []) == 1
    for number in range(2 * MAX_TROUBLE):
        (photos / "below" / f"more-{number}.jpg").write_bytes(jpeg(number))
    with as_nobody(photos / "below", mode=0o444):
        found = {entry.path: entry.reason for entry in walking.walk(photos)}
    below = {reason for path, reason in found.items() if path.startswith(b"below/")}
    assert below == {"permission"}, "that is no lost drive"


def test_links_are_followed_only_when_asked_and_never_out_of_the_folder(workspace: Workspace, photos: Path) -> None:
    (photos.parent / "secret.jpg").write_bytes(jpeg(77))
    links = {"inside.jpg": "00.jpg", "outside.jpg": "../secret.jpg", "loop": ".", "below-again": "below"}
    for name, to in links.items():
        (photos / name).symlink_to(photos / to)
    found = {entry.path: entry.reason for entry in walking.walk(photos)}
    assert {path.decode() for path, reason in found.items() if reason == "symlink"} == set(links)
    collection = add_collection(workspace, photos, follow_links=True)
    result = scan(workspace, collection.id, quietly)
    assert result["skipped"] == {"symlink": 2}  # outside.jpg, and the loop to the folder itself
    assert result["images"] == 13  # the twelve and inside.jpg; "below" only once
    assert result["duplicates"] == 1


def test_pages_cover_each_image_of_a_collection_once_in_order(workspace: Workspace, source: Collection) -> None:
    scan(workspace, source.id, quietly)
    pages = [page_of_images(workspace, source.id, offset=at, limit=5) for at in range(0, 15, 5)]
    paths = [one.path for page in pages for one in page]
    assert len(paths) == 12 and paths == sorted(paths)
    first = pages[0][0]
    assert image(workspace, source.id, first.id) == first
    assert image(workspace, "another", first.id) is None
    remove_collection(workspace, source.id)
    assert image(workspace, source.id, first.id) is None


def test_the_list_of_skipped_files_has_each_one_and_no_formula(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    names = [b"=1+1.jpg", b"@cmd.jpg", b"+2.jpg", b"-3.jpg", b"\ttab.jpg", b"plain.jpg", b"n\xff.jpg"]
    for name in names:
        Path(path_of(folder, name)).write_bytes(b"")
    collection = add_collection(workspace, folder)
    scan(workspace, collection.id, quietly)
    text = skipped_csv(workspace, collection.id).decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == len(names) == len(skipped_files(workspace, collection.id))
    assert {row["reason"] for row in table} == {"empty"}
    assert not any(row["file"].startswith(("=", "+", "-", "@", "\t")) for row in table)
    assert "n\\xff.jpg" in {row["file"] for row in table}
    assert (csv_cell(-3), csv_cell("-3"), csv_cell(None)) == ("-3", "'-3", "")


def test_real_photographs_are_all_images(workspace: Workspace, shared_data: Path) -> None:
    result = scan(workspace, add_collection(workspace, shared_data / "caltech20").id, quietly)
    assert result["images"] == result["files"] > 700
