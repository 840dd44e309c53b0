"""A map as a job: read, find neighbours, lay out, measure, keep. What a second method shares with the first is kept."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from imclust_core.annotation.annotated import at_version
from imclust_core.annotation.editing import open_desk
from imclust_core.arrays.chunks import Step, chosen_rows
from imclust_core.arrays.lookup import found_by
from imclust_core.errors import MapError
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.mapping.graph import Graph, graph_from, graph_of
from imclust_core.mapping.methods import LEAST, find_method
from imclust_core.mapping.trust import SAMPLE, trustworthiness
from imclust_core.mapping.whole import Made, check_features, from_graph, make
from imclust_core.store.clusterings import clustering
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.maps import (
    VERSION,
    MapContent,
    MapRecipe,
    StoredMap,
    find_map,
    keep_map,
    maps_of,
    read_graph,
    read_map,
    write_graph,
)
from imclust_core.store.vectors import Located, Rows, features_at, locate, read_rows
from imclust_core.store.workspace import Workspace


def draw_map(
    workspace: Workspace, embedding_id: str, recipe: MapRecipe, report: Report, *, anew: bool = False
) -> dict[str, Any]:
    """Lay out the images of an embedding, or find that this was done: {"map": id}.

    anew: also where it is kept, and not from where the images lay on an earlier map.
    """
    begun = time.monotonic()
    one, way = embedding(workspace, embedding_id), find_method(recipe.method)
    report(0, None, "reading vectors")
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    if not len(located.rows):
        raise MapError("No image of this collection has a vector. Embed it first.")
    work = _Work(one, recipe, rows, located, located.state(rows), report, anew)
    kept = find_map(one, recipe, work.state)
    if kept is not None and not anew and _read(kept) is not None:
        return {"map": kept.id}
    groups = named_groups(workspace, recipe.names, located.image_ids) if recipe.names else None
    made = _made(work, groups, None if anew else _before(work))
    report(0, None, "measuring how far the map can be trusted")
    some = chosen_rows(len(located.rows), SAMPLE, recipe.seed)
    trust = trustworthiness(features_at(one, rows, located.rows[some]), made.places[some])
    stored = keep_map(
        one,
        recipe,
        work.state,
        MapContent(located.image_ids, made.places),
        seconds=time.monotonic() - begun,
        trustworthiness=trust,
        notes=made.notes,
    )
    report(len(located.rows), len(located.rows), way.title)
    return {"map": stored.id}


@dataclass(frozen=True)
class _Work:
    """What a map is made of and for, and whom to tell."""

    one: Embedding
    recipe: MapRecipe
    rows: Rows
    located: Located
    state: str
    report: Report
    anew: bool

    def step(self, what: str) -> Step:
        return lambda done, total: self.report(done, total, what)


def _made(work: _Work, groups: np.ndarray | None, before: np.ndarray | None) -> Made:
    method, seed = work.recipe.method, work.recipe.seed
    way, kept = find_method(method), _kept_graph(work)
    if len(work.located.rows) < LEAST or (way.find is None and kept is None):
        return make(features_at(work.one, work.rows, work.located.rows), method, seed=seed)
    graph, step = kept or _new_graph(work), work.step(f"laying out by {way.title}")
    return from_graph(graph, method, seed=seed, before=before, groups=groups, step=step)


def _new_graph(work: _Work) -> Graph:
    """The neighbours of all images, found now and kept for the next map of them."""
    features = features_at(work.one, work.rows, work.located.rows)
    check_features(features)
    work.report(0, None, "finding the main directions")
    graph = graph_of(features, work.recipe.seed, step=work.step("finding the nearest of each image"))
    write_graph(work.one, _graph_name(work), graph.arrays())
    return graph


def _kept_graph(work: _Work) -> Graph | None:
    """What another map of these images was made from."""
    arrays = None if work.anew else read_graph(work.one, _graph_name(work))
    kept = graph_from(arrays) if arrays is not None else None
    return kept if kept is not None and kept.rows == len(work.located.rows) else None


def _graph_name(work: _Work) -> str:
    return f"{VERSION}:{work.state}:{work.recipe.seed}"


def _before(work: _Work) -> np.ndarray | None:
    """Where the images lie on the newest map that was made alike, not a number for those that are new; or None."""
    ids = work.located.image_ids
    for earlier in maps_of(work.one):
        content = _read(earlier) if earlier.recipe.kind == work.recipe.kind else None
        if content is None:
            continue
        places = np.full((len(ids), 2), np.nan, np.float32)
        _, at, there = np.intersect1d(ids, content.image_ids, return_indices=True)
        places[at] = content.places[there]
        return places
    return None


def _read(stored: StoredMap) -> MapContent | None:
    try:
        return read_map(stored)
    except MapError:
        return None  # it is made again


def named_groups(workspace: Workspace, names: str, image_ids: np.ndarray) -> np.ndarray:
    """The names of images as numbers, -1 for none: (n,); clusters of one name are one group.

    names: a clustering and an event after which its names count, as `MapRecipe.names` has it.
    """
    clustering_id, _, version = names.partition("@")
    if not version.isascii() or not version.isdigit():
        raise MapError(f"{names!r} names no clustering and event, like 5f3a…@12. Choose a clustering that has names.")
    stored = clustering(workspace, clustering_id)
    desk = at_version(open_desk(workspace, stored), int(version))
    texts = {number: desk.name_of(number).casefold() for number in desk.clusters if desk.name_of(number)}
    if not texts:
        raise MapError("No cluster of this clustering has a name yet. Name some first, or leave names out of the map.")
    numbers = {text: at for at, text in enumerate(dict.fromkeys(texts.values()))}
    highest = max(0, int(desk.group.max(initial=0)))
    table = np.full(highest + 2, -1, np.int32)  # the last one stands for images that were set aside
    table[list(texts)] = [numbers[text] for text in texts.values()]
    return found_by(image_ids, desk.image_ids, table[desk.group])


def map_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    return draw_map(workspace, asked["embedding"], MapRecipe(**asked["recipe"]), report, anew=asked["anew"])
