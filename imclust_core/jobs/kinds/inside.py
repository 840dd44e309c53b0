"""Looking inside the network of an embedding: its layers, what one of them says of an image, and what excites it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from imclust_core.arrays.chunks import chosen_rows
from imclust_core.embedding.decoding import Asked, Decoder, decoder_for
from imclust_core.embedding.lanes import Lanes, devices_for, places_for
from imclust_core.errors import ExplainError, ImageProblem, SourceUnavailable
from imclust_core.explain.inside import Inside
from imclust_core.explain.layers import Layer
from imclust_core.images.reasons import sentence
from imclust_core.jobs.kinds.networks import network_of
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import AUTO
from imclust_core.names import shown
from imclust_core.store.catalogue import images_by_id
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.feature_maps import (
    Peaks,
    Survey,
    read_survey,
    write_maps,
    write_peaks,
    write_survey,
)
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace

SAMPLE = 1_000
_BATCH = 8
_SEED = 0

_Found = tuple[np.ndarray, np.ndarray, np.ndarray, list[ImageProblem | None]]


def survey_network(workspace: Workspace, embedding_id: str, report: Report) -> dict[str, Any]:
    """List the layers of an embedding's network, and keep the kernels of its first convolution."""
    one = embedding(workspace, embedding_id)
    inside = Inside(network_of(one, lambda text: report(0, None, text)))
    report(0, None, "listing the layers")
    return {"layers": len(_survey(one, inside).layers)}


def map_image(workspace: Workspace, embedding_id: str, layer: str, image_id: int, report: Report) -> dict[str, Any]:
    """Keep what a layer says at each place of an image."""
    one = embedding(workspace, embedding_id)
    source = collection(workspace, one.collection_id)
    inside = Inside(network_of(one, lambda text: report(0, None, text)))
    chosen = _layer(one, inside, layer)
    row = images_by_id(workspace, source.id, [image_id]).get(image_id)
    if row is None or row.state != "ok" or row.hash is None:
        raise ExplainError("This image cannot be used, or is not there any more. Choose another one.")
    report(0, None, "looking at the image")
    pixels = np.empty((1, inside.preprocessing.size, inside.preprocessing.size, 3), np.uint8)
    with closing(decoder_for(workspace, source, inside.preprocessing)) as decoder:
        (problem,) = decoder.batch([Asked(row.id, row.path, row.hash)], pixels)
    if problem is not None:
        raise ExplainError(f"{row.name} cannot be read now. {sentence(problem.reason)} Choose another image.")
    write_maps(one, chosen, row.hash, inside.maps(pixels, chosen)[0])
    return {"layer": layer, "image": image_id}


def find_peaks(workspace: Workspace, embedding_id: str, layer: str, report: Report) -> dict[str, Any]:
    """Keep the most that each channel of a layer says of a fair sample of the images, the same each time."""
    one = embedding(workspace, embedding_id)
    source = collection(workspace, one.collection_id)
    backbone = network_of(one, lambda text: report(0, None, text))
    insides = [Inside(backbone, device) for device in places_for(devices_for(AUTO))]
    chosen = _layer(one, insides[0], layer)
    asked, of = _sample(workspace, one)
    report(0, len(asked), "looking at images")
    parts: list[_Found] = []
    decoder = decoder_for(workspace, source, insides[0].preprocessing)
    with closing(decoder), Lanes(insides) as lanes:
        batches = [asked[start : start + _BATCH] for start in range(0, len(asked), _BATCH)]
        waiting = [lanes.submit(_look(decoder, batch, chosen)) for batch in batches]
        for number, future in enumerate(waiting, start=1):
            parts.append(future.result())
            _watch_source(source, parts[-1][-1])
            report(min(number * _BATCH, len(asked)), len(asked), "looking at images")
    found = _joined(asked, parts, of)
    write_peaks(one, chosen, found)
    return {"layer": layer, "images": len(found.ids), "unread": len(asked) - len(found.ids)}


def _survey(one: Embedding, inside: Inside) -> Survey:
    """The survey that is kept, or one made now."""
    found = read_survey(one)
    if found is None:
        filters, layers = inside.survey()
        found = Survey(filters, tuple(layers))
        write_survey(one, found)
    return found


def _layer(one: Embedding, inside: Inside, name: str) -> Layer:
    found = _survey(one, inside).layer(name)
    if found is None:
        raise ExplainError(f"There is no layer {name!r} in {one.recipe.title}. Choose one of its own.")
    return found


def _sample(workspace: Workspace, one: Embedding) -> tuple[list[Asked], int]:
    """Images drawn by lot from those with a vector, of copies one; and how many there are."""
    located = locate(workspace, one, read_rows(one))
    _, firsts = np.unique(located.rows, return_index=True)
    ids = np.sort(located.image_ids[firsts])
    chosen = ids[chosen_rows(len(ids), SAMPLE, _SEED)].tolist()
    rows = images_by_id(workspace, one.collection_id, chosen)
    return [Asked(row.id, row.path, row.hash) for row in map(rows.get, chosen) if row and row.hash], len(ids)


def _look(decoder: Decoder, batch: Sequence[Asked], layer: Layer) -> Callable[[Inside], _Found]:
    """What a lane is to do with some images."""

    def look(inside: Inside) -> _Found:
        pixels = np.empty((len(batch), inside.preprocessing.size, inside.preprocessing.size, 3), np.uint8)
        problems = decoder.batch(list(batch), pixels)
        return *inside.peaks(pixels, layer), problems

    return look


def _watch_source(source: Collection, problems: Sequence[ImageProblem | None]) -> None:
    if all(problems) and not source.folder.is_dir():
        raise SourceUnavailable(
            f"Images could not be read from {shown(source.folder)}. The drive or share may be gone: reconnect it and "
            "resume."
        )


def _joined(asked: Sequence[Asked], parts: Sequence[_Found], of: int) -> Peaks:
    """What came of all batches, without the images that could not be read."""
    good = np.array([problem is None for *_, problems in parts for problem in problems], bool)
    if not good.any():
        raise ExplainError("None of the images can be read now. Rescan the folder, embed again, and look once more.")
    return Peaks(
        np.array([one.image_id for one in asked], np.int64)[good],
        np.array([one.digest for one in asked], "S16")[good],
        np.concatenate([part[0] for part in parts])[good],
        np.concatenate([part[1] for part in parts])[good],
        np.concatenate([part[2] for part in parts])[good],
        of,
    )


def survey_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return survey_network(workspace, job.params["embedding"], report)


def image_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    return map_image(workspace, asked["embedding"], asked["layer"], asked["image"], report)


def peaks_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return find_peaks(workspace, job.params["embedding"], job.params["layer"], report)
