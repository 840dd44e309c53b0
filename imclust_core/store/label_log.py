"""The second copy of the labels: one line of JSON for each event, each with a checksum. Files only, no SQL.

Only the holder of the labels' lock adds lines. A line that a killed process left unfinished is cut off by the next.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from imclust_core.store.database import sync_folder

_BLOCK = 1 << 16


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
        return event if whole and isinstance(event["id"], int) and isinstance(event["uuid"], str) else None
    except (ValueError, KeyError, TypeError, RecursionError):  # the last for a line of nothing but brackets
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
