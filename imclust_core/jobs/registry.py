"""What the worker can do: a kind of job -> the function that does it. A new kind is one line here."""

from collections.abc import Callable
from typing import Any

from imclust_core.images.samples import make_samples
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.kinds.similar import find_similar
from imclust_core.jobs.kinds.unpack import unpack
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.clusterings import ClusterRecipe
from imclust_core.store.collections import collection
from imclust_core.store.maps import MapRecipe
from imclust_core.store.trees import TreeRecipe
from imclust_core.store.workspace import Workspace

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
    from imclust_core.jobs.kinds.embed import embed  # torch takes seconds to import, and pages read this module

    return embed(workspace, _collection_of(job), EmbedRequest(**job.params), report)


def _probe(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.probe import probe

    return probe(workspace, _collection_of(job), job.params["backbones"], report)


def _similar(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    return find_similar(workspace, job.params["embedding"], job.params["image"], job.params["limit"])


def _tree(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.tree import build_tree

    return build_tree(workspace, job.params["embedding"], TreeRecipe(**job.params["recipe"]), report)


def _evidence(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.tree import refine_evidence

    return refine_evidence(workspace, job.params["embedding"], report)


def _cluster(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.cluster import cluster

    recipe = ClusterRecipe(**job.params["recipe"])
    return cluster(workspace, job.params["embedding"], recipe, report, author=job.params["author"])


def _several(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.sweep import cluster_several

    runs = [(embedding_id, ClusterRecipe(**recipe)) for embedding_id, recipe in job.params["runs"]]
    return cluster_several(workspace, runs, report, author=job.params["author"])


def _split(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.split import split_in_two

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
    from imclust_core.jobs.kinds.export import export_clustering

    asked = job.params
    return export_clustering(
        workspace,
        asked["clustering"],
        report,
        format_name=asked["format"],
        folder=asked["folder"],
        how=asked["how"],
    )


def _explain(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.explain import explain

    asked = job.params
    return explain(workspace, asked["embedding"], asked["asked"], asked["methods"], report)


def _attention(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.attention import pay_attention

    return pay_attention(workspace, job.params["clustering"], job.params["each"], report)


def _map(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.map import draw_map

    recipe = MapRecipe(**job.params["recipe"])
    return draw_map(workspace, job.params["embedding"], recipe, report, anew=job.params["anew"])


def _survey(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.inside import survey_network

    return survey_network(workspace, job.params["embedding"], report)


def _maps(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.inside import map_image

    asked = job.params
    return map_image(workspace, asked["embedding"], asked["layer"], asked["image"], report)


def _peaks(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    from imclust_core.jobs.kinds.inside import find_peaks

    return find_peaks(workspace, job.params["embedding"], job.params["layer"], report)


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
    "explain": _explain,
    "attention": _attention,
    "map": _map,
    "inside_survey": _survey,
    "inside_maps": _maps,
    "inside_peaks": _peaks,
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
    "explain": "Looking at what the network looks at",
    "attention": "Looking at every cluster",
    "map": "Laying images out on a map",
    "inside_survey": "Listing the layers of a network",
    "inside_maps": "Looking at one image",
    "inside_peaks": "Looking for what excites a layer",
}
"""What a person sees while a job of the kind runs."""

READING = ("scan", "unpack", "sample")
"""The kinds that read a collection's folder."""


def _collection_of(job: Job) -> str:
    if job.collection_id is None:
        raise ValueError(f"a {job.kind} job needs a collection")
    return job.collection_id
