"""The probe: how fast are these networks here, and how fast are this collection's images read?"""

from contextlib import closing
from typing import Any

from imclust_core.backbones.network import load_backbone
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.embedding.decoding import Asked, decoder_for
from imclust_core.embedding.lanes import devices_for
from imclust_core.embedding.measuring import decode_rate
from imclust_core.jobs.kinds.embed import speed_of
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import AUTO
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.collections import Collection, collection
from imclust_core.store.speeds import decode_key, keep_speed
from imclust_core.store.workspace import Workspace

_SAMPLE = 64


def probe(workspace: Workspace, collection_id: str, names: list[str], report: Report) -> dict[str, Any]:
    """Measure what is not measured yet, and return images a second by name.

    Untrained networks are as fast as trained ones, so nothing is downloaded for it.
    """
    source = collection(workspace, collection_id)
    total = len(names) + 1
    report(0, total, "measuring how fast images are read")
    rates: dict[str, Any] = {"decode": _decode_rate(workspace, source)}
    if rates["decode"]:
        keep_speed(workspace, decode_key(source.id), {"images_per_s": rates["decode"]})
    for number, name in enumerate(names, start=1):
        report(number, total, f"measuring {name}")
        backbone = load_backbone(name, random=True)
        rates[name] = speed_of(workspace, backbone, "own", devices_for(AUTO), AUTO).images_per_s
    report(total, total, "measured")
    return rates


def _decode_rate(workspace: Workspace, source: Collection) -> float | None:
    images = page_of_images(workspace, source.id, offset=0, limit=_SAMPLE)
    asked = [Asked(one.id, one.path, one.hash) for one in images if one.hash is not None]
    if not asked:
        return None
    preprocessing = Preprocessing()
    with closing(decoder_for(workspace, source, preprocessing)) as decoder:
        return decode_rate(decoder, asked, preprocessing.size)


def probe_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return probe(workspace, job.collection, job.params["backbones"], report)
