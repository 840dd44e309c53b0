"""The commands about clusterings: making one, comparing two, scoring one against the truth."""

import argparse
from typing import Any

from imclust_core.annotation.editing import cluster_names
from imclust_core.clustering.matching import sentences
from imclust_core.commands.running import facts_of, print_json, result_of
from imclust_core.errors import ClusteringError
from imclust_core.jobs.kinds.first_k import first_k
from imclust_core.jobs.requests import check_clustering
from imclust_core.jobs.submitting import submit_cluster
from imclust_core.store.choices import last_choice
from imclust_core.store.clusterings import Clustering, ClusterRecipe, clustering, clusterings_of
from imclust_core.store.collections import find_collection
from imclust_core.store.comparisons import Compared, Evaluated, compared, evaluated
from imclust_core.store.embeddings import named_embedding
from imclust_core.store.truth import cut
from imclust_core.store.workspace import Workspace


def cluster_folder(options: argparse.Namespace) -> int:
    """Cluster a folder that is embedded."""
    workspace = Workspace.open(options.workspace)
    source = find_collection(workspace, options.folder)
    one = named_embedding(workspace, source.id, options.embedding)
    chosen = last_choice(workspace, source.id)
    k = options.k or first_k(workspace, source, one)
    recipe = check_clustering(
        ClusterRecipe(options.reduce, options.strategy, k, options.seed),
        chosen if chosen is not None and chosen.embedding_id == one.id else None,
    )
    found = result_of(workspace, submit_cluster(workspace, one, recipe), quiet=options.json)
    stored = clustering(workspace, found["clustering"])
    if options.json:
        return print_json(clustering_result(stored))
    _print_clustering(stored)
    return 0


def clustering_result(stored: Clustering) -> dict[str, Any]:
    """What --json promises of a clustering."""
    figures = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "notes", "seconds")
    return {
        "clustering": stored.id,
        "embedding": stored.embedding_id,
        **facts_of(stored.recipe, "reduce", "strategy", "seed"),
        **facts_of(stored.summary, "k", "images", "unassigned", "sizes", "numbers", "stability", *figures),
    }


def _print_clustering(stored: Clustering) -> None:
    summary = stored.summary
    print(f"{summary.images:,} images in {summary.k} clusters, in {summary.seconds:.1f} s")
    for number, size, cohesion, stable in zip(
        summary.numbers, summary.sizes, summary.cohesion, summary.stability, strict=True
    ):
        tested = f", stability {stable:.2f}" if stable is not None else ""
        print(f"  {number:>5}  {size:>9,} images  cohesion {cohesion:.2f}{tested}")
    if summary.unassigned:
        print(f"         {summary.unassigned:>9,} images unassigned")
    if summary.silhouette is not None:
        print(f"silhouette {summary.silhouette:.3f}, inertia {summary.inertia:,.1f}")
    for note in summary.notes:
        print(note)
    print(f"clustering {stored.id}")


def compare_two(options: argparse.Namespace) -> int:
    """Say how two clusterings differ."""
    workspace = Workspace.open(options.workspace)
    a, b = clustering(workspace, options.a), clustering(workspace, options.b)
    found = compared(a, b)
    if options.json:
        return print_json(comparison_result(workspace, a, b, found))
    for sentence in said(workspace, a, b, found):
        print(sentence)
    alike = found.comparison
    print(f"NMI {alike.nmi:.3f}, ARI {alike.ari:.3f}; {alike.agreement:.1%} of the images are in matching clusters")
    return 0


def said(workspace: Workspace, a: Clustering, b: Clustering, found: Compared) -> list[str]:
    """What a person should know of a comparison, clusters by number and name."""
    return sentences(found.comparison, cluster_names(workspace, a), cluster_names(workspace, b))


def comparison_result(workspace: Workspace, a: Clustering, b: Clustering, found: Compared) -> dict[str, Any]:
    """What --json promises of a comparison; clusters by their numbers, 0 for the unassigned."""
    old, new = (*a.summary.numbers, 0), (*b.summary.numbers, 0)
    alike = found.comparison
    return {
        "a": a.id,
        "b": b.id,
        "images": len(found.image_ids),
        **facts_of(alike, "nmi", "ari", "agreement"),
        "switched": int((~alike.same).sum()),
        "only_in_one": found.only_one,
        "sentences": said(workspace, a, b, found),
        "carried": [
            {
                "from": old[one.old],
                "to": new[one.new],
                **facts_of(one, "images", "share_of_new", "share_of_old", "doubtful"),
            }
            for one in found.carried
        ],
        "lost": [
            {"from": old[one.old], "images": one.images, "went_to": [[new[to], images] for to, images in one.went_to]}
            for one in found.lost
        ],
    }


def evaluate_clustering(options: argparse.Namespace) -> int:
    """Score a clustering against the truth."""
    workspace = Workspace.open(options.workspace)
    stored = clustering_named(workspace, options)
    found = evaluated(workspace, stored, options.truth)
    if options.json:
        return print_json(evaluation_result(stored, found))
    scores = found.scores
    print(
        f"{scores.images:,} images of {len(found.classes)} classes: ACC {scores.acc:.3f}, NMI {scores.nmi:.3f}, "
        f"ARI {scores.ari:.3f}, purity {scores.purity:.3f}"
    )
    for row in evaluation_result(stored, found)["classes"]:
        print(f"  {row['images']:>7,}  {cut(row['class'])}: {row['recall']:.0%} in cluster {row['cluster']}")
    if found.unused:
        print(f"{found.unused:,} rows of the table name no image of this collection.")
    return 0


def evaluation_result(stored: Clustering, found: Evaluated) -> dict[str, Any]:
    """What --json promises of a score against the truth; clusters by their numbers, 0 for none."""
    scores, numbers = found.scores, (*stored.summary.numbers, 0)
    return {
        "clustering": stored.id,
        **facts_of(scores, "images", "nmi", "ari", "acc", "purity"),
        "unused_rows": found.unused,
        "classes": [
            {"class": name, "images": images, "cluster": numbers[best], "recall": recall}
            for name, images, best, recall in zip(
                found.classes,
                scores.class_images.tolist(),
                scores.best_cluster.tolist(),
                scores.recall.tolist(),
                strict=True,
            )
        ],
        "clusters": [
            {"cluster": number, "images": images, "class": found.classes[most] if most >= 0 else None, "purity": pure}
            for number, images, most, pure in zip(
                stored.summary.numbers,
                scores.cluster_images.tolist(),
                scores.majority.tolist(),
                scores.cluster_purity.tolist(),
                strict=True,
            )
        ],
    }


def clustering_named(workspace: Workspace, options: argparse.Namespace) -> Clustering:
    """The clustering that was named, or the newest, of the folder that was."""
    source = find_collection(workspace, options.folder)
    if options.clustering is not None:  # an empty one is a script's mistake, and not the wish for the newest
        if not options.clustering.strip():
            raise ClusteringError(
                "The id of the clustering is empty. Give one that imclust cluster --json printed; imclust names lists "
                "the newest without it."
            )
        stored = clustering(workspace, options.clustering)
        if stored.collection_id != source.id:
            raise ClusteringError(
                f"The clustering {stored.id} is not of {options.folder}. Name the folder it was made of."
            )
        return stored
    known = clusterings_of(workspace, source.id)
    if not known:
        raise ClusteringError(f"{options.folder} is not clustered yet. Cluster it: imclust cluster {options.folder}")
    return known[0]
