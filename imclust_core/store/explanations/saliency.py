"""What a network looked at, kept beside its embedding: a small file for each image, target and method. No torch.

Heat maps are kept at the places of the network's layer, slopes as a picture; whoever shows them lays them back over the
image. What is kept follows from the network, the image's content and the target, which names a state of its cluster: so
it is never out of date.
"""

import contextlib
import hashlib
import io
import json
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from imclust_core.errors import ExplainError
from imclust_core.store.database import arrays_in, packed, write_atomically
from imclust_core.store.embeddings import Embedding, room_in

HEATS = ("cam", "gradcam")
SLOPES = ("guided", "gradient")
METHODS = (*HEATS, *SLOPES)
"""Maps of class activation, exact where they can be; Grad-CAM in any case; guided slopes; plain ones."""
VERSION = 1
"""Raised when the same question gets another answer than before."""


@dataclass(frozen=True)
class Attention:
    """Where a network looks in each of k clusters, in the mean over some images of each.

    numbers (k,): of the clusters. versions (k,): the event after which each was as it was looked at, 0 for none.
    mean (k, h, w): heat from 0 to 1. border (k,): the share of it near the edges of pictures. images (k,): how many.
    """

    numbers: np.ndarray
    versions: np.ndarray
    mean: np.ndarray
    border: np.ndarray
    images: np.ndarray


@dataclass(frozen=True)
class Abilities:
    """How a network can be looked into. layer: where its heat maps are, or nothing where it has no such layer.

    exact: whether its maps are exact. guided: whether it has rectifiers, without which slopes are plain.
    """

    layer: str
    exact: bool
    guided: bool


def is_kept(one: Embedding, digest: bytes, target: str, method: str) -> bool:
    """Whether it was looked at, and what was found is kept."""
    try:
        found = _path(one, digest, target, method).stat()
        return stat.S_ISREG(found.st_mode) and found.st_size > 0  # a power cut may leave an empty file
    except OSError:
        return False


def write_heat(one: Embedding, digest: bytes, target: str, method: str, heat: np.ndarray) -> None:
    """Keep a heat map (h, w) of values from 0 to 1."""
    file = io.BytesIO()
    np.save(file, heat.astype(np.float16))
    _write(one, _path(one, digest, target, method), file.getvalue())


def read_heat(one: Embedding, digest: bytes, target: str, method: str) -> np.ndarray | None:
    """A heat map (h, w) float32, or None where there is none that can be read: then it is to be made again."""
    path = _path(one, digest, target, method)
    try:
        heat: np.ndarray = np.load(path, allow_pickle=False).astype(np.float32)
    except FileNotFoundError:
        return None
    except Exception:  # numpy raises almost anything at a damaged head, up to what Python's tokenizer has
        heat = np.zeros(0, np.float32)
    if heat.ndim == 2 and heat.size and np.isfinite(heat).all():
        return heat
    forget_look(one, digest, target, method)
    return None


def write_slopes(one: Embedding, digest: bytes, target: str, method: str, encoded: bytes) -> None:
    """Keep slopes as `encode_slopes` has them."""
    _write(one, _path(one, digest, target, method), encoded)


def read_slopes(one: Embedding, digest: bytes, target: str, method: str) -> bytes | None:
    """Slopes as `encode_slopes` has them, or None where there are none."""
    try:
        return _path(one, digest, target, method).read_bytes() or None
    except OSError:
        return None


def forget_look(one: Embedding, digest: bytes, target: str, method: str) -> None:
    """Let go of one that turned out to be damaged."""
    with contextlib.suppress(OSError):  # it is gone, or is no file of ours, or the folder may not be written to
        _path(one, digest, target, method).unlink()


def write_abilities(one: Embedding, found: Abilities) -> None:
    """Keep how the network of an embedding can be looked into."""
    _write(one, one.folder / _FOLDER / _ABILITIES, json.dumps(asdict(found)).encode())


def read_abilities(one: Embedding) -> Abilities | None:
    """How the network of an embedding can be looked into; None while nobody has looked."""
    try:
        found = json.loads((one.folder / _FOLDER / _ABILITIES).read_bytes())
        return Abilities(str(found["layer"]), bool(found["exact"]), bool(found["guided"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_attention(one: Embedding, clustering_id: str, found: Attention) -> None:
    """Keep where the network looks in the clusters of a clustering."""
    _write(one, _attention_path(one, clustering_id), packed(**asdict(found)))


def read_attention(one: Embedding, clustering_id: str) -> Attention | None:
    """Where the network looks in the clusters of a clustering; None while that is not known, or cannot be read."""
    try:
        found = Attention(**arrays_in(_attention_path(one, clustering_id)))
        return found if _is_sound(found) else None
    except Exception:  # it is damaged, or not there
        return None


def _is_sound(found: Attention) -> bool:
    k = len(found.numbers)
    same = all(part.shape == (k,) for part in (found.numbers, found.versions, found.border, found.images))
    whole = found.mean.ndim == 3 and found.mean.shape[0] == k and found.mean.size > 0
    return same and whole and bool(np.isfinite(found.mean).all() and np.isfinite(found.border).all())


def _attention_path(one: Embedding, clustering_id: str) -> Path:
    return one.folder / _FOLDER / f"attention-{clustering_id}.npz"


def _write(one: Embedding, path: Path, data: bytes) -> None:
    room_in(one, *path.relative_to(one.folder).parts[:-1])
    write_atomically(path, data, durable=False)  # what a power cut takes is made again


def _path(one: Embedding, digest: bytes, target: str, method: str) -> Path:
    if method not in METHODS:
        raise ExplainError(f"There is no method {method!r}. Expected one of: {', '.join(METHODS)}.")
    about = hashlib.blake2b(f"{VERSION} {target}".encode(), digest_size=8).hexdigest()
    kind = "npy" if method in HEATS else "jpg"
    return one.folder / _FOLDER / about / f"{digest.hex()}-{method}.{kind}"


_FOLDER = "looks"
_ABILITIES = "network.json"
