"""Messages of widgets: each is heard once, in order, whatever a browser sends; what is interrupted comes again."""

from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from pages.parts.kit.messages import heard, is_count, plain_text, receive, take, whole_number

KEY = "widget"


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The state of one session, without a browser."""
    made: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", made)
    return made


def send(*messages: object) -> None:
    st.session_state[KEY] = {"messages": list(messages)}


def message(count: object, name: object = "pick", value: object = None) -> dict[str, object]:
    return {"count": count, "name": name, "value": value}


def test_a_message_that_is_sent_again_counts_once_and_new_ones_count_in_order() -> None:
    got: list[object] = []
    handlers = {"pick": got.append, "step": got.append}
    send(message(1, "pick", "a"), message(2, "step", "b"))
    receive(KEY, handlers)
    send(message(1, "pick", "a"), message(2, "step", "b"), message(3, "step", "c"), message(4, "pick", "d"))
    receive(KEY, handlers)
    receive(KEY, handlers)
    assert got == ["a", "b", "c", "d"]
    assert heard(KEY) == {"pick": 4, "step": 3}
    send(message(5, "pick", "e"), message(6, "chosen", "f"))
    assert take(KEY, "chosen") == ["f"] and take(KEY, "chosen") == []
    receive(KEY, {**handlers, "chosen": got.append})
    assert got[4:] == ["e"], "what another widget has taken early is not heard twice"


def test_a_handler_that_is_interrupted_is_called_again_and_one_that_fails_is_not() -> None:
    calls = []

    def handle(problem: Exception | None) -> None:
        calls.append(problem)
        if len(calls) in (1, 3):
            raise calls[0] if len(calls) == 1 else ValueError("a fault of ours")

    send(message(1, "pick", StopException()))
    with pytest.raises(StopException):
        receive(KEY, {"pick": handle})
    assert heard(KEY) == {}
    receive(KEY, {"pick": handle})
    assert heard(KEY) == {"pick": 1} and len(calls) == 2
    send(message(2))
    with pytest.raises(ValueError, match="fault"):
        receive(KEY, {"pick": handle})
    receive(KEY, {"pick": handle})
    assert heard(KEY) == {"pick": 2} and len(calls) == 3


def test_whatever_a_browser_sends_does_no_harm() -> None:
    got: list[object] = []
    for told in (None, 5, "text", {"count": 1}, [None, 5, [], {}], [message(0), message(-1), message(True)]):
        st.session_state[KEY] = {"messages": told}
        receive(KEY, {"pick": got.append})
    for count in (1.5, "1", None, 2**53, 10**30):
        assert not is_count(count)
        send(message(count), message(1, 5), message(1, ["pick"]), message(1, "nobody listens"))
        receive(KEY, {"pick": got.append})
    st.session_state[KEY] = None
    receive(KEY, {"pick": got.append})
    assert got == []


def test_handlers_of_a_kind_of_value_pass_over_all_others() -> None:
    numbers: list[int] = []
    texts: list[str] = []
    for value in (1, -2, True, 1.5, None, "a", "", ["b"], {}):
        whole_number(numbers.append)(value)
        plain_text(texts.append)(value)
    assert (numbers, texts) == ([1, -2], ["a", ""])
