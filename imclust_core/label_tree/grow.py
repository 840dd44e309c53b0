"""Making the tree of labels from their vectors."""

import numpy as np

from imclust_core.arrays.linkage import LINKAGES, METRICS, link, unit_rows
from imclust_core.errors import WordsError
from imclust_core.label_tree.leaf_order import leaf_order
from imclust_core.label_tree.tree import Tree

COUNT_POWER = 0.25
"""How much the number of a label's images counts in Ward's and average linkage: measured in bench/words.py."""


def grow(
    vectors: np.ndarray,
    images: np.ndarray,
    *,
    carried: np.ndarray | None = None,
    linkage: str = "ward",
    metric: str = "cosine",
    count_power: float = COUNT_POWER,
) -> Tree:
    """Make the tree of labels from their vectors.

    Parameters
    ----------
    vectors: (n, d), one for each label, n at least 1. images: (n,), how many images are at home in each.
    carried: (n,), how many images carry each label, if that is more; it is what weighs.
    count_power: a label weighs the number of its images to this power; 0 lets all weigh alike.
    """
    if linkage not in LINKAGES or metric not in METRICS:
        raise WordsError(
            f"There is no tree with {linkage!r} linkage on {metric!r} distances. Expected one of "
            f"{', '.join(LINKAGES)}, and one of {', '.join(METRICS)}."
        )
    if vectors.ndim != 2 or len(vectors) != len(images) or not len(vectors) or not np.isfinite(vectors).all():
        raise WordsError(
            f"A tree needs one finite vector for each of {len(images)} labels, at least one; it got {vectors.shape}."
        )
    weights = np.maximum(images if carried is None else carried, 1) ** float(count_power)
    children, heights = link(vectors, weights, linkage, metric)
    order = leaf_order(children, unit_rows(vectors) if metric == "cosine" else vectors)
    return Tree(children, heights, order, np.asarray(images, np.int64))
