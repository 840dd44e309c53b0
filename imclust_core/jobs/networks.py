"""The networks of the worker: loaded once, kept for the next job; and the words in their last layers."""

from collections.abc import Callable

import numpy as np

from imclust_core.backbones.network import Backbone, load_backbone, squashed
from imclust_core.backbones.registry import find_backbone, weights_path
from imclust_core.errors import WordsError
from imclust_core.names import expanded
from imclust_core.store.embeddings import Embedding
from imclust_core.store.vectors import read_class_vectors, write_class_vectors

_KEPT_WARM = 2
_warm: dict[tuple[object, ...], Backbone] = {}
"""The networks of the last jobs of this process, which is the worker: a second job need not load them again."""


def loaded(name: str, weights: str | None, random: bool, preprocess: str, tell: Callable[[str], None]) -> Backbone:
    """A network, as the last job left it or loaded now."""
    path = expanded(weights) if weights else None
    file = path or (None if random else weights_path(find_backbone(name)))
    stat = file.stat() if file is not None and file.exists() else None
    key = (name, weights, stat and (stat.st_mtime_ns, stat.st_size), random)
    if key not in _warm:
        while len(_warm) >= _KEPT_WARM:
            del _warm[next(iter(_warm))]
        _warm[key] = load_backbone(name, weights=path, random=random, tell=tell)
    backbone = _warm[key]
    if preprocess == "squash":
        return squashed(backbone)
    return backbone


def keep_class_vectors(one: Embedding, backbone: Backbone) -> None:
    """Keep the rows of a network's last layer beside its embedding: one direction for each of its words."""
    if backbone.head is not None and read_class_vectors(one) is None:
        write_class_vectors(one, backbone.head.weight.numpy())


def class_vectors(one: Embedding, tell: Callable[[str], None]) -> np.ndarray:
    """The rows of the last layer of an embedding's network, from the network itself: (classes, d)."""
    recipe = one.recipe
    tell(f"loading {recipe.title}")
    backbone = loaded(recipe.backbone, recipe.weights_file, recipe.random, "own", tell)
    if backbone.weights != recipe.weights or backbone.head is None:
        raise WordsError(
            f"{recipe.title} is here with other weights than this embedding was made with, so its words cannot be read "
            "from it. Embed again, or take the embedded word vectors."
        )
    keep_class_vectors(one, backbone)
    return backbone.head.weight.numpy()
