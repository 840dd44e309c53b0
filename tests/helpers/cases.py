"""Many cases in one test: whatever fails says in which of them."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(*what: object) -> Iterator[None]:
    """Name the case in whatever is raised inside."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the case of {', '.join(map(str, what))}")
        raise
