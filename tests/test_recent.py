"""A mapping of what was used last: what goes, and when."""

import pytest

from imclust_core.recent import Recent


def filled(*keys: str, most: int = 3) -> Recent[str, str]:
    found: Recent[str, str] = Recent(most)
    for key in keys:
        found[key] = key.upper()
    return found


def test_there_are_never_more_entries_than_fit_and_what_was_read_or_set_last_stays() -> None:
    assert list(filled("a", "b", "c", "d", "e")) == ["c", "d", "e"]
    found = filled("a", "b", "c")
    assert found["a"] == "A"
    found["b"] = "again"
    found["d"] = "D"
    assert dict(found) == {"a": "A", "b": "again", "d": "D"}
    del found["a"]
    assert "a" not in found and found.get("a") is None
    with pytest.raises(KeyError):
        found["a"]


def test_a_value_is_made_once_and_after_there_is_room_for_it_and_what_cannot_be_made_is_not_kept() -> None:
    found, sizes = filled("a", "b", most=2), []

    def make() -> str:
        sizes.append(len(found))
        return "C"

    assert [found.get_or_make("c", make) for _ in range(3)] == ["C"] * 3
    assert sizes == [1]
    with pytest.raises(ZeroDivisionError):
        found.get_or_make("d", lambda: str(1 / 0))
    assert "d" not in found and "c" in found
