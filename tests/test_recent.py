"""A mapping of what was used last: what goes, and when."""

import pytest

from imclust_core.recent import Recent


def filled(*keys: str, most: int = 3) -> Recent[str, str]:
    found: Recent[str, str] = Recent(most)
    for key in keys:
        found[key] = key.upper()
    return found


def test_there_are_never_more_entries_than_fit_and_the_first_goes_first() -> None:
    assert list(filled("a", "b", "c", "d", "e")) == ["c", "d", "e"]


def test_what_is_read_or_set_again_stays() -> None:
    found = filled("a", "b", "c")
    assert found["a"] == "A"
    found["b"] = "again"
    found["d"] = "D"
    assert dict(found) == {"a": "A", "b": "again", "d": "D"}


def test_what_is_not_there_is_missing_as_in_any_mapping() -> None:
    found = filled("a")
    del found["a"]
    assert "a" not in found and found.get("a") is None and not found
    with pytest.raises(KeyError):
        found["a"]


def test_a_value_is_made_once_and_after_there_is_room_for_it() -> None:
    found, sizes = filled("a", "b", most=2), []

    def make() -> str:
        sizes.append(len(found))
        return "C"

    assert [found.get_or_make("c", make) for _ in range(3)] == ["C"] * 3
    assert sizes == [1]
    assert list(found) == ["b", "c"]


def test_what_cannot_be_made_is_not_kept() -> None:
    found: Recent[str, float] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        found.get_or_make("a", lambda: 1 / 0)
    assert not found
