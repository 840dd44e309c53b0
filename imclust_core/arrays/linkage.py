"""Agglomerative clustering of vectors that carry weights: the nearest-neighbour chain, on one square matrix.

scipy's linkage knows no weights. With equal ones the results are the same, which a test holds.
"""

import numpy as np

LINKAGES = ("ward", "average", "complete", "single")
METRICS = ("cosine", "euclidean")


def link(vectors: np.ndarray, weights: np.ndarray, linkage: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Merge the nearest two until one is left.

    Parameters
    ----------
    vectors: (n, d), n at least 1. weights: (n,) above 0, how much each counts in Ward's and average linkage.
    metric: Ward's linkage needs distances in a plane, so on "cosine" it takes those of the unit vectors.

    Returns children (n - 1, 2) and heights (n - 1,), the lowest first. Nodes below n are the rows of `vectors`; node
    n + i is what merge i makes.
    """
    distances = distances_between(vectors, "unit" if (linkage, metric) == ("ward", "cosine") else metric)
    if linkage == "ward":
        np.square(distances, out=distances)
        for row, weight in enumerate(weights):  # by rows, since all at once takes three times the memory
            distances[row] *= 2 * weight * weights / (weight + weights)  # what a merge adds to the spread, twice
    np.fill_diagonal(distances, np.inf)
    pairs, heights = _chain(distances, weights.astype(np.float64), linkage)
    if linkage == "ward":
        heights = np.sqrt(np.maximum(heights, 0))
    return _numbered(pairs, heights)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """The same directions with length one: (n, d); rows of zeros stay."""
    found: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found


def distances_between(vectors: np.ndarray, metric: str) -> np.ndarray:
    """All distances, (n, n) float32: "cosine", "euclidean", or "unit" for the euclidean ones of unit vectors."""
    v = np.array(vectors, np.float32)
    # Far from the origin, products of rows would drown their differences.
    v = v - v.mean(axis=0) if metric == "euclidean" else unit_rows(v)
    out: np.ndarray = v @ v.T
    if metric == "cosine":
        np.subtract(1, out, out=out)
    else:
        squares = np.einsum("ij,ij->i", v, v)
        out *= -2
        out += squares
        out += squares[:, None]
    np.maximum(out, 0, out=out)
    if metric != "cosine":
        np.sqrt(out, out=out)
    np.fill_diagonal(out, 0)
    return out


def _chain(d: np.ndarray, sizes: np.ndarray, linkage: str) -> tuple[np.ndarray, np.ndarray]:
    """Merges as pairs of rows (the second stands for both from then on) and heights, in the order they were found."""
    n = len(d)
    gone = np.zeros(n, d.dtype)  # infinite for rows that were merged into others
    tops = np.zeros(n)  # how high the last merge of a row's group was
    pairs, heights = np.zeros((n - 1, 2), np.int64), np.zeros(n - 1)
    chain: list[int] = []
    for step in range(n - 1):
        if not chain:
            chain.append(int(gone.argmin()))
        while True:
            last = chain[-1]
            near = int((d[last] + gone).argmin())
            # The one before wins a tie, or the chain would go round in circles.
            if len(chain) > 1 and d[last, chain[-2]] <= d[last, near]:
                break
            chain.append(near)
        a, b = chain.pop(), chain.pop()
        height = d[a, b]
        if linkage == "ward":
            merged = (sizes[a] + sizes) * d[a] + (sizes[b] + sizes) * d[b] - sizes * height
            merged /= sizes[a] + sizes[b] + sizes
        elif linkage == "average":
            merged = (sizes[a] * d[a] + sizes[b] * d[b]) / (sizes[a] + sizes[b])
        else:
            merged = np.maximum(d[a], d[b]) if linkage == "complete" else np.minimum(d[a], d[b])
        merged[b] = np.inf
        d[b], d[:, b] = merged, merged
        gone[a] = np.inf
        sizes[b] += sizes[a]
        tops[b] = max(height, tops[a], tops[b])  # rounding can put a merge a hair below one that is part of it
        pairs[step], heights[step] = (a, b), tops[b]
    return pairs, heights


def _numbered(pairs: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same merges from the lowest up, with nodes numbered as they appear."""
    n = len(pairs) + 1
    order = np.argsort(heights, kind="stable")
    children = np.zeros((n - 1, 2), np.int64)
    node = np.arange(n)  # of the row that stands for a group
    for merge, at in enumerate(order):
        a, b = pairs[at]
        children[merge] = node[a], node[b]
        node[b] = n + merge
    return children, heights[order]
