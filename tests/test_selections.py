"""Selections: the same images have the same key, come back exactly, and nothing else ever comes back for it."""

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from imclust_core.errors import SelectionError
from imclust_core.store import selections
from imclust_core.store.selections import keep_selection, read_selection
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case

SOME = np.array([7, 3, 7, 12, 100_000])


def file_of(workspace: Workspace, key: str) -> Path:
    return workspace.root / "selections" / f"{key}.ids"


def test_images_come_back_in_order_and_each_once(workspace: Workspace) -> None:
    many = [[1], [5, 4, 3], list(range(1, 2000)), [1, 256, 257, 600], [1, 2, 2**16 + 3, 2**33, 2**62], [2**63 - 1]]
    for ids, kind in product(many, (np.int64, np.uint64)):
        found = read_selection(workspace, "a", keep_selection(workspace, "a", np.array(ids, dtype=kind)))
        assert found.dtype == np.int64 and found.tolist() == sorted(ids), ids[:5]


def test_the_same_images_of_a_collection_have_the_same_key_in_whatever_order(workspace: Workspace) -> None:
    key = keep_selection(workspace, "a", SOME)
    assert key == keep_selection(workspace, "a", SOME[::-1].astype(np.int32)) and key[0] == "s" and len(key) == 17
    assert key != keep_selection(workspace, "a", SOME[1:3])
    assert read_selection(workspace, "a", key).tolist() == [3, 7, 12, 100_000]
    assert len(list((workspace.root / "selections").iterdir())) == 2
    assert key != keep_selection(workspace, "b", SOME)
    with pytest.raises(SelectionError, match="Select the images again"):
        read_selection(workspace, "c", key)


def test_what_are_no_images_and_a_key_that_leads_nowhere_are_refused_in_words(workspace: Workspace) -> None:
    for ids in ([], [0], [-3, 4], [1.0, 2.0], [[1, 2]], [2**63]):
        with case(ids), pytest.raises(SelectionError):
            keep_selection(workspace, "a", np.array(ids))
    assert not (workspace.root / "selections").exists()
    wrong = ["", "s", "c7", "s0123456789abcdef", "s0123456789ABCDEF", "../catalog", "s" + "0" * 17, "s" + "²" * 16]
    for key in wrong:
        with case(key), pytest.raises(SelectionError, match="not here any more"):
            read_selection(workspace, "a", key)
    (workspace.root / "selections").write_bytes(b"")  # a file where the folder should be
    with pytest.raises(SelectionError, match="could not be kept"):
        keep_selection(workspace, "a", SOME)


def test_a_damaged_file_is_nothing_and_is_written_anew_when_the_same_is_selected(workspace: Workspace) -> None:
    key, other = (keep_selection(workspace, "a", ids) for ids in (SOME, SOME + 1))
    whole = file_of(workspace, key).read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole) - 4)]
    damaged += [b"", whole[:1], whole[:-5], b"\x03" + whole[1:], file_of(workspace, other).read_bytes()]
    for data in damaged:
        file_of(workspace, key).write_bytes(data)
        with contextlib.suppress(SelectionError):
            assert read_selection(workspace, "a", key).tolist() == np.unique(SOME).tolist()
        assert keep_selection(workspace, "a", SOME) == key
        assert read_selection(workspace, "a", key).tolist() == np.unique(SOME).tolist()
    file_of(workspace, key).unlink()
    os.mkfifo(file_of(workspace, key))
    with pytest.raises(SelectionError):  # a pipe does not make anybody wait
        read_selection(workspace, "a", key)


def test_a_million_images_cost_little_time_and_room(workspace: Workspace) -> None:
    rng = np.random.default_rng(0)
    ids = rng.permutation(3_000_000)[:1_000_000] + 1
    begun = time.monotonic()
    key = keep_selection(workspace, "a", ids)
    found = read_selection(workspace, "a", key)
    assert time.monotonic() - begun < 5
    assert np.array_equal(found, np.sort(ids)) and file_of(workspace, key).stat().st_size < 1_000_000


def test_those_not_asked_for_the_longest_are_let_go_of(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "KEPT", 3)
    keys = []
    for number in range(1, 4):
        keys.append(keep_selection(workspace, "a", np.array([number])))
        os.utime(file_of(workspace, keys[-1]), (number, number))
    read_selection(workspace, "a", keys[0])  # counts as used
    keys.append(keep_selection(workspace, "a", np.array([4])))
    assert sorted(path.stem for path in (workspace.root / "selections").iterdir()) == sorted([keys[0], *keys[2:]])
    with pytest.raises(SelectionError):
        read_selection(workspace, "a", keys[1])


def test_many_at_once_do_not_stand_in_each_others_way(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "KEPT", 100)

    def work(first: int) -> None:
        for number in range(20):
            ids = [1 + number % 5, 10 + first % 2]
            assert read_selection(workspace, "a", keep_selection(workspace, "a", np.array(ids))).tolist() == ids

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
