"""imclust's core: everything the dashboard does, usable from a notebook or a script."""

from imclust_core.config import VERSION
from imclust_core.errors import ImageProblem, ImclustError
from imclust_core.images.inspecting import Facts, inspect_file
from imclust_core.images.opening import OpenedImage, open_image
from imclust_core.images.samples import make_samples
from imclust_core.images.walking import Found, walk
from imclust_core.jobs.scan import scan
from imclust_core.notebook import OpenedCollection, OpenedEmbedding, open_collection
from imclust_core.store.workspace import Workspace

__version__ = VERSION

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
    "inspect_file",
    "make_samples",
    "open_collection",
    "open_image",
    "scan",
    "walk",
]
