"""A network made ready to be asked what it looks at, over and over: pixels as they are decoded in, maps out."""

import copy

import numpy as np
import torch
from torch import Tensor

from imclust_core.backbones.network import Backbone
from imclust_core.errors import ExplainError
from imclust_core.explain.guided import has_rectifiers
from imclust_core.explain.maps import Looked, look
from imclust_core.explain.places import Places, find_places
from imclust_core.explain.targets import Target


class Looker:
    """A network of its own for one thread, on the tensors of a backbone: what is hooked here is seen by nobody else.

    places: the layer for heat maps, or None where no layer has places. guided: whether its slopes can be guided.
    """

    def __init__(self, backbone: Backbone, device: str = "cpu") -> None:
        self.device = torch.device(device)
        # Moving a module to a device moves the tensors it shares, so there it has its own.
        shared = (*backbone.trunk.parameters(), *backbone.trunk.buffers()) if self.device.type == "cpu" else ()
        self.trunk = copy.deepcopy(backbone.trunk, {id(one): one for one in shared})
        self.places = self._places(backbone.preprocessing.size)
        self.guided = has_rectifiers(self.trunk, backbone.preprocessing.size)
        self.trunk.to(self.device)
        self.head = copy.deepcopy(backbone.head).to(self.device) if backbone.head is not None else None
        self.preprocessing = backbone.preprocessing
        statistics = (self.preprocessing.mean, self.preprocessing.std)
        mean, std = (torch.tensor(one, device=self.device).view(1, 3, 1, 1) for one in statistics)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def _places(self, size: int) -> Places | None:
        try:
            return find_places(self.trunk, size)
        except ExplainError:
            return None

    def pixels(self, decoded: np.ndarray) -> Tensor:
        """A batch (b, size, size, 3) of uint8 as the network takes it: (b, 3, size, size)."""
        given = torch.from_numpy(decoded).permute(0, 3, 1, 2).to(self.device, torch.float32)
        return given * self._scale + self._shift

    def __call__(
        self, decoded: np.ndarray, target: Target, *, heat: bool = True, average: bool = False, slopes: str = ""
    ) -> Looked:
        """Explain a target for a batch (b, size, size, 3) of uint8, as `look` does."""
        if heat and self.places is None:
            raise ExplainError(
                "No layer of this network has places that could be laid over a picture. Look at its gradients instead."
            )
        places = self.places if heat else None
        return look(self.trunk, self.head, self.pixels(decoded), target, places=places, average=average, slopes=slopes)
