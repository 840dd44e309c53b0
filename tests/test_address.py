"""What the address says against what this visit knows: requests that were on their way change nothing back."""

from typing import Any

import pytest
import streamlit as st

from pages.parts import address


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The address as the request that is being answered brought it."""
    said: dict[str, str] = {}
    kept: dict[str, Any] = {}
    monkeypatch.setattr(st, "query_params", said)
    monkeypatch.setattr(st, "session_state", kept)
    return said


def test_the_address_wins_over_what_was_kept_and_what_was_kept_over_nothing(browser: dict[str, str]) -> None:
    assert address.asked("cluster") == ""
    browser["cluster"] = "3"
    assert address.asked("cluster") == "3"
    address.keep("cluster", "4")
    assert (address.asked("cluster"), browser) == ("4", {"cluster": "4"})
    browser.clear()  # another page, which drops it
    assert address.asked("cluster") == "4"
    browser["cluster"] = "9"  # a link
    assert address.asked("cluster") == "9"


@pytest.mark.parametrize("late", ["1", "2", ""])
def test_a_request_that_left_before_the_change_does_not_undo_it(browser: dict[str, str], late: str) -> None:
    browser["cluster"] = "1"
    address.keep("cluster", "2")
    address.keep("cluster", "3")
    browser["cluster"] = late
    assert address.asked("cluster") == "3"
    address.keep("cluster", address.asked("cluster"))
    assert browser["cluster"] == "3"


def test_an_address_from_long_ago_is_a_wish(browser: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(address.time, "monotonic", lambda: now)
    browser["cluster"] = "1"
    address.keep("cluster", "2")
    now += 60
    browser["cluster"] = "1"
    assert address.asked("cluster") == "1"


def test_back_to_a_value_is_heard_at_once(browser: dict[str, str]) -> None:
    for value in ("1", "2", "1"):
        address.keep("cluster", value)
    assert address.asked("cluster") == "1"
    browser["cluster"] = "2"
    assert address.asked("cluster") == "1"


def test_taking_out_and_forgetting(browser: dict[str, str]) -> None:
    browser["only"] = "unnamed"
    address.keep("only", "")
    assert browser == {}
    browser["only"] = "unnamed"  # late
    assert address.asked("only") == ""
    address.keep("cluster", "2")
    address.forget()
    assert (address.asked("only"), address.asked("cluster")) == ("", "")
