"""What is asked of a network: one number for each image of a batch, of which the reasons are then looked for.

A new question is one class here. Each takes features (b, dim) and logits (b, classes), None where the network has no
words, and gives scores (b,) that can be differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from imclust_core.errors import ExplainError

Target = Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class OfClass:
    """How much a network takes an image for one of its classes: the logit."""

    number: int

    def __call__(self, _features: Tensor, logits: Tensor | None) -> Tensor:
        words = _words(logits)
        if not 0 <= self.number < words.shape[1]:
            raise ExplainError(
                f"The network has the classes 0 to {words.shape[1] - 1}, and none of the number {self.number}."
            )
        return words[:, self.number]


@dataclass(frozen=True)
class OfBest:
    """The logit of the class that the network finds most probable for each image itself; rank 1 for the second."""

    rank: int = 0

    def __call__(self, _features: Tensor, logits: Tensor | None) -> Tensor:
        words = _words(logits)
        if not 0 <= self.rank < words.shape[1]:
            raise ExplainError(f"The network has {words.shape[1]} classes, so there is no place {self.rank + 1}.")
        return words.topk(self.rank + 1, dim=1).values[:, self.rank]


@dataclass(frozen=True)
class OfCluster:
    """How far an image goes in the direction in which a cluster differs from all images.

    direction: the cluster's centroid less the mean of all images, both means of features brought to length one and not
    brought to it again; (dim,), or one for each image (b, dim).
    """

    direction: np.ndarray

    def __call__(self, features: Tensor, _logits: Tensor | None) -> Tensor:
        return _along(features, self.direction)


@dataclass(frozen=True)
class OfContrast:
    """Why this cluster and not the other: how much farther an image goes in the one's direction than in the other's.

    direction, other: as for `OfCluster`; two centroids will do, since what is taken off both makes no difference.
    """

    direction: np.ndarray
    other: np.ndarray

    def __call__(self, features: Tensor, _logits: Tensor | None) -> Tensor:
        return _along(features, np.asarray(self.direction) - np.asarray(self.other))


def _words(logits: Tensor | None) -> Tensor:
    if logits is None:
        raise ExplainError("This network has no classes, so no class can be explained. Ask for a cluster instead.")
    return logits


def _along(features: Tensor, direction: np.ndarray) -> Tensor:
    """Linear, so that a map adds up to the score. The slope of a cosine is next to nothing for a typical image."""
    way = torch.as_tensor(np.asarray(direction, np.float32), device=features.device)
    if way.shape[-1] != features.shape[1]:
        raise ExplainError(
            f"The cluster has {way.shape[-1]} numbers and the features {features.shape[1]}: it is of another network."
        )
    return (features * way).sum(1)
