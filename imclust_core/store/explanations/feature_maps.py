"""What was found inside a network, kept beside its embedding; and which images excite a channel most. No torch.

Each answer is one .npz that appears whole. It follows from the network and the images alone, so it is never out of
date; the oldest go when there are too many, and what is gone or damaged is made again when somebody asks.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from imclust_core.explain.layers import Layer
from imclust_core.store.catalogue import ImageRow, images_by_id
from imclust_core.store.database import arrays_in, packed, write_atomically
from imclust_core.store.embeddings import Embedding, room_in
from imclust_core.store.shards import whole_hash
from imclust_core.store.vectors import feature_blocks, locate, read_rows
from imclust_core.store.workspace import Workspace

_FOLDER = "inside"
_SURVEY = "network.npz"
_MOST_BYTES = {"maps": 2**28, "peaks": 2**29}
_LARGEST = 65504.0  # of float16


@dataclass(frozen=True)
class Survey:
    """A network at a glance. filters: kernels of the first convolution (k, h, w, 3), or None where it has none."""

    filters: np.ndarray | None
    layers: tuple[Layer, ...]

    def layer(self, name: str) -> Layer | None:
        """The layer of this name, if the list has one."""
        return next((one for one in self.layers if one.name == name), None)


@dataclass(frozen=True)
class Peaks:
    """The most that each channel of a layer says of some images.

    ids (n,), hashes (n,) S16: the images, and what was in them. values (n, channels) float16. places (n, channels):
    where, counted row by row from the upper left of `Layer.side` times as many. means (n, channels) float16: over all
    places. of: images they were drawn from.
    """

    ids: np.ndarray
    hashes: np.ndarray
    values: np.ndarray
    places: np.ndarray
    means: np.ndarray
    of: int


@dataclass(frozen=True)
class Top:
    """The images that excite a channel most, the most excited first.

    ids (m,), values (m,); places (m,) and means (m,) as in `Peaks`, or None where a layer has no places. hashes (m,)
    S16: of their content. seen: images that were looked at. of: images there are. alike: whether a channel says the
    same of all of them, as a dead one does.
    """

    ids: np.ndarray
    values: np.ndarray
    places: np.ndarray | None
    means: np.ndarray | None
    hashes: np.ndarray
    seen: int
    of: int
    alike: bool


def write_survey(one: Embedding, found: Survey) -> None:
    """Keep the kernels and the list of layers."""
    filters = np.zeros((0, 1, 1, 3), np.float32) if found.filters is None else found.filters
    _write(one, _SURVEY, filters=filters, layers=np.array(json.dumps([asdict(layer) for layer in found.layers])))


def read_survey(one: Embedding) -> Survey | None:
    """The kernels and the list of layers, or None where they are to be made."""
    kept = _read(one, _SURVEY, "filters", "layers")
    if kept is None or kept["filters"].ndim != 4:
        return None
    try:
        layers = tuple(Layer(**{**facts, "shape": tuple(facts["shape"])}) for facts in json.loads(str(kept["layers"])))
    except (ValueError, TypeError, KeyError):
        return None
    return Survey(kept["filters"] if len(kept["filters"]) else None, layers) if layers else None


def write_maps(one: Embedding, layer: Layer, digest: bytes, maps: np.ndarray) -> None:
    """Keep what a layer says at each place of an image: maps (channels, side, side)."""
    _write(one, _maps_name(layer, digest), maps=_halved(maps))
    _prune(one, "maps")


def read_maps(one: Embedding, layer: Layer, digest: bytes) -> np.ndarray | None:
    """What a layer says at each place of an image (channels, side, side) float32, or None where it is to be made."""
    kept = _read(one, _maps_name(layer, digest), "maps")
    if kept is None or kept["maps"].shape != (layer.channels, layer.side, layer.side):
        return None
    return kept["maps"].astype(np.float32)


def write_peaks(one: Embedding, layer: Layer, found: Peaks) -> None:
    """Keep what a layer says of a sample of images."""
    places = found.places.astype(np.min_scalar_type(layer.side**2))
    kept = replace(found, values=_halved(found.values), places=places, means=_halved(found.means))
    _write(one, _peaks_name(one, layer), **vars(kept))
    _prune(one, "peaks")


def read_peaks(one: Embedding, layer: Layer) -> Peaks | None:
    """What a layer says of a sample of images, or None where nobody has looked since the embedding has grown."""
    kept = _read(one, _peaks_name(one, layer), *Peaks.__annotations__)
    if kept is None:
        return None
    of, shape = int(kept.pop("of")), (len(kept["ids"]), layer.channels)
    found = Peaks(**kept, of=of)
    sound = len(found.ids) and all(part.shape == shape for part in (found.values, found.places, found.means))
    return found if sound else None


def strongest(maps: np.ndarray, most: int) -> np.ndarray:
    """The channels (m,) of maps (c, h, w) that say most at any place; of equals, those that say more on the whole."""
    return np.lexsort((-maps.mean((1, 2)), -maps.max((1, 2))))[:most]


def top_sampled(layer: Layer, found: Peaks, channel: int, most: int) -> Top:
    """The images of a sample that excite a channel most, anywhere; of equals, those that do so at more places.

    Equals are no exception: a ReLU6 says 6 of all that excites it.
    """
    values, means = (part[:, channel].astype(np.float32) for part in (found.values, found.means))
    order = np.lexsort((-means, -values))[:most]
    return Top(
        found.ids[order],
        values[order],
        found.places[order, channel] if layer.side > 1 else None,
        means[order] if layer.side > 1 else None,
        found.hashes[order],
        len(values),
        found.of,
        bool(np.ptp(values) == 0 and np.ptp(means) == 0),
    )


def top_stored(workspace: Workspace, one: Embedding, channel: int, most: int) -> Top:
    """The images whose stored vector has most in this column, of all that have one; copies count once."""
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    column = np.zeros(len(rows.hashes), np.float32)
    for first, block in feature_blocks(one, rows):
        column[first : first + len(block)] = block[:, channel]
    there, first_of = np.unique(located.rows, return_index=True)
    values = column[there]
    order = np.argsort(-values, kind="stable")[:most]
    return Top(
        located.image_ids[first_of[order]],
        values[order],
        None,
        None,
        rows.hashes[there[order]],
        len(values),
        len(values),
        bool(not len(values) or np.ptp(values) == 0),
    )


def still_there(workspace: Workspace, one: Embedding, found: Top) -> list[ImageRow | None]:
    """The images of a `Top` in its order; None for those that went or changed since they were looked at."""
    rows = images_by_id(workspace, one.collection_id, found.ids.tolist())
    return [
        row if (row := rows.get(image)) is not None and row.state == "ok" and row.hash == whole_hash(content) else None
        for image, content in zip(found.ids.tolist(), found.hashes, strict=True)
    ]


def _halved(values: np.ndarray) -> np.ndarray:
    finite = np.nan_to_num(values, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    halved: np.ndarray = np.clip(finite, -_LARGEST, _LARGEST).astype(np.float16)
    return halved


def _maps_name(layer: Layer, digest: bytes) -> str:
    return f"maps-{_hashed(layer.name, digest.hex())}.npz"


def _peaks_name(one: Embedding, layer: Layer) -> str:
    return f"peaks-{_hashed(layer.name, str(one.finished_at))}.npz"


def _hashed(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _write(one: Embedding, name: str, **arrays: np.ndarray) -> None:
    path = room_in(one, _FOLDER) / name
    write_atomically(path, packed(**arrays), durable=False)  # what a power cut takes is made again


def _read(one: Embedding, name: str, *parts: str) -> dict[str, np.ndarray] | None:
    """These arrays of a file of ours, or None for a file that is not there or not whole."""
    try:
        return arrays_in(one.folder / _FOLDER / name, *parts)
    except Exception:
        return None


def _prune(one: Embedding, kind: str) -> None:
    """Let go of the oldest files of a kind that are too many; the newest always stays."""
    files = sorted((one.folder / _FOLDER).glob(f"{kind}-*.npz"), key=_age)
    total = sum(_size(path) for path in files)
    for path in files[:-1]:
        if total <= _MOST_BYTES[kind]:
            return
        total -= _size(path)
        path.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
