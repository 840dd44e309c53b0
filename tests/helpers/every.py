"""A law that holds in every one of many cases, as one test."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.helpers.cases import case


def every(cases: Iterable[tuple[Any, ...]]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make of a law a test that goes through these cases; whatever fails says in which of them."""
    cases = list(cases)

    def through_all(law: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            for one in cases:
                with case(*one):
                    law(*one)

        return test

    return through_all
