"""The second copy of the labels: one line of JSON for each event, each with a checksum. Files only, no SQL.

Only the holder of the labels' lock adds lines. A line that a killed process left unfinished is cut off by the next.
What an event is, in this copy and in the database, is known here and nowhere else: see `is_event`.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from imclust_core.store.database import sync_folder

_BLOCK = 1 << 16
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: no calendar here tells a later time."""

Fits = Callable[[Any], bool]


def _number(lowest: int, highest: int) -> Fits:
    return lambda one: type(one) is int and lowest <= one <= highest  # not isinstance, for which True is a number


def _text(one: Any) -> bool:
    return isinstance(one, str)


def _column_text(one: Any) -> bool:
    """Half of a surrogate pair is text for JSON, and none for a column of a database."""
    return isinstance(one, str) and (one.isascii() or not any("\ud800" <= char <= "\udfff" for char in one))


def _images(one: Any) -> bool:
    # Each step by itself runs in C: a split can have a million images, and every event is looked at when it is read.
    return isinstance(one, list) and set(map(type, one)) <= {int} and (not one or _fits_64(min(one), max(one)))


def _fits_64(*numbers: int) -> bool:
    return all(map(_number(-(2**63), 2**63 - 1), numbers))


def _parts(one: Any) -> bool:
    return isinstance(one, list) and all(isinstance(part, dict) and _has(part, _PART) for part in one)


def _has(value: Mapping[str, Any], fields: Mapping[str, Fits]) -> bool:
    return all(name in value and fits(value[name]) for name, fits in fields.items())


_cluster = _number(-(2**31), 2**31 - 1)  # as arrays of groups have them
_PART: dict[str, Fits] = {"into": _cluster, "images": _images}
_VALUES: dict[str, dict[str, Fits]] = {
    "name": {"number": _cluster, "name": _text, "state": _text, "note": _text},
    "merge": {"from": _cluster, "into": _cluster},
    "split": {"from": _cluster, "how": _text, "parts": _parts},
    "move": {"images": _images, "into": _cluster},
    "undo": {"event": _fits_64},
    "redo": {"event": _fits_64},
}
"""What the value of each kind has. A new kind is one line here; a kind that is not known may have anything."""
_FACTS: dict[str, Fits] = {
    "id": _number(1, 2**63 - 1),
    "base": _fits_64,
    "at": _number(0, _LAST_SECOND),
    **dict.fromkeys(("uuid", "clustering_id", "target", "kind", "author"), _column_text),
}


def is_event(facts: Mapping[str, Any]) -> bool:
    """Whether these are all the facts of an event, and its value has what its kind needs."""
    value = facts.get("value")
    return isinstance(value, dict) and _has(facts, _FACTS) and has_its_fields(facts["kind"], value)


def has_its_fields(kind: str, value: Mapping[str, Any]) -> bool:
    """Whether a value is one of this kind of change."""
    return _has(value, _VALUES.get(kind, {})) and _text(value.get("via", ""))


def add_lines(path: Path, events: Sequence[dict[str, Any]]) -> None:
    """Add events to a log, and wait until they are on the disk."""
    if not events:
        return
    new = not path.exists()
    with path.open("w+b" if new else "r+b") as file:
        _cut_unfinished(file)
        for event in events:
            file.write(_line(event))
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)


def replace_log(path: Path, events: Iterable[dict[str, Any]]) -> None:
    """Put a log of these events in the place of the one that is there: whole, or not at all."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        with temporary.open("xb") as file:
            for event in events:
                file.write(_line(event))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def end_of_log(path: Path) -> tuple[int, str]:
    """The id and uuid of the last whole and sound line; 0 and nothing for a log without any."""
    try:
        with path.open("rb") as file:
            for line in _lines_from_the_end(file):
                if (event := _read_line(line)) is not None:
                    return event["id"], event["uuid"]
    except FileNotFoundError:
        pass
    return 0, ""


def read_log(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Each line of a log by its number, the event of it or None where it is damaged; nothing where there is no log.

    A line is not sound without its end: what follows would be written on to it.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                event = _read_line(line)
                yield number, event
                if event is not None and not line.endswith(b"\n"):
                    yield number, None
    except FileNotFoundError:
        return


def _line(event: dict[str, Any]) -> bytes:
    text = json.dumps(event, separators=(",", ":"))
    return f'{{"sum":"{_sum(text)}","event":{text}}}\n'.encode()


def _sum(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _read_line(line: bytes) -> dict[str, Any] | None:
    """The event of a line; None for a line that was not written whole, or has changed since."""
    try:
        outer = json.loads(line)
        event: dict[str, Any] = outer["event"]
        whole = outer["sum"] == _sum(json.dumps(event, separators=(",", ":")))
        return event if whole and is_event(event) else None
    # The last for a line of nothing but brackets.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _lines_from_the_end(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, the last one first; what stands after the last line end is unfinished and left out."""
    at, held, ended, block = file.seek(0, os.SEEK_END), b"", False, _BLOCK
    while at > 0:
        start = max(0, at - block)
        file.seek(start)
        held, *lines = (file.read(at - start) + held).split(b"\n")
        at, block = start, 2 * block  # a line of megabytes is put together in a few steps
        for line in reversed(lines):
            if ended:
                yield line
            ended = True
    if ended:
        yield held


def _cut_unfinished(file: BinaryIO) -> None:
    """Cut off what stands after the last line end."""
    at = file.seek(0, os.SEEK_END)
    while at > 0:
        start = max(0, at - _BLOCK)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            at = start + found + 1
            break
        at = start
    file.truncate(at)
    file.seek(at)
