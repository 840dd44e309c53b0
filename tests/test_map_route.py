"""A map's arrays by the routes of the real server: exact, kept for good only where that is true, signed, in words."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE
from imclust_core.annotation.editing import merge_clusters, move_images, open_desk
from imclust_core.annotation.selection import of_cluster
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection, remove_collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import StoredMap, forget_map, read_map
from imclust_core.store.selections import keep_selection, read_selection
from imclust_core.store.workspace import Workspace
from pages.parts.map.address import (
    ids_address,
    pick_address,
    picked_address,
    places_address,
    thumb_template,
    values_address,
)
from pages.parts.map.colouring import BYS, colouring
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.maps import mapped
from tests.helpers.server import Answer, Dashboard
from tests.helpers.sign_in import SECRETS
from tests.helpers.trees import newest


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source, replace(PLAIN, k=6))


@pytest.fixture
def one(workspace: Workspace, source: Collection) -> Embedding:
    return newest(workspace, source)


@pytest.fixture
def shown(workspace: Workspace, source: Collection) -> StoredMap:
    return mapped(workspace, source, without=3)


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Dashboard]:
    with Dashboard(workspace) as running:
        yield running


def array(answer: Answer, kind: str) -> np.ndarray:
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream"), answer.body[:300]
    assert int(answer.headers["content-length"]) == len(answer.body)
    return np.frombuffer(answer.body, kind)


def is_kept_for_good(answer: Answer) -> bool:
    return "immutable" in answer.headers["cache-control"]


def post(server: Dashboard, address: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    request = urllib.request.Request(server.url + address, data=body, method="POST", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, dict(response.headers.items()), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers.items()), error.read())


def posted(ids: Any) -> bytes:
    return np.asarray(ids, "<f8").tobytes()


def test_places_and_ids_come_exactly_and_are_kept_for_good(
    workspace: Workspace, shown: StoredMap, server: Dashboard
) -> None:
    content = read_map(shown)
    places, ids = (server.get(address(workspace, shown)) for address in (places_address, ids_address))
    assert np.array_equal(array(places, "<f4").reshape(-1, 2), content.places)
    assert np.array_equal(array(ids, "<f8"), content.image_ids)
    assert is_kept_for_good(places) and is_kept_for_good(ids)
    packed = server.get(places_address(workspace, shown), {"Accept-Encoding": "gzip"})
    assert packed.body == places.body  # compressing numbers takes long and saves little
    of_another = places_address(workspace, replace(shown, created_at=shown.created_at + 1))
    assert not is_kept_for_good(server.get(of_another))


@pytest.mark.parametrize("by", [by for by in BYS if by != "truth"])
def test_values_are_the_codes_that_their_address_names(
    workspace: Workspace, one: Embedding, stored: Clustering, shown: StoredMap, server: Dashboard, by: str
) -> None:
    found = colouring(workspace, one, shown, by, stored)
    answer = server.get(values_address(workspace, shown, by, stored, found))
    assert np.array_equal(array(answer, "<u2"), found.codes) and is_kept_for_good(answer)


def test_a_page_that_was_drawn_before_a_change_gets_the_colours_it_has_words_for(
    workspace: Workspace, one: Embedding, stored: Clustering, shown: StoredMap, server: Dashboard
) -> None:
    before = colouring(workspace, one, shown, "cluster", stored)
    address = values_address(workspace, shown, "cluster", stored, before)
    a, b = open_desk(workspace, stored).clusters[:2]
    merge_clusters(workspace, stored, a, b, author="ada", uuid="1", base=0)
    assert np.array_equal(array(server.get(address), "<u2"), before.codes)
    after = colouring(workspace, one, shown, "cluster", stored)
    newer = values_address(workspace, shown, "cluster", stored, after)
    assert newer != address and np.array_equal(array(server.get(newer), "<u2"), after.codes)
    lost = server.get(values_address(workspace, shown, "cluster", stored, replace(after, version=before.version)))
    assert (lost.status, lost.headers["cache-control"]) == (409, "no-store") and b"Open the page again" in lost.body


def test_what_is_picked_comes_as_places_on_the_map(
    workspace: Workspace, source: Collection, stored: Clustering, shown: StoredMap, server: Dashboard
) -> None:
    content, desk = read_map(shown), open_desk(workspace, stored)
    number = next(one for one in desk.clusters if desk.sizes[one] > 3)
    inside = np.sort(desk.image_ids[desk.rows_of(number)])
    pick = of_cluster(number)
    answer = server.get(picked_address(workspace, shown, pick, stored, inside))
    on_map = np.intersect1d(inside, content.image_ids)
    assert np.array_equal(content.image_ids[array(answer, "<u4")], on_map) and is_kept_for_good(answer)
    move_images(workspace, stored, inside[-1:].tolist(), ASIDE, author="ada", uuid="1", seen=desk.version)
    later = server.get(picked_address(workspace, shown, pick, stored, inside))
    assert np.array_equal(content.image_ids[array(later, "<u4")], np.setdiff1d(on_map, inside[-1:]))
    assert not is_kept_for_good(later)
    everywhere = np.concatenate([content.image_ids[2:5], [10**9]])
    key = keep_selection(workspace, source.id, everywhere)
    assert array(server.get(picked_address(workspace, shown, key, None, everywhere)), "<u4").tolist() == [2, 3, 4]


def test_a_pick_that_leads_nowhere_is_said_in_words(
    workspace: Workspace, stored: Clustering, shown: StoredMap, server: Dashboard
) -> None:
    for pick in ("", "c99", "c1", "s0123456789abcdef", "bfeed.3", "../x", "s" * 3000, "<b>&=\n"):
        answer = server.get(picked_address(workspace, shown, pick, None if pick == "c1" else stored, np.zeros(0, int)))
        assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
        assert b"again" in answer.body or b"Pick" in answer.body, answer.body
        assert len(answer.body) < 400


def test_images_that_are_posted_are_a_pick_from_then_on(
    workspace: Workspace, source: Collection, shown: StoredMap, server: Dashboard
) -> None:
    content = read_map(shown)
    wanted = content.image_ids[[7, 2, 2, 11]]
    answer = post(server, pick_address(workspace, shown), posted(wanted))
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    found = json.loads(answer.body)
    assert found["images"] == 3
    ids = read_selection(workspace, source.id, found["pick"])
    assert ids.tolist() == np.unique(wanted).tolist()
    assert json.loads(post(server, pick_address(workspace, shown), posted(wanted[::-1])).body) == found
    assert array(server.get(picked_address(workspace, shown, found["pick"], None, ids)), "<u4").tolist() == [2, 7, 11]
    every = json.loads(post(server, pick_address(workspace, shown), posted(content.image_ids)).body)
    assert every["images"] == len(content.image_ids)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1234567",
        posted([1.5]),
        posted([np.nan]),
        posted([np.inf]),
        posted([-1]),
        posted([0]),
        posted([1e300]),
        posted([2.0**53]),
        posted([10**9]),
        b'{"ids": [1, 2]}!',
        bytes(1_000_000),
    ],
)
def test_what_are_no_images_of_the_map_is_refused(
    workspace: Workspace, shown: StoredMap, server: Dashboard, body: bytes
) -> None:
    answer = post(server, pick_address(workspace, shown), body)
    assert answer.status == 400 and len(answer.body) < 300 and b"Traceback" not in answer.body
    assert not (workspace.root / "selections").exists()


def test_an_image_of_the_collection_that_is_not_on_the_map_is_refused(
    workspace: Workspace, source: Collection, shown: StoredMap, server: Dashboard
) -> None:
    others = {row.id for row in page_of_images(workspace, source.id, offset=0, limit=99)}
    (stranger, *_) = sorted(others - set(read_map(shown).image_ids.tolist()))
    ids = [*read_map(shown).image_ids[:2], stranger]
    answer = post(server, pick_address(workspace, shown), posted(ids))
    assert answer.status == 400 and b"not on this map" in answer.body


def test_odd_addresses_are_refused_without_harm(
    workspace: Workspace, one: Embedding, stored: Clustering, shown: StoredMap, server: Dashboard
) -> None:
    colours = colouring(workspace, one, shown, "cluster", stored)
    good = values_address(workspace, shown, "cluster", stored, colours)
    path, _, query = good.partition("?")
    changes = ["by=nothing", "by=", "clustering=", "clustering=abcdef012345", "version=9" * 30, "v=0", "sign=0",
               "sign=%C3%A9", "until=1", "until=soon", "version=-1"]  # fmt: skip
    for change in changes:
        parts = [part for part in query.split("&") if part.partition("=")[0] != change.partition("=")[0]]
        answer = server.get(f"{path}?{'&'.join([*parts, change])}")
        harmless = change.startswith("version") and np.array_equal(np.frombuffer(answer.body, "<u2"), colours.codes)
        assert harmless or answer.status in (403, 404, 409), (change, answer.status)
        assert b"Traceback" not in answer.body
    proof = "&".join(part for part in query.split("&") if part.partition("=")[0] in ("until", "sign"))
    base = path.removesuffix("/values")
    for odd in ("/nothing", "/pick", "/..%2f..%2fcatalog.db", "/values", "/picked"):
        assert server.get(f"{base}{odd}?{proof}").status in (400, 404, 409), odd
    assert server.get(good).status == 200
    assert post(server, good, b"").status == 405


def test_the_proof_of_one_map_is_none_of_another_and_all_need_one(
    workspace: Workspace, one: Embedding, shown: StoredMap, server: Dashboard
) -> None:
    for address in (places_address, ids_address):
        good = address(workspace, shown)
        assert server.get(good).status == 200
        assert server.get(good.replace(shown.id, "0123456789abcdef")).status == 403
        assert server.get(good.replace(one.id, "abcdef012345")).status == 403
        assert server.get(good.partition("?")[0]).status == 403
    unproven = pick_address(workspace, shown).partition("?")[0]
    assert post(server, unproven, posted(read_map(shown).image_ids[:1])).status == 403


def test_what_is_gone_is_said_in_words(
    workspace: Workspace, source: Collection, shown: StoredMap, server: Dashboard
) -> None:
    forget_map(shown)
    assert server.get(places_address(workspace, shown)).status == 404
    again = mapped(workspace, source)
    again.path.write_bytes(again.path.read_bytes()[:-40])
    answer = server.get(places_address(workspace, again))
    assert answer.status == 404 and b"Make it again" in answer.body
    again = mapped(workspace, source)
    assert server.get(places_address(workspace, again)).status == 200
    remove_collection(workspace, source.id)
    for answer in (
        server.get(places_address(workspace, again)),
        post(server, pick_address(workspace, again), posted([1])),
    ):
        assert answer.status == 404 and b"no collection" in answer.body


def test_with_sign_in_an_address_for_all_images_of_a_collection_shows_them_and_no_others(
    workspace: Workspace, source: Collection, shown: StoredMap, tmp_path: Path
) -> None:
    guarded = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text(SECRETS.format(port=guarded.port, provider="http://127.0.0.1:9"))
    template = thumb_template(workspace, source.id)
    ids = [row.id for row in page_of_images(workspace, source.id, offset=0, limit=3)]
    with guarded:
        for image in ids:
            answer = guarded.get(template.replace("{id}", str(image)))
            assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
        address = template.replace("{id}", str(ids[0]))
        assert guarded.get(address.partition("?")[0]).status == 403
        assert guarded.get(thumb_template(workspace, "other").replace("{id}", str(ids[0]))).status == 404
        assert guarded.get(address.replace("sign=", "sign=0")).status == 403
        of_other = thumb_template(workspace, "other").partition("?")[2]
        assert guarded.get(f"{address.partition('?')[0]}?{of_other}").status == 403
        assert guarded.get(template.replace("{id}", "0")).status == 404
        assert guarded.get(places_address(workspace, shown)).status == 200
        proof = places_address(workspace, shown).partition("&")[2]
        assert guarded.get(f"{address.partition('?')[0]}?{proof}").status == 403
        assert guarded.get(f"/image/{source.id}/{ids[0]}/thumb?{urlencode({'until': '', 'sign': ''})}").status == 403
