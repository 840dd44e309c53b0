"""What a network is asked about the images of a clustering, as text: in addresses, in names of files, in jobs.

A question about a cluster says which images the cluster has, so that an answer, once kept, stays right.
"""

import re
from dataclasses import dataclass

import numpy as np

from imclust_core.annotation.annotated import Desk, shortened
from imclust_core.errors import ExplainError
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.embeddings import Embedding
from imclust_core.store.vectors import features_at, locate, read_rows
from imclust_core.store.workspace import Workspace

TOP = "top1"
"""The class that the network finds most probable for each image."""
_MOST_MEMBERS = 20_000
"""Images from which the middle of a cluster that people have changed is taken."""
_FORMS = {
    "top": re.compile(r"top([1-5])"),
    "class": re.compile(r"class/([0-9]{1,6})"),
    "cluster": re.compile(r"cluster/([0-9a-f]{1,32})/([0-9]{1,9})/([0-9]{1,15})"),
    "contrast": re.compile(r"contrast/([0-9a-f]{1,32})/([0-9]{1,9})/([0-9]{1,9})/([0-9]{1,15})"),
}


@dataclass(frozen=True)
class Question:
    """A target as text, taken apart. numbers: the place of a class, the number of a class, or clusters by number.

    clustering: the id of theirs. version: stands for the images they have; 0 for those that the clustering gave them.
    """

    kind: str
    numbers: tuple[int, ...]
    clustering: str = ""
    version: int = 0


def question(target: str) -> Question:
    """Take a target apart; ExplainError for a text that is none."""
    for kind, form in _FORMS.items():
        if found := form.fullmatch(target):
            parts = found.groups()
            if kind in ("top", "class"):
                return Question(kind, (int(parts[0]),))
            return Question(kind, tuple(int(one) for one in parts[1:-1]), parts[0], int(parts[-1]))
    raise ExplainError(
        f"{target!r} is nothing that can be explained. Expected top1, class/N, cluster/C/N/V or contrast/C/A/B/V."
    )


def of_class(number: int) -> str:
    """The target for a class of the network."""
    return f"class/{number}"


def of_cluster(stored: Clustering, desk: Desk, number: int) -> str:
    """The target for a cluster as it is now."""
    return f"cluster/{stored.id}/{number}/{version_of(desk, number)}"


def of_contrast(stored: Clustering, desk: Desk, number: int, other: int) -> str:
    """The target for what speaks for one cluster and against another."""
    return f"contrast/{stored.id}/{number}/{other}/{version_of(desk, number, other)}"


def second_nearest(stored: Clustering, desk: Desk, content: ClusterContent, row: int) -> int:
    """The cluster, by number, that an image could as well be in: for one that people have moved, that it was moved out
    of; else the second nearest, among those the clustering gave. 0 where that is no more.
    """
    own, base, other = int(desk.group[row]), int(desk.base[row]), int(content.other[row])
    number = base if base != own else stored.summary.numbers[other] if other >= 0 else 0
    return number if number > 0 and number in desk.sizes and number != own else 0


def version_of(desk: Desk, *numbers: int) -> int:
    """What stands for the images that these clusters have: 0 for those that the clustering gave them."""
    states = [desk.state_of(number) for number in numbers]
    if not any(states):
        return 0
    return states[0] if len(states) == 1 else shortened("/".join(map(str, states)).encode())


def directions(
    workspace: Workspace,
    one: Embedding,
    stored: Clustering,
    desk: Desk,
    content: ClusterContent,
    asked: Question,
) -> list[np.ndarray]:
    """In which direction of the features each cluster of a question lies from the middle of all images: (d,) each.

    Where all images are one cluster, that is the direction of its middle itself.
    """
    if asked.version != version_of(desk, *asked.numbers):
        raise ExplainError("Images have been moved meanwhile. Look again.")
    for number in asked.numbers:
        if number not in desk.sizes or number <= 0:
            raise ExplainError(f"There is no cluster {number} any more. Choose one that is there.")
    centres = [_centre(workspace, one, stored, desk, content, number) for number in asked.numbers]
    if len(desk.sizes) == 1:
        return [centre.astype(np.float32) for centre in centres]
    sizes = np.bincount(content.labels[content.labels >= 0], minlength=len(content.centroids))
    middle = (content.centroids * (sizes / max(1, sizes.sum()))[:, None]).sum(axis=0)
    return [(centre - middle).astype(np.float32) for centre in centres]


def _centre(
    workspace: Workspace, one: Embedding, stored: Clustering, desk: Desk, content: ClusterContent, number: int
) -> np.ndarray:
    """The mean of a cluster's features at length one: (d,)."""
    if number not in desk.touched:
        centre: np.ndarray = content.centroids[stored.summary.numbers.index(number)]
        return centre
    ids = desk.image_ids[desk.rows_of(number)]
    if len(ids) > _MOST_MEMBERS:
        ids = np.random.default_rng(0).choice(ids, _MOST_MEMBERS, replace=False)
    rows = read_rows(one)
    at = locate(workspace, one, rows).rows_of(ids)
    features = features_at(one, rows, at[at >= 0])
    if not len(features):
        raise ExplainError(f"No image of cluster {number} has a vector any more. Embed again.")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    mean: np.ndarray = (features / np.maximum(lengths, 1e-12)).mean(axis=0)
    return mean
