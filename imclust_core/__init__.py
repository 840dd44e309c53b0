"""imclust's core: everything the dashboard does, usable from a notebook or a script."""

import importlib
from typing import TYPE_CHECKING, Any

from imclust_core.config import VERSION
from imclust_core.errors import ImageProblem, ImclustError
from imclust_core.images.inspecting import Facts, inspect_file
from imclust_core.images.opening import OpenedImage, open_image
from imclust_core.images.samples import make_samples
from imclust_core.images.walking import Found, walk
from imclust_core.jobs.kinds.scan import scan
from imclust_core.notebook import OpenedCollection, OpenedEmbedding, open_collection
from imclust_core.store.workspace import Workspace

if TYPE_CHECKING:
    from imclust_core.clustering.distilled import distilled
    from imclust_core.clustering.kmeans import kmeans
    from imclust_core.clustering.sklearn_methods import average, dense, mixture, spectral, ward

__version__ = VERSION

_MODULES = {
    "kmeans": "kmeans",
    "distilled": "distilled",
    **dict.fromkeys(("average", "dense", "mixture", "spectral", "ward"), "sklearn_methods"),
}


def __getattr__(name: str) -> Any:
    """The clustering functions, imported when they are first asked for: torch takes seconds."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"imclust_core.clustering.{_MODULES[name]}"), name)


__all__ = [
    "Facts",
    "Found",
    "ImageProblem",
    "ImclustError",
    "OpenedCollection",
    "OpenedEmbedding",
    "OpenedImage",
    "Workspace",
    "__version__",
    "average",
    "dense",
    "distilled",
    "inspect_file",
    "kmeans",
    "make_samples",
    "mixture",
    "open_collection",
    "open_image",
    "scan",
    "spectral",
    "walk",
    "ward",
]
