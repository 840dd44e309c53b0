"""Decoding in child processes, so that no file can hang or crash the one who asked.

A child answers each line of JSON (a list of paths) with lines of JSON (lists of facts, in the same order),
at least one every fifth of a second while files are quick. A child that says nothing for 20 seconds is
killed, one that dies is replaced, and the file it was at gets the blame.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from imclust_core.errors import ImclustError
from imclust_core.images.inspecting import Facts, inspect_file
from imclust_core.process import start_module

ITEM_SECONDS = 20.0
CHILD_MEMORY = 3 * 2**30
_MODULE = "imclust_core.images.decoder"
_TELL_SECONDS = 0.2
_START_SECONDS = 60.0
_READY = b"ready\n"


class Decoder:
    """A small pool of decoding children; use as a context manager, call `inspect` from any thread."""

    def __init__(
        self, children: int | None = None, *, item_seconds: float = ITEM_SECONDS, module: str = _MODULE
    ) -> None:
        # One more than there are cores: while one waits for its next request, no core does.
        self.children = children or (os.cpu_count() or 1) + 1
        self._free: queue.Queue[_Child] = queue.Queue()
        self._all = [_Child(item_seconds, module) for _ in range(self.children)]
        for child in self._all:
            self._free.put(child)

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._all:
            child.stop()
        # A stopped child gives its caller what it has at once; only then are its pipes nobody's.
        for child in [self._free.get() for _ in self._all]:
            child.close()
            self._free.put(child)

    def inspect(self, paths: Sequence[str]) -> list[Facts]:
        """The facts of each path, in order; waits for a free child."""
        child = self._free.get()
        try:
            return child.inspect(paths)
        finally:
            self._free.put(child)


class _Child:
    def __init__(self, item_seconds: float, module: str) -> None:
        self._item_seconds, self._module = item_seconds, module
        self._process: subprocess.Popen[bytes] | None = None
        self._blame = "decoder_crash"
        self._stopped = False

    def inspect(self, paths: Sequence[str]) -> list[Facts]:
        facts = self._ask(paths)
        while len(facts) < len(paths) and not self._stopped:
            # The child fell silent or died somewhere after its last answer. Answers are buffered, so the
            # files after it go one by one until the one to blame is known, and then on together.
            alone = self._ask([paths[len(facts)]])
            facts += alone or [Facts(reason=self._blame)]
            if not alone:
                facts += self._ask(paths[len(facts) :])
        return facts

    def _ask(self, paths: Sequence[str]) -> list[Facts]:
        """The answers that came before the child fell silent, died, or was done."""
        if not paths or self._stopped:
            return []
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  Popen was given pipes
        facts: list[Facts] = []
        with _deadline(process, self._item_seconds) as touch:
            try:
                process.stdin.write(json.dumps(paths).encode() + b"\n")
                process.stdin.flush()
                for line in process.stdout:
                    touch()
                    facts += [Facts(*row) for row in json.loads(line)]
                    if len(facts) == len(paths):
                        return facts
            except (OSError, ValueError):
                pass  # a child killed half-way through a line: same as one that said nothing
            self._blame = "timeout" if touch.late else "decoder_crash"
        self.close()
        return facts

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = start_module(
                self._module,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            with _deadline(self._process, _START_SECONDS):
                # Without this, a broken installation would be blamed on every file in turn.
                if self._process.stdout is None or self._process.stdout.readline() != _READY:
                    self.close()
                    raise ImclustError(
                        "The decoding process could not start. Check that imclust and its requirements are "
                        "installed: `python -m imclust_core.images.decoder` should print 'ready' and wait."
                    )
        return self._process

    def stop(self) -> None:
        """End the child for good; whoever waits for its answers gets those it gave."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # what was still buffered for a dead child


class _Touch:
    """Called at each answer; `late` says that the answers stopped coming and the child was killed."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.late = False

    def __call__(self) -> None:
        self.last = time.monotonic()


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: float) -> Iterator[_Touch]:
    """Kill `process` when the block goes `seconds` without a touch; pipes have no timeout on every system."""
    touch, done = _Touch(), threading.Event()

    def watch() -> None:
        while not done.wait(max(0.01, touch.last + seconds - time.monotonic())):
            if time.monotonic() - touch.last >= seconds:
                touch.late = True
                process.kill()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield touch
    finally:
        done.set()
        thread.join()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit; the pixel limit stands alone there
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))


def serve(requests: IO[bytes], answers: IO[bytes], inspect: Callable[[str], Facts] = inspect_file) -> None:
    """The child's whole life: answer each request line until there are no more."""
    answers.write(_READY)
    answers.flush()
    for line in requests:
        paths = json.loads(line)
        rows, told = [], time.monotonic()
        for number, path in enumerate(paths, start=1):
            rows.append(inspect(path).row())
            if number == len(paths) or time.monotonic() - told > _TELL_SECONDS:
                answers.write(json.dumps(rows).encode() + b"\n")
                answers.flush()
                rows, told = [], time.monotonic()


if __name__ == "__main__":
    _limit_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
