"""Clustering as a job: read, reduce, cluster, measure, keep. Nothing is kept before all of it is done."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imclust_core.arrays.chunks import Step, chosen_rows
from imclust_core.arrays.linkage import unit_rows
from imclust_core.arrays.reduction import UMAP_ROWS, fitted_umap, placed_among, reduce, reduction_from
from imclust_core.clustering.matching import filled, passed_on
from imclust_core.clustering.run import grouped, stability_named, stability_of
from imclust_core.clustering.scores import measure, place
from imclust_core.clustering.strategies import Given, Strategy, find_named, find_strategy
from imclust_core.errors import ClusteringError
from imclust_core.jobs.child_process import apart
from imclust_core.jobs.kinds.tree import build_tree
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import check_recipe
from imclust_core.label_tree.homes import leaves_of
from imclust_core.label_tree.tree import cut, edited, edits_from, groups
from imclust_core.store.clusterings import (
    ClusterContent,
    Clustering,
    ClusterRecipe,
    ClusterSummary,
    add_clustering,
    clusterings_of,
    find_clustering,
    fingerprint_of,
    read_clustering,
    restore_clustering,
)
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.trees import TreeRecipe, find_tree, read_tree, tree_state
from imclust_core.store.vectors import Located, Rows, features_at, locate, read_reduced, read_rows, write_reduced
from imclust_core.store.workspace import Workspace

_LOOKED_BACK = 6
_TESTED = 20_000
"""Images that samples for the stability are taken from, where that happens in another process."""


def cluster(
    workspace: Workspace, embedding_id: str, recipe: ClusterRecipe, report: Report, *, author: str = ""
) -> dict[str, Any]:
    """Cluster the images of an embedding, or find that this was done: {"clustering": id}."""
    begun = time.monotonic()
    check_recipe(recipe)
    one = embedding(workspace, embedding_id)
    source = collection(workspace, one.collection_id)
    report(0, None, "reading vectors")
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    if not len(located.rows):
        raise ClusteringError("No image of this collection has a vector. Embed it first.")
    state = located.state(rows)
    found = find_clustering(workspace, source.id, fingerprint_of(one.id, recipe, state))
    if found is not None and _readable(found):
        restore_clustering(workspace, found.id)
        return {"clustering": found.id}
    features = features_at(one, rows, located.rows)
    notes: list[str] = []
    given = _given(_Work(workspace, one, source, recipe, rows, located, state, report, notes), features)
    strategy = find_strategy(recipe.strategy)
    labels = grouped(given, strategy, lambda some: _run(some, recipe.strategy, strategy, report))
    k = int(labels.max(initial=-1)) + 1
    placed = place(features, labels, k, _told(report, "measuring the clusters"))
    measured = measure(features, labels, placed)
    tested = _stability(labels, k, given, strategy, recipe.strategy, report)
    content = ClusterContent(located.image_ids, labels, placed.own, placed.second, placed.other, placed.centroids)
    summary = ClusterSummary(
        images=len(labels),
        unassigned=int((labels < 0).sum()),
        sizes=tuple(measured.sizes.tolist()),
        numbers=_numbers(workspace, source, content),
        cohesion=tuple(round(float(value), 4) for value in measured.cohesion),
        silhouettes=tuple(round(float(value), 4) for value in measured.silhouettes),
        stability=tuple(None if np.isnan(value) else round(float(value), 4) for value in tested),
        silhouette=measured.silhouette,
        calinski_harabasz=measured.calinski_harabasz,
        davies_bouldin=measured.davies_bouldin,
        inertia=measured.inertia,
        seconds=round(time.monotonic() - begun, 2),
        embedding=one.title,
        notes=(*notes, *_notes(recipe, strategy, k, len(labels))),
    )
    kept = add_clustering(workspace, source.id, one.id, recipe, state, content, summary, author)
    return {"clustering": kept.id}


@dataclass(frozen=True)
class _Work:
    """What a clustering is made of and for, and whom to tell."""

    workspace: Workspace
    one: Embedding
    source: Collection
    recipe: ClusterRecipe
    rows: Rows
    located: Located
    state: str
    report: Report
    notes: list[str]


def _readable(stored: Clustering) -> bool:
    try:
        read_clustering(stored)
    except ClusteringError:
        return False  # it is made again
    return True


def _given(work: _Work, features: np.ndarray) -> Given:
    """What the strategy starts from: reduced features, or the tree of words."""
    recipe, step = work.recipe, _told(work.report, "clustering")
    if find_strategy(recipe.strategy).by_words:
        return Given(features, recipe.k, recipe.seed, step, _words(work))
    return Given(_reduced(work, features), recipe.k, recipe.seed, step)


def _told(report: Report, what: str) -> Step:
    return lambda done, total: report(done, total, what)


def _reduced(work: _Work, features: np.ndarray) -> np.ndarray:
    """The features reduced. What UMAP made is kept: it takes long, and serves every strategy and K."""
    how, seed = reduction_from(work.recipe.reduce), work.recipe.seed
    work.report(0, None, "reducing the features")
    if how.kind != "umap" or len(features) < 3:
        return reduce(features, how, seed)
    name = f"{how}:{seed}:{work.state}"
    kept = read_reduced(work.one, name)
    if kept is not None and len(kept) == len(features):
        return kept
    unit = unit_rows(features)
    chosen = chosen_rows(len(unit), UMAP_ROWS, seed)
    watch = _watching(work.report, "reducing the features; UMAP takes a minute or more")
    fitted: np.ndarray = apart(fitted_umap, unit[chosen], how.dims, seed, watch=watch)
    found = placed_among(unit, chosen, fitted, _told(work.report, "placing the other images"))
    write_reduced(work.one, name, found)
    return found


def _run(given: Given, name: str, strategy: Strategy, report: Report) -> np.ndarray:
    if not _is_apart(strategy, given):
        return strategy.find(given)
    watch = _watching(report, "clustering")
    found: np.ndarray = apart(find_named, name, given.points, given.k, given.seed, watch=watch)
    return found


def _is_apart(strategy: Strategy, given: Given) -> bool:
    return bool(strategy.apart) and len(given.points) >= strategy.apart


def _watching(report: Report, what: str) -> Callable[[], None]:
    return lambda: report(0, None, what)


def _stability(labels: np.ndarray, k: int, given: Given, strategy: Strategy, name: str, report: Report) -> np.ndarray:
    """How stable each cluster is, the strategy run again on samples of the reduced features."""
    what = "testing how stable the clusters are"
    watch = _watching(report, what)
    if not strategy.repeats or not _is_apart(strategy, given):
        return stability_of(replace(given, step=lambda _done, _total: watch()), strategy, labels, k)
    chosen = chosen_rows(len(labels), _TESTED, given.seed)
    points, some = given.points[chosen], labels[chosen]
    found: np.ndarray = apart(stability_named, name, points, given.k, given.seed, some, k, watch=watch)
    return found


def _words(work: _Work) -> Callable[[int], np.ndarray]:
    """The cut of the tree of labels, with what was split and joined by hand, if that was in this very tree."""
    facts = json.loads(work.recipe.words)
    tree_recipe = TreeRecipe(**facts["tree"])
    build_tree(work.workspace, work.one.id, tree_recipe, work.report)
    stored = find_tree(work.workspace, work.one, tree_recipe, tree_state(work.one, work.source, tree_recipe))
    content = read_tree(stored) if stored is not None else None
    tree = content.tree if content is not None else None
    if stored is None or content is None or tree is None:
        raise ClusteringError(
            "No label of these images has a vector, so there is no tree of words to cut. Choose another strategy."
        )
    edits = edits_from(facts["edits"])
    if edits and stored.id != facts["tree_id"]:
        work.notes.append("The tree has changed since it was split and joined by hand, so that was left out.")
        edits = ()
    where = work.located.rows
    ids, shares = work.rows.labels["label"][where], work.rows.labels["probability"][where]
    leaf_of = leaves_of(content.classes, ids, shares, tree_recipe.least)

    def groups_of(k: int) -> np.ndarray:
        found: np.ndarray = np.append(groups(tree, edited(tree, cut(tree, k), edits)), -1)[leaf_of]
        return found

    return groups_of


def _notes(recipe: ClusterRecipe, strategy: Strategy, k: int, images: int) -> tuple[str, ...]:
    """What a person should know of how it went."""
    notes = []
    joined = bool(recipe.words) and bool(json.loads(recipe.words)["edits"])
    if not strategy.own_k and k < recipe.k and not joined:
        why = "the tree has no more labels" if strategy.by_words else "no image was left for the others"
        notes.append(f"{recipe.k} clusters were asked for and {k} found: {why}.")
    if images > strategy.most:
        notes.append(
            f"{strategy.title} clustered {strategy.most:,} images; the others went to the nearest of its centroids."
        )
    return tuple(notes)


def _numbers(workspace: Workspace, source: Collection, content: ClusterContent) -> tuple[int, ...]:
    """The number of each cluster: of the one it goes on from in the last few clusterings, or else the next free one."""
    k = len(content.centroids)
    numbers = np.zeros(k, np.int64)
    for before in clusterings_of(workspace, source.id)[:_LOOKED_BACK]:
        if numbers.all():
            break
        try:
            old = read_clustering(before)
        except ClusteringError:
            continue  # one that is damaged passes nothing on
        _, at_old, at_new = np.intersect1d(old.image_ids, content.image_ids, return_indices=True)
        theirs = np.array(before.summary.numbers, np.int64)
        numbers = passed_on(numbers, old.labels[at_old], content.labels[at_new], theirs)
    sizes = np.bincount(content.labels[content.labels >= 0], minlength=k)
    return tuple(filled(numbers, sizes).tolist())


def cluster_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    recipe = ClusterRecipe(**asked["recipe"])
    return cluster(workspace, asked["embedding"], recipe, report, author=asked["author"])
