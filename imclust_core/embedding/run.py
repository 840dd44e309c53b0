"""Embed what is not embedded yet: plan a segment, work through its shards, stop and go on at any point."""

import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imclust_core.backbones.network import Backbone
from imclust_core.embedding.decoding import Decoder
from imclust_core.embedding.forward import Forward
from imclust_core.embedding.lanes import Lanes, lanes_for
from imclust_core.embedding.measuring import Speed, forward_rate
from imclust_core.embedding.shard import EmbedShard, Tally, free_space_needed
from imclust_core.errors import WorkspaceFull
from imclust_core.names import shown
from imclust_core.store.shards import Plan, Segment, is_sealed

SHARD_SECONDS = 30.0
"""Work that a kill may cost: shards are cut to take about this long, up to MAX_SHARD_ROWS."""
MAX_SHARD_ROWS = 16_384
COMPILE_SECONDS = 600.0
"""Compiling took 20 to 40 s where it was measured; below this much work it is not tried."""
_COMPILE_WORTH = 1.08

Tell = Callable[[Tally], None]


@dataclass(frozen=True)
class Machine:
    """Where to run: devices, and what was measured there."""

    devices: Sequence[str]
    speed: Speed


def plan_for(rows: int, speed: Speed, lanes: int, *, compiled: bool = False) -> Plan:
    """Cut so many rows into shards of about SHARD_SECONDS, whole batches for every lane."""
    step = speed.batch * lanes
    wanted = min(MAX_SHARD_ROWS, speed.images_per_s * SHARD_SECONDS)
    return Plan(rows, max(step, int(wanted) // step * step), speed.batch, compiled)


def check_space(folder: Path, rows: int, dim: int) -> None:
    """Raise WorkspaceFull when the vectors will not fit, before hours are spent on them."""
    free, need = shutil.disk_usage(folder).free, free_space_needed(rows, dim)
    if free < need:
        raise WorkspaceFull(
            f"The vectors of {rows:,} images need about {need / 1e9:.1f} GB in {shown(folder)}, and "
            f"{free / 1e9:.1f} GB are free. Free some space and resume, or set IMCLUST_WORKSPACE to a larger disk."
        )


def make_forwards(backbone: Backbone, machine: Machine, *, compiled: bool) -> list[Forward]:
    """One network on each device."""
    return [Forward(backbone, device, machine.speed.dtype, compiled=compiled) for device in machine.devices]


def compiling_pays(backbone: Backbone, machine: Machine, rows: int) -> bool:
    """Whether compiled code is measurably faster here, tried only where the work is long enough to earn it back."""
    if rows / machine.speed.images_per_s < COMPILE_SECONDS:
        return False
    size, batch = backbone.preprocessing.size, machine.speed.batch
    compiled = forward_rate(make_forwards(backbone, machine, compiled=True), size, batch, seconds=2)
    # Both now, not one of them at another time: what else the machine does must not decide.
    return compiled > _COMPILE_WORTH * forward_rate(
        make_forwards(backbone, machine, compiled=False), size, batch, seconds=2
    )


def embed_segment(
    folder: Path,
    segment: Segment,
    backbone: Backbone,
    forwards: Sequence[Forward],
    source: Path,
    *,
    follow_links: bool,
    thumbnails: Path | None,
    tell: Tell,
    tally: Tally,
    moved: Mapping[int, bytes | None] | None = None,
) -> None:
    """Seal every shard of a segment that is not sealed yet.

    `tell` is called a few times a second, and may raise to stop: what is sealed stays, what is not is lost.
    """
    plan = segment.plan
    todo = [shard for shard in range(plan.shards) if not is_sealed(folder, segment.number, shard)]
    if not todo:
        return
    decoder = Decoder(
        source,
        follow_links=follow_links,
        preprocessing=backbone.preprocessing,
        thumbnails=thumbnails,
        readers=max(8, lanes_for(len(forwards))),
    )
    with closing(decoder), Lanes(forwards) as pool:
        work = EmbedShard(
            folder, segment, backbone.dim, backbone.preprocessing.size, decoder, pool, source, tally, moved
        )
        started: deque[tuple[int, list[Future[Any]]]] = deque()
        for shard in todo:
            started.append((shard, work.start(shard)))
            if len(started) > 1:  # one shard ahead, so that no lane waits for a seal
                _finish(work, started, tell, tally)
        while started:
            _finish(work, started, tell, tally)


def _finish(work: EmbedShard, started: deque[tuple[int, list[Future[Any]]]], tell: Tell, tally: Tally) -> None:
    shard, batches = started.popleft()
    work.finish(shard, batches, lambda: tell(tally))
