"""Rows by their keys."""

import numpy as np


def found_by(wanted: np.ndarray, keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each wanted key, a hash or an id, the last of `rows` that bears it, or -1."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], wanted, side="right") - 1
    hit = (at >= 0) & (keys[order[np.maximum(at, 0)]] == wanted)
    return np.where(hit, rows[order[np.maximum(at, 0)]], -1)


def rows_among(wanted: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The place of each wanted key among others in whatever order, or -1."""
    return found_by(wanted, keys, np.arange(len(keys)))
