"""What the worker can do: a kind of job -> the function that does it. A new kind is one line here."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from imclust_core.clustering.strategies import find_strategy
from imclust_core.images.samples import make_samples
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.requests import EmbedRequest, check_request
from imclust_core.jobs.scan import scan
from imclust_core.jobs.similar import find_similar
from imclust_core.jobs.unpack import unpack
from imclust_core.store.clusterings import Clustering, ClusterRecipe
from imclust_core.store.collections import Collection, add_collection, collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import TreeRecipe
from imclust_core.store.workspace import Workspace
from imclust_core.words.vectors import BUILT_IN

_QUICK_WORK = 1_000_000_000
"""Products of numbers in a round of k-means that a quick clustering may take."""

Task = Callable[[Workspace, Job, Report], dict[str, Any]]


def _scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return scan(workspace, _collection_of(job), report)


def _unpack_and_scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    unpack(workspace, job.params["archive"], report)
    return scan(workspace, _collection_of(job), report)


def _sample_and_scan(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    folder = collection(workspace, _collection_of(job)).folder
    make_samples(folder, step=lambda done, total: report(done, total, "making photographs"))
    return scan(workspace, _collection_of(job), report)


def _embed(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.embed import embed  # torch takes seconds to import, and pages read this module

    return embed(workspace, _collection_of(job), EmbedRequest(**job.params), report)


def _probe(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.probe import probe

    return probe(workspace, _collection_of(job), job.params["backbones"], report)


def _similar(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return find_similar(workspace, job.params["embedding"], job.params["image"], job.params["limit"])


def _tree(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.tree import build_tree

    return build_tree(workspace, job.params["embedding"], TreeRecipe(**job.params["recipe"]), report)


def _evidence(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.tree import refine_evidence

    return refine_evidence(workspace, job.params["embedding"], report)


def _cluster(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.cluster import cluster

    recipe = ClusterRecipe(**job.params["recipe"])
    return cluster(workspace, job.params["embedding"], recipe, report, author=job.params["author"])


def _several(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.several import cluster_several

    runs = [(embedding_id, ClusterRecipe(**recipe)) for embedding_id, recipe in job.params["runs"]]
    return cluster_several(workspace, runs, report, author=job.params["author"])


def _split(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.split import split_in_two

    asked = job.params
    return split_in_two(
        workspace,
        asked["clustering"],
        asked["number"],
        report,
        author=asked["author"],
        uuid=f"job-{job.id}",
        base=asked["base"],
    )


def _export(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.export import export_clustering

    asked = job.params
    return export_clustering(
        workspace,
        asked["clustering"],
        report,
        format_name=asked["format"],
        folder=asked["folder"],
        how=asked["how"],
    )


TASKS: dict[str, Task] = {
    "scan": _scan,
    "unpack": _unpack_and_scan,
    "sample": _sample_and_scan,
    "embed": _embed,
    "probe": _probe,
    "similar": _similar,
    "tree": _tree,
    "evidence": _evidence,
    "cluster": _cluster,
    "several": _several,
    "split": _split,
    "export": _export,
}

TITLES: dict[str, str] = {
    "scan": "Scanning",
    "unpack": "Unpacking and scanning",
    "sample": "Making the sample images",
    "embed": "Embedding",
    "probe": "Measuring this machine",
    "similar": "Looking for similar images",
    "tree": "Growing the tree of labels",
    "evidence": "Weighing the evidence for K",
    "cluster": "Clustering",
    "several": "Trying several clusterings",
    "split": "Splitting a cluster",
    "export": "Writing results",
}
"""What a person sees while a job of the kind runs."""

READING = ("scan", "unpack", "sample")
"""The kinds that read a collection's folder."""


def _collection_of(job: Job) -> str:
    if job.collection_id is None:
        raise ValueError(f"a {job.kind} job needs a collection")
    return job.collection_id


def submit_scan(workspace: Workspace, source: Collection) -> Job:
    """Queue a scan of a collection; asking twice gives the same job."""
    return Queue(workspace).submit("scan", key=f"read:{source.id}", collection_id=source.id)


def submit_sample(workspace: Workspace) -> tuple[Collection, Job]:
    """Queue the making of the sample collection, or find the one that is there."""
    folder = workspace.samples / "photographs"
    folder.mkdir(exist_ok=True)
    source = add_collection(workspace, folder.resolve(), "Sample photographs")
    job = Queue(workspace).submit("sample", key=f"read:{source.id}", collection_id=source.id)
    return source, job


def submit_unpack(workspace: Workspace, source: Collection, archive: str) -> Job:
    """Queue the unpacking of an uploaded archive into the collection's folder, and its scan."""
    return Queue(workspace).submit(
        "unpack", key=f"read:{source.id}", collection_id=source.id, params={"archive": archive}
    )


def submit_embed(workspace: Workspace, source: Collection, request: EmbedRequest) -> Job:
    """Queue the embedding of a collection; asking twice for the same gives the same job."""
    params = asdict(check_request(request))
    key = f"embed:{source.id}:{json.dumps(params, sort_keys=True)}"
    return Queue(workspace).submit("embed", key=key, collection_id=source.id, params=params)


def submit_probe(workspace: Workspace, source: Collection, backbones: Sequence[str]) -> Job:
    """Queue a short measurement of how fast these networks are here."""
    return Queue(workspace).submit(
        "probe", key=f"probe:{source.id}", collection_id=source.id, params={"backbones": list(backbones)}
    )


def submit_similar(workspace: Workspace, one: Embedding, image_id: int, limit: int = 24) -> Job:
    """Ask for the images most like one. The answer is the job's result, usually within a second."""
    params = {"embedding": one.id, "image": image_id, "limit": limit}
    return Queue(workspace).submit(
        "similar",
        key=f"similar:{one.id}:{image_id}:{limit}",
        collection_id=one.collection_id,
        params=params,
        quick=True,
    )


def tree_key(one: Embedding, recipe: TreeRecipe) -> str:
    """The key of the job that makes a tree."""
    return f"tree:{one.id}:{recipe.key()}"


def evidence_key(one: Embedding) -> str:
    """The key of the job that looks closer."""
    return f"evidence:{one.id}"


def submit_tree(workspace: Workspace, one: Embedding, recipe: TreeRecipe) -> Job:
    """Ask for the tree of an embedding's labels. With vectors that are at hand it takes seconds."""
    return Queue(workspace).submit(
        "tree",
        key=tree_key(one, recipe),
        collection_id=one.collection_id,
        params={"embedding": one.id, "recipe": asdict(recipe)},
        quick=recipe.vectors in BUILT_IN,
    )


def submit_evidence(workspace: Workspace, one: Embedding) -> Job:
    """Queue a closer look at what the images say of K."""
    return Queue(workspace).submit(
        "evidence", key=evidence_key(one), collection_id=one.collection_id, params={"embedding": one.id}
    )


def submit_cluster(workspace: Workspace, one: Embedding, recipe: ClusterRecipe, author: str = "") -> Job:
    """Queue the clustering of an embedding; quick where it takes seconds, so that it need not wait for long work."""
    facts = asdict(recipe)
    return Queue(workspace).submit(
        "cluster",
        key=f"cluster:{one.id}:{json.dumps(facts, sort_keys=True)}",
        collection_id=one.collection_id,
        params={"embedding": one.id, "recipe": facts, "author": author},
        quick=_is_quick(one, recipe),
    )


def submit_split(workspace: Workspace, stored: Clustering, number: int, *, author: str, base: int) -> Job:
    """Ask for a cluster to be split in two; base: the newest event about it that the author has seen."""
    return Queue(workspace).submit(
        "split",
        key=f"split:{stored.id}:{number}",
        collection_id=stored.collection_id,
        params={"clustering": stored.id, "number": number, "author": author, "base": base},
        quick=True,
    )


def submit_export(workspace: Workspace, stored: Clustering, format_name: str, folder: str, how: str) -> Job:
    """Queue the writing of a clustering to a folder, which `folder_to_write` has let pass."""
    return Queue(workspace).submit(
        "export",
        key=f"export:{folder}:{stored.id}:{format_name}:{how}",
        collection_id=stored.collection_id,
        params={"clustering": stored.id, "format": format_name, "folder": folder, "how": how},
        quick=True,
    )


def _is_quick(one: Embedding, recipe: ClusterRecipe) -> bool:
    strategy, images = find_strategy(recipe.strategy), one.summary.images if one.summary else 0
    if strategy.by_words:
        return json.loads(recipe.words)["tree"]["vectors"] in BUILT_IN
    if strategy.slow or recipe.reduce.startswith("umap") or (strategy.apart and images >= strategy.apart):
        return False
    return images * one.recipe.dim * recipe.k <= _QUICK_WORK


def submit_several(
    workspace: Workspace, source: Collection, runs: Sequence[tuple[Embedding, ClusterRecipe]], author: str = ""
) -> Job:
    """Queue several clusterings as one job."""
    listed = [[one.id, asdict(recipe)] for one, recipe in runs]
    return Queue(workspace).submit(
        "several",
        key=f"several:{source.id}:{json.dumps(listed, sort_keys=True)}",
        collection_id=source.id,
        params={"runs": listed, "author": author},
    )
