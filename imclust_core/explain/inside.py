"""What a network has learned to see: its first kernels, its layers, and what excites their channels.

Arrays in and out; the network is looked at with hooks on a copy of its modules and stays as it is.
"""

from collections import Counter
from collections.abc import Callable
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from imclust_core.errors import ExplainError
from imclust_core.explain.hookable_network import OwnNetwork
from imclust_core.explain.layers import STORED, Layer
from imclust_core.explain.target_layer import Places, form_of

MOST_LAYERS = 220
"""A list that is longer than this helps nobody; normalisations, activations and the deepest parts are left out then."""

_BATCH = 2
"""Two images, so that what has one row for each window or for each token is not taken for an output for each image."""
_IDLE = ("Identity", "Dropout", "DropPath", "StochasticDepth")
"""The modules that do nothing in a network that is not in training."""


class Inside(OwnNetwork):
    """What there is to see inside a backbone."""

    def survey(self) -> tuple[np.ndarray | None, list[Layer]]:
        """The kernels of the first convolution (k, h, w, 3), None where there is none, and the layers as they run."""
        return survey(self.trunk, self.preprocessing.size)

    def maps(self, decoded: np.ndarray, layer: Layer) -> np.ndarray:
        """What a layer says at each place of a batch (b, size, size, 3) of uint8: (b, channels, side, side) float32."""
        with self.turn:
            found: np.ndarray = channels_at(self.trunk, self.pixels(decoded), layer).cpu().numpy()
        return found

    def peaks(self, decoded: np.ndarray, layer: Layer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each channel and image (b, channels): the most it says, at which place, row by row; and its mean."""
        with self.turn:
            maps = channels_at(self.trunk, self.pixels(decoded), layer).flatten(2)
        values, places = maps.max(2)
        return values.cpu().numpy(), places.cpu().numpy(), maps.mean(2).cpu().numpy()


def channels_at(trunk: nn.Module, pixels: Tensor, layer: Layer) -> Tensor:
    """The output of a layer for normalised pixels (b, 3, size, size) as (b, channels, side, side)."""
    try:
        module = trunk if layer.name == STORED else trunk.get_submodule(layer.name)
    except AttributeError:
        raise ExplainError(f"There is no layer {layer.name!r} in this network. Choose one of its own.") from None
    calls = 0

    def stop(_module: nn.Module, _given: object, output: Tensor) -> None:
        nonlocal calls
        calls += 1
        if calls == layer.calls:  # what comes after it is not needed, and might write over it
            raise _Reached(output)

    handle = module.register_forward_hook(stop)
    try:
        with torch.no_grad():
            trunk(pixels)
    except _Reached as reached:
        output = reached.output.detach().float()
    else:
        raise ExplainError(f"The network did not come to its layer {layer.name!r} this time. Choose another one.")
    finally:
        handle.remove()
    if layer.form == "vector":
        return output.reshape(len(output), -1, 1, 1)
    return Places(layer.name, layer.form, layer.skip, pooled=False).as_map(output)


class _Reached(Exception):
    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output


def survey(trunk: nn.Module, size: int) -> tuple[np.ndarray | None, list[Layer]]:
    """The kernels of the first convolution (k, h, w, 3) float32, or None, and the layers in the order they end."""
    seen = _Seen()
    handles = [module.register_forward_hook(seen.watch(name)) for name, module in trunk.named_modules()]
    try:
        with torch.no_grad():
            trunk(torch.zeros(_BATCH, 3, size, size, device=next(trunk.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    return seen.filters, _thinned(seen.layers(), trunk)


class _Seen:
    """What one pass met: each module with an output that can be shown, once, at the place where it ran last."""

    def __init__(self) -> None:
        self.filters: np.ndarray | None = None
        self._found: dict[str, tuple[nn.Module, tuple[int, ...], str, int]] = {}
        self._calls: Counter[str] = Counter()
        self._latest: tuple[str, Tensor | None, int] = ("", None, 0)

    def watch(self, name: str) -> Callable[..., None]:
        def note(module: nn.Module, _given: object, output: object) -> None:
            self._calls[name] += 1
            if self.filters is None and isinstance(module, nn.Conv2d) and module.in_channels == 3:
                self.filters = module.weight.detach().float().permute(0, 2, 3, 1).cpu().numpy().copy()
            if isinstance(output, Tensor) and not type(module).__name__.startswith(_IDLE):
                self._note(name, module, output)

        return note

    def _note(self, name: str, module: nn.Module, output: Tensor) -> None:
        shape = tuple(output.shape)
        form = _form(shape)
        if form is None:
            return
        before, last, version = self._latest
        # What is written in place is the same tensor and says something else.
        if output is last and output._version == version:
            inner = before.startswith(f"{name}." if name else "")
            if not inner or (name and isinstance(module, nn.Sequential)):
                return
            self._found.pop(before, None)  # a block is better known by its own name than by its last part's
        self._found.pop(name, None)
        self._found[name] = (module, shape[1:], *form)
        self._latest = (name, output, output._version)

    def layers(self) -> list[Layer]:
        return [
            Layer(
                name or STORED,
                _kind_of(module),
                shape,
                form,
                skip,
                self._calls[name],
                sum(one.numel() for one in module.parameters()),
            )
            for name, (module, shape, form, skip) in self._found.items()
        ]


def _form(shape: tuple[int, ...]) -> tuple[str, int] | None:
    """How channels and places lie in an output of this shape, and tokens to skip; None for what cannot be shown."""
    if len(shape) < 2 or shape[0] != _BATCH:
        return None
    return ("vector", 0) if prod(shape[1:]) == max(shape[1:]) else form_of(shape)


def _kind_of(module: nn.Module) -> str:
    if not isinstance(module, nn.Conv2d):
        return type(module).__name__
    parts = [f"Conv2d {module.kernel_size[0]} × {module.kernel_size[1]}"]
    if module.groups > 1:
        parts.append("depthwise" if module.groups == module.in_channels else f"{module.groups} groups")
    if module.stride[0] > 1:
        parts.append(f"every {module.stride[0]} pixels")
    return ", ".join(parts)


def _thinned(layers: list[Layer], trunk: nn.Module) -> list[Layer]:
    """The layers, without as many of the lesser ones as it takes to be a list one can read."""
    kinds = {name or STORED: type(module) for name, module in trunk.named_modules()}
    for is_lesser in (_is_norm, _is_activation):
        if len(layers) > MOST_LAYERS:
            layers = [one for one in layers if one.name == STORED or not is_lesser(kinds[one.name])]
    for depth in range(max(one.name.count(".") for one in layers), 0, -1):
        if len(layers) > MOST_LAYERS:
            layers = [one for one in layers if one.name.count(".") < depth]
    return layers


def _is_norm(kind: type) -> bool:
    return "Norm" in kind.__name__ and "Act" not in kind.__name__


def _is_activation(kind: type) -> bool:
    return kind.__module__.rpartition(".")[2].startswith("activation") and kind is not nn.MultiheadAttention
