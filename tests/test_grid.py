"""What a browser says of the selection in an image grid, which need not be true."""

from typing import Any

import pytest
import streamlit as st

from pages.parts.grid import as_told, merged


def test_images_on_the_page_become_as_told_and_the_others_stay() -> None:
    told = {"shown": [1, 2, 3], "selected": [2, 3], "count": 7}
    assert merged([1, 2, 50], told) == {2, 3, 50}
    assert merged(set(), told) == {2, 3}
    assert merged({1, 50}, {"shown": [1], "selected": []}) == {50}


def test_telling_twice_changes_nothing_more_and_what_was_given_stays_as_it_was() -> None:
    before, told = {1, 9}, {"shown": [1, 2], "selected": [2]}
    once = merged(before, told)
    assert merged(once, told) == once == {2, 9}
    assert before == {1, 9}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "shown",
        7,
        {},
        {"shown": None, "selected": None},
        {"shown": "12", "selected": "12"},
        {"shown": {"1": 1}, "selected": {"1": 1}},
        {"shown": [[1]], "selected": [[1]]},
        {"shown": [], "selected": [1, 2]},
    ],
)
def test_junk_counts_for_nothing(told: object) -> None:
    assert merged({1, 50}, told) == {1, 50}


@pytest.mark.parametrize("junk", [True, 1.0, "1", None, -1, 0, 2**53, 10**400, float("nan"), [1], {"id": 1}])
def test_only_whole_numbers_that_can_be_ids_are_taken(junk: Any) -> None:
    assert merged({50}, {"shown": [junk, 2], "selected": [junk, 2]}) == {2, 50}


def test_a_selection_is_never_more_than_what_was_shown() -> None:
    assert merged({50}, {"shown": [1], "selected": [1, 2, 3]}) == {1, 50}


def test_a_list_without_end_is_cut() -> None:
    many = list(range(1, 200_000))
    assert len(merged(set(), {"shown": many, "selected": many})) == 10_000


def test_each_message_is_taken_once_by_whoever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"shown": [1, 2], "selected": [2], "count": 4}
    state: dict[str, Any] = {"grid": {"chosen": told}}
    monkeypatch.setattr(st, "session_state", state)
    assert as_told("grid", {1, 50}) == {2, 50}
    assert as_told("grid", {1, 50}) == {1, 50}
    state["grid"] = {"chosen": {**told, "count": 5}}
    assert as_told("grid", {1, 50}) == {2, 50}


@pytest.mark.parametrize("state", [{}, {"grid": None}, {"grid": {}}, {"grid": {"chosen": 3}}])
def test_without_a_message_the_selection_is_as_it_was(monkeypatch: pytest.MonkeyPatch, state: dict[str, Any]) -> None:
    monkeypatch.setattr(st, "session_state", state)
    assert as_told("grid", [1]) == {1}
