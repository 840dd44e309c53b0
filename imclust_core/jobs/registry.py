"""What the worker can do: each kind of job is one line of KINDS, and a function in `jobs/kinds`."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.store.workspace import Workspace

Run = Callable[[Workspace, Job, Report], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of job. title: what a person sees while it runs. function: its module in `jobs/kinds`, and its name."""

    title: str
    function: str

    def load(self) -> Run:
        """The function; imported now, since torch takes seconds to import, and pages read the titles."""
        module, name = self.function.split(".")
        found: Run = getattr(importlib.import_module(f"imclust_core.jobs.kinds.{module}"), name)
        return found


KINDS = {
    "scan": Kind("Scanning", "scan.scan_job"),
    "unpack": Kind("Unpacking and scanning", "unpack.unpack_job"),
    "sample": Kind("Making the sample images", "scan.sample_job"),
    "embed": Kind("Embedding", "embed.embed_job"),
    "probe": Kind("Measuring this machine", "probe.probe_job"),
    "similar": Kind("Looking for similar images", "similar.similar_job"),
    "tree": Kind("Growing the tree of labels", "tree.tree_job"),
    "evidence": Kind("Weighing the evidence for K", "tree.evidence_job"),
    "cluster": Kind("Clustering", "cluster.cluster_job"),
    "several": Kind("Trying several clusterings", "sweep.sweep_job"),
    "split": Kind("Splitting a cluster", "split.split_job"),
    "export": Kind("Writing results", "export.export_job"),
    "explain": Kind("Looking at what the network looks at", "explain.explain_job"),
    "attention": Kind("Looking at every cluster", "attention.attention_job"),
    "map": Kind("Laying images out on a map", "map.map_job"),
    "inside_survey": Kind("Listing the layers of a network", "inside.survey_job"),
    "inside_maps": Kind("Looking at one image", "inside.image_job"),
    "inside_peaks": Kind("Looking for what excites a layer", "inside.peaks_job"),
}

READING = ("scan", "unpack", "sample")
"""The kinds that read a collection's folder."""


def title_of(kind: str) -> str:
    """What a job of this kind does, in words."""
    return KINDS[kind].title if kind in KINDS else kind
