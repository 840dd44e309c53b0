"""Messages of widgets: numbered, and sent again until the browser learns that they were heard; each counts once.

A message of a browser is a list of all that it was not told of as heard: {"count", "name", "value"}, oldest first.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

Handler = Callable[[Any], object]
"""What is done with the value of a message; values come from outside, and may be anything."""

_MAX_COUNT = 2**53  # of the whole numbers a browser can tell from the next
_MAX_MESSAGES = 1_000


def is_count(value: object) -> TypeGuard[int]:
    """Whether what a browser sent is a whole number above 0 that it can tell from the next."""
    return type(value) is int and 0 < value < _MAX_COUNT


def whole_number(then: Callable[[int], object]) -> Handler:
    """A handler of whole numbers; whatever else comes counts for nothing."""
    return lambda value: then(value) if type(value) is int else None


def plain_text(then: Callable[[str], object]) -> Handler:
    """A handler of texts; whatever else comes counts for nothing."""
    return lambda value: then(value) if isinstance(value, str) else None


def heard(key: str) -> dict[str, int]:
    """The number of the last message of each name that was heard of this widget."""
    return dict(st.session_state.get(_heard_name(key), {}))


def receive(key: str, handlers: Mapping[str, Handler]) -> None:
    """Call the handlers of all messages of this widget that were not heard before.

    A handler that Streamlit interrupts, because another message has come, has not heard its own: that comes again.
    """
    for count, name, value in _news(key):
        try:
            handlers.get(name, _ignore)(value)
        except (RerunException, StopException):
            raise
        except Exception:
            _mark_heard(key, name, count)
            raise
        _mark_heard(key, name, count)


def take(key: str, name: str) -> list[Any]:
    """The values of messages of this name that were not heard before; from now on they were.

    For callbacks of other widgets, which Streamlit may run before those of this one.
    """
    found = [(count, value) for count, other, value in _news(key) if other == name]
    for count, _ in found:
        _mark_heard(key, name, count)
    return [value for _, value in found]


def _news(key: str) -> list[tuple[int, str, Any]]:
    """Number, name and value of each message that was not heard."""
    told, known = (st.session_state.get(key) or {}).get("messages"), heard(key)
    if not isinstance(told, list):
        return []
    messages = [one for one in told[:_MAX_MESSAGES] if isinstance(one, dict) and isinstance(one.get("name"), str)]
    read = [(one.get("count"), one["name"], one.get("value")) for one in messages]
    return [(count, name, value) for count, name, value in read if is_count(count) and count > known.get(name, 0)]


def _mark_heard(key: str, name: str, count: int) -> None:
    st.session_state.setdefault(_heard_name(key), {})[name] = count


def _ignore(_value: object) -> None:
    """What nobody listens to."""


def _heard_name(key: str) -> str:
    return f"{key}-heard"
