"""The answer to "what else looks like this?": exact neighbours, from vectors the worker keeps in memory."""

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np

from imclust_core.embedding.similar import nearest
from imclust_core.errors import EmbeddingError
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.recent import Recent
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.vectors import Rows, feature_blocks, features_at, locate, read_rows
from imclust_core.store.workspace import Workspace

_KEEP_BYTES = 2 * 2**30
"""Vectors of up to this size stay in memory between questions; larger ones are read anew each time."""
_kept: Recent[tuple[str, int | None], list[tuple[int, np.ndarray]]] = Recent(1)
_lock = threading.Lock()


def find_similar(workspace: Workspace, embedding_id: str, image_id: int, limit: int) -> dict[str, Any]:
    """The images most like one: {"ids", "similarity"}, the most alike first, itself and its copies left out."""
    one = embedding(workspace, embedding_id)
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    at = np.flatnonzero(located.image_ids == image_id)
    if not len(at):
        raise EmbeddingError("This image has no vector in this embedding. Embed again to add it.")
    own = located.rows[at]
    # Only rows that an image has now: those of files gone or changed since stay where they are, unused.
    allowed = np.zeros(len(rows.hashes), bool)
    allowed[located.rows] = True
    allowed[own] = False
    found, cosines = nearest(_blocks(one, rows), features_at(one, rows, own)[0], limit, allowed)
    firsts = dict(zip(located.rows[::-1].tolist(), located.image_ids[::-1].tolist(), strict=True))  # of its copies
    answer = [(firsts[row], round(float(cosine), 4)) for row, cosine in zip(found.tolist(), cosines, strict=True)]
    return {"ids": [image for image, _ in answer], "similarity": [cosine for _, cosine in answer]}


def _blocks(one: Embedding, rows: Rows) -> Iterable[tuple[int, np.ndarray]]:
    """All blocks of features."""
    if len(rows.hashes) * one.recipe.dim * 2 > _KEEP_BYTES:
        return feature_blocks(one, rows)
    with _lock:
        return _kept.get_or_make((one.id, one.finished_at), lambda: list(feature_blocks(one, rows)))


def similar_job(workspace: Workspace, job: Job, _report: Report) -> dict[str, Any]:
    return find_similar(workspace, job.params["embedding"], job.params["image"], job.params["limit"])
