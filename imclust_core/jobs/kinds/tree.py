"""The tree of an embedding's labels, and the evidence for K: two jobs, the second with a closer look at the images."""

from typing import Any

import numpy as np

from imclust_core.arrays.chunks import chosen_rows
from imclust_core.choosing_k.curves import Evidence
from imclust_core.choosing_k.evidence import image_evidence, reduced, word_evidence
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.label_tree.branch_names import propose
from imclust_core.label_tree.label_tree import LabelTree, best_examples, joined, label_tree, used_classes
from imclust_core.label_tree.tree import Tree, cut
from imclust_core.store.collections import collection
from imclust_core.store.embeddings import Embedding, embedding, labels_of
from imclust_core.store.trees import (
    EXAMPLES,
    Missing,
    TreeContent,
    TreeRecipe,
    add_tree,
    find_evidence,
    find_tree,
    keep_evidence,
    state_of,
    tree_state,
)
from imclust_core.store.vectors import Located, Rows, features_at, locate, read_class_vectors, read_rows
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label, label_vectors, wanted_words
from imclust_core.words.vectors import EMBEDDED, JOINED, NETWORK, word_vectors

_FIRST_LOOK = 2_000
_FIRST_REPEATS = 3
_CLOSE_LOOK = 6_000
_CLOSE_REPEATS = 12
_ALL_NAMED = 1_500
_NAMED_CUT = 500
"""A tree with more leaves than the former has names only for the branches of cuts up to the latter."""


def build_tree(workspace: Workspace, embedding_id: str, recipe: TreeRecipe, report: Report) -> dict[str, Any]:
    """Make the tree of an embedding's labels, with a first look at what words and images say of K."""
    one = embedding(workspace, embedding_id)
    source = collection(workspace, one.collection_id)
    state, made_of = state_of(one, source), tree_state(one, source, recipe)
    found = find_tree(workspace, one, recipe, made_of)
    if found is not None:
        return {"tree": found.id}
    report(0, None, "reading labels")
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    labels = labels_of(one)
    ids, shares = rows.labels["label"][located.rows], rows.labels["probability"][located.rows]
    ids = np.where(ids < len(labels), ids, -1)
    vectors = _vectors(one, labels, used_classes(ids, shares, recipe.least), recipe, report)
    how = {name: getattr(recipe, name) for name in ("least", "linkage", "metric", "count_power")}
    grown = label_tree(vectors, ids, shares, **how)
    examples = best_examples(grown.leaf_of, grown.classes, ids, shares, EXAMPLES)
    content = _content(grown, labels, np.append(located.image_ids, -1)[examples])
    report(0, None, "looking at the images")
    points, sample = _points(one, rows, located, _FIRST_LOOK)
    nothing = Evidence(0, {})
    words = word_evidence(grown.tree, grown.leaf_of[sample], points) if grown.tree is not None else nothing
    if find_evidence(workspace, one, state) is None:
        keep_evidence(workspace, one, state, image_evidence(points, repeats=_FIRST_REPEATS), refined=False)
    without = tuple(Missing(labels[number].name, images) for number, images in grown.without)
    tree_id = add_tree(workspace, one, recipe, made_of, content, images=len(ids), without=without, evidence=words)
    return {"tree": tree_id}


def refine_evidence(workspace: Workspace, embedding_id: str, report: Report) -> dict[str, Any]:
    """Look at more images than at first, and more often, for what they say of K."""
    one = embedding(workspace, embedding_id)
    state = state_of(one, collection(workspace, one.collection_id))
    report(0, None, "reading vectors")
    rows = read_rows(one)
    points, _ = _points(one, rows, locate(workspace, one, rows), _CLOSE_LOOK)
    found = image_evidence(
        points, repeats=_CLOSE_REPEATS, step=lambda done, total: report(done, total, "comparing groupings")
    )
    keep_evidence(workspace, one, state, found, refined=True)
    return {"images": found.images}


def _vectors(
    one: Embedding, labels: tuple[Label, ...], used: np.ndarray, recipe: TreeRecipe, report: Report
) -> np.ndarray:
    """One vector for each class of the network; NaN for those that have none or that no image carries."""

    def tell(done: int, total: int, what: str) -> None:
        report(done >> 20, total >> 20 or None, f"{what}, MB {done >> 20:,} of {total >> 20:,}" if total else what)

    network = np.full((len(labels), 1), np.nan)
    if not len(used):
        return network
    if recipe.vectors in (NETWORK, JOINED):
        network = _class_vectors(one, len(labels), report)
        if recipe.vectors == NETWORK:
            return network
    chosen = [labels[number] for number in used]
    source = EMBEDDED if recipe.vectors == JOINED else recipe.vectors
    keyed = word_vectors(source, wanted_words(chosen, recipe.text), tell)
    words = np.full((len(labels), keyed.vector_size), np.nan)
    words[used] = label_vectors(chosen, keyed, recipe.text)
    return joined(network, words) if recipe.vectors == JOINED else words


def _class_vectors(one: Embedding, classes: int, report: Report) -> np.ndarray:
    kept = read_class_vectors(one)
    if kept is not None and len(kept) == classes:
        return kept
    from imclust_core.jobs.kinds.networks import (
        class_vectors,  # torch takes seconds to import, and is seldom needed here
    )

    return class_vectors(one, lambda what: report(0, None, what))


def _content(grown: LabelTree, labels: tuple[Label, ...], examples: np.ndarray) -> TreeContent:
    leaves = [labels[number] for number in grown.classes]
    names: list[str] = []
    if grown.tree is not None:
        names = [""] * len(grown.tree.parents)
        named = _named(grown.tree)
        for node, name in zip(named.tolist(), propose(grown.tree, leaves, named), strict=True):
            names[node] = name
    return TreeContent(grown.tree, grown.classes, tuple(one.name for one in leaves), tuple(names), examples)


def _named(tree: Tree) -> np.ndarray:
    """The nodes that get a name: all, or those a person can come to by moving the cut."""
    if tree.leaves <= _ALL_NAMED:
        return np.arange(len(tree.parents))
    lowest = len(tree.parents) + 1 - _NAMED_CUT
    return np.union1d(np.arange(lowest, len(tree.parents)), cut(tree, _NAMED_CUT))


def _points(one: Embedding, rows: Rows, located: Located, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Reduced features of at most this many images, and which ones they are, the same each time."""
    sample = chosen_rows(len(located.rows), most, 0)
    return reduced(features_at(one, rows, located.rows[sample])), sample


def tree_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return build_tree(workspace, job.params["embedding"], TreeRecipe(**job.params["recipe"]), report)


def evidence_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return refine_evidence(workspace, job.params["embedding"], report)
