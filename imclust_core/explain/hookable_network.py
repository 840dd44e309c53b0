"""A network of one's own, to hang hooks on: the modules are copies, and the tensors those of the network copied."""

import copy
import threading

import numpy as np
import torch
from torch import Tensor

from imclust_core.backbones.network import Backbone


class OwnNetwork:
    """The trunk of a backbone: what is hooked here is seen by nobody else. Threads that share one take turns."""

    def __init__(self, backbone: Backbone, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.turn = threading.Lock()
        # Moving a module to a device moves the tensors it shares, so there it has its own.
        shared = (*backbone.trunk.parameters(), *backbone.trunk.buffers()) if self.device.type == "cpu" else ()
        self.trunk = copy.deepcopy(backbone.trunk, {id(one): one for one in shared}).to(self.device)
        self.preprocessing = backbone.preprocessing
        statistics = (self.preprocessing.mean, self.preprocessing.std)
        mean, std = (torch.tensor(one, device=self.device).view(1, 3, 1, 1) for one in statistics)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def pixels(self, decoded: np.ndarray) -> Tensor:
        """A batch (b, size, size, 3) of uint8 as the network takes it: (b, 3, size, size)."""
        given = torch.from_numpy(decoded).permute(0, 3, 1, 2).to(self.device, torch.float32)
        return given * self._scale + self._shift
