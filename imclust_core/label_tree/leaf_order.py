"""The order of a tree's leaves from left to right: like beside like.

scipy's optimal order takes ten seconds for a thousand leaves and grows with their cube. So the tree is ordered in
storeys of a few hundred branches, each optimally, by the means of the branches.
"""

import heapq

import numpy as np
from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering
from scipy.spatial.distance import pdist

_STOREY = 250


def leaf_order(children: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The leaves (n,) of the tree `children` (n - 1, 2) from left to right; vectors (n, d) say what is alike."""
    n = len(vectors)
    if n == 1:
        return np.zeros(1, np.int64)
    means, sizes = np.zeros((2 * n - 1, vectors.shape[1])), np.ones(2 * n - 1)
    means[:n] = vectors
    for merge, (a, b) in enumerate(children):
        sizes[n + merge] = sizes[a] + sizes[b]
        means[n + merge] = (sizes[a] * means[a] + sizes[b] * means[b]) / sizes[n + merge]
    ordered: list[int] = []
    waiting = [2 * n - 2]
    while waiting:
        node = waiting.pop()
        if node < n:
            ordered.append(node)
            continue
        tips = _ordered_tips(node, children, means)
        if ordered and _gap(means, ordered[-1], tips[-1]) < _gap(means, ordered[-1], tips[0]):
            tips.reverse()
        waiting.extend(reversed(tips))
    return np.array(ordered, np.int64)


def _gap(means: np.ndarray, a: int, b: int) -> float:
    return float(np.sum((means[a] - means[b]) ** 2))


def _ordered_tips(node: int, children: np.ndarray, means: np.ndarray) -> list[int]:
    """The branches of one storey below a node, in their optimal order."""
    n = len(children) + 1
    inner, highest = [], [-node]
    tips: list[int] = []
    while highest and len(highest) + len(tips) < _STOREY:
        one = -heapq.heappop(highest)
        if one < n:
            tips.append(one)
            continue
        inner.append(one)
        for child in children[one - n]:
            heapq.heappush(highest, -int(child))
    tips.extend(-one for one in highest)
    if len(tips) == 2:
        return tips
    inner.sort()
    place = {tip: index for index, tip in enumerate(tips)} | {one: len(tips) + index for index, one in enumerate(inner)}
    links = np.array(
        [[place[int(a)], place[int(b)], rank, 0] for rank, (a, b) in enumerate(children[np.array(inner) - n], 1)], float
    )
    for row, (a, b) in enumerate(links[:, :2].astype(int)):
        links[row, 3] = sum(1 if one < len(tips) else links[one - len(tips), 3] for one in (a, b))
    best = leaves_list(optimal_leaf_ordering(links, pdist(means[tips])))
    return [tips[index] for index in best]
