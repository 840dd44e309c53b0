"""RAPIDS cuML, where it is installed beside a GPU: it needs no hundredth of the time. Never required."""

import importlib.util

import numpy as np
import torch

from imclust_core.mapping.umap import NEIGHBOURS, scattered


def is_here() -> bool:
    """Whether there is a GPU and cuML for it."""
    return torch.cuda.is_available() and importlib.util.find_spec("cuml") is not None


def umap(near: np.ndarray, away: np.ndarray, axes: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Places (n, 2) for n rows, as `imclust_core.mapping.umap.umap` takes and gives them."""
    from cuml.manifold import UMAP

    k = min(NEIGHBOURS, near.shape[1])
    known = (near[:, :k].astype(np.int64), away[:, :k].astype(np.float32))
    model = UMAP(n_neighbors=k, init=scattered(axes, seed), random_state=seed, output_type="numpy")
    return np.asarray(model.fit_transform(axes.astype(np.float32), knn_graph=known), np.float32)
