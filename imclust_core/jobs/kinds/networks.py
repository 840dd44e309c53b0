"""The networks of the worker: loaded once, kept for the next job; and the words in their last layers."""

import threading
from collections.abc import Callable

import numpy as np

from imclust_core.backbones.network import Backbone, load_backbone, squashed
from imclust_core.backbones.registry import find_backbone, weights_path
from imclust_core.errors import ExplainError, VectorsUnavailable, WordsError
from imclust_core.names import expanded
from imclust_core.recent import Recent
from imclust_core.store.embeddings import Embedding
from imclust_core.store.vectors import read_class_vectors, write_class_vectors

_warm: Recent[tuple[object, ...], Backbone] = Recent(2)
"""The networks of the last jobs of this process, which is the worker: a second job need not load them again."""
_one_at_a_time = threading.Lock()
"""Long and quick jobs may want a network at once."""


def loaded(name: str, weights: str | None, random: bool, preprocess: str, tell: Callable[[str], None]) -> Backbone:
    """A network, as the last job left it or loaded now."""
    path = expanded(weights) if weights else None
    file = path or (None if random else weights_path(find_backbone(name)))
    stat = file.stat() if file is not None and file.exists() else None
    key = (name, weights, stat and (stat.st_mtime_ns, stat.st_size), random)
    with _one_at_a_time:
        backbone = _warm.get_or_make(key, lambda: load_backbone(name, weights=path, random=random, tell=tell))
    return squashed(backbone) if preprocess == "squash" else backbone


def keep_class_vectors(one: Embedding, backbone: Backbone) -> None:
    """Keep the rows of a network's last layer beside its embedding: one direction for each of its words."""
    kept = read_class_vectors(one)
    if backbone.head is not None and (kept is None or len(kept) != len(backbone.classes)):
        write_class_vectors(one, backbone.head.weight.numpy())


def is_here(one: Embedding) -> bool:
    """Whether the weights an embedding was made with can be read without a download."""
    recipe = one.recipe
    return recipe.random or bool(recipe.weights_file) or weights_path(find_backbone(recipe.backbone)) is not None


def network_of(one: Embedding, tell: Callable[[str], None]) -> Backbone:
    """The very network that an embedding was made with, with its preprocessing; ExplainError where it is not here."""
    recipe = one.recipe
    if not is_here(one):
        raise ExplainError(
            f"The weights of {recipe.title} are not on this machine any more, so nobody can look into it. Put them "
            "back, or embed again."
        )
    tell(f"loading {recipe.title}")
    backbone = loaded(recipe.backbone, recipe.weights_file, recipe.random, recipe.preprocess, tell)
    if backbone.weights != recipe.weights:
        raise ExplainError(
            f"{recipe.title} is here with other weights than this embedding was made with. Put the old ones back, or "
            "embed again."
        )
    return backbone


def class_vectors(one: Embedding, tell: Callable[[str], None]) -> np.ndarray:
    """The rows of the last layer of an embedding's network, from the network itself: (classes, d)."""
    recipe = one.recipe
    if not is_here(one):
        raise VectorsUnavailable(
            f"The weights of {recipe.title} are not on this machine any more, and with them its words. Take WordNet's "
            "words under How the tree is made (--vectors embedded), or embed again."
        )
    tell(f"loading {recipe.title}")
    backbone = loaded(recipe.backbone, recipe.weights_file, recipe.random, "own", tell)
    if backbone.weights != recipe.weights or backbone.head is None:
        raise WordsError(
            f"{recipe.title} is here with other weights than this embedding was made with, so its words cannot be read "
            "from it. Embed again, or take the embedded word vectors."
        )
    keep_class_vectors(one, backbone)
    return backbone.head.weight.numpy()
