"""Photographs that ship with libraries, ready for a network."""

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imclust_core import open_image
from imclust_core.backbones.network import Backbone
from imclust_core.images.samples import SOURCES as PHOTOGRAPHS


def photograph(name: str) -> Image.Image:
    package, path = PHOTOGRAPHS[name]
    return open_image((files(package) / path).read_bytes()).rgb


def as_tensor(backbone: Backbone, pixels: Sequence[np.ndarray]) -> Tensor:
    values = np.stack(pixels).astype(np.float32) / 255
    mean, std = (np.array(each, np.float32) for each in (backbone.preprocessing.mean, backbone.preprocessing.std))
    values = (values - mean) / std
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def normalised(backbone: Backbone, pictures: Sequence[Image.Image]) -> Tensor:
    return as_tensor(backbone, [backbone.preprocessing.pixels(one) for one in pictures])
