"""Where in a network its features still have places: the last layer whose output can be laid over the picture."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn

from imclust_core.errors import ExplainError

_FIRST_TOKENS = (0, 1, 2, 5)
"""Tokens before those of the picture: none, the class's, a distilled one too, or the class's and four registers."""


@dataclass(frozen=True)
class Places:
    """A layer of a trunk, and how its output is laid over the picture.

    name: of the module. kind: "first", (b, c, h, w); "last", (b, h, w, c); or "tokens", (b, skip + h * w, c).
    pooled: whether the network's features are the plain mean over all places, so that a map of class activation is
    exact and not a first approximation.
    """

    name: str
    kind: str
    skip: int
    pooled: bool

    def as_map(self, output: Tensor) -> Tensor:
        """The output of the layer as (b, c, h, w)."""
        if self.kind == "first":
            return output
        if self.kind == "tokens":
            output = output[:, self.skip :]
            side = isqrt(output.shape[1])
            output = output.reshape(len(output), side, side, -1)
        return output.permute(0, 3, 1, 2)


def find_places(trunk: nn.Module, size: int) -> Places:
    """The last layer with places, at all of which the features of a trunk depend on it; ExplainError if none has."""
    lot = torch.Generator().manual_seed(0)
    device = next(trunk.parameters()).device
    with torch.enable_grad():
        pixels = torch.rand(1, 3, size, size, generator=lot).to(device).requires_grad_()
        features, found = _run(trunk, pixels)
        # By lot, since the sum of what was normalised is the same for every picture, and depends on nothing.
        score = (features * torch.rand(features.shape, generator=lot).to(device)).sum()
        for name, kind, skip, output in reversed(found):
            (change,) = torch.autograd.grad(score, output, retain_graph=True, allow_unused=True)
            places = Places(name, kind, skip, pooled=False)
            # Behind the last block of a transformer only the token of the class counts, and the picture's have no say.
            if change is None or not places.as_map(change).abs().sum(1).gt(0).all():
                continue
            mean = places.as_map(output).mean((2, 3))
            pooled = mean.shape == features.shape and torch.allclose(mean, features, rtol=1e-4, atol=1e-5)
            return Places(name, kind, skip, pooled)
    raise ExplainError(
        "No layer of this network has places that could be laid over a picture. Plain gradients work with any network."
    )


def _run(trunk: nn.Module, pixels: Tensor) -> tuple[Tensor, list[tuple[str, str, int, Tensor]]]:
    """The features, and every layer whose output has places, in the order in which they end."""
    found: list[tuple[str, str, int, Tensor]] = []

    def watch(name: str) -> Callable[..., None]:
        def note(_module: nn.Module, _given: object, output: object) -> None:
            if isinstance(output, Tensor) and (form := form_of(tuple(output.shape))):
                found.append((name, *form, output))

        return note

    handles = [module.register_forward_hook(watch(name)) for name, module in trunk.named_modules() if name]
    try:
        return trunk(pixels), found
    finally:
        for handle in handles:
            handle.remove()


def form_of(shape: tuple[int, ...]) -> tuple[str, int] | None:
    """Where the channels of an output lie, as in `Places.kind`, and how many tokens to skip; None without places."""
    if len(shape) == 4 and shape[2] == shape[3] > 1:
        return "first", 0
    if len(shape) == 4 and shape[1] == shape[2] > 1:
        return "last", 0
    if len(shape) == 3:
        return next(
            (
                ("tokens", skip)
                for skip in _FIRST_TOKENS
                if shape[1] - skip > 1 and isqrt(shape[1] - skip) ** 2 == shape[1] - skip
            ),
            None,
        )
    return None
