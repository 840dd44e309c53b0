"""What the worker can do: a kind of job -> the function that does it. A new kind is one case here, and a title."""

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


def run(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    """Do a job, and return what it gives.

    Modules are imported when they are needed: torch takes seconds, and pages read this one.
    """
    asked = job.params
    match job.kind:
        case "scan":
            return scan(workspace, _collection_of(job), report)
        case "unpack":
            unpack(workspace, asked["archive"], report)
            return scan(workspace, _collection_of(job), report)
        case "sample":
            folder = collection(workspace, _collection_of(job)).folder
            make_samples(folder, step=lambda done, total: report(done, total, "making photographs"))
            return scan(workspace, _collection_of(job), report)
        case "embed":
            from imclust_core.jobs.kinds.embed import embed

            return embed(workspace, _collection_of(job), EmbedRequest(**asked), report)
        case "probe":
            from imclust_core.jobs.kinds.probe import probe

            return probe(workspace, _collection_of(job), asked["backbones"], report)
        case "similar":
            return find_similar(workspace, asked["embedding"], asked["image"], asked["limit"])
        case "tree":
            from imclust_core.jobs.kinds.tree import build_tree

            return build_tree(workspace, asked["embedding"], TreeRecipe(**asked["recipe"]), report)
        case "evidence":
            from imclust_core.jobs.kinds.tree import refine_evidence

            return refine_evidence(workspace, asked["embedding"], report)
        case "cluster":
            from imclust_core.jobs.kinds.cluster import cluster

            recipe = ClusterRecipe(**asked["recipe"])
            return cluster(workspace, asked["embedding"], recipe, report, author=asked["author"])
        case "several":
            from imclust_core.jobs.kinds.sweep import cluster_several

            runs = [(embedding_id, ClusterRecipe(**recipe)) for embedding_id, recipe in asked["runs"]]
            return cluster_several(workspace, runs, report, author=asked["author"])
        case "split":
            from imclust_core.jobs.kinds.split import split_in_two

            who = {"author": asked["author"], "uuid": f"job-{job.id}", "base": asked["base"]}
            return split_in_two(workspace, asked["clustering"], asked["number"], report, **who)
        case "export":
            from imclust_core.jobs.kinds.export import export_clustering

            where = {"format_name": asked["format"], "folder": asked["folder"], "how": asked["how"]}
            return export_clustering(workspace, asked["clustering"], report, **where)
        case "explain":
            from imclust_core.jobs.kinds.explain import explain

            return explain(workspace, asked["embedding"], asked["asked"], asked["methods"], report)
        case "attention":
            from imclust_core.jobs.kinds.attention import pay_attention

            return pay_attention(workspace, asked["clustering"], asked["each"], report)
        case "map":
            from imclust_core.jobs.kinds.map import draw_map

            return draw_map(workspace, asked["embedding"], MapRecipe(**asked["recipe"]), report, anew=asked["anew"])
        case "inside_survey":
            from imclust_core.jobs.kinds.inside import survey_network

            return survey_network(workspace, asked["embedding"], report)
        case "inside_maps":
            from imclust_core.jobs.kinds.inside import map_image

            return map_image(workspace, asked["embedding"], asked["layer"], asked["image"], report)
        case "inside_peaks":
            from imclust_core.jobs.kinds.inside import find_peaks

            return find_peaks(workspace, asked["embedding"], asked["layer"], report)
        case _:
            raise KeyError(job.kind)


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
