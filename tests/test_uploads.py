"""Uploads: nothing gets out of its folder, no bomb fills the disk, and honest files arrive whole."""

import io
import zipfile
from pathlib import Path

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


def zip_with_a_link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = 0o120777 << 16
        bundle.writestr(link, "/etc/passwd")
        bundle.writestr("real.jpg", jpeg())
    return buffer.getvalue()


CLUTTERED = {"a.jpg": jpeg(1), "in/b.jpg": jpeg(2), "__MACOSX/._a.jpg": b"x", "in/.DS_Store": b"x"}
COLLIDING = {"a.jpg": jpeg(1), "./a.jpg": jpeg(2), "../a.jpg": jpeg(3), "b/c.jpg": jpeg(4), "b": jpeg(5)}
EVIL = {"../../evil.jpg": b"1", "/etc/evil.jpg": b"2", "C:\\evil\\x.jpg": b"3", "a/../../../b.jpg": b"4"}


def test_a_zip_is_unpacked_in_its_folder_without_clutter(tmp_path: Path) -> None:
    for data, names in (
        (zipped(CLUTTERED), ["a.jpg", "in/b.jpg"]),
        (zipped(COLLIDING), ["a (2).jpg", "a (3).jpg", "a.jpg", "b (2)", "b/c.jpg"]),
        (zipped(EVIL), ["C_/evil/x.jpg", "a/b.jpg", "etc/evil.jpg", "evil.jpg"]),
        (zip_with_a_link(), ["real.jpg"]),
    ):
        workspace = Workspace.open(tmp_path / names[0] / "workspace")
        before = {path for path in tmp_path.rglob("*") if "uploads" not in path.parts}
        assert unpacked(workspace, data) == names
        assert {path for path in tmp_path.rglob("*") if "uploads" not in path.parts} == before, names


def test_a_bad_zip_is_refused_and_a_bomb_writes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"zeros.jpg": bytes(300 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UploadError, match="at most"):
        unpacked(workspace, bomb)
    assert not (workspace.uploads / "u").exists()
    lying = zipped({"a.jpg": bytes(100_000)}, compression=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(unpack_module, "MAX_ENTRIES", 3)
    for data, why in (
        (lying.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")), "again"),
        (zipped({"a": jpeg(1), "a/b.jpg": jpeg(2)}), "make it again"),
        (b"", "make it again"),
        (b"not a zip", "make it again"),
        (zipped({"a.jpg": jpeg()})[:-30], "make it again"),
        (zipped({f"{n}.jpg": jpeg(n) for n in range(4)}), "4 files"),
    ):
        with pytest.raises(UploadError, match=why):
            unpacked(workspace, data)


def test_names_from_outside_become_harmless_parts() -> None:
    for name, parts in {
        "a/b.jpg": ["a", "b.jpg"],
        "..": [],
        "../../x.jpg": ["x.jpg"],
        "a//./b.jpg": ["a", "b.jpg"],
        "C:\\x\\y.jpg": ["C_", "x", "y.jpg"],
        "new\nline.jpg": ["new_line.jpg"],
        "__MACOSX/a.jpg": [],
        "x" * 300 + ".jpg": ["x" * 196 + ".jpg"],
    }.items():
        assert safe_parts(name) == parts, name


def test_uploaded_images_and_an_uploaded_zip_become_collections(workspace: Workspace) -> None:
    images = [Upload("a.jpg", io.BytesIO(jpeg(1))), Upload("a.jpg", io.BytesIO(jpeg(2)))]
    bundle = [Upload("Holiday.zip", io.BytesIO(zipped({"a.jpg": jpeg(1), "no.txt": b"text"})))]
    for source, title, names, files in (
        (receive(workspace, images, "Two"), "Two", ["a (2).jpg", "a.jpg"], 2),
        (receive(workspace, bundle), "Holiday", ["a.jpg"], 2),
    ):
        job = Queue(workspace).last(source.id, READING)
        assert job is not None
        ended = finish(workspace, job)
        assert ended.state == "done" and ended.result is not None and ended.result["files"] == files
        assert [one.name for one in page_of_images(workspace, source.id, offset=0, limit=9)] == names
        assert source.name == title


def test_uploads_that_cannot_be_meant_are_refused_and_not_kept(workspace: Workspace) -> None:
    for names in ([], ["a.zip", "b.zip"], ["a.zip", "b.jpg"]):
        with pytest.raises(UploadError):
            receive(workspace, [Upload(name, io.BytesIO(b"x")) for name in names])
        assert list(workspace.uploads.iterdir()) == [], names
