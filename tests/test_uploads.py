"""Uploads: nothing gets out of its folder, no bomb fills the disk, and honest files arrive whole."""

import io
import zipfile

import pytest

from imclust_core.errors import UploadError
from imclust_core.jobs.kinds import unpack as unpack_module
from imclust_core.jobs.kinds.unpack import safe_parts, unpack
from imclust_core.jobs.kinds.uploads import Upload, receive
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.registry import READING
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.workspace import Workspace
from tests.conftest import finish
from tests.helpers.embedded import quietly
from tests.helpers.hostile import jpeg


def zipped(entries: dict[str, bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as bundle:
        for name, data in entries.items():
            bundle.writestr(name, data)
    return buffer.getvalue()


def unpacked(workspace: Workspace, data: bytes) -> list[str]:
    (workspace.uploads / "u.zip").write_bytes(data)
    unpack(workspace, "u.zip", quietly)
    assert not (workspace.uploads / "u.zip").exists()
    folder = workspace.uploads / "u"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_zip_is_unpacked_with_its_folders_and_without_clutter(workspace: Workspace) -> None:
    data = zipped({"a.jpg": jpeg(1), "in/b.jpg": jpeg(2), "__MACOSX/._a.jpg": b"x", "in/.DS_Store": b"x"})
    assert unpacked(workspace, data) == ["a.jpg", "in/b.jpg"]


def test_nothing_is_written_outside_the_folder(workspace: Workspace) -> None:
    evil = {"../../evil.jpg": b"1", "/etc/evil.jpg": b"2", "C:\\evil\\x.jpg": b"3", "a/../../../b.jpg": b"4"}
    before = {path for path in workspace.root.parent.rglob("*") if "uploads" not in path.parts}
    names = unpacked(workspace, zipped(evil))
    assert len(names) == 4
    assert {path for path in workspace.root.parent.rglob("*") if "uploads" not in path.parts} == before


def test_a_link_in_a_zip_is_left_out(workspace: Workspace) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = 0o120777 << 16
        bundle.writestr(link, "/etc/passwd")
        bundle.writestr("real.jpg", jpeg())
    assert unpacked(workspace, buffer.getvalue()) == ["real.jpg"]


def test_a_bomb_is_refused_before_anything_is_written(workspace: Workspace) -> None:
    bomb = zipped({"zeros.jpg": bytes(300 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UploadError, match="at most"):
        unpacked(workspace, bomb)
    assert not (workspace.uploads / "u").exists()


def test_an_entry_that_lies_about_its_size_is_stopped(workspace: Workspace) -> None:
    data = bytearray(zipped({"a.jpg": bytes(100_000)}, compression=zipfile.ZIP_DEFLATED))
    true, false = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    with pytest.raises(UploadError):
        unpacked(workspace, bytes(data.replace(true, false)))


def test_entries_whose_names_collide_are_all_kept(workspace: Workspace) -> None:
    data = zipped({"a.jpg": jpeg(1), "./a.jpg": jpeg(2), "../a.jpg": jpeg(3), "b/c.jpg": jpeg(4), "b": jpeg(5)})
    assert unpacked(workspace, data) == ["a (2).jpg", "a (3).jpg", "a.jpg", "b (2)", "b/c.jpg"]


def test_a_file_where_a_later_entry_wants_a_folder_is_refused_in_words(workspace: Workspace) -> None:
    with pytest.raises(UploadError, match="make it again"):
        unpacked(workspace, zipped({"a": jpeg(1), "a/b.jpg": jpeg(2)}))


@pytest.mark.parametrize("data", [b"", b"not a zip", zipped({"a.jpg": jpeg()})[:-30]])
def test_a_broken_zip_is_refused_with_what_to_do(workspace: Workspace, data: bytes) -> None:
    with pytest.raises(UploadError, match="make it again"):
        unpacked(workspace, data)


def test_too_many_files_are_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "MAX_ENTRIES", 3)
    with pytest.raises(UploadError, match="4 files"):
        unpacked(workspace, zipped({f"{n}.jpg": jpeg(n) for n in range(4)}))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a/b.jpg", ["a", "b.jpg"]),
        ("..", []),
        ("../../x.jpg", ["x.jpg"]),
        ("a//./b.jpg", ["a", "b.jpg"]),
        ("C:\\x\\y.jpg", ["C_", "x", "y.jpg"]),
        ("new\nline.jpg", ["new_line.jpg"]),
        ("__MACOSX/a.jpg", []),
        ("x" * 300 + ".jpg", ["x" * 196 + ".jpg"]),
    ],
)
def test_names_from_outside(name: str, parts: list[str]) -> None:
    assert safe_parts(name) == parts


def test_uploaded_images_become_a_collection(workspace: Workspace) -> None:
    files = [Upload("a.jpg", io.BytesIO(jpeg(1))), Upload("a.jpg", io.BytesIO(jpeg(2)))]
    source = receive(workspace, files, "Two")
    job = Queue(workspace).last(source.id, READING)
    assert job is not None and finish(workspace, job).state == "done"
    names = [one.name for one in page_of_images(workspace, source.id, offset=0, limit=9)]
    assert (source.name, names) == ("Two", ["a (2).jpg", "a.jpg"])


def test_an_uploaded_zip_becomes_a_collection(workspace: Workspace) -> None:
    source = receive(workspace, [Upload("Holiday.zip", io.BytesIO(zipped({"a.jpg": jpeg(1), "no.txt": b"text"})))])
    job = Queue(workspace).last(source.id, READING)
    assert job is not None
    ended = finish(workspace, job)
    assert ended.result is not None and (ended.result["images"], ended.result["files"]) == (1, 2)
    assert source.name == "Holiday"


@pytest.mark.parametrize("names", [[], ["a.zip", "b.zip"], ["a.zip", "b.jpg"]])
def test_what_cannot_be_meant_is_refused(workspace: Workspace, names: list[str]) -> None:
    with pytest.raises(UploadError):
        receive(workspace, [Upload(name, io.BytesIO(b"x")) for name in names])
    assert list(workspace.uploads.iterdir()) == []
