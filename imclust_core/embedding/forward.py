"""One network on one device: pixels in, features and labels out. May be called from several threads at once."""

import copy
import logging
import re
import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from imclust_core.backbones.network import Backbone
from imclust_core.errors import EmbeddingError
from imclust_core.store.shards import TOP

log = logging.getLogger("imclust")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Outputs:
    """What a network says of b images: features (b, d) float32, labels (b, 5) int32, probabilities (b, 5) float32.

    Where it has fewer than five classes, or none, labels are -1 and probabilities 0.
    """

    features: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


class Forward:
    """A copy of a backbone on a device, in the dtype and memory layout it runs best in."""

    def __init__(self, backbone: Backbone, device: str, dtype: str, *, compiled: bool = False) -> None:
        self.device = torch.device(device)
        self._dtype = DTYPES[dtype]
        trunk = copy.deepcopy(backbone.trunk).to(self.device, self._dtype).to(memory_format=torch.channels_last)
        # freezing folds the weights into the compiled code, which is most of what compiling gains on a CPU
        self._plain = trunk
        self._trunk = torch.compile(trunk, options={"freezing": True}) if compiled else trunk
        self._head = copy.deepcopy(backbone.head).to(self.device) if backbone.head is not None else None
        statistics = (backbone.preprocessing.mean, backbone.preprocessing.std)
        mean, std = (torch.tensor(one, device=self.device).view(1, 3, 1, 1) for one in statistics)
        self._scale, self._shift = 1 / (255 * std), -mean / std
        self._lock = threading.Lock()
        on_gpu = self.device.type == "cuda"
        self._copies = torch.cuda.Stream(self.device) if on_gpu else None  # type: ignore[no-untyped-call]

    def __call__(self, pixels: np.ndarray) -> Outputs:
        """Describe a batch (b, size, size, 3) of uint8. Halves it for as long as the memory does not suffice."""
        try:
            return self.once(pixels)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if len(pixels) == 1:
                raise EmbeddingError(
                    f"One image alone needs more memory than {self.device} has free. Close what else uses it, choose a "
                    "smaller backbone, or give --device cpu."
                ) from None
        # Outside of the except block: the error keeps the tensors of the failed try alive.
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        half = len(pixels) // 2
        return joined([self(pixels[:half]), self(pixels[half:])])

    @torch.no_grad()
    def once(self, pixels: np.ndarray) -> Outputs:
        """Describe a batch as it is, or raise torch's error where the memory does not suffice."""
        batch = torch.from_numpy(pixels)
        if self._copies is None:
            return _outputs(self._network(batch))
        # The copy of one batch overlaps with the network on the one before: pinned memory, a stream of its own.
        pinned = batch.pin_memory()
        with self._lock:
            with torch.cuda.stream(self._copies):
                there = pinned.to(self.device, non_blocking=True)
            compute = torch.cuda.current_stream(self.device)
            compute.wait_stream(self._copies)
            there.record_stream(compute)
            results = self._network(there)
            back = [torch.empty(one.shape, dtype=one.dtype, pin_memory=True) for one in results]
            for target, result in zip(back, results, strict=True):
                target.copy_(result, non_blocking=True)
            finished = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            finished.record(compute)
        finished.synchronize()
        return _outputs(back)

    def _through(self, x: Tensor) -> Tensor:
        try:
            out: Tensor = self._trunk(x)
            return out
        except Exception as error:
            # Compiling happens at the first call, and needs a compiler that may be gone since it was planned.
            if self._trunk is self._plain or is_out_of_memory(error):
                raise
            log.warning("compiling failed, plain code runs: %s", error)
            self._trunk = self._plain
        return self._through(x)

    def _network(self, batch: Tensor) -> list[Tensor]:
        # (b, h, w, 3) seen as (b, 3, h, w) is the channels_last layout, without a copy.
        x = batch.permute(0, 3, 1, 2).to(self.device, torch.float32) * self._scale + self._shift
        features = self._through(x.to(self._dtype)).float()
        if self._head is None:
            return [features]
        probabilities = self._head(features).softmax(1)
        top = probabilities.topk(min(TOP, probabilities.shape[1]))
        return [features, top.indices.int(), top.values]


def _outputs(results: list[Tensor]) -> Outputs:
    features = results[0].numpy()
    labels = np.full((len(features), TOP), -1, np.int32)
    probabilities = np.zeros((len(features), TOP), np.float32)
    if len(results) > 1:
        found = results[1].shape[1]
        labels[:, :found], probabilities[:, :found] = results[1].numpy(), results[2].numpy()
    return Outputs(features, labels, probabilities)


def joined(parts: list[Outputs]) -> Outputs:
    """Outputs of consecutive batches as one."""
    return Outputs(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch ran out of memory; on a CPU it says so with a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or bool(
        re.search("out of memory|can't allocate memory", str(error))
    )
