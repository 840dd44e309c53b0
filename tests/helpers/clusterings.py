"""A clustering made by the real task, in this process."""

from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.jobs.requests import check_clustering
from imclust_core.store.clusterings import (
    Clustering,
    ClusterRecipe,
    clustering,
)
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import quietly
from tests.helpers.trees import newest

PLAIN = ClusterRecipe("l2", "average", 6)


KMEANS = ClusterRecipe("l2", "kmeans", 6)


DENSE = check_clustering(ClusterRecipe("l2", "hdbscan", 0))


def clustered(workspace: Workspace, source: Collection, recipe: ClusterRecipe = PLAIN) -> Clustering:
    one = newest(workspace, source)
    return clustering(workspace, cluster(workspace, one.id, recipe, quietly, author="ada")["clustering"])
