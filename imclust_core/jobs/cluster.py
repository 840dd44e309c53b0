"""Clustering as a job: read, reduce, cluster, measure, keep. Nothing is kept before all of it is done."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from imclust_core.clustering.grouping import grouped, stability_named, stability_of
from imclust_core.clustering.matching import numbers_for
from imclust_core.clustering.pieces import Step
from imclust_core.clustering.reduction import Reduction, reduce, reduction_from
from imclust_core.clustering.scores import Measured, measure, place
from imclust_core.clustering.strategies import Given, Strategy, find_named, find_strategy
from imclust_core.errors import ClusteringError
from imclust_core.jobs.apart import apart
from imclust_core.jobs.progress import Report
from imclust_core.jobs.tree import build_tree
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
from imclust_core.store.trees import TreeRecipe, find_tree, read_tree, state_of, tree_state
from imclust_core.store.vectors import Located, Rows, features_at, locate, read_reduced, read_rows, write_reduced
from imclust_core.store.workspace import Workspace
from imclust_core.words.tree import cut, edited, edits_from, groups, homes

_TESTED = 20_000
"""Images that samples for the stability are taken from, where that happens in another process."""


def cluster(
    workspace: Workspace, embedding_id: str, recipe: ClusterRecipe, report: Report, *, author: str = ""
) -> dict[str, Any]:
    """Cluster the images of an embedding, or find that this was done: {"clustering": id}."""
    begun = time.monotonic()
    one = embedding(workspace, embedding_id)
    source = collection(workspace, one.collection_id)
    state = state_of(one, source)
    found = find_clustering(workspace, source.id, fingerprint_of(one.id, recipe, state))
    if found is not None and _readable(found):
        restore_clustering(workspace, found.id)
        return {"clustering": found.id}
    report(0, None, "reading vectors")
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    if not len(located.rows):
        raise ClusteringError("No image of this collection has a vector. Embed it first.")
    features = features_at(one, rows, located.rows)
    strategy = find_strategy(recipe.strategy)
    given = _given(workspace, one, source, recipe, (features, rows, located), report)
    labels = grouped(given, strategy, _runner(recipe.strategy, strategy, report))
    report(0, None, "measuring the clusters")
    k = int(labels.max(initial=-1)) + 1
    placed = place(features, labels, k)
    measured = measure(features, labels, placed)
    tested = _stability(labels, k, given, strategy, recipe.strategy, report)
    content = ClusterContent(located.image_ids, labels, placed.own, placed.second, placed.other, placed.centroids)
    summary = _summary(one, content, measured, tested, _notes(recipe, strategy, k, len(labels)))
    summary = replace(summary, numbers=_numbers(workspace, source, content), seconds=round(time.monotonic() - begun, 2))
    kept = add_clustering(workspace, source.id, one.id, recipe, state, content, summary, author)
    return {"clustering": kept.id}


def _readable(stored: Clustering) -> bool:
    try:
        read_clustering(stored)
    except ClusteringError:
        return False  # it is made again
    return True


def _given(
    workspace: Workspace,
    one: Embedding,
    source: Collection,
    recipe: ClusterRecipe,
    described: tuple[np.ndarray, Rows, Located],
    report: Report,
) -> Given:
    """What the strategy starts from: reduced features, or the tree of words."""
    features, rows, located = described
    step = _told(report, "clustering")
    if find_strategy(recipe.strategy).by_words:
        words = _words(workspace, one, source, recipe, rows, located, report)
        return Given(features, recipe.k, recipe.seed, step, words)
    how = reduction_from(recipe.reduce)
    return Given(_reduced(one, features, how, recipe.seed, state_of(one, source), report), recipe.k, recipe.seed, step)


def _told(report: Report, what: str) -> Step:
    return lambda done, total: report(done, total, what)


def _reduced(one: Embedding, features: np.ndarray, how: Reduction, seed: int, state: str, report: Report) -> np.ndarray:
    """The features reduced. What UMAP made is kept: it takes long, and serves every strategy and K."""
    report(0, None, "reducing the features")
    if how.kind != "umap":
        return reduce(features, how, seed=seed)
    name = f"{how}:{seed}:{state}"
    kept = read_reduced(one, name)
    if kept is not None and len(kept) == len(features):
        return kept
    found: np.ndarray = apart(
        reduce, features, how, seed, watch=lambda: report(0, None, "reducing the features; UMAP takes a minute")
    )
    write_reduced(one, name, found)
    return found


def _runner(name: str, strategy: Strategy, report: Report) -> Callable[[Given], np.ndarray]:
    def run(given: Given) -> np.ndarray:
        if not _is_apart(strategy, given):
            return strategy.find(given)
        watch = _watching(report, "clustering")
        found: np.ndarray = apart(find_named, name, given.points, given.k, given.seed, watch=watch)
        return found

    return run


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
    chosen = np.arange(len(labels))
    if len(chosen) > _TESTED:
        chosen = np.sort(np.random.default_rng(given.seed).choice(len(chosen), _TESTED, replace=False))
    points, some = given.points[chosen], labels[chosen]
    found: np.ndarray = apart(stability_named, name, points, given.k, given.seed, some, k, watch=watch)
    return found


def _words(
    workspace: Workspace,
    one: Embedding,
    source: Collection,
    recipe: ClusterRecipe,
    rows: Rows,
    located: Located,
    report: Report,
) -> Callable[[int], np.ndarray]:
    """The cut of the tree of labels, with what was split and joined by hand."""
    facts = json.loads(recipe.words)
    tree_recipe = TreeRecipe(**facts["tree"])
    build_tree(workspace, one.id, tree_recipe, report)
    stored = find_tree(workspace, one, tree_recipe, tree_state(one, source, tree_recipe))
    content = read_tree(stored) if stored is not None else None
    tree = content.tree if content is not None else None
    if content is None or tree is None:
        raise ClusteringError(
            "No label of these images has a vector, so there is no tree of words to cut. Choose another strategy."
        )
    classes, leaves = content.classes, tree
    ids, shares = rows.labels["label"][located.rows], rows.labels["probability"][located.rows]

    def groups_of(k: int) -> np.ndarray:
        nodes = edited(leaves, cut(leaves, k), edits_from(facts["edits"]))
        known = np.zeros(max(int(ids.max(initial=0)), int(classes.max())) + 1, bool)
        known[classes] = True
        leaf = np.full(len(known) + 1, -1)
        leaf[classes] = np.arange(len(classes))
        of_image = leaf[homes(ids, shares, known, tree_recipe.least)]  # the last entry answers for -1
        found: np.ndarray = np.append(groups(leaves, nodes), -1)[of_image]
        return found

    return groups_of


def _summary(
    one: Embedding, content: ClusterContent, measured: Measured, tested: np.ndarray, notes: tuple[str, ...]
) -> ClusterSummary:
    return ClusterSummary(
        images=len(content.labels),
        unassigned=int((content.labels < 0).sum()),
        sizes=tuple(measured.sizes.tolist()),
        numbers=(),
        cohesion=tuple(round(float(value), 4) for value in measured.cohesion),
        silhouettes=tuple(round(float(value), 4) for value in measured.silhouettes),
        stability=tuple(None if np.isnan(value) else round(float(value), 4) for value in tested),
        silhouette=measured.silhouette,
        calinski_harabasz=measured.calinski_harabasz,
        davies_bouldin=measured.davies_bouldin,
        inertia=measured.inertia,
        seconds=0.0,
        embedding=one.title,
        notes=notes,
    )


def _notes(recipe: ClusterRecipe, strategy: Strategy, k: int, images: int) -> tuple[str, ...]:
    """What a person should know of how it went."""
    notes = []
    joined = bool(recipe.words) and bool(json.loads(recipe.words)["edits"])
    if not strategy.own_k and k < recipe.k and not joined:
        why = "the tree has no more labels" if strategy.by_words else "there are not more different images"
        notes.append(f"{recipe.k} clusters were asked for and {k} found: {why}.")
    if images > strategy.most:
        notes.append(
            f"{strategy.title} clustered {strategy.most:,} images; the others went to the nearest of its centroids."
        )
    return tuple(notes)


def _numbers(workspace: Workspace, source: Collection, content: ClusterContent) -> tuple[int, ...]:
    """The number of each cluster: that of the one it goes on from in the newest clustering, else the next free one."""
    k = len(content.centroids)
    before = _newest(workspace, source)
    old_labels, new_labels, old_numbers = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    if before is not None:
        stored, old = before
        _, at_old, at_new = np.intersect1d(old.image_ids, content.image_ids, return_indices=True)
        old_labels, new_labels = old.labels[at_old], content.labels[at_new]
        old_numbers = np.array(stored.summary.numbers, np.int64)
    return tuple(numbers_for(old_labels, new_labels, old_numbers, k).tolist())


def _newest(workspace: Workspace, source: Collection) -> tuple[Clustering, ClusterContent] | None:
    """The newest clustering that can be read."""
    for stored in clusterings_of(workspace, source.id):
        try:
            return stored, read_clustering(stored)
        except ClusteringError:
            continue
    return None
