"""What cannot be clustered, said in words."""

import numpy as np

from imclust_core.arrays.chunks import pieces
from imclust_core.errors import ClusteringError


def check_points(points: np.ndarray) -> None:
    """ClusteringError unless the array is (n, d), not empty and finite."""
    if points.ndim != 2 or not points.size:
        raise ClusteringError(f"Expected rows of numbers, one for each image, and got shape {points.shape}.")
    bad = 0
    for where in pieces(*points.shape):
        bad += int((~np.isfinite(points[where])).any(axis=1).sum())
    if bad:
        raise ClusteringError(
            f"{bad:,} of {len(points):,} rows hold a number that is not finite (NaN or infinity). Leave these rows "
            "out, or embed their images again."
        )


def check_k(n: int, k: int) -> None:
    """ClusteringError for a K that n images cannot have."""
    if k < 1:
        raise ClusteringError(
            f"K = {k} is not possible. Expected a whole number from 1 to {n:,}, the images there are."
        )
    if k > n:
        raise ClusteringError(
            f"K = {k:,} is more than the {n:,} image{'s' if n != 1 else ''} there are. Choose a K of at most {n:,}."
        )
