"""Writing results out, for which somebody may have to wait: a copy of a million images takes its time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from imclust_core.exchange.exports.exports import export
from imclust_core.exchange.exports.members import open_members
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.names import shown
from imclust_core.store.clusterings import clustering
from imclust_core.store.workspace import Workspace


def export_clustering(
    workspace: Workspace, clustering_id: str, report: Report, *, format_name: str, folder: str, how: str
) -> dict[str, Any]:
    """Write all images of a clustering to a new folder."""
    members = open_members(workspace, clustering(workspace, clustering_id))
    members = replace(members, step=lambda done, total: report(done, total, "writing"))
    done = export(members, format_name, Path(folder), how)
    return {"folder": shown(done.folder), "files": list(done.files), "images": done.images, "missing": done.missing}


def export_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    asked = job.params
    where = {"format_name": asked["format"], "folder": asked["folder"], "how": asked["how"]}
    return export_clustering(workspace, asked["clustering"], report, **where)
