"""What a person may ask of a job, checked before it is queued. No torch here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from imclust_core.arrays.linkage import LINKAGES, METRICS
from imclust_core.arrays.reduction import reduction_from
from imclust_core.backbones.preprocessing import MODES
from imclust_core.backbones.registry import find_backbone
from imclust_core.clustering.strategies import find_strategy
from imclust_core.config import named_file
from imclust_core.errors import BackboneError, ClusteringError, ImclustError, MapError, WordsError
from imclust_core.mapping.methods import find_method
from imclust_core.store.choices import Choice
from imclust_core.store.clusterings import ClusterRecipe
from imclust_core.store.maps import MapRecipe
from imclust_core.store.trees import TreeRecipe
from imclust_core.words.class_labels import TEXTS
from imclust_core.words.vectors import JOINED, check_vectors

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda")
DTYPES = (AUTO, "fp32", "bf16")


@dataclass(frozen=True)
class EmbedRequest:
    """What somebody asked for. The fields are those of the command line."""

    backbone: str = AUTO
    weights: str | None = None
    random_weights: bool = False
    preprocess: str = "own"
    device: str = AUTO
    dtype: str = AUTO


def _check_known(error: type[ImclustError], *asked: tuple[str, str, Sequence[str]]) -> None:
    """Raise the error for the first (what it is, value, values there are) whose value is none of them."""
    for what, value, allowed in asked:
        if value not in allowed:
            raise error(f"{value!r} is no {what}. Expected one of: {', '.join(allowed)}.")


def check_request(request: EmbedRequest) -> EmbedRequest:
    """The request with full names and paths; BackboneError for what cannot be."""
    _check_known(
        BackboneError,
        ("preprocessing", request.preprocess, MODES),
        ("device", request.device, DEVICES),
        ("dtype", request.dtype, DTYPES),
    )
    if request.backbone == AUTO and (request.weights or request.random_weights):
        raise BackboneError("Weights belong to one network. Name the backbone they are for.")
    if request.weights and request.random_weights:
        raise BackboneError("Random weights and a file of weights exclude each other. Give one of the two.")
    spec = find_backbone(request.backbone) if request.backbone != AUTO else None
    if spec is not None and spec.source == "checkpoint" and (request.weights or request.random_weights):
        raise BackboneError("A checkpoint brings its own weights. Leave out the other ones, or name a network.")
    name = spec.name if spec is not None else AUTO
    weights = None
    if request.weights:
        path = named_file(request.weights)
        if path is None:
            raise BackboneError(
                f"There is no file {request.weights!r} that may be read here. Give the full path of a file of "
                "weights, inside IMCLUST_ROOTS where that is set."
            )
        weights = str(path)
    return replace(request, backbone=name, weights=weights)


DEFAULT_TREE = TreeRecipe(JOINED, "phrase", "ward", "cosine", 1.0, 0.25)
"""The recipe that scored best in bench/words.py."""


def check_tree(recipe: TreeRecipe) -> TreeRecipe:
    """The recipe with full paths; WordsError for what cannot be."""
    _check_known(
        WordsError,
        ("label text", recipe.text, TEXTS),
        ("linkage", recipe.linkage, LINKAGES),
        ("metric", recipe.metric, METRICS),
    )
    if not 0 < recipe.least <= 1 or not 0 <= recipe.count_power <= 1:
        raise WordsError("Expected a least probability above 0 and up to 1, and a power of counts from 0 to 1.")
    return replace(recipe, vectors=check_vectors(recipe.vectors))


MOST_K = 5_000
"""More clusters than this can be made in Python, but neither shown nor compared in a reasonable time."""
DEFAULT_CLUSTERING = ClusterRecipe("pca:256", "spherical", 20)
"""The best in bench/quality.py of what takes a second. pca:50 is as good there, but may be too few for many kinds."""


def check_recipe(recipe: ClusterRecipe) -> None:
    """ClusteringError for a recipe that cannot be."""
    strategy = find_strategy(recipe.strategy)
    if not strategy.own_k and not (isinstance(recipe.k, int) and 1 <= recipe.k <= MOST_K):
        raise ClusteringError(f"K = {recipe.k} is not possible. Expected a whole number from 1 to {MOST_K:,}.")
    if not (isinstance(recipe.seed, int) and 0 <= recipe.seed < 2**31):
        raise ClusteringError(f"The seed {recipe.seed} is not possible. Expected a whole number from 0 to 2147483647.")
    reduction_from(str(recipe.reduce))


def check_clustering(recipe: ClusterRecipe, chosen: Choice | None = None) -> ClusterRecipe:
    """The recipe in the one form that the same clusters have; ClusteringError for what cannot be.

    chosen: the K settled on for this embedding; the word tree is then the one that was looked at, and with that very K
    also split and joined as it was there.
    """
    check_recipe(recipe)
    strategy = find_strategy(recipe.strategy)
    if strategy.by_words:
        return _cut_of_words(recipe, chosen)
    k = 0 if strategy.own_k else recipe.k
    return ClusterRecipe(str(reduction_from(recipe.reduce)), recipe.strategy, k, recipe.seed)


def _cut_of_words(recipe: ClusterRecipe, chosen: Choice | None) -> ClusterRecipe:
    tree, k, edits, tree_id = DEFAULT_TREE, recipe.k, "", None
    if chosen is not None and "recipe" in chosen.facts:
        tree = TreeRecipe(**json.loads(chosen.facts["recipe"]))
        if chosen.k == recipe.k and chosen.edits:
            k, edits, tree_id = chosen.facts.get("line", k), chosen.edits, chosen.tree_id
    words = json.dumps({"tree": asdict(check_tree(tree)), "edits": edits, "tree_id": tree_id}, sort_keys=True)
    return ClusterRecipe("none", recipe.strategy, k, 0, words)


def check_map(recipe: MapRecipe) -> MapRecipe:
    """The recipe; MapError for one that cannot be."""
    way = find_method(recipe.method)
    if recipe.names and not way.by_names:
        raise MapError(f"{way.title} cannot hold different names apart. Choose umap for that, or leave names out.")
    if not 0 <= recipe.seed < 2**31:
        raise MapError(f"The seed {recipe.seed} is not possible. Expected a whole number from 0 to 2147483647.")
    return recipe
