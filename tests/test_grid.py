"""What an image grid sends to the browser, and what that says of the selection, which need not be true."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from imclust_core.jobs.kinds.scan import scan
from imclust_core.store.catalogue import usable_images
from imclust_core.store.collections import add_collection
from imclust_core.store.workspace import Workspace
from pages.parts.grid import grid
from pages.parts.grid.grid import About, Acts, Looks, View, as_told, image_grid, merged
from tests.helpers.cases import case
from tests.helpers.embedded import quietly

LOOKS = Looks(
    show="cam",
    ask="/looks/CL?visit=v&until=1&sign=s",
    picture="/look/CL/{id}/{method}?colours=heat&grey=0&until=1&sign=s",
    opacity=0.6,
    guided="Gradients",
    scale=("#000000", "#ffffff"),
    target="cluster/CL/5/2",
)


def sent(workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """What the browser gets for a grid of the twelve images, as it gets it."""
    caught: list[dict[str, Any]] = []
    monkeypatch.setattr(grid, "_grid", lambda _key, data, _on: caught.append(data))
    monkeypatch.setattr(st, "session_state", {})
    source = add_collection(workspace, photos)
    scan(workspace, source.id, quietly)
    image_grid(workspace, source.id, usable_images(workspace, source.id, range(1, 13)), key="g", label="L", **options)
    data: dict[str, Any] = json.loads(json.dumps(caught[0]))
    return data


def test_looks_and_reasons_are_sent_field_by_field_with_the_version_of_each_image_and_never_its_path(
    workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = sent(workspace, photos, monkeypatch)
    assert plain["looks"] is None and [one["reasons"] for one in plain["items"]] == [[]] * 12
    pair = {"title": "5 or 3?", "for": {"title": "5", "target": "a"}, "against": {"title": "3", "target": "b"}}
    own = [{"title": "tabby cat 63 %", "target": "top1"}, pair]
    data = sent(workspace, photos, monkeypatch, view=View(looks=LOOKS), about={2: About(reasons=own)})
    assert data["looks"] == {**asdict(LOOKS), "scale": ["#000000", "#ffffff"]}
    assert {one["id"]: one["reasons"] for one in data["items"] if one["reasons"]} == {2: own}
    assert all(re.search(r"[?&]v=[0-9a-f]{16}&", one["thumb"]) for one in data["items"])
    assert str(photos) not in json.dumps(data)


def test_what_a_browser_says_was_done_is_done_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, Any]] = []
    names = ("choose", "turn", "similar", "show")
    acts = {name: lambda value, name=name: done.append((name, value)) for name in names}
    handlers = grid._handlers(Acts(**acts))
    junk: tuple[Any, ...] = (None, True, 1.0, "1", "pictures", [1], {"id": 1})
    for name in ("turn", "similar", "show"):
        for value in junk:
            with case(name, value):
                handlers[name](value)
                assert done == []
    said = [("turn", -1), ("similar", 12), *(("show", one) for one in ("cam", "guided", ""))]
    for name, value in said:
        handlers[name](value)
    assert done == said
    handlers["chosen"]({"shown": [1], "selected": []})
    assert done[-1] == ("choose", {"shown": [1], "selected": []})
    assert set(grid._handlers(Acts(turn=acts["turn"]))) == {"turn"}


def test_images_on_the_page_become_as_told_once_and_the_others_stay() -> None:
    before, told = {1, 9}, {"shown": [1, 2], "selected": [2]}
    once = merged(before, told)
    assert merged(once, told) == once == {2, 9} and before == {1, 9}
    assert merged([1, 2, 50], {"shown": [1, 2, 3], "selected": [2, 3]}) == {2, 3, 50}
    assert merged({50}, {"shown": [1], "selected": [1, 2, 3]}) == {1, 50}, "never more than what was shown"
    many = list(range(1, 200_000))
    assert len(merged(set(), {"shown": many, "selected": many})) == 10_000


def test_junk_counts_for_nothing_and_only_whole_numbers_that_can_be_ids_are_taken() -> None:
    both: tuple[Any, ...] = (None, "12", {"1": 1}, [[1]])
    for told in [None, [], "shown", 7, {}, {"shown": [], "selected": [1, 2]}]:
        with case(told):
            assert merged({1, 50}, told) == {1, 50}
    for junk in both:
        with case(junk):
            assert merged({1, 50}, {"shown": junk, "selected": junk}) == {1, 50}
    for junk in [True, 1.0, "1", None, -1, 0, 2**53, 10**400, float("nan"), [1], {"id": 1}]:
        with case(junk):
            assert merged({50}, {"shown": [junk, 2], "selected": [junk, 2]}) == {2, 50}


def test_each_message_is_taken_once_by_whoever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"count": 4, "name": "chosen", "value": {"shown": [1, 2], "selected": [2]}}
    state: dict[str, Any] = {"grid": {"messages": [message]}}
    monkeypatch.setattr(st, "session_state", state)
    assert as_told("grid", {1, 50}) == {2, 50}
    assert as_told("grid", {1, 50}) == {1, 50}
    state["grid"] = {"messages": [message, {**message, "count": 5}]}
    assert as_told("grid", {1, 50}) == {2, 50}
    for without in ({}, {"grid": None}, {"grid": {}}, {"grid": {"messages": 3}}):
        monkeypatch.setattr(st, "session_state", without)
        assert as_told("grid", [1]) == {1}
