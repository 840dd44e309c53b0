"""Messages of widgets: numbered, and sent again until the browser learns that they were heard; each counts once.

A message of a browser is a list of all that it was not told of as heard: {"count", "name", "value"}, oldest first.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

import streamlit as st

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
    """Call the handlers of all messages of this widget that were not heard before."""
    for name, value in _news(key, None):
        if name in handlers:
            handlers[name](value)


def take(key: str, name: str) -> list[Any]:
    """The values of messages of this name that were not heard before; from now on they were.

    For callbacks of other widgets, which Streamlit may run before those of this one.
    """
    return [value for _, value in _news(key, name)]


def _news(key: str, only: str | None) -> Iterator[tuple[str, Any]]:
    told = (st.session_state.get(key) or {}).get("messages")
    known = st.session_state.setdefault(_heard_name(key), {})
    for message in told[:_MAX_MESSAGES] if isinstance(told, list) else ():
        if not isinstance(message, dict):
            continue
        name, count = message.get("name"), message.get("count")
        if isinstance(name, str) and only in (None, name) and is_count(count) and count > known.get(name, 0):
            known[name] = count
            yield name, message.get("value")


def _heard_name(key: str) -> str:
    return f"{key}-heard"
