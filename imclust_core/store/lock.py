"""A lock between processes that the operating system drops by itself when its holder dies."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_WAIT_SECONDS = 30.0
_AGAIN_SECONDS = 0.005


class FileLock:
    """At most one process holds the lock of a path. Nothing waits: `acquire` says whether it succeeded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self) -> bool:
        file = self._path.open("ab")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            # Not by closing alone: a process forked in the meantime has the file open too, and would go on holding it.
            with contextlib.suppress(OSError):
                _unlock(self._file)
            self._file.close()
            self._file = None


@contextlib.contextmanager
def one_at_a_time(path: Path, seconds: float = _WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of a path, after waiting for whoever has it: another process, or another thread of this.

    TimeoutError when that takes too long: a holder that is frozen must not freeze everybody.
    """
    lock, end = FileLock(path), time.monotonic() + seconds
    while not lock.acquire():
        if time.monotonic() > end:
            raise TimeoutError(f"another process has held it for {seconds:.0f} seconds")
        time.sleep(_AGAIN_SECONDS)
    try:
        yield
    finally:
        lock.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
