"""The scan: bring the catalogue of a collection up to date with its folder, reading only what is new."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from imclust_core.arrays.chunks import batched
from imclust_core.errors import Cancelled, SourceUnavailable
from imclust_core.images.decoder import Decoder
from imclust_core.images.inspecting import Facts
from imclust_core.images.reasons import SOURCE_TROUBLE, TRANSIENT, WALK_REASONS
from imclust_core.images.samples import make_samples
from imclust_core.images.walking import Found, count_files, walk
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.names import path_of, shown
from imclust_core.store.catalogue import BATCH, Known, count_images, highest_id, known_files, mark_gone, record_files
from imclust_core.store.collections import Collection, collection
from imclust_core.store.counts import Summary, finish_scan
from imclust_core.store.workspace import Workspace

MAX_TROUBLE = 20
"""This many read errors in a row mean that the drive went away, not that the files are bad."""

_LOOK_UP = 256
_PER_REQUEST = 64
_RECORD_SECONDS = 1.0
_TELL_SECONDS = 0.5


@dataclass
class _Tally:
    """What this run has done so far; `seen` has one bit per image id."""

    seen: bytearray
    unlisted: list[bytes] = field(default_factory=list)
    done: int = 0
    new: int = 0
    changed: int = 0

    def see(self, image_id: int) -> None:
        self.reach(image_id)
        self.seen[image_id >> 3] |= 1 << (image_id & 7)

    def reach(self, image_id: int) -> None:
        """Let the bitmap have a bit for this id, and leave the bit as it is."""
        if image_id >> 3 >= len(self.seen):
            self.seen.extend(bytes((image_id >> 3) + 4096 - len(self.seen)))


def scan(workspace: Workspace, collection_id: str, report: Report) -> dict[str, Any]:
    """Scan a collection's folder and return the counts, as the command line prints them.

    Unchanged files (same size and time) are not read again, so a scan that was killed goes on where it
    was, and a rescan touches only what is new, changed or gone.
    """
    source = collection(workspace, collection_id)
    started = time.monotonic()
    tally = _Tally(bytearray(highest_id(workspace) // 8 + 1))
    skip = frozenset({os.fsencode(workspace.root)})
    with _counted(source, skip) as total:
        recorder = _Recorder(workspace, source, tally)
        found = walk(source.folder, follow_links=source.follow_links, skip=skip)

        def tell() -> None:
            report(tally.done, total(), "reading files")

        try:
            with contextlib.closing(_inspected(workspace, source, found, tally, tell)) as inspected:
                for results in inspected:
                    recorder.add(results)
                    tell()
        except Cancelled:
            recorder.write()
            raise
        recorder.flush()
    report(tally.done, tally.done, "looking for files that are gone")
    gone = _mark_gone(workspace, source, tally)
    summary = finish_scan(workspace, collection_id)
    report(summary.files, summary.files, "scanned")
    return _result(collection_id, summary, tally, gone, time.monotonic() - started)


def _result(collection_id: str, summary: Summary, tally: _Tally, gone: int, seconds: float) -> dict[str, Any]:
    found = {name: getattr(summary, name) for name in ("files", "images", "skipped", "duplicates")}
    return {
        "collection": collection_id,
        **found,
        "new": tally.new,
        "changed": tally.changed,
        "gone": gone,
        "seconds": round(seconds, 3),
        "files_per_s": round(summary.files / max(seconds, 1e-3), 1),
    }


def _mark_gone(workspace: Workspace, source: Collection, tally: _Tally) -> int:
    if tally.done == 0 and count_images(workspace, source.id) > 0:
        raise SourceUnavailable(
            f"{shown(source.folder)} is empty now, and had images before. If it is a drive or a share, reconnect it "
            "and resume. If the images are meant to be gone, remove the collection."
        )
    tally.reach(highest_id(workspace))
    return mark_gone(workspace, source.id, tally.seen, tally.unlisted)


@dataclass(frozen=True, slots=True)
class _Result:
    path: bytes
    facts: Facts
    known: Known | None


def _inspected(
    workspace: Workspace, source: Collection, found: Iterable[Found], tally: _Tally, tell: Callable[[], None]
) -> Generator[list[_Result], None, None]:
    """Results in the order of the walk, a request's worth at a time; unchanged files give none.

    A few requests are always on their way, so that the decoders never wait for the walk or the catalogue.
    `tell` is called while one is waited for, so that slow files can be cancelled too.
    """
    with ThreadPoolExecutor() as threads, Decoder() as decoder:
        under_way: deque[tuple[list[_Result], list[tuple[Found, Known | None]], Future[list[Facts]]]] = deque()

        def finished() -> list[_Result]:
            ready, asked, future = under_way.popleft()
            while not future.done() and not wait([future], timeout=_TELL_SECONDS).done:
                tell()
            answers = zip(asked, future.result(), strict=True)
            return ready + [_Result(entry.path, _dated(facts, entry), known) for (entry, known), facts in answers]

        for batch in batched(found, _LOOK_UP):
            ready, to_read = _sorted_out(workspace, source, batch, tally)
            for start in range(0, max(len(to_read), 1), _PER_REQUEST):
                asked = to_read[start : start + _PER_REQUEST]
                paths = [_path_to_read(source, entry) for entry, _ in asked]
                under_way.append((ready if start == 0 else [], asked, threads.submit(decoder.inspect, paths)))
                while len(under_way) > 2 * decoder.children + 1:
                    yield finished()
        while under_way:
            yield finished()


def _dated(facts: Facts, entry: Found) -> Facts:
    """A file that was not read to its end bears the size and time of the walk, to be known again by."""
    return replace(facts, size=entry.size, mtime_ns=entry.mtime_ns) if facts.digest is None else facts


def _sorted_out(
    workspace: Workspace, source: Collection, batch: list[Found], tally: _Tally
) -> tuple[list[_Result], list[tuple[Found, Known | None]]]:
    """Split a batch of the walk into results that need no reading, and files to read."""
    known = known_files(workspace, source.id, [entry.path for entry in batch])
    ready: list[_Result] = []
    to_read: list[tuple[Found, Known | None]] = []
    for entry in batch:
        before = known.get(entry.path)
        if entry.is_folder:
            tally.unlisted.append(entry.path)
        if before is not None and _unchanged(entry, before):
            tally.see(before.id)
            tally.done += 1
        elif entry.reason is not None:
            facts = Facts(entry.size, entry.mtime_ns, reason=entry.reason, detail=entry.detail)
            ready.append(_Result(entry.path, facts, before))
        else:
            to_read.append((entry, before))
    return ready, to_read


def _unchanged(entry: Found, before: Known) -> bool:
    if before.state == "gone" or (entry.size, entry.mtime_ns) != (before.size, before.mtime_ns):
        return False
    if entry.reason is not None:
        return entry.reason == before.reason
    return before.reason not in TRANSIENT | WALK_REASONS


def _path_to_read(source: Collection, entry: Found) -> str:
    path = path_of(source.folder, entry.path)
    return os.path.realpath(path) if source.follow_links else path


def _differs(facts: Facts, before: Known) -> bool:
    return (facts.size, facts.mtime_ns, facts.reason) != (before.size, before.mtime_ns, before.reason)


class _Recorder:
    """Collects results and writes them in batches; holds back read errors until they prove to be single."""

    def __init__(self, workspace: Workspace, source: Collection, tally: _Tally) -> None:
        self._workspace, self._source, self._tally = workspace, source, tally
        self._ready: list[_Result] = []
        self._trouble: list[_Result] = []
        self._written = time.monotonic()

    def add(self, results: list[_Result]) -> None:
        for result in results:
            if result.facts.reason in SOURCE_TROUBLE:
                self._trouble.append(result)
                if len(self._trouble) >= MAX_TROUBLE:
                    self.write()
                    raise SourceUnavailable(
                        f"{MAX_TROUBLE} files in a row could not be read from {shown(self._source.folder)} "
                        f"({result.facts.detail or result.facts.reason}). The drive or share may be gone: "
                        "reconnect it and resume. Nothing was marked as bad for this."
                    )
            else:
                self._ready += [*self._trouble, result]
                self._trouble.clear()
        if len(self._ready) >= BATCH or time.monotonic() - self._written > _RECORD_SECONDS:
            self.write()

    def flush(self) -> None:
        """Write everything: at the end, single read errors are what they seem."""
        self._ready += self._trouble
        self._trouble.clear()
        self.write()

    def write(self) -> None:
        """Write what is known for certain."""
        self._written = time.monotonic()
        batch, self._ready = self._ready, []
        for chunk in batched(batch, BATCH):
            ids = record_files(self._workspace, self._source.id, [(one.path, one.facts) for one in chunk])
            for image_id, one in zip(ids, chunk, strict=True):
                self._tally.see(image_id)
                self._tally.done += 1
                self._tally.new += one.known is None
                self._tally.changed += one.known is not None and _differs(one.facts, one.known)


@contextlib.contextmanager
def _counted(source: Collection, skip: frozenset[bytes]) -> Iterator[Callable[[], int | None]]:
    """How many files there are, to measure progress against; None until they are counted, beside the scan."""
    found: list[int] = []
    stop = [False]
    thread = threading.Thread(target=lambda: found.append(count_files(source.folder, skip, stop)), daemon=True)
    thread.start()
    try:
        yield lambda: found[0] if found else None
    finally:
        stop[0] = True
        thread.join()


def scan_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return scan(workspace, job.collection, report)


def sample_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    folder = collection(workspace, job.collection).folder
    make_samples(folder, step=lambda done, total: report(done, total, "making photographs"))
    return scan(workspace, job.collection, report)
