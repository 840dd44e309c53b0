"""A network made ready to be asked what it looks at, over and over: pixels as they are decoded in, maps out."""

import copy

import numpy as np

from imclust_core.backbones.network import Backbone
from imclust_core.errors import ExplainError
from imclust_core.explain.cam import Looked, look
from imclust_core.explain.guided_backprop import has_rectifiers
from imclust_core.explain.hookable_network import OwnNetwork
from imclust_core.explain.target_layer import Places, find_places
from imclust_core.explain.targets import Target


class Looker(OwnNetwork):
    """What a backbone looks at.

    places: the layer for heat maps, or None where no layer has places. guided: whether its slopes can be guided. like:
    another one of the same backbone, from which both are taken.
    """

    def __init__(self, backbone: Backbone, device: str = "cpu", *, like: "Looker | None" = None) -> None:
        super().__init__(backbone, device)
        self.head = copy.deepcopy(backbone.head).to(self.device) if backbone.head is not None else None
        self.places: Places | None = like.places if like is not None else self._places()
        self.guided: bool = like.guided if like is not None else has_rectifiers(self.trunk, self.preprocessing.size)

    def _places(self) -> Places | None:
        try:
            return find_places(self.trunk, self.preprocessing.size)
        except ExplainError:
            return None

    def __call__(
        self, decoded: np.ndarray, target: Target, *, heat: bool = True, average: bool = False, slopes: str = ""
    ) -> Looked:
        """Explain a target for a batch (b, size, size, 3) of uint8, as `look` does."""
        if heat and self.places is None:
            raise ExplainError(
                "No layer of this network has places that could be laid over a picture. Look at its gradients instead."
            )
        places = self.places if heat else None
        given = self.pixels(decoded)
        with self.turn:
            return look(self.trunk, self.head, given, target, places=places, average=average, slopes=slopes)
