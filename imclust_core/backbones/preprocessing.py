"""From an upright RGB picture to the square of pixels a network was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from imclust_core.errors import BackboneError

MODES = ("own", "squash")
SQUASH_SIDE = 224

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes pixels for one network.

    size: side of the square that goes in. resize: what the picture's short side is scaled to before the square is
    cut from its middle; 0 scales the whole picture to the square, whatever its shape. mean, std: per channel, of
    values in 0..1. interpolation: bilinear, bicubic, nearest or lanczos.
    """

    size: int = 224
    resize: int = 256
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if self.interpolation not in _FILTERS:
            known = ", ".join(_FILTERS)
            raise BackboneError(f"{self.interpolation!r} is no way to resize. Expected one of: {known}.")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Preprocessing":
        """The preprocessing whose fields were kept as JSON, where tuples are lists."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
        }
        return cls(**fields)

    @property
    def at_least(self) -> int:
        """The pixels on the short side below which decoding may not go."""
        return self.resize or self.size

    def squashed(self) -> "Preprocessing":
        """The same without a crop: straight to 224 x 224."""
        return Preprocessing(SQUASH_SIDE, 0, self.mean, self.std, self.interpolation)

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a picture that goes in, in its own pixels: left, upper, right, lower."""
        if not self.resize:
            return (0.0, 0.0, float(width), float(height))
        side = min(width, height) * min(1.0, self.size / self.resize)
        left, upper = (width - side) / 2, (height - side) / 2
        return (left, upper, left + side, upper + side)

    def pixels(self, rgb: Image.Image) -> np.ndarray:
        """The square as (size, size, 3) uint8; not yet normalised, which is done where the network is."""
        small = rgb.resize((self.size, self.size), _FILTERS[self.interpolation], box=self.box(*rgb.size))
        return np.array(small)
