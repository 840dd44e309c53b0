"""Looking inside a network, as it is asked of the worker: kinds of jobs, and how to queue them. No torch."""

from collections.abc import Callable
from typing import Any

from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job, Queue
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace


def _survey(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.inside import survey_network  # torch takes seconds to import, and pages read this module

    return survey_network(workspace, job.params["embedding"], report)


def _maps(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.inside import map_image

    asked = job.params
    return map_image(workspace, asked["embedding"], asked["layer"], asked["image"], report)


def _peaks(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.inside import find_peaks

    return find_peaks(workspace, job.params["embedding"], job.params["layer"], report)


INSIDE_TASKS: dict[str, Callable[[Workspace, Job, Report], dict[str, Any]]] = {
    "inside_survey": _survey,
    "inside_maps": _maps,
    "inside_peaks": _peaks,
}
INSIDE_TITLES = {
    "inside_survey": "Listing the layers of a network",
    "inside_maps": "Looking at one image",
    "inside_peaks": "Looking for what excites a layer",
}


def survey_key(one: Embedding) -> str:
    """The key of the job that lists a network's layers."""
    return f"inside-survey:{one.id}"


def maps_key(one: Embedding, layer: str, image: ImageRow) -> str:
    """The key of the job that makes a layer's maps of an image as it is now."""
    return f"inside-maps:{one.id}:{layer}:{image.id}:{(image.hash or b'').hex()}"


def peaks_key(one: Embedding, layer: str) -> str:
    """The key of the job that looks for what excites a layer."""
    return f"inside-peaks:{one.id}:{one.finished_at}:{layer}"


def submit_survey(workspace: Workspace, one: Embedding) -> Job:
    """Ask for a network's first kernels and the list of its layers."""
    return _submit(workspace, one, "inside_survey", survey_key(one), {}, quick=True)


def submit_maps(workspace: Workspace, one: Embedding, layer: str, image: ImageRow) -> Job:
    """Ask for what a layer says at each place of an image."""
    asked = {"layer": layer, "image": image.id}
    return _submit(workspace, one, "inside_maps", maps_key(one, layer, image), asked, quick=True)


def submit_peaks(workspace: Workspace, one: Embedding, layer: str) -> Job:
    """Queue the search for what excites each channel of a layer."""
    return _submit(workspace, one, "inside_peaks", peaks_key(one, layer), {"layer": layer}, quick=False)


def _submit(workspace: Workspace, one: Embedding, kind: str, key: str, params: dict[str, Any], *, quick: bool) -> Job:
    return Queue(workspace).submit(
        kind, key=key, collection_id=one.collection_id, params={"embedding": one.id, **params}, quick=quick
    )
