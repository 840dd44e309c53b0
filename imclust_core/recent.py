"""A mapping of what was used last, for what is kept because it will be wanted again soon."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(MutableMapping[K, V]):
    """A mapping of a few entries: there is room for one more because that which was not used for longest goes."""

    def __init__(self, most: int) -> None:
        self._most, self._entries = most, dict[K, V]()

    def __getitem__(self, key: K) -> V:
        value = self._entries[key] = self._entries.pop(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._entries.pop(key, None)
        self._make_room()
        self._entries[key] = value

    def __delitem__(self, key: K) -> None:
        del self._entries[key]

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made where there is none; its room is made first, since two may be more than fits."""
        if key not in self:
            self._make_room()
            self[key] = make()
        return self[key]

    def _make_room(self) -> None:
        while len(self._entries) >= self._most:
            del self._entries[next(iter(self._entries))]
