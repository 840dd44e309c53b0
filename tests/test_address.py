"""What the address says against what this visit knows: requests that were on their way change nothing back."""

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from pages.parts.session import url_state as address
from tests.helpers.browser_address import Browser


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    said = Browser()
    kept: dict[str, Any] = {}
    monkeypatch.setattr(st, "query_params", said)
    monkeypatch.setattr(st, "session_state", kept)
    return said


def test_the_address_wins_over_what_was_kept_and_what_was_kept_over_nothing(browser: Browser) -> None:
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
def test_a_request_that_left_before_the_change_does_not_undo_it(browser: Browser, late: str) -> None:
    browser["cluster"] = "1"
    address.keep("cluster", "2")
    address.keep("cluster", "3")
    browser["cluster"] = late
    assert address.asked("cluster") == "3"
    address.keep("cluster", address.asked("cluster"))
    assert browser["cluster"] == "3"


def test_an_address_from_long_ago_is_a_wish(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(address.time, "monotonic", lambda: now)
    browser["cluster"] = "1"
    address.keep("cluster", "2")
    now += 60
    browser["cluster"] = "1"
    assert address.asked("cluster") == "1"


def test_back_to_a_value_is_heard_at_once(browser: Browser) -> None:
    for value in ("1", "2", "1"):
        address.keep("cluster", value)
    assert address.asked("cluster") == "1"
    browser["cluster"] = "2"
    assert address.asked("cluster") == "1"


def test_taking_out_and_forgetting(browser: Browser) -> None:
    browser["only"] = "unnamed"
    address.keep("only", "")
    assert browser == {}
    browser["only"] = "unnamed"  # late
    assert address.asked("only") == ""
    address.keep("cluster", "2")
    address.forget()
    assert (address.asked("only"), address.asked("cluster")) == ("", "")


def run(monkeypatch: pytest.MonkeyPatch, page: str = "browse", *, history: bool = False, part: bool = False) -> None:
    """A run of a page begins: a whole one, or one of a part of it."""
    context = SimpleNamespace(
        page_script_hash=page, is_history_navigation=history, fragment_ids_this_run=["part"] if part else None
    )
    monkeypatch.setattr(address, "get_script_run_ctx", lambda **_: context)
    address.begin()


def test_what_a_run_keeps_is_one_step_told_at_its_end(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch)
    address.keep("cluster", "2")
    address.keep_all({"pick": "c2", "only": ""})
    assert (address.asked("cluster"), address.asked("pick"), browser) == ("2", "c2", {})
    address.tell()
    assert browser.steps == [{"cluster": "2", "pick": "c2"}]
    run(monkeypatch)
    address.keep("cluster", "2")
    address.tell()
    assert len(browser.steps) == 1  # nothing new
    browser["page"] = "2"  # by a widget that Streamlit has bound to the address
    run(monkeypatch, part=True)
    address.keep_all({"cluster": "3", "pick": "c3"})  # nobody tells it later
    assert browser.steps[1:] == [{"cluster": "3", "pick": "c3", "page": "2"}]


def test_another_collection_is_there_before_the_browser_was_told(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser |= {"collection": "a", "pick": "c2"}
    run(monkeypatch)
    address.keep("pick", address.asked("pick"))
    address.forget()
    address.put({"collection": "b"})
    assert (address.asked("pick"), address.said("collection")) == ("", "b")
    address.tell()
    assert browser == {"collection": "b"}


def chosen(browser: Browser, monkeypatch: pytest.MonkeyPatch, page: str, **values: str) -> None:
    run(monkeypatch, page)
    address.keep_all(values)
    address.tell()


def go_back(browser: Browser, monkeypatch: pytest.MonkeyPatch, page: str, **values: str) -> None:
    """Back in the browser, to an address that it was told before."""
    browser.clear()
    browser |= values
    run(monkeypatch, page, history=True)


def test_back_undoes_a_choice_at_once_and_forward_makes_it_again(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(browser, monkeypatch, "map", map="tsne", pick="")
    chosen(browser, monkeypatch, "map", map="tsne", pick="s1")
    go_back(browser, monkeypatch, "map", map="tsne")
    assert (address.asked("map"), address.asked("pick")) == ("tsne", "")
    address.tell()
    go_back(browser, monkeypatch, "map", map="tsne", pick="s1")
    assert address.asked("pick") == "s1"
    chosen(browser, monkeypatch, "map", by="label")  # for the first time
    go_back(browser, monkeypatch, "map", map="tsne", pick="s1")
    assert address.asked("by") == ""


def test_back_to_another_page_keeps_what_that_page_does_not_tell(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(browser, monkeypatch, "map", map="tsne", pick="s1")
    browser.clear()  # the link to another page
    chosen(browser, monkeypatch, "browse", pick="s1", cluster="4")
    chosen(browser, monkeypatch, "browse", pick="c5", cluster="5")
    go_back(browser, monkeypatch, "browse", pick="s1", cluster="4")
    assert (address.asked("map"), address.asked("pick"), address.asked("cluster")) == ("tsne", "s1", "4")
    address.tell()
    go_back(browser, monkeypatch, "map", map="tsne", pick="s1")
    address.tell()
    go_back(browser, monkeypatch, "browse")  # the moment before that page had told anything
    assert (address.asked("cluster"), address.asked("pick")) == ("4", "s1")


def test_what_a_run_that_begins_itself_anew_kept_is_told_by_the_next(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser |= {"view": "sheet"}
    run(monkeypatch)
    address.keep("view", "")
    run(monkeypatch)  # with the address as it was before
    address.keep("view", address.asked("view"))
    address.keep("cluster", "1")
    address.tell()
    assert browser == {"cluster": "1"} and "view" not in browser.steps[-1]


def test_what_one_page_had_yet_to_tell_is_not_told_by_another(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "cluster")
    address.keep("a", "1")
    run(monkeypatch, "compare")
    address.tell()
    assert browser == {} and address.asked("a") == "1"


def test_a_page_that_stops_early_tells_too(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(st, "stop", lambda: stopped.append(True))
    run(monkeypatch)
    address.put({"collection": "a"})
    address.stop()  # type: ignore[unreachable]
    assert browser == {"collection": "a"} and stopped


def test_what_a_slow_page_told_late_is_not_undone_by_what_was_on_its_way(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(address.time, "monotonic", lambda: now)
    browser |= {"pick": "c1"}
    run(monkeypatch)
    address.keep("pick", "c2")
    now += 30
    address.tell()
    now += 1
    browser |= {"pick": "c1"}
    assert address.asked("pick") == "c2"


def test_back_to_what_a_page_told_while_it_waited_leaves_what_was_picked_then(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(browser, monkeypatch, "browse", pick="c3")
    browser.clear()
    run(monkeypatch, "choose_k")
    address.put({"collection": "a"})
    address.tell()
    address.keep("pick", address.asked("pick"))
    address.tell()
    go_back(browser, monkeypatch, "choose_k", collection="a")
    assert address.asked("pick") == "c3"
