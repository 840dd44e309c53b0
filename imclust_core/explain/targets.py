"""What is asked of a network: one number for each image of a batch, of which the reasons are then looked for.

A new question is one class here. Each takes features (b, dim) and logits (b, classes), None where the network has no
words, and gives scores (b,) that can be differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

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
    """How like an image is to a cluster: the cosine of its features with the centroid (dim,), or one each (b, dim)."""

    centroid: np.ndarray

    def __call__(self, features: Tensor, _logits: Tensor | None) -> Tensor:
        return _likeness(features, self.centroid)


@dataclass(frozen=True)
class OfContrast:
    """Why this cluster and not the other: by how much an image is more like the one centroid than the other."""

    centroid: np.ndarray
    other: np.ndarray

    def __call__(self, features: Tensor, _logits: Tensor | None) -> Tensor:
        return _likeness(features, self.centroid) - _likeness(features, self.other)


def _words(logits: Tensor | None) -> Tensor:
    if logits is None:
        raise ExplainError("This network has no classes, so no class can be explained. Ask for a cluster instead.")
    return logits


def _likeness(features: Tensor, centroid: np.ndarray) -> Tensor:
    to = torch.as_tensor(np.asarray(centroid, np.float32), device=features.device)
    if to.shape[-1] != features.shape[1]:
        raise ExplainError(
            f"The centroid has {to.shape[-1]} numbers and the features {features.shape[1]}: it is of another network."
        )
    return functional.cosine_similarity(features, to.expand_as(features), dim=1)
