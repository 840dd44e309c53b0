"""Several clusterings as one job. Each is kept when it is done, so a job that was stopped goes on with the next."""

import logging
from collections.abc import Sequence
from typing import Any

from imclust_core.errors import Cancelled, ClusteringError, ImclustError, LeaseLost, SourceUnavailable, WorkspaceFull
from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.jobs.progress import Report
from imclust_core.jobs.queue import Job
from imclust_core.store.clusterings import ClusterRecipe
from imclust_core.store.workspace import Workspace

log = logging.getLogger("imclust")


def cluster_several(
    workspace: Workspace, runs: Sequence[tuple[str, ClusterRecipe]], report: Report, *, author: str = ""
) -> dict[str, Any]:
    """Cluster each (embedding id, recipe): {"clusterings": ids, "failed": [[what, why]]}. One that fails stops none."""
    done: list[str] = []
    failed: list[list[str]] = []
    for at, (embedding_id, recipe) in enumerate(runs):
        what = f"{recipe.strategy}, {recipe.reduce}, K = {recipe.k or 'its own'}"
        step = _step_of(report, at, len(runs))
        try:
            done.append(cluster(workspace, embedding_id, recipe, step, author=author)["clustering"])
        except (Cancelled, LeaseLost, SourceUnavailable, WorkspaceFull, OSError):
            raise  # these are about the whole of it
        except ImclustError as error:
            log.warning("%s: %s", what, error)
            failed.append([what, str(error)])
        except Exception as error:  # whatever a library runs into with one set of options
            log.exception("%s", what)
            failed.append([what, f"An error imclust did not expect ({type(error).__name__}); the log has the details."])
    if not done and failed:
        raise ClusteringError(f"None of them could be made. {failed[0][0]}: {failed[0][1]}")
    report(len(runs), len(runs), "")
    return {"clusterings": done, "failed": failed}


def _step_of(report: Report, at: int, runs: int) -> Report:
    """Tells of a step within one of the runs; how far the work is, is counted in runs."""

    def tell(done: int, total: int | None, message: str, detail: dict[str, Any] | None = None) -> None:
        report(at, runs, message, detail)

    return tell


def sweep_job(workspace: Workspace, job: Job, report: Report) -> dict[str, Any]:
    runs = [(embedding_id, ClusterRecipe(**recipe)) for embedding_id, recipe in job.params["runs"]]
    return cluster_several(workspace, runs, report, author=job.params["author"])
