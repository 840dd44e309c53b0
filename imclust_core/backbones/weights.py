"""Files of weights: read without running anything in them, checked against the network, told apart by content."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from imclust_core.errors import WeightsDamaged
from imclust_core.names import shown

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.")
_OLD_DENSENET = re.compile(r"(\.denselayer\d+\.(?:norm|conv))\.([12]\.)")
"""The published DenseNets were saved before torchvision renamed `norm.1` to `norm1`."""


@dataclass(frozen=True)
class Checkpoint:
    """A network of somebody's own: which architecture it is, its tensors, and its class names if it has any."""

    architecture: str
    state: dict[str, Tensor]
    classes: tuple[str, ...]


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in a file (.safetensors, or torch's own format), by name; WeightsDamaged where that fails."""
    return _tensors(path, _read(path))


def read_checkpoint(path: Path) -> Checkpoint:
    """A file that names its own architecture: {"architecture", "state_dict", "classes"?} in torch's format, or
    the same names in the header of a .safetensors file."""
    if path.suffix.lower() == ".safetensors":
        facts: Mapping[str, Any] = _safetensors_header(path)
        state = read_weights(path)
        classes = _parsed(facts.get("classes"))
    else:
        facts = _read(path)
        state = _tensors(path, facts)
        classes = facts.get("classes", [])
    architecture = facts.get("architecture")
    if not isinstance(architecture, str):
        raise WeightsDamaged(
            f"{shown(path)} does not say which network it is for. Save it as {{'architecture': 'resnet50', "
            "'state_dict': ...}, or name the network and give the file as its weights."
        )
    if not isinstance(classes, (list, tuple)) or not all(isinstance(one, str) for one in classes):
        raise WeightsDamaged(f"The classes in {shown(path)} are no list of names. Save them as ['cat', 'dog', ...].")
    return Checkpoint(architecture, state, tuple(classes))


def _parsed(text: str | None) -> Any:
    """What is written as JSON in a header, or None where it is no JSON."""
    try:
        return json.loads(text) if text else []
    except (ValueError, RecursionError):
        return None


def _read(path: Path) -> Any:
    if path.suffix.lower() == ".pt2":
        raise WeightsDamaged(
            f"{shown(path)} is an exported program, which could run code. Save the network's state_dict as "
            ".safetensors."
        )
    try:
        path.open("rb").close()  # the one that says plainly why not
        if path.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsDamaged(
            f"{shown(path)} cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error
    except Exception as error:  # each format has its own errors for a file that is cut short or is something else
        if re.search("GLOBAL|Unsupported class", str(error)):
            raise WeightsDamaged(
                f"{shown(path)} holds more than tensors, and opening it could run code in it. Save the network's "
                "state_dict as .safetensors, or with torch.save(model.state_dict(), ...)."
            ) from error
        size = path.stat().st_size if path.exists() else 0
        raise WeightsDamaged(
            f"{shown(path)} cannot be read as weights ({size:,} bytes). It may have been cut short while it was "
            "copied or downloaded: remove it and fetch or copy it again."
        ) from error


def _tensors(path: Path, content: Any) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content or not all(isinstance(one, Tensor) for one in content.values()):
        raise WeightsDamaged(
            f"{shown(path)} is no state dict. Expected names and tensors, as torch.save(model.state_dict(), ...) "
            "writes."
        )
    return {_without_prefix(str(name)): tensor for name, tensor in content.items()}


def _without_prefix(name: str) -> str:
    """A tensor's name as the network has it, whatever wrapper (data-parallel, compiled) it was saved from."""
    while name.startswith(_PREFIXES):
        name = name.partition(".")[2]
    return _OLD_DENSENET.sub(r"\1\2", name)


def _safetensors_header(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise WeightsDamaged(f"{shown(path)} cannot be read as safetensors. Fetch or copy it again.") from error


def load_strictly(model: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Put tensors into a network, every one of both; WeightsDamaged names the first that does not fit."""
    wanted = model.state_dict()
    missing, extra = [name for name in wanted if name not in state], [name for name in state if name not in wanted]
    # Counters of batches that normalisation layers have seen: older files lack them, and nothing here reads them.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has {extra[0]!r}, which the network lacks"
        raise WeightsDamaged(
            f"{source} does not fit the network: it {what} ({len(missing)} missing, {len(extra)} too many of "
            f"{len(wanted)} tensors). Choose the network the file was made for."
        )
    for name, tensor in state.items():
        if tensor.is_meta or tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
            raise WeightsDamaged(
                f"{source} does not hold plain numbers: {name!r} is a {tensor.dtype} tensor on {tensor.device.type}. "
                "Save the network's state_dict from a CPU or GPU, dense and not quantized."
            )
        if tensor.shape != wanted[name].shape:
            raise WeightsDamaged(
                f"{source} does not fit the network: {name!r} is {tuple(tensor.shape)} where "
                f"{tuple(wanted[name].shape)} was expected. Choose the network the file was made for."
            )
    model.load_state_dict(dict(state), strict=False)


def hash_of_weights(model: nn.Module) -> str:
    """A hash of all of a network's tensors: the same for the same weights, from whatever file they came."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
