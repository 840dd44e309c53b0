"""Where a network looked, for many images in one pass: maps of class activation and gradients down to the pixels.

Arrays in and out. A network is what `load_backbone` gives: a trunk (pixels -> features) and, where it has words, a
head (features -> logits); neither is changed, nor is what it holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from imclust_core.errors import ExplainError
from imclust_core.explain.guided_backprop import Guided
from imclust_core.explain.target_layer import Places
from imclust_core.explain.targets import Target


@dataclass(frozen=True)
class Looked:
    """What a network looked at in n images.

    scores (n,): the target's. heat (n, h, w): where it is found, from 0 to 1, at the places of the layer; None if not
    asked for. slopes (n, size, size, 3): how the score changes with each pixel; None if not asked for. guided: whether
    the slopes are guided; a network without rectifiers has plain ones only.
    """

    scores: np.ndarray
    heat: np.ndarray | None
    slopes: np.ndarray | None
    guided: bool


def look(
    trunk: nn.Module,
    head: nn.Module | None,
    pixels: Tensor,
    target: Target,
    *,
    places: Places | None = None,
    average: bool = False,
    slopes: str = "",
) -> Looked:
    """Explain a target for a batch of normalised pixels (n, 3, size, size) in one forward pass.

    Parameters
    ----------
    places: the layer for a heat map, from `find_places`; None for none. Where the features are its mean, the map is
        exact (Zhou et al. 2016), of any target: the slope of the score by each feature is that feature's weight.
        Elsewhere it is Grad-CAM (Selvaraju et al. 2017).
    average: Grad-CAM also where the map could be exact, to compare.
    slopes: "plain" or "guided" for gradients at the pixels, or empty.
    """
    if slopes not in ("", "plain", "guided"):
        raise ExplainError(f"There are no slopes {slopes!r}. Expected plain, guided, or none.")
    if places is None and not slopes:
        raise ExplainError("Nothing was asked for. Ask for a heat map, for slopes, or for both.")
    given = pixels.detach().clone().requires_grad_(bool(slopes))
    guide = Guided()
    with torch.enable_grad(), _kept(trunk, places, cut=not slopes) as kept:
        if slopes == "guided":
            with guide:
                features = trunk(given)
        else:
            features = trunk(given)
        if not features.requires_grad:
            raise ExplainError("The features of this network do not depend on the layer that was given.")
        scores = target(features, head(features) if head is not None else None)
        heat = None
        if places is not None:
            with guide.plainly():
                heat = _heat(
                    places, kept[-1], features, scores, exact=places.pooled and not average, again=bool(slopes)
                )
        down = torch.autograd.grad(scores.sum(), given)[0] if slopes else None
    return Looked(
        _array(scores),
        None if heat is None else _array(heat),
        None if down is None else _array(down.permute(0, 2, 3, 1)),
        guide.met > 0,
    )


def _heat(places: Places, output: Tensor, features: Tensor, scores: Tensor, *, exact: bool, again: bool) -> Tensor:
    """The map (n, h, w), from 0 to 1."""
    cells = places.as_map(output)
    if exact:
        (weights,) = torch.autograd.grad(scores.sum(), features, retain_graph=True)
    else:
        (change,) = torch.autograd.grad(scores.sum(), output, retain_graph=again)
        weights = places.as_map(change).mean((2, 3))
    heat = torch.einsum("nchw,nc->nhw", cells.detach(), weights).clamp(min=0)
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=torch.finfo(heat.dtype).tiny)


@contextmanager
def _kept(trunk: nn.Module, places: Places | None, *, cut: bool) -> Iterator[list[Tensor]]:
    """The output of a layer while the block runs; cut: what lies below it need not be gone back through."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: object, output: Tensor) -> Tensor:
        # A copy, since some networks go on with the very tensor in place, which must not be a leaf then.
        kept.append(output.detach().requires_grad_().clone() if cut else output)
        return kept[-1]

    if places is None:
        yield kept
        return
    handle = trunk.get_submodule(places.name).register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def _array(values: Tensor) -> np.ndarray:
    return values.detach().float().cpu().numpy()
