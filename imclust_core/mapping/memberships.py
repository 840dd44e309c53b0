"""How much two rows belong together, as UMAP has it (McInnes, Healy, Melville 2018): neighbours to a sparse graph."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

_ROUNDS = 48
_LEAST = 1e-3
"""The least width of a row's surroundings, as a share of the mean distance to its neighbours."""
_APART = 5.0
_UNKNOWN = 1.0
"""How much a bond between rows of different names, and one of which a name is not known, is weakened: by e to this."""


def memberships(near: np.ndarray, away: np.ndarray, groups: np.ndarray | None = None) -> csr_matrix:
    """The weights of the bonds between n rows: (n, n), symmetric, from 0 to 1.

    near, away (n, k): the neighbours of each row, itself first. groups (n,): names as numbers, -1 for none; bonds
    across names become weak.
    """
    n, k = near.shape
    own = _own(away.astype(np.float64))
    rows = np.repeat(np.arange(n), k - 1)
    bonds = coo_matrix((own[:, 1:].ravel(), (rows, near[:, 1:].ravel())), shape=(n, n)).tocsr()
    bonds = _either(bonds)
    return bonds if groups is None else _by_name(bonds, groups)


def _own(away: np.ndarray) -> np.ndarray:
    """What each row's neighbours mean to it: 1 for the nearest, and in all as much as log2 of how many there are."""
    nearest = np.where(away > 0, away, np.inf).min(axis=1, keepdims=True)  # copies say nothing of a row's surroundings
    beyond = np.maximum(away - np.where(np.isfinite(nearest), nearest, 0), 0)
    wanted = np.log2(max(away.shape[1], 2))
    low, high, width = np.zeros(len(away)), np.full(len(away), np.inf), np.ones(len(away))
    for _ in range(_ROUNDS):
        too_wide = np.exp(-beyond[:, 1:] / width[:, None]).sum(axis=1) > wanted
        low, high = np.where(too_wide, low, width), np.where(too_wide, width, high)
        width = np.where(np.isinf(high), 2 * width, (low + np.minimum(high, 1e30)) / 2)
        width = np.minimum(width, 1e30)
    width = np.maximum(width, np.maximum(_LEAST * away.mean(axis=1), 1e-12))
    found: np.ndarray = np.exp(-beyond / width[:, None])
    return found


def _either(bonds: csr_matrix) -> csr_matrix:
    """What either of the two thinks of the bond: their probabilistic or."""
    other = bonds.T.tocsr()
    return (bonds + other - bonds.multiply(other)).tocsr()


def _by_name(bonds: csr_matrix, groups: np.ndarray) -> csr_matrix:
    pairs = bonds.tocoo()
    one, two = groups[pairs.row], groups[pairs.col]
    unknown = (one < 0) | (two < 0)
    weaker = np.where(unknown, np.exp(-_UNKNOWN), np.where(one == two, 1.0, np.exp(-_APART)))
    weak = coo_matrix((pairs.data * weaker, (pairs.row, pairs.col)), shape=bonds.shape).tocsr()
    strongest = np.asarray(weak.max(axis=1).todense()).ravel()
    scaled = weak.multiply(1 / np.maximum(strongest, 1e-12)[:, None]).tocsr()  # each row keeps one bond in full
    return _either(scaled)
