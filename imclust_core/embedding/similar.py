"""Exact neighbours by cosine, block by block, so that the whole matrix need not fit."""

from collections.abc import Iterable

import numpy as np


def nearest(
    blocks: Iterable[tuple[int, np.ndarray]], query: np.ndarray, limit: int, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The rows most like `query`: row numbers (k,) and cosines (k,), the most alike first.

    Parameters
    ----------
    blocks: pairs of the first row's number and features (n, d) of any float type. Rows of zeros are never near.
    query: (d,).
    allowed: (r,) bool, the rows that may be found; by default all.
    """
    unit = query.astype(np.float32) / max(float(np.linalg.norm(query.astype(np.float32))), 1e-12)
    rows, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
    for first, block in blocks:
        features = block.astype(np.float32)
        norms = np.linalg.norm(features, axis=1)
        found = np.where(norms > 0, features @ unit / np.maximum(norms, 1e-12), -2.0).astype(np.float32)
        wanted = norms > 0
        if allowed is not None:
            wanted &= allowed[first : first + len(block)]
        rows = np.concatenate([rows, first + np.flatnonzero(wanted)])
        cosines = np.concatenate([cosines, found[wanted]])
        if len(rows) > limit:
            keep = np.argsort(-cosines, kind="stable")[:limit]
            rows, cosines = rows[keep], cosines[keep]
    order = np.argsort(-cosines, kind="stable")[:limit]
    return rows[order], cosines[order]
