"""The embedding job: from what was asked for to sealed shards and a summary."""

import functools
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from imclust_core.backbones.network import Backbone
from imclust_core.backbones.registry import BUNDLED, RECOMMENDED
from imclust_core.embedding.lanes import device_name, devices_for, lanes_for
from imclust_core.embedding.measuring import Speed, forward_rate, measure
from imclust_core.embedding.run import (
    Machine,
    check_space,
    compiling_pays,
    embed_segment,
    make_forwards,
    plan_for,
)
from imclust_core.embedding.shard import Tally
from imclust_core.embedding.summary import summarise
from imclust_core.errors import BackboneError, EmbeddingError, WeightsUnavailable
from imclust_core.jobs.kinds.networks import keep_class_vectors, loaded
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import AUTO, EmbedRequest
from imclust_core.store.catalogue import contents, images_by_id
from imclust_core.store.collections import Collection, collection
from imclust_core.store.counts import summary_of
from imclust_core.store.embeddings import (
    Embedding,
    EmbeddingSummary,
    Recipe,
    add_embedding,
    class_names,
    find_embedding,
    finish_embedding,
    hash_of_classes,
)
from imclust_core.store.shards import Segment, clean_up, is_sealed, write_segment
from imclust_core.store.speeds import forward_key, keep_speed, read_speeds
from imclust_core.store.vectors import Rows, locate, pending, read_rows
from imclust_core.store.workspace import Workspace

log = logging.getLogger("imclust")


def embed(workspace: Workspace, collection_id: str, request: EmbedRequest, report: Report) -> dict[str, Any]:
    """Embed every image of a collection that has no vector yet, and return the counts the command line prints.

    Killed and started again it goes on where it was: sealed shards are never computed twice.
    """
    started = time.monotonic()
    source = collection(workspace, collection_id)
    backbone, note = _load(request, report)
    devices = _devices(request.device)
    one, speed = _prepare(workspace, source, backbone, request, devices, report)
    machine = Machine(devices, speed)
    clean_up(one.folder)
    keep_class_vectors(one, backbone)
    rate, forward = None, None
    rows = _with_new_segment(workspace, one, backbone, machine)
    todo = sum(reason == "waiting" for reason, _ in rows.failed.values())
    if todo:
        rate, forward = _embed_all(workspace, source, one, backbone, machine, rows, todo, report)
        # Measured again by every run: the first time may have been a busy moment.
        _keep_speed(workspace, backbone, request, devices, replace(speed, images_per_s=forward))
    report(len(rows.hashes), len(rows.hashes), "counting labels")
    summary = _summarise(workspace, one, time.monotonic() - started, rate)
    finish_embedding(workspace, one.id, summary)
    return _result(workspace, one, summary, forward) | ({"note": note} if note else {})


def _load(request: EmbedRequest, report: Report) -> tuple[Backbone, str]:
    """The network, and a sentence where it is not the one that would have been best."""

    def tell(message: str) -> None:
        report(0, None, message)

    tell("loading the network")
    if request.backbone != AUTO:
        return loaded(request.backbone, request.weights, request.random_weights, request.preprocess, tell), ""
    try:
        return loaded(RECOMMENDED, request.weights, request.random_weights, request.preprocess, tell), ""
    except WeightsUnavailable as error:
        log.warning("%s", error)
        note = f"The bundled backbone was used: the weights of {RECOMMENDED} are not here and cannot be downloaded."
        return loaded(BUNDLED, None, False, request.preprocess, tell), note


def _devices(asked: str) -> list[str]:
    if asked == "cuda" and not torch.cuda.is_available():
        raise BackboneError(
            "No GPU can be used on this machine: torch finds no CUDA device. Choose the device auto or cpu, or install "
            "the driver."
        )
    return devices_for(asked)


def _prepare(
    workspace: Workspace,
    source: Collection,
    backbone: Backbone,
    request: EmbedRequest,
    devices: Sequence[str],
    report: Report,
) -> tuple[Embedding, Speed]:
    """The embedding to fill, and how to run the network here. `auto` keeps to a dtype that was begun with."""
    begun = [
        dtype
        for dtype in ("fp32", "bf16")
        if find_embedding(workspace, source.id, _recipe(backbone, request, dtype).fingerprint())
    ]
    dtype = begun[0] if request.dtype == AUTO and begun else request.dtype
    report(0, None, "measuring this machine")
    speed = speed_of(workspace, backbone, request.preprocess, devices, dtype)
    recipe = _recipe(backbone, request, speed.dtype)
    classes = [asdict(one) for one in backbone.classes]
    return add_embedding(workspace, source.id, recipe, classes), speed


def _recipe(backbone: Backbone, request: EmbedRequest, dtype: str) -> Recipe:
    return Recipe(
        backbone.spec.name,
        backbone.spec.title,
        backbone.weights,
        backbone.origin,
        backbone.random,
        request.preprocess,
        asdict(backbone.preprocessing),
        dtype,
        backbone.dim,
        backbone.architecture,
        hash_of_classes(asdict(one) for one in backbone.classes),
        request.weights,
    )


def speed_of(workspace: Workspace, backbone: Backbone, preprocess: str, devices: Sequence[str], dtype: str) -> Speed:
    """What is known of a network's speed on these devices, or else measured now and kept."""
    speeds, stamp = read_speeds(workspace), _stamp(devices)
    for asked in (dtype, AUTO):
        known = speeds.get(forward_key(backbone.spec.name, preprocess, asked), {})
        if stamp.items() <= known.items() and dtype in (AUTO, known["dtype"]):
            return Speed(known["dtype"], known["batch"], known["images_per_s"])
    speed = measure(backbone, devices, dtypes=("fp32", "bf16") if dtype == AUTO else (dtype,))
    keep_speed(workspace, forward_key(backbone.spec.name, preprocess, dtype), {**asdict(speed), **stamp})
    return speed


def _stamp(devices: Sequence[str]) -> dict[str, Any]:
    """What a measured speed holds for."""
    return {
        "device": " + ".join(device_name(one) for one in devices),
        "torch": torch.__version__,
        "shared": devices[0] == "cpu",
    }


def _keep_speed(
    workspace: Workspace, backbone: Backbone, request: EmbedRequest, devices: Sequence[str], speed: Speed
) -> None:
    """Renew what is known: of this dtype, and of the choice between dtypes where it was this one."""
    speeds, facts = read_speeds(workspace), {**asdict(speed), **_stamp(devices)}
    keep_speed(workspace, forward_key(backbone.spec.name, request.preprocess, speed.dtype), facts)
    chosen = forward_key(backbone.spec.name, request.preprocess, AUTO)
    if speeds.get(chosen, {}).get("dtype") == speed.dtype:
        keep_speed(workspace, chosen, facts)


def _with_new_segment(workspace: Workspace, one: Embedding, backbone: Backbone, machine: Machine) -> Rows:
    """All rows of an embedding, after adding a segment for images that have none."""
    rows = read_rows(one)
    ids = pending(workspace, one, rows)
    if not len(ids):
        return rows
    check_space(one.folder, len(ids), backbone.dim)
    found = images_by_id(workspace, one.collection_id, ids.tolist())
    images = [(row.id, row.hash, row.path) for row in found.values() if row.hash is not None]
    images.sort()
    compiled = compiling_pays(backbone, machine, len(images))
    plan = plan_for(len(images), machine.speed, lanes_for(len(machine.devices)), compiled=compiled)
    write_segment(one.folder, len(rows.segments), images, plan)
    return read_rows(one)


def _embed_all(
    workspace: Workspace,
    source: Collection,
    one: Embedding,
    backbone: Backbone,
    machine: Machine,
    rows: Rows,
    todo: int,
    report: Report,
) -> tuple[float, float]:
    """Seal the rows still to do; return images/s of that, and of the network alone on pixels in memory."""
    total = len(rows.hashes)
    tally, before = Tally(), total - todo
    names = class_names(one)
    networks = functools.cache(lambda compiled: make_forwards(backbone, machine, compiled=compiled))

    def tell(now: Tally) -> None:
        with now.lock:
            seen = [asdict(image) for image in now.seen]
        for image in seen:
            image["label"] = names[image["label"]] if image["label"] >= 0 else ""
        report(before + now.done, total, "embedding", {"bad": now.bad, "seen": seen})

    begun = time.monotonic()
    for segment in rows.segments:
        embed_segment(
            one.folder,
            segment,
            backbone,
            networks(segment.plan.compiled),
            source.folder,
            follow_links=source.follow_links,
            thumbnails=workspace.thumbnails,
            tell=tell,
            tally=tally,
            moved=_moved(workspace, one, segment),
        )
    rate = (tally.done - tally.bad) / max(time.monotonic() - begun, 1e-3)
    last = rows.segments[-1].plan
    return rate, forward_rate(networks(last.compiled), backbone.preprocessing.size, last.batch)


def _moved(workspace: Workspace, one: Embedding, segment: Segment) -> dict[int, bytes | None]:
    """The rows whose content lies elsewhere now, or nowhere: a segment may be older than the last scan."""
    rows = [
        row
        for shard in range(segment.plan.shards)
        if not is_sealed(one.folder, segment.number, shard)
        for row in range(*segment.plan.span(shard))
    ]
    if not rows:
        return {}
    ids, hashes = contents(workspace, one.collection_id)
    place = dict(zip(hashes.tolist(), ids.tolist(), strict=True))
    wanted = [place.get(segment.manifest["hash"][row]) for row in rows]
    found = images_by_id(workspace, one.collection_id, [image for image in wanted if image is not None])
    now = {row: found[image].path if image is not None else None for row, image in zip(rows, wanted, strict=True)}
    return {row: path for row, path in now.items() if path != segment.path(row)}


def _summarise(workspace: Workspace, one: Embedding, seconds: float, rate: float | None) -> EmbeddingSummary:
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    if not len(located.image_ids):
        reasons = ", ".join(located.missing) or "there are none"
        raise EmbeddingError(
            f"No image of this collection could be embedded ({reasons}). Rescan the folder and look at its skipped "
            "files; if the numbers were not finite, choose other weights."
        )
    labels = rows.labels[located.rows]
    if rate is None and one.summary is not None:  # nothing was left to do: the figures are those of the last run
        seconds, rate = one.summary.seconds, one.summary.images_per_s
    return summarise(
        located.image_ids,
        labels["label"][:, 0],
        labels["probability"][:, 0],
        rows.hashes[located.rows],
        located.missing,
        seconds=round(seconds, 3),
        images_per_s=rate and round(rate, 2),
    )


def _result(workspace: Workspace, one: Embedding, summary: EmbeddingSummary, forward: float | None) -> dict[str, Any]:
    scanned = summary_of(workspace, one.collection_id)
    skipped = dict(scanned.skipped) if scanned else {}
    for reason, number in summary.failed.items():
        skipped[reason] = skipped.get(reason, 0) + number
    return {
        "collection": one.collection_id,
        "embedding": one.id,
        "backbone": one.recipe.backbone,
        "images": summary.images,
        "skipped": skipped,
        "dim": one.recipe.dim,
        "distinct_labels": len(summary.labels),
        "dtype": one.recipe.dtype,
        "random_weights": one.recipe.random,
        "seconds": summary.seconds,
        "images_per_s": summary.images_per_s,
        "forward_images_per_s": forward and round(forward, 2),
    }


def embed_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return embed(workspace, job.collection, EmbedRequest(**job.params), report)
