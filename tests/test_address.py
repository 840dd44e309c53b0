"""What the address says against what this visit knows: requests that were on their way change nothing back."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import streamlit as st

from pages.parts.session import url_state as address
from pages.parts.session.url_state import asked, keep, keep_all, put, tell
from tests.helpers.browser_address import Browser


class Visit(Browser):
    """A browser, what this visit has kept, the page that runs, and the time."""

    context: SimpleNamespace | None = None
    now = 1000.0

    def run(self, page: str = "browse", *, history: bool = False, part: bool = False) -> None:
        """A run of a page begins: a whole one, or one of a part of it."""
        parts = ["part"] if part else None
        self.context = SimpleNamespace(
            page_script_hash=page, is_history_navigation=history, fragment_ids_this_run=parts
        )
        address.begin()

    def chosen(self, page: str, **values: str) -> None:
        self.run(page)
        keep_all(values)
        tell()

    def back(self, page: str, **values: str) -> None:
        """Back in the browser, to an address that it was told before."""
        self.clear()
        self |= values
        self.run(page, history=True)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Visit:
    said = Visit()
    monkeypatch.setattr(st, "query_params", said)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(address.time, "monotonic", lambda: said.now)
    monkeypatch.setattr(address, "get_script_run_ctx", lambda **_: said.context)
    return said


def test_the_address_wins_over_what_was_kept_and_what_was_kept_over_nothing(browser: Visit) -> None:
    assert asked("cluster") == ""
    browser["cluster"] = "3"
    assert asked("cluster") == "3"
    keep("cluster", "4")
    assert (asked("cluster"), browser) == ("4", {"cluster": "4"})
    browser.clear()  # another page, which drops it
    assert asked("cluster") == "4"
    browser["cluster"] = "9"  # a link
    assert asked("cluster") == "9"


@pytest.mark.parametrize("late", ["1", "2", ""])
def test_a_request_that_left_before_the_change_does_not_undo_it(browser: Visit, late: str) -> None:
    browser["cluster"] = "1"
    keep("cluster", "2")
    keep("cluster", "3")
    browser["cluster"] = late
    assert asked("cluster") == "3"
    keep("cluster", asked("cluster"))
    assert browser["cluster"] == "3"
    browser.now += 60
    browser["cluster"] = late
    assert asked("cluster") == late or not late, "an address from long ago is a wish"


def test_back_to_a_value_is_heard_at_once(browser: Visit) -> None:
    for value in ("1", "2", "1"):
        keep("cluster", value)
    assert asked("cluster") == "1"
    browser["cluster"] = "2"
    assert asked("cluster") == "1"


def test_taking_out_and_forgetting(browser: Visit) -> None:
    browser["only"] = "unnamed"
    keep("only", "")
    assert browser == {}
    browser["only"] = "unnamed"  # late
    assert asked("only") == ""
    keep("cluster", "2")
    address.forget()
    assert (asked("only"), asked("cluster")) == ("", "")


def test_what_a_run_keeps_is_one_step_told_at_its_end(browser: Visit) -> None:
    browser.run()
    keep("cluster", "2")
    keep_all({"pick": "c2", "only": ""})
    assert (asked("cluster"), asked("pick"), browser) == ("2", "c2", {})
    tell()
    assert browser.steps == [{"cluster": "2", "pick": "c2"}]
    browser.chosen("browse", cluster="2")
    assert len(browser.steps) == 1  # nothing new
    browser["page"] = "2"  # by a widget that Streamlit has bound to the address
    browser.run(part=True)
    keep_all({"cluster": "3", "pick": "c3"})  # nobody tells it later
    assert browser.steps[1:] == [{"cluster": "3", "pick": "c3", "page": "2"}]


def test_another_collection_is_there_before_the_browser_was_told(browser: Visit) -> None:
    browser |= {"collection": "a", "pick": "c2"}
    browser.run()
    keep("pick", asked("pick"))
    address.forget()
    put({"collection": "b"})
    assert (asked("pick"), address.said("collection")) == ("", "b")
    tell()
    assert browser == {"collection": "b"}


def test_back_undoes_a_choice_at_once_and_forward_makes_it_again(browser: Visit) -> None:
    browser.chosen("map", map="tsne", pick="")
    browser.chosen("map", map="tsne", pick="s1")
    browser.back("map", map="tsne")
    assert (asked("map"), asked("pick")) == ("tsne", "")
    tell()
    browser.back("map", map="tsne", pick="s1")
    assert asked("pick") == "s1"
    browser.chosen("map", by="label")  # for the first time
    browser.back("map", map="tsne", pick="s1")
    assert asked("by") == ""


def test_back_to_another_page_keeps_what_that_page_does_not_tell(browser: Visit) -> None:
    browser.chosen("map", map="tsne", pick="s1")
    browser.clear()  # the link to another page
    browser.chosen("browse", pick="s1", cluster="4")
    browser.chosen("browse", pick="c5", cluster="5")
    browser.back("browse", pick="s1", cluster="4")
    assert (asked("map"), asked("pick"), asked("cluster")) == ("tsne", "s1", "4")
    tell()
    browser.back("map", map="tsne", pick="s1")
    tell()
    browser.back("browse")  # the moment before that page had told anything
    assert (asked("cluster"), asked("pick")) == ("4", "s1")


def test_what_a_run_that_begins_itself_anew_kept_is_told_by_the_next_of_its_page(browser: Visit) -> None:
    browser |= {"view": "sheet"}
    browser.run()
    keep("view", "")
    browser.run()  # with the address as it was before
    keep("view", asked("view"))
    keep("cluster", "1")
    tell()
    assert browser == {"cluster": "1"} and "view" not in browser.steps[-1]
    browser.run("cluster")
    keep("a", "1")
    browser.run("compare")
    tell()
    assert browser == {"cluster": "1"} and asked("a") == "1", "and not by another"


def test_a_page_that_stops_early_tells_too(browser: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "stop", stopped := Mock())
    browser.run()
    put({"collection": "a"})
    address.stop()  # type: ignore[unreachable]
    assert browser == {"collection": "a"} and stopped.called


def test_what_a_slow_page_told_late_is_not_undone_by_what_was_on_its_way(browser: Visit) -> None:
    browser |= {"pick": "c1"}
    browser.run()
    keep("pick", "c2")
    browser.now += 30
    tell()
    browser.now += 1
    browser |= {"pick": "c1"}
    assert asked("pick") == "c2"


def test_back_to_what_a_page_told_while_it_waited_leaves_what_was_picked_then(browser: Visit) -> None:
    browser.chosen("browse", pick="c3")
    browser.clear()
    browser.run("choose_k")
    put({"collection": "a"})
    tell()
    keep("pick", asked("pick"))
    tell()
    browser.back("choose_k", collection="a")
    assert asked("pick") == "c3"
