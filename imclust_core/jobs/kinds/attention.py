"""Where the network looks in each cluster, in the mean over some of its images."""

from typing import Any

import numpy as np

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import of_cluster, version_of
from imclust_core.errors import ExplainError
from imclust_core.explain.attention import border_share
from imclust_core.jobs.kinds.explain import explain
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.store.catalogue import images_by_id
from imclust_core.store.clusterings import Clustering, clustering
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.explanations.saliency import Attention, read_heat, write_attention
from imclust_core.store.workspace import Workspace

_METHOD = "cam"


def pay_attention(workspace: Workspace, clustering_id: str, each: int, report: Report) -> dict[str, Any]:
    """Look at some images of every cluster, by lot, and keep the mean of what was found; each: how many at the most."""
    stored = clustering(workspace, clustering_id)
    one = embedding(workspace, stored.embedding_id)
    desk = open_desk(workspace, stored)
    if not desk.clusters:
        raise ExplainError("This clustering has no clusters. Choose another, or cluster again.")
    chosen = {number: _by_lot(desk, number, each) for number in desk.clusters}
    asked = [(of_cluster(stored, desk, number), ids) for number, ids in chosen.items()]
    explain(workspace, one.id, asked, [_METHOD], report)
    found = _mean(workspace, one, stored, desk, chosen)
    write_attention(one, stored.id, found)
    return {"clusters": len(found.numbers), "images": int(found.images.sum())}


def _by_lot(desk: Desk, number: int, each: int) -> list[int]:
    rows = desk.rows_of(number)
    return desk.image_ids[np.random.default_rng(number).permutation(rows)[:each]].tolist()  # type: ignore[no-any-return]


def _mean(
    workspace: Workspace, one: Embedding, stored: Clustering, desk: Desk, chosen: dict[int, list[int]]
) -> Attention:
    known = images_by_id(workspace, one.collection_id, [image for ids in chosen.values() for image in ids])
    rows: list[tuple[int, int, np.ndarray, float, int]] = []
    for number, ids in chosen.items():
        target = of_cluster(stored, desk, number)
        kept = [read_heat(one, known[image].hash or b"", target, _METHOD) for image in ids if image in known]
        heats = [heat for heat in kept if heat is not None]
        if heats:
            some = np.stack(heats)
            share = float(border_share(some).mean())
            rows.append((number, version_of(desk, number), some.mean(axis=0), share, len(heats)))
    if not rows:
        raise ExplainError("None of the images could be read. Rescan the folder, and look again.")
    numbers, versions, means, shares, counts = zip(*rows, strict=True)
    return Attention(np.array(numbers), np.array(versions), np.stack(means), np.array(shares), np.array(counts))


def attention_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return pay_attention(workspace, job.params["clustering"], job.params["each"], report)
