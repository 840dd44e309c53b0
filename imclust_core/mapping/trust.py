"""How far a map can be trusted: whether those who are neighbours on it are neighbours indeed."""

import numpy as np

from imclust_core.arrays.chunks import chosen_rows
from imclust_core.arrays.linkage import unit_rows

NEIGHBOURS = 15
SAMPLE = 5_000


def trustworthiness(features: np.ndarray, places: np.ndarray, seed: int = 0) -> float | None:
    """From 0 to 1, among at most 5,000 rows by chance; None for fewer than four, and for rows all on one place.

    Of each row's 15 nearest on the map, those that are far in the features count against it, the farther the more
    (Venna and Kaski 2001). features (n, d) at any length, places (n, 2).
    """
    from sklearn.manifold import trustworthiness as measured  # a second to import

    some = chosen_rows(len(places), SAMPLE, seed)
    k = min(NEIGHBOURS, (len(some) - 1) // 2)
    if k < 1 or len(some) <= 3 or not np.ptp(places, axis=0).any():
        return None
    return round(float(measured(unit_rows(features[some].astype(np.float32)), places[some], n_neighbors=k)), 4)
