"""A map's arrays by the routes of the real server: exact, kept for good only where that is true, signed, in words."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from imclust_core.store.collections import Collection, add_collection, find_collection, remove_collection
from imclust_core.store.embeddings import Embedding, add_embedding
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
from pages.parts.map.codes import Colouring
from pages.parts.map.colouring import WAYS, colouring
from tests.conftest import stop_workers
from tests.helpers.clusterings import PLAIN, clustered
from tests.helpers.maps import kept, mapped
from tests.helpers.server import Answer, Dashboard
from tests.helpers.sign_in import SECRETS
from tests.helpers.trees import newest


@dataclass(frozen=True)
class House:
    """A server for described photographs and a map without three of them; what it keeps must not change."""

    workspace: Workspace
    source: Collection
    one: Embedding
    shown: StoredMap
    server: Dashboard

    def stored(self, k: int) -> Clustering:
        """A clustering; who changes it takes a K of their own."""
        return clustered(self.workspace, self.source, replace(PLAIN, k=k))


@pytest.fixture(scope="module")
def house(prepared: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    workspace = Workspace.open(shutil.copytree(prepared[0], tmp_path_factory.mktemp("house") / "workspace"))
    source = find_collection(workspace, str(prepared[1]))
    with Dashboard(workspace) as server:
        yield House(workspace, source, newest(workspace, source), mapped(workspace, source, without=3), server)
    stop_workers(workspace)


def array(answer: Answer, kind: str) -> np.ndarray:
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream"), answer.body[:300]
    assert int(answer.headers["content-length"]) == len(answer.body)
    return np.frombuffer(answer.body, kind)


def is_kept_for_good(answer: Answer) -> bool:
    return "immutable" in answer.headers["cache-control"]


def post(server: Dashboard, address: str, body: bytes) -> Answer:
    request = urllib.request.Request(server.url + address, data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, dict(response.headers.items()), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers.items()), error.read())


def posted(ids: Any) -> bytes:
    return np.asarray(ids, "<f8").tobytes()


def test_places_ids_and_values_come_exactly_and_are_kept_for_good(house: House) -> None:
    workspace, shown, server, content = house.workspace, house.shown, house.server, read_map(house.shown)
    places, ids = (server.get(address(workspace, shown)) for address in (places_address, ids_address))
    assert np.array_equal(array(places, "<f4").reshape(-1, 2), content.places)
    assert np.array_equal(array(ids, "<f8"), content.image_ids)
    assert is_kept_for_good(places) and is_kept_for_good(ids)
    packed = server.get(places_address(workspace, shown), {"Accept-Encoding": "gzip"})
    assert packed.body == places.body  # compressing numbers takes long and saves little
    of_another = places_address(workspace, replace(shown, created_at=shown.created_at + 1))
    assert not is_kept_for_good(server.get(of_another))
    stored = house.stored(6)
    for by in set(WAYS) - {"truth"}:
        found = colouring(workspace, house.one, shown, by, stored)
        answer = server.get(values_address(workspace, shown, by, stored, found))
        assert np.array_equal(array(answer, "<u2"), found.codes) and is_kept_for_good(answer), by


def test_a_page_that_was_drawn_before_a_change_gets_the_colours_it_has_words_for(house: House) -> None:
    stored, given = house.stored(5), (house.workspace, house.one, house.shown, "cluster")

    def address(found: Colouring) -> str:
        return values_address(house.workspace, house.shown, "cluster", stored, found)

    before = colouring(*given, stored)
    a, b = open_desk(house.workspace, stored).clusters[:2]
    merge_clusters(house.workspace, stored, a, b, author="ada", uuid="1", base=0)
    after = colouring(*given, stored)
    assert address(after) != address(before)
    for found in (before, after):
        assert np.array_equal(array(house.server.get(address(found)), "<u2"), found.codes)
    lost = house.server.get(address(replace(after, version=before.version)))
    assert (lost.status, lost.headers["cache-control"]) == (409, "no-store") and b"Open the page again" in lost.body


def test_what_is_picked_comes_as_places_on_the_map_and_what_leads_nowhere_is_said_in_words(house: House) -> None:
    workspace, shown, server, stored = house.workspace, house.shown, house.server, house.stored(7)
    content, desk = read_map(shown), open_desk(workspace, stored)
    number = next(one for one in desk.clusters if desk.sizes[one] > 3)
    inside = np.sort(desk.image_ids[desk.rows_of(number)])
    address = picked_address(workspace, shown, of_cluster(number), stored, inside)
    answer, on_map = server.get(address), np.intersect1d(inside, content.image_ids)
    assert np.array_equal(content.image_ids[array(answer, "<u4")], on_map) and is_kept_for_good(answer)
    move_images(workspace, stored, inside[-1:].tolist(), ASIDE, author="ada", uuid="2", seen=desk.version)
    later = server.get(address)
    assert np.array_equal(content.image_ids[array(later, "<u4")], np.setdiff1d(on_map, inside[-1:]))
    assert not is_kept_for_good(later)
    everywhere = np.concatenate([content.image_ids[2:5], [10**9]])
    key = keep_selection(workspace, house.source.id, everywhere)
    assert array(server.get(picked_address(workspace, shown, key, None, everywhere)), "<u4").tolist() == [2, 3, 4]
    for pick in ("", "c99", "c1", "s0123456789abcdef", "bfeed.3", "../x", "s" * 3000, "<b>&=\n"):
        of = None if pick == "c1" else stored
        answer = server.get(picked_address(workspace, shown, pick, of, np.zeros(0, int)))
        assert (answer.status, answer.headers["cache-control"]) == (404, "no-store"), pick
        assert b"again" in answer.body or b"Pick" in answer.body, (pick, answer.body)
        assert len(answer.body) < 400, pick


def test_images_that_are_posted_are_a_pick_from_then_on_and_what_are_no_images_of_the_map_is_refused(
    house: House,
) -> None:
    content, address = read_map(house.shown), pick_address(house.workspace, house.shown)
    selections = house.workspace.root / "selections"
    wanted = content.image_ids[[7, 2, 2, 11]]
    answer = post(house.server, address, posted(wanted))
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    found = json.loads(answer.body)
    assert found["images"] == 3
    ids = read_selection(house.workspace, house.source.id, found["pick"])
    assert ids.tolist() == np.unique(wanted).tolist()
    assert json.loads(post(house.server, address, posted(wanted[::-1])).body) == found
    picked = house.server.get(picked_address(house.workspace, house.shown, found["pick"], None, ids))
    assert array(picked, "<u4").tolist() == [2, 7, 11]
    assert json.loads(post(house.server, address, posted(content.image_ids)).body)["images"] == len(content.image_ids)
    before = sorted(selections.rglob("*"))
    numbers = (1.5, np.nan, np.inf, -1, 0, 1e300, 2.0**53, 10**9)
    for body in (b"", b"1234567", b'{"ids": [1, 2]}!', bytes(1_000_000), *(posted([number]) for number in numbers)):
        answer = post(house.server, address, body)
        assert answer.status == 400 and len(answer.body) < 300 and b"Traceback" not in answer.body, body[:20]
    on_map = content.image_ids.tolist()
    others = {row.id for row in page_of_images(house.workspace, house.source.id, offset=0, limit=99)} - set(on_map)
    answer = post(house.server, address, posted([*on_map[:2], min(others)]))
    assert answer.status == 400 and b"not on this map" in answer.body, "an image of the collection"
    assert sorted(selections.rglob("*")) == before


def test_odd_addresses_are_refused_without_harm(house: House) -> None:
    server, stored = house.server, house.stored(6)
    colours = colouring(house.workspace, house.one, house.shown, "cluster", stored)
    good = values_address(house.workspace, house.shown, "cluster", stored, colours)
    path, _, query = good.partition("?")
    changes = ["by=nothing", "by=", "clustering=", "clustering=abcdef012345", "version=9" * 30, "v=0", "sign=0",
               "sign=%C3%A9", "until=1", "until=soon", "version=-1"]  # fmt: skip
    for change in changes:
        parts = [part for part in query.split("&") if part.partition("=")[0] != change.partition("=")[0]]
        answer = server.get(f"{path}?{'&'.join([*parts, change])}")
        harmless = change.startswith("version") and np.array_equal(np.frombuffer(answer.body, "<u2"), colours.codes)
        assert harmless or answer.status in (403, 404, 409), (change, answer.status)
        assert b"Traceback" not in answer.body, change
    proof = "&".join(part for part in query.split("&") if part.partition("=")[0] in ("until", "sign"))
    base = path.removesuffix("/values")
    for odd in ("/nothing", "/pick", "/..%2f..%2fcatalog.db", "/values", "/picked"):
        assert server.get(f"{base}{odd}?{proof}").status in (400, 404, 409), odd
    assert server.get(good).status == 200
    assert post(server, good, b"").status == 405


def test_the_proof_of_one_map_is_none_of_another_and_all_need_one(house: House) -> None:
    server, shown = house.server, house.shown
    for address in (places_address, ids_address):
        good = address(house.workspace, shown)
        assert server.get(good).status == 200
        others = (good.replace(shown.id, "0123456789abcdef"), good.replace(house.one.id, "abcdef012345"))
        for other in (*others, good.partition("?")[0]):
            assert server.get(other).status == 403, other
    unproven = pick_address(house.workspace, shown).partition("?")[0]
    assert post(server, unproven, posted(read_map(shown).image_ids[:1])).status == 403


def test_what_is_gone_is_said_in_words(house: House, tmp_path: Path) -> None:
    workspace, server = house.workspace, house.server
    other = add_collection(workspace, tmp_path)
    embedding = add_embedding(workspace, other.id, house.one.recipe, [])

    def made() -> StoredMap:
        return kept(embedding, read_map(house.shown))

    forgotten = made()
    forget_map(forgotten)
    assert server.get(places_address(workspace, forgotten)).status == 404
    one = made()
    one.path.write_bytes(one.path.read_bytes()[:-40])
    answer = server.get(places_address(workspace, one))
    assert answer.status == 404 and b"Make it again" in answer.body
    one = made()
    assert server.get(places_address(workspace, one)).status == 200
    remove_collection(workspace, other.id)
    for gone in (server.get(places_address(workspace, one)), post(server, pick_address(workspace, one), posted([1]))):
        assert gone.status == 404 and b"no collection" in gone.body


def test_with_sign_in_an_address_for_all_images_of_a_collection_shows_them_and_no_others(
    house: House, tmp_path: Path
) -> None:
    workspace, source, shown = house.workspace, house.source, house.shown
    guarded = Dashboard(workspace, STREAMLIT_SECRETS_FILES=str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text(SECRETS.format(port=guarded.port, provider="http://127.0.0.1:9"))
    template, other = (thumb_template(workspace, collection) for collection in (source.id, "other"))
    first, *others = (row.id for row in page_of_images(workspace, source.id, offset=0, limit=3))
    address = template.replace("{id}", str(first))
    unproven, proof = address.partition("?")[0], places_address(workspace, shown).partition("&")[2]
    with guarded:
        for image in (first, *others):
            answer = guarded.get(template.replace("{id}", str(image)))
            assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
        assert guarded.get(places_address(workspace, shown)).status == 200
        for refused, status in (
            (unproven, 403),
            (other.replace("{id}", str(first)), 404),
            (address.replace("sign=", "sign=0"), 403),
            (f"{unproven}?{other.partition('?')[2]}", 403),
            (template.replace("{id}", "0"), 404),
            (f"{unproven}?{proof}", 403),
            (f"/image/{source.id}/{first}/thumb?{urlencode({'until': '', 'sign': ''})}", 403),
        ):
            assert guarded.get(refused).status == status, refused
