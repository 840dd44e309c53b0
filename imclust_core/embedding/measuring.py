"""How fast is this machine with this network, and with which dtype and batch? Measured, not guessed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imclust_core.backbones.network import Backbone
from imclust_core.embedding.decoding import Asked, Decoder
from imclust_core.embedding.forward import Forward, is_out_of_memory
from imclust_core.embedding.lanes import Lanes, lanes_for

_CPU_BATCHES = (4, 8, 16)
_GPU_BATCHES = (32, 64, 128, 256, 512)
_LANE_BYTES = 64 * 2**20
"""Pixels that one lane may hold, since there may be 32 of them, each with a pinned copy."""
_WORTH = 1.1
"""A dtype must be this much faster than fp32 to be taken."""
_ENOUGH = 1.03
"""A larger batch must be this much faster than the next smaller one to be taken."""


@dataclass(frozen=True)
class Speed:
    """The best way found to run a network: images a second on pixels that are in memory already."""

    dtype: str
    batch: int
    images_per_s: float


def forward_rate(forwards: Sequence[Forward], size: int, batch: int, *, seconds: float = 1.0) -> float:
    """Images a second of a network on all lanes at once, on random pixels in memory."""
    pixels = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), np.uint8)

    def run(forward: Forward) -> tuple[int, float]:
        forward.once(pixels)
        done, start = 0, time.perf_counter()
        while done == 0 or time.perf_counter() - start < seconds:
            forward.once(pixels)
            done += batch
        return done, time.perf_counter() - start

    with Lanes(forwards) as lanes:
        # A GPU is one device whatever the number of lanes that feed it.
        results = [future.result() for future in [lanes.submit(run) for _ in range(lanes.number)]]
    return sum(done / took for done, took in results)


def decode_rate(decoder: Decoder, images: Sequence[Asked], size: int) -> float:
    """Images a second that all lanes together read and decode, without a network."""
    share = max(1, len(images) // lanes_for(1))
    parts = [list(images[start : start + share]) for start in range(0, len(images), share)]

    def run(part: list[Asked]) -> None:
        decoder.batch(part, np.zeros((len(part), size, size, 3), np.uint8))

    start = time.perf_counter()
    with Lanes([None]) as lanes:
        for future in [lanes.submit(lambda _, part=part: run(part)) for part in parts]:  # type: ignore[misc]
            future.result()
    return len(images) / max(time.perf_counter() - start, 1e-6)


def measure(
    backbone: Backbone, devices: Sequence[str], *, dtypes: Sequence[str] = ("fp32", "bf16"), seconds: float = 0.7
) -> Speed:
    """Try the dtypes and some batch sizes for about `seconds` each, and return the quickest.

    The smallest of batches that are as good as equal is taken, since it needs the least memory.
    """
    size = backbone.preprocessing.size
    fit = _LANE_BYTES // (size * size * 3)
    batches = _CPU_BATCHES if devices[0] == "cpu" else tuple(batch for batch in _GPU_BATCHES if batch <= fit)
    best: Speed | None = None
    for dtype in dtypes:
        forwards = [Forward(backbone, device, dtype) for device in devices]
        # One image first: on a processor without bf16 a whole batch may take many times as long as in fp32.
        if best is not None and forward_rate(forwards, size, 1, seconds=0) * 4 < best.images_per_s:
            continue
        found = _best_batch(forwards, size, dtype, batches, seconds)
        if best is None or found.images_per_s > _WORTH * best.images_per_s:
            best = found
    if best is None:
        raise ValueError("no dtype was given to measure")
    return best


def _best_batch(forwards: Sequence[Forward], size: int, dtype: str, batches: Sequence[int], seconds: float) -> Speed:
    best = Speed(dtype, 1, 0.0)
    for batch in batches:
        try:
            rate = forward_rate(forwards, size, batch, seconds=seconds)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            break
        if rate < _ENOUGH * best.images_per_s:
            break
        best = Speed(dtype, batch, rate)
    return best
