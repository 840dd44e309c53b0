"""What somebody has picked, as text in an address, and which images that is: one pick for every page.

c7              cluster 7 of a clustering, as people have left it; c0 what is in no cluster, c-1 what was set aside
bTREE.NODE      a branch of a tree of labels
sHASH           a set of images, as `imclust_core.store.selections` keeps it
"""

import re

import numpy as np

from imclust_core.annotation.checks import what_became
from imclust_core.annotation.editing import open_desk
from imclust_core.errors import ClusteringError, SelectionError
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.selections import read_selection
from imclust_core.store.trees import homes_of, named_tree, read_tree
from imclust_core.store.workspace import Workspace

_CLUSTER = re.compile(r"c(-1|0|[1-9][0-9]{0,8})")
_BRANCH = re.compile(r"b([0-9a-f]{1,32})\.([0-9]{1,9})")
_SET = re.compile(r"s[0-9a-f]{16}")


def of_cluster(number: int) -> str:
    """The key of a cluster, or of what is in none."""
    return f"c{number}"


def of_branch(tree_id: str, node: int) -> str:
    """The key of a branch."""
    return f"b{tree_id}.{node}"


def cluster_in(key: str) -> int | None:
    """The number of the cluster that a key names; None for another kind of key."""
    found = _CLUSTER.fullmatch(key)
    return int(found[1]) if found else None


def branch_in(key: str) -> tuple[str, int] | None:
    """The tree and the node that a key names; None for another kind of key."""
    found = _BRANCH.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def is_set(key: str) -> bool:
    """Whether a key names a set of images that is kept."""
    return bool(_SET.fullmatch(key))


def picked_images(workspace: Workspace, source: Collection, key: str, stored: Clustering | None) -> np.ndarray:
    """The ids (m,) int64 of the images that a key picks, ascending; ImclustError for what is not there.

    stored: the clustering that the key of a cluster speaks of.
    """
    number, branch = cluster_in(key), branch_in(key)
    if number is not None:
        return _of_cluster(workspace, source, number, stored)
    if branch is not None:
        tree, one = named_tree(workspace, source.id, branch[0])
        content = read_tree(tree)
        return homes_of(workspace, one, tree, content).below(content.tree, branch[1])
    if is_set(key):
        return read_selection(workspace, source.id, key)
    raise SelectionError(
        f"{key[:40]!r} picks nothing. Expected c and the number of a cluster, b and a branch of the tree, or s and a "
        "set of images. Pick again."
    )


def _of_cluster(workspace: Workspace, source: Collection, number: int, stored: Clustering | None) -> np.ndarray:
    if stored is None or stored.collection_id != source.id:
        raise ClusteringError(
            f"Cluster {number} was picked, and this collection has no such clustering. Choose a clustering, and pick "
            "again."
        )
    desk = open_desk(workspace, stored)
    if number not in desk.sizes:
        what = f"no cluster {number}" if number > 0 else f"nothing any more that is {desk.called(number)}"
        raise ClusteringError(
            f"There is {what} in this clustering now. {what_became(desk, number)}Pick something else."
        )
    return np.sort(desk.image_ids[desk.group == number])


def pick_title(workspace: Workspace, source: Collection, key: str, stored: Clustering | None) -> str:
    """What a pick is called: "cluster 7 Zebra", "branch dog, wolf", nothing for a set.

    ImclustError for a branch that is not there.
    """
    number, branch = cluster_in(key), branch_in(key)
    if number is not None and stored is not None:
        called = open_desk(workspace, stored).called(number)
        return f"cluster {called}" if number > 0 else called
    if branch is not None:
        content = read_tree(named_tree(workspace, source.id, branch[0])[0])
        if content.tree is not None and branch[1] < len(content.names):
            return f"branch {content.name_of(branch[1])}"
    return ""
