"""What the network of an embedding looked at in some images: made here, kept on disk, shown by whoever asked."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import Question, directions, question
from imclust_core.backbones.network import Backbone
from imclust_core.embedding.decoding import Asked, Decoder, decoder_for
from imclust_core.embedding.lanes import Lanes, devices_for, places_for
from imclust_core.errors import ExplainError
from imclust_core.explain.explainer import Looker
from imclust_core.explain.pictures import encode_slopes
from imclust_core.explain.targets import OfBest, OfClass, OfCluster, OfContrast, Target
from imclust_core.images.reasons import sentence
from imclust_core.jobs.kinds.networks import network_of
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import AUTO
from imclust_core.recent import Recent
from imclust_core.store.catalogue import images_by_id
from imclust_core.store.clusterings import clustering, read_clustering
from imclust_core.store.collections import collection
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.saliency import (
    HEATS,
    SLOPES,
    Abilities,
    is_kept,
    write_abilities,
    write_heat,
    write_slopes,
)
from imclust_core.store.workspace import Workspace

_BATCH = 4
"""Images a lane looks at in one pass: few, so that the first ones are there soon."""
_KEPT = 2


@dataclass(frozen=True)
class _Look:
    """One image, and what is asked of the network about it."""

    image: Asked
    target: str


def explain(
    workspace: Workspace,
    embedding_id: str,
    asked: Sequence[tuple[str, Sequence[int]]],
    methods: list[str],
    report: Report,
) -> dict[str, Any]:
    """Look at images, each for a target, in this order, by these methods; what is kept already is left as it is.

    asked: pairs of a target and the ids of images. Returns {"made": n, "failed": {image id: why}} and what the network
    can do.
    """
    one = embedding(workspace, embedding_id)
    report(0, None, "loading the network")
    lookers = _lookers(one, lambda text: report(0, None, text))
    can = _abilities(lookers[0])
    write_abilities(one, can)
    failed: dict[str, str] = {}
    looks = _wanted(workspace, one, asked, methods, failed)
    report(0, len(looks), "looking", {"failed": failed})
    targets = {text: _target(workspace, one, question(text)) for text in dict.fromkeys(look.target for look in looks)}
    source = collection(workspace, one.collection_id)
    decoder = decoder_for(workspace, source, lookers[0].preprocessing)
    done = made = 0
    with closing(decoder), Lanes(lookers) as lanes:
        work = _Work(one, methods, targets, decoder)
        batches = [looks[start : start + _BATCH] for start in range(0, len(looks), _BATCH)]
        for batch, waiting in zip(batches, [lanes.submit(work.on(batch)) for batch in batches], strict=True):
            problems = waiting.result()
            failed.update(problems)
            done, made = done + len(batch), made + len(batch) - len(problems)
            report(done, len(looks), "looking", {"failed": failed})
    return {"made": made, "failed": failed, "exact": can.exact, "guided": can.guided, "layer": can.layer}


@dataclass(frozen=True)
class _Work:
    """What every batch of a job has in common."""

    one: Embedding
    methods: Sequence[str]
    targets: dict[str, Target]
    decoder: Decoder

    def on(self, looks: Sequence[_Look]) -> Callable[[Looker], dict[str, str]]:
        """What a lane is to do with a batch: look, and keep what it finds. Returns image id -> why not."""

        def work(looker: Looker) -> dict[str, str]:
            pixels = np.empty((len(looks), looker.preprocessing.size, looker.preprocessing.size, 3), np.uint8)
            problems = self.decoder.batch([look.image for look in looks], pixels)
            for target in dict.fromkeys(look.target for look in looks):
                some = [at for at, look in enumerate(looks) if look.target == target and problems[at] is None]
                if some:
                    self._keep(looker, pixels[some], [looks[at] for at in some])
            return {
                str(look.image.image_id): sentence(problem.reason)
                for look, problem in zip(looks, problems, strict=True)
                if problem is not None
            }

        return work

    def _keep(self, looker: Looker, pixels: np.ndarray, looks: Sequence[_Look]) -> None:
        heats = [one for one in self.methods if one in HEATS]
        slopes = [one for one in self.methods if one in SLOPES]
        target = self.targets[looks[0].target]
        for heat, slope in zip_longest(heats, slopes, fillvalue=""):
            kind = {"guided": "guided", "gradient": "plain", "": ""}[slope]
            found = looker(pixels, target, heat=bool(heat), average=heat == "gradcam", slopes=kind)
            for at, look in enumerate(looks):
                about = self.one, look.image.digest, look.target
                if found.heat is not None:
                    write_heat(*about, heat, found.heat[at])
                if found.slopes is not None:
                    write_slopes(*about, slope, encode_slopes(found.slopes[at]))


def _wanted(
    workspace: Workspace,
    one: Embedding,
    asked: Sequence[tuple[str, Sequence[int]]],
    methods: Sequence[str],
    failed: dict[str, str],
) -> list[_Look]:
    """What is asked for and not kept yet; why an image cannot be had goes to `failed`."""
    ids = [image for _, some in asked for image in some]
    known = images_by_id(workspace, one.collection_id, ids)
    looks = []
    for target, some in asked:
        for image in some:
            row = known.get(image)
            if row is None or row.state != "ok" or row.hash is None:
                failed[str(image)] = sentence(row.reason or "vanished") if row else "There is no such image."
            elif not all(is_kept(one, row.hash, target, method) for method in methods):
                looks.append(_Look(Asked(row.id, row.path, row.hash), target))
    return looks


def _target(workspace: Workspace, one: Embedding, asked: Question) -> Target:
    if asked.kind == "top":
        return OfBest(asked.numbers[0] - 1)
    if asked.kind == "class":
        return OfClass(asked.numbers[0])
    stored = clustering(workspace, asked.clustering)
    if stored.embedding_id != one.id:
        raise ExplainError("This clustering was made of another embedding. Look at it with its own network.")
    content = read_clustering(stored)
    found = directions(workspace, one, stored, open_desk(workspace, stored, content), content, asked)
    return OfCluster(found[0]) if len(found) == 1 else OfContrast(*found)


_ready: Recent[tuple[str, str, int], list[Looker]] = Recent(_KEPT)
_one_at_a_time = threading.Lock()


def _lookers(one: Embedding, tell: Callable[[str], None]) -> list[Looker]:
    """Networks for the lanes of this thread's jobs, as its last job left them or made now."""
    backbone: Backbone = network_of(one, tell)
    key = (backbone.weights, str(backbone.preprocessing), threading.get_ident())
    with _one_at_a_time:
        return _ready.get_or_make(key, lambda: _made(backbone))


def _made(backbone: Backbone) -> list[Looker]:
    first, *others = places_for(devices_for(AUTO))
    looker = Looker(backbone, first)
    return [looker, *(Looker(backbone, place, like=looker) for place in others)]


def _abilities(looker: Looker) -> Abilities:
    places = looker.places
    return Abilities(places.name if places else "", bool(places and places.pooled), looker.guided)


def explain_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    return explain(workspace, asked["embedding"], asked["asked"], asked["methods"], report)
