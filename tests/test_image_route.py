"""The image route of the real server: by id only, cacheable, without metadata, and gated as the pages are."""

import io
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from PIL import Image

from imclust_core.jobs.kinds.scan import scan
from imclust_core.names import path_of
from imclust_core.store.catalogue import ImageRow, page_of_images
from imclust_core.store.collections import add_collection, remove_collection
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import image_address, is_signed, signature
from tests.helpers.embedded import quietly
from tests.helpers.hostile import EVIL_NAMES, jpeg, rotated_with_gps
from tests.helpers.server import Command, Dashboard
from tests.helpers.sign_in import SECRETS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    (made / "rotated.jpg").write_bytes(rotated_with_gps())
    for number, name in enumerate(EVIL_NAMES):
        Path(path_of(made, name)).write_bytes(jpeg(number, 1600, 900))
    return made


@pytest.fixture
def images(workspace: Workspace, folder: Path) -> tuple[str, list[ImageRow]]:
    source = add_collection(workspace, folder)
    scan(workspace, source.id, quietly)
    return source.id, page_of_images(workspace, source.id, offset=0, limit=100)


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Dashboard]:
    with Dashboard(workspace) as running:
        yield running


def address(workspace: Workspace, collection_id: str, image: ImageRow, size: str = "thumb") -> str:
    return image_address(workspace.signing_key(), collection_id, image, size)


def test_every_image_is_served_small_upright_and_bare_by_its_id_only(
    workspace: Workspace, images: tuple[str, list[ImageRow]], server: Dashboard
) -> None:
    collection_id, rows = images
    assert len(rows) == len(EVIL_NAMES) + 1
    for size, side in (("thumb", 192), ("view", 1024)):
        for row in rows:
            answer = server.get(address(workspace, collection_id, row, size))
            assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
            with Image.open(io.BytesIO(answer.body)) as shown:
                assert max(shown.size) == min(side, max(row.width or 0, row.height or 0))
                assert not {"exif", "xmp", "icc_profile"} & set(shown.info)
                if row.path == b"rotated.jpg":
                    assert shown.size == (40, 60)
    row = rows[0]
    # An address with the content in it is kept for good, and one without is asked again.
    named = server.get(address(workspace, collection_id, row))
    assert "immutable" in named.headers["cache-control"] and "private" in named.headers["cache-control"]
    plain = server.get(f"/image/{collection_id}/{row.id}/thumb")
    assert plain.status == 200 and "no-cache" in plain.headers["cache-control"]
    again = server.get(f"/image/{collection_id}/{row.id}/thumb", {"If-None-Match": plain.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert server.get(f"/image/{collection_id}/{row.id}/view", {"If-None-Match": plain.headers["etag"]}).status == 200
    for path in (
        f"/image/{collection_id}/999999/thumb",
        f"/image/nope/{row.id}/thumb",
        f"/image/{collection_id}/{row.id}/huge",
        f"/image/{collection_id}/{2**70}/thumb",
        f"/image/{collection_id}/{'9' * 5000}/thumb",
        f"/image/{collection_id}/-1/thumb",
        f"/image/..%2f..%2fetc/{row.id}/thumb",
        f"/image/{collection_id}/{row.id}/thumb'%20OR%201=1",
    ):
        answer = server.get(path)
        # The server in front of us refuses a path that climbs before our route sees it.
        assert answer.status == (400 if "..%2f" in path else 404), path
        assert b"Traceback" not in answer.body and len(answer.body) < 300
        assert "no-store" in answer.headers.get("cache-control", "no-store")
    for path in ("/", f"/image/{collection_id}/{row.id}/thumb"):  # by a name that some other site gave this machine
        assert server.get(path, {"Host": f"evil.example:{server.port}"}).status == 400, path


def test_what_changed_or_went_is_404_until_the_rescan_and_a_damaged_thumbnail_is_made_again(
    workspace: Workspace, images: tuple[str, list[ImageRow]], server: Dashboard, folder: Path
) -> None:
    collection_id, (other, *rows) = images
    good = server.get(address(workspace, collection_id, other)).body
    (kept,) = workspace.thumbnails.rglob("*.jpg")
    kept.write_bytes(b"")
    assert server.get(address(workspace, collection_id, other)).body == good
    row = next(one for one in rows if one.path == b"rotated.jpg")
    (folder / "rotated.jpg").write_bytes(jpeg(55, 300, 200))
    assert server.get(address(workspace, collection_id, row)).status == 404
    (folder / "rotated.jpg").unlink()
    assert server.get(address(workspace, collection_id, row)).status == 404
    (folder / "rotated.jpg").write_bytes(jpeg(56, 300, 200))
    scan(workspace, collection_id, quietly)
    found = page_of_images(workspace, collection_id, offset=0, limit=99)
    fresh = next(one for one in found if one.path == b"rotated.jpg")
    assert fresh.id == row.id
    assert server.get(address(workspace, collection_id, fresh)).status == 200
    remove_collection(workspace, collection_id)
    assert server.get(address(workspace, collection_id, other)).status == 404


def test_a_link_put_in_a_files_place_is_not_followed(workspace: Workspace, tmp_path: Path, server: Dashboard) -> None:
    for part in ("file", "folder"):
        folder, secret = tmp_path / part / "tree", tmp_path / part / "secret"
        for where in (folder / "below", secret):
            where.mkdir(parents=True)
            (where / "one.jpg").write_bytes(jpeg(1))
            os.utime(where / "one.jpg", ns=(1, 1))
        source = add_collection(workspace, folder)
        scan(workspace, source.id, quietly)
        (row,) = page_of_images(workspace, source.id, offset=0, limit=9)
        (folder / "below" / "one.jpg").unlink()
        if part == "file":
            (folder / "below" / "one.jpg").symlink_to(secret / "one.jpg")
        else:
            (folder / "below").rmdir()
            (folder / "below").symlink_to(secret)
        assert server.get(address(workspace, source.id, row)).status == 404, part


def test_below_a_base_path_images_are_where_pages_say(
    workspace: Workspace, images: tuple[str, list[ImageRow]], tmp_path: Path
) -> None:
    collection_id, (row, *_) = images
    path = address(workspace, collection_id, row)
    with Command(Path(sys.executable).with_name("imclust"), tmp_path, workspace, base="/team/images") as server:
        answer = server.get(path)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
        assert f"imclust: {server.url}/\n" in (workspace.logs / "server.log").read_text()


def test_sign_in_guards_each_address_and_secrets_with_a_slip_let_nobody_in(
    workspace: Workspace, images: tuple[str, list[ImageRow]], tmp_path: Path
) -> None:
    collection_id, (row, other, *_) = images
    for slip in ('[auth]\nclient_id = "unfinished', '[imclust]\nallowed_emails = ["a@b.c"]\n'):
        (tmp_path / "secrets.toml").write_text(slip)
        with Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml")) as server:
            assert server.get(address(workspace, collection_id, row)).status == 404, slip
    server = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text(SECRETS.format(port=server.port, provider="http://127.0.0.1:9"))
    with server:
        signed = urlsplit(address(workspace, collection_id, row))
        assert server.get(f"{signed.path}?{signed.query}").status == 200
        view = signed.path.replace("/thumb", "/view")
        assert server.get(f"{view}?{signed.query}").status == 200  # both sizes are of the same image
        query = {name: values[0] for name, values in parse_qs(signed.query).items()}
        for path, changed in (
            (signed.path, {}),
            (signed.path, {**query, "sign": "0" * 32}),
            (signed.path, {**query, "sign": "é"}),
            (signed.path, {**query, "until": str(int(query["until"]) + 86400)}),
            (signed.path, {**query, "until": "9" * 30}),
            (signed.path, {**query, "until": "soon"}),
            (f"/image/{collection_id}/{other.id}/thumb", query),
        ):
            answer = server.get(f"{path}?{urlencode(changed)}")
            assert (answer.status, answer.headers["cache-control"]) == (403, "no-store"), changed


def test_a_signature_ends() -> None:
    past = int(time.time()) - 10
    assert not is_signed(b"key", "c", 1, str(past), signature(b"key", "c", 1, past))
    future = int(time.time()) + 10
    assert is_signed(b"key", "c", 1, str(future), signature(b"key", "c", 1, future))
    assert not is_signed(b"other", "c", 1, str(future), signature(b"key", "c", 1, future))
