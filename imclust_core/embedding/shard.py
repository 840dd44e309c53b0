"""The unit of embedding: one shard of a segment, from files to a sealed folder. Calling it again does nothing."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from imclust_core.embedding.decoding import Asked, Decoder
from imclust_core.embedding.forward import Forward, Outputs
from imclust_core.embedding.lanes import Lanes
from imclust_core.errors import ImageProblem, SourceUnavailable
from imclust_core.images.reasons import SOURCE_TROUBLE
from imclust_core.names import shown
from imclust_core.store.shards import FAILED, ROW, Segment, Shard, is_sealed, seal_shard, whole_hash

MAX_TROUBLE = 20
"""This many read errors in a row mean that the drive went away, not that the files are bad."""
SEEN = 8
_TELL_SECONDS = 0.3
_LARGEST = 65504.0  # of float16


@dataclass(frozen=True)
class Seen:
    """What one image was taken for, to show while it goes on: class number, or -1."""

    image_id: int
    label: int
    probability: float


@dataclass
class Tally:
    """What a run has done so far; lanes add to it, whoever shows progress reads it."""

    done: int = 0
    bad: int = 0
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=SEEN))
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class _Batch:
    """What came of consecutive rows; features are float16 already, since many batches may wait for their shard."""

    start: int
    features: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    problems: list[ImageProblem | None]


class EmbedShard:
    """Embeds the shards of a segment, each by `seal_shard` or not at all.

    `start` hands a shard's batches to the lanes and `finish` waits for them and seals; starting the next before
    finishing the last keeps the lanes busy. A plain call does both.

    moved: row -> where its content lies now, or None where the catalogue has it no more, for rows whose path in the
    manifest is out of date.
    """

    def __init__(
        self,
        folder: Path,
        segment: Segment,
        dim: int,
        size: int,
        decoder: Decoder,
        lanes: Lanes[Forward],
        source: Path,
        tally: Tally | None = None,
        moved: Mapping[int, bytes | None] | None = None,
    ) -> None:
        self._folder, self._segment, self._dim, self._size = folder, segment, dim, size
        self._decoder, self._lanes, self._source = decoder, lanes, source
        self._tally = tally or Tally()
        self._moved = moved or {}
        self._trouble = 0
        self._pixels = threading.local()

    def __call__(self, shard: int) -> Path | None:
        """Embed and seal one shard; None when that was done already."""
        return self.finish(shard, self.start(shard))

    def start(self, shard: int) -> list[Future[_Batch]]:
        """Hand a shard's batches to the lanes; none when it is sealed."""
        if is_sealed(self._folder, self._segment.number, shard):
            return []
        first, last = self._segment.plan.span(shard)
        batch = self._segment.plan.batch
        return [
            self._lanes.submit(lambda forward, at=at: self._embed(forward, at, min(last, at + batch)))  # type: ignore[misc]
            for at in range(first, last, batch)
        ]

    def finish(self, shard: int, batches: list[Future[_Batch]], tell: Callable[[], None] = lambda: None) -> Path | None:
        """Wait for a shard's batches, calling `tell` meanwhile, and seal it."""
        if not batches:
            return None
        first, last = self._segment.plan.span(shard)
        content = Shard(np.zeros((last - first, self._dim), np.float16), np.zeros(last - first, ROW), {})
        for future in _let_go(batches):
            while not wait([future], timeout=_TELL_SECONDS).done:
                tell()
            self._place(future.result(), first, content)
            tell()
        return seal_shard(self._folder, self._segment.number, shard, content)

    def _embed(self, forward: Forward, start: int, stop: int) -> _Batch:
        """Decode and describe the rows from `start` to `stop`; runs in a lane."""
        manifest = self._segment.manifest
        asked = [
            Asked(int(manifest["image"][row]), self._path(row), whole_hash(manifest["hash"][row]))
            for row in range(start, stop)
        ]
        # Always a whole batch: the numbers of an image then never depend on how many others came with it, and a
        # compiled network meets one shape only.
        pixels = self._buffer()
        pixels[len(asked) :] = 0
        problems = self._decoder.batch(asked, pixels[: len(asked)])
        result = _rounded(start, forward(pixels), problems)
        self._count(asked, result)
        return result

    def _path(self, row: int) -> bytes:
        return self._moved.get(row) or self._segment.path(row)

    def _buffer(self) -> np.ndarray:
        """This lane's own array for a batch of pixels."""
        if not hasattr(self._pixels, "array"):
            self._pixels.array = np.zeros((self._segment.plan.batch, self._size, self._size, 3), np.uint8)
        array: np.ndarray = self._pixels.array
        return array

    def _count(self, asked: list[Asked], result: _Batch) -> None:
        good = [index for index, problem in enumerate(result.problems) if problem is None]
        with self._tally.lock:
            self._tally.done += len(asked)
            self._tally.bad += len(asked) - len(good)
            for index in good[-2:]:
                label, share = int(result.labels[index, 0]), float(result.probabilities[index, 0])
                self._tally.seen.append(Seen(asked[index].image_id, label, share))

    def _place(self, batch: _Batch, first: int, content: Shard) -> None:
        """Put a batch's numbers at their rows; failures become a mask and a reason."""
        for index, problem in enumerate(batch.problems):
            row = batch.start - first + index
            if self._moved.get(batch.start + index, b"") is not None:  # what the scan saw go says nothing of the drive
                self._watch_source(problem)
            if problem is not None:
                content.labels["state"][row] = FAILED
                content.labels["label"][row] = -1
                content.failed[row] = (problem.reason, problem.detail[:200])
                continue
            content.features[row] = batch.features[index]
            content.labels["label"][row] = batch.labels[index]
            content.labels["probability"][row] = batch.probabilities[index]

    def _watch_source(self, problem: ImageProblem | None) -> None:
        if problem is None or problem.reason not in SOURCE_TROUBLE:
            self._trouble = 0
            return
        self._trouble += 1
        if self._trouble >= MAX_TROUBLE or not self._source.is_dir():
            raise SourceUnavailable(
                f"Images could not be read from {shown(self._source)} ({problem.detail or problem.reason}). The drive "
                "or share may be gone: reconnect it and resume. If the images were moved or deleted, rescan the folder "
                "first. Nothing was marked as bad for this."
            )


def _let_go(batches: list[Future[_Batch]]) -> Iterator[Future[_Batch]]:
    """The batches in order, none of them kept once it has been seen."""
    batches.reverse()
    while batches:
        yield batches.pop()


def _rounded(start: int, outputs: Outputs, problems: list[ImageProblem | None]) -> _Batch:
    """A batch as it is kept: in half precision, numbers too large for it clipped, those not finite given a reason."""
    finite = np.isfinite(np.hstack([outputs.features, outputs.probabilities])[: len(problems)]).all(axis=1)
    return _Batch(
        start,
        np.clip(outputs.features[: len(problems)], -_LARGEST, _LARGEST).astype(np.float16),
        outputs.labels,
        outputs.probabilities,
        [
            problem if problem is not None or good else ImageProblem("nonfinite")
            for problem, good in zip(problems, finite, strict=True)
        ],
    )


def free_space_needed(rows: int, dim: int) -> int:
    """The bytes that so many rows take on disk, with a fifth to spare."""
    return int(1.2 * rows * (2 * dim + ROW.itemsize + 64))
