"""A network ready to embed with: features are what goes into its last linear layer, labels what comes out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from imclust_core.backbones.classes import ClassName, named_classes, numbered_classes
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.backbones.registry import BackboneSpec, find_backbone
from imclust_core.backbones.sources import SOURCES, Built
from imclust_core.backbones.weights import hash_of_weights, load_strictly, read_checkpoint, read_weights
from imclust_core.errors import BackboneError
from imclust_core.names import shown

Tell = Callable[[str], None]

_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Backbone:
    """A loaded network, split before its last linear layer.

    trunk: pixels (b, 3, size, size), normalised -> features (b, dim). head: features -> logits (b, classes), or
    None where the network has no words. weights: hash of all tensors. origin: where they came from, in words.
    architecture: what the tensors mean; for a checkpoint, the network it is of.
    """

    spec: BackboneSpec
    trunk: nn.Module
    head: nn.Linear | None
    dim: int
    preprocessing: Preprocessing
    classes: tuple[ClassName, ...] = field(repr=False)
    weights: str
    origin: str
    random: bool
    architecture: str


def load_backbone(
    name: str, *, weights: Path | None = None, random: bool = False, seed: int = 0, tell: Tell = lambda _message: None
) -> Backbone:
    """Load a network by name, in eval mode on the CPU.

    Parameters
    ----------
    weights: a local state dict to load instead of the published weights.
    random: leave it untrained, the same for the same `seed`; for tests and benchmarks.
    tell: called with a line of text while something is downloaded.
    """
    spec = find_backbone(name)
    if random + (weights is not None) + (spec.source == "checkpoint") > 1:
        raise BackboneError("A checkpoint, a file of weights and random weights exclude each other. Give one of them.")
    inner = spec
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if spec.source == "checkpoint":
            built, origin, inner = _from_checkpoint(spec)
        elif random:
            built, origin = SOURCES[spec.source].untrained(spec), f"random weights, seed {seed}"
        elif weights is not None:
            built = SOURCES[spec.source].untrained(spec)
            built = _with_state(built, read_weights(weights), shown(Path(weights.name)))
            origin = f"file {shown(Path(weights.name))}"
        else:
            built = SOURCES[spec.source].pretrained(spec, tell)
            origin = built.origin
    return _split(spec, built, origin, random, f"{inner.source}:{inner.architecture}")


def squashed(backbone: Backbone) -> Backbone:
    """The network with whole pictures scaled to 224 x 224; BackboneError where it takes one size only."""
    preprocessing = backbone.preprocessing.squashed()
    try:
        with torch.no_grad():
            backbone.trunk(torch.zeros(1, 3, preprocessing.size, preprocessing.size))
    except Exception as error:  # networks with positions say so in as many ways as there are
        raise BackboneError(
            f"{backbone.spec.name} takes pictures of one size only, {backbone.preprocessing.size} pixels a side. "
            "Choose its own preprocessing instead of squash."
        ) from error
    return replace(backbone, preprocessing=preprocessing)


def _from_checkpoint(spec: BackboneSpec) -> tuple[Built, str, BackboneSpec]:
    path = Path(spec.architecture)
    checkpoint = read_checkpoint(path)
    inner = find_backbone(checkpoint.architecture)
    if inner.source == "checkpoint":
        raise BackboneError(f"{path.name} names another checkpoint as its architecture. Expected a network's name.")
    built = _with_state(SOURCES[inner.source].untrained(inner), checkpoint.state, shown(Path(path.name)))
    if checkpoint.classes:
        built = replace(built, classes=named_classes(checkpoint.classes))
    return built, f"checkpoint {shown(Path(path.name))} ({inner.title})", inner


def _with_state(built: Built, state: dict[str, Tensor], source: str) -> Built:
    """Load a state dict; a head with another number of classes gets numbered names."""
    path = head_path(built.model)
    if path is not None and f"{path}.weight" in state:
        head = built.model.get_submodule(path)
        rows = len(state[f"{path}.weight"]) if state[f"{path}.weight"].ndim == 2 else 0
        if isinstance(head, nn.Linear) and rows not in (0, head.out_features) and rows <= _MOST_CLASSES:
            _put(built.model, path, nn.Linear(head.in_features, rows))
            built = replace(built, classes=numbered_classes(rows))
    load_strictly(built.model, state, source)
    return built


def head_path(model: nn.Module) -> str | None:
    """The name of the linear layer that turns features into classes, or None where there is none."""
    get = getattr(model, "get_classifier", None)  # timm's way; it may be no single linear layer
    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if get is not None:
        head = get()
        return next((name for name, module in linear if module is head), None)
    return linear[-1][0] if linear else None


def _put(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)


def _split(spec: BackboneSpec, built: Built, origin: str, random: bool, architecture: str) -> Backbone:
    model = built.model.eval().requires_grad_(False)
    weights = hash_of_weights(model)
    path = head_path(model)
    head = model.get_submodule(path) if path is not None and built.classes else None
    if path is not None:
        _put(model, path, nn.Identity().eval())
    elif callable(reset := getattr(model, "reset_classifier", None)):
        reset(0)
    if isinstance(head, nn.Linear) and len(built.classes) != head.out_features:
        raise BackboneError(
            f"{spec.name} has {head.out_features} classes and {len(built.classes)} names for them. Give as many names."
        )
    size = built.preprocessing.size
    with torch.no_grad():
        shape = tuple(model(torch.zeros(1, 3, size, size)).shape)
    if len(shape) != 2:
        raise BackboneError(
            f"{spec.name} gives features of the shape {shape[1:]}, not one vector. Choose another network."
        )
    linear = head if isinstance(head, nn.Linear) else None
    classes = built.classes if linear is not None else ()
    return Backbone(spec, model, linear, shape[1], built.preprocessing, classes, weights, origin, random, architecture)
