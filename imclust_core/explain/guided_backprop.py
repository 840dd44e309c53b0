"""Guided backpropagation (Springenberg et al. 2014) without touching the network.

While the block runs, every rectifier that a network calls, as a module or as a function, sends back only what speaks
for the answer: of the gradients that its own slope lets through, those that are positive. ReLU6 lets through what lies
between 0 and 6. Smooth activations (SiLU, GELU) have no such rule and are left as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class Guided(TorchFunctionMode):
    """Use as `with Guided() as guided:` around the forward pass; `guided.met` tells afterwards how many there were.

    Gradients are taken after it, and are plain ones while `guided.plainly()` runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.met, self.guiding = 0, True

    @contextmanager
    def plainly(self) -> Iterator[None]:
        """Gradients as they are: Grad-CAM weighs a map by those, also where guided slopes are wanted beside it."""
        self.guiding = False
        try:
            yield
        finally:
            self.guiding = True

    def __torch_function__(
        self,
        called: Callable[..., Any],
        _types: object,
        given: tuple[Any, ...] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        highest = _highest(called, given, named or {})
        if highest is None:
            return called(*given, **(named or {}))
        self.met += 1
        inplace = called in _IN_PLACE or (named or {}).get("inplace", given[-1] is True if given else False)
        return _Rectifier.apply(given[0] if given else (named or {})["input"], highest, bool(inplace), self)


def has_rectifiers(trunk: nn.Module, size: int) -> bool:
    """Whether a network calls any rectifier on its way from pixels (b, 3, size, size) to features."""
    guide = Guided()
    with torch.no_grad(), guide:
        trunk(torch.zeros(1, 3, size, size, device=next(trunk.parameters()).device))
    return guide.met > 0


_RECTIFIERS: dict[Callable[..., Any], float] = {
    functional.relu: float("inf"),
    functional.relu_: float("inf"),
    torch.relu: float("inf"),
    torch.relu_: float("inf"),
    Tensor.relu: float("inf"),
    Tensor.relu_: float("inf"),
    functional.relu6: 6.0,
}
_IN_PLACE = (functional.relu_, torch.relu_, Tensor.relu_, functional.hardtanh_)


def _highest(called: Callable[..., Any], given: tuple[Any, ...], named: Mapping[str, Any]) -> float | None:
    """Above what a rectifier lets nothing through any more; None for whatever is no rectifier."""
    if called in (functional.hardtanh, functional.hardtanh_):  # of which ReLU6 is one
        low = named.get("min_val", given[1] if len(given) > 1 else -1.0)
        high = named.get("max_val", given[2] if len(given) > 2 else 1.0)
        return float(high) if low == 0 else None
    return _RECTIFIERS.get(called)


class _Rectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, highest: float, inplace: bool, guide: Guided) -> Tensor:
        ctx.guide, ctx.highest = guide, highest
        if inplace:  # whoever holds the tensor sees it change, as with the function this stands for
            ctx.mark_dirty(given)
        found = given.clamp_(0, highest) if inplace else given.clamp(0, highest)
        ctx.save_for_backward(found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (found,) = ctx.saved_tensors
        # One pass over memory, which is what this costs, where a mask of our own takes five.
        sent: Tensor = torch.ops.aten.hardtanh_backward(gradients[0], found, 0.0, ctx.highest)
        return sent.clamp_(min=0) if ctx.guide.guiding else sent, None, None, None
