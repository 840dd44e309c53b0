"""Vectors on disk: a manifest says which image each row is, sealed shards hold the rows. Files only, no SQL.

    <embedding>/segments/0000/manifest.npy   image id, content hash, end of the path in paths.npy
    <embedding>/segments/0000/paths.npy      the paths, one after the other
    <embedding>/segments/0000/plan.json      how its rows are cut into shards and batches
    <embedding>/shards/0000-00003/           features.npy, labels.npy, seal.json

A segment is written once, when there are images that have no row yet; images that come later get a segment of
their own. A shard appears by one rename, whole: what is not there is computed, what is there never again.
"""

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from imclust_core.errors import EmbeddingError, WorkspaceFull
from imclust_core.names import shown
from imclust_core.store.database import sync_folder, write_atomically

TOP = 5
FAILED = 1

MANIFEST = np.dtype([("image", "<i8"), ("hash", "S16"), ("end", "<i8")])
ROW = np.dtype([("state", "u1"), ("label", "<i4", (TOP,)), ("probability", "<f4", (TOP,))])
"""What is kept of each row beside its features: state 0 or FAILED; labels are class numbers, -1 for none."""


@dataclass(frozen=True)
class Plan:
    """How a segment is worked through. It stays as it was made, so that a resumed run gives the same numbers."""

    rows: int
    shard_rows: int
    batch: int
    compiled: bool

    @property
    def shards(self) -> int:
        return -(-self.rows // self.shard_rows)

    def span(self, shard: int) -> tuple[int, int]:
        """The first row of a shard, and the one after its last."""
        return shard * self.shard_rows, min(self.rows, (shard + 1) * self.shard_rows)


@dataclass(frozen=True)
class Segment:
    """The images of one run: `manifest` (rows of MANIFEST) and their paths."""

    number: int
    manifest: np.ndarray
    paths: np.ndarray
    plan: Plan

    def path(self, row: int) -> bytes:
        """The path of a row's image, relative to the collection's folder."""
        start = int(self.manifest["end"][row - 1]) if row else 0
        return self.paths[start : int(self.manifest["end"][row])].tobytes()


@dataclass(frozen=True)
class Shard:
    """The rows of one shard: features (n, d) float16, labels (n,) of ROW, and why some of them failed."""

    features: np.ndarray
    labels: np.ndarray
    failed: dict[int, tuple[str, str]]


def write_segment(folder: Path, number: int, images: Iterable[tuple[int, bytes, bytes]], plan: Plan) -> Segment:
    """Write the manifest of new images (id, content hash, path); it is there whole or not at all."""
    rows = list(images)
    manifest = np.zeros(len(rows), MANIFEST)
    manifest["image"] = [image for image, _, _ in rows]
    manifest["hash"] = [digest for _, digest, _ in rows]
    manifest["end"] = np.cumsum([len(path) for _, _, path in rows])
    paths = np.frombuffer(b"".join(path for _, _, path in rows), np.uint8)
    with _appearing(folder / "segments" / f"{number:04}") as temporary:
        _write_array(temporary / "manifest.npy", manifest)
        _write_array(temporary / "paths.npy", paths)
        write_atomically(temporary / "plan.json", json.dumps(asdict(plan)).encode())
    return Segment(number, manifest, paths, plan)


def segments_of(folder: Path) -> list[Segment]:
    """The segments of an embedding, in order."""
    found = []
    for number, path in enumerate(sorted((folder / "segments").glob("[0-9]*[0-9]"))):
        plan = Plan(**json.loads((path / "plan.json").read_bytes()))
        manifest = _read_array(path / "manifest.npy", MANIFEST, (plan.rows,))
        found.append(Segment(number, manifest, _read_array(path / "paths.npy", np.dtype("u1"), None), plan))
    return found


def shard_path(folder: Path, segment: int, shard: int) -> Path:
    """Where a shard is, once it is sealed."""
    return folder / "shards" / f"{segment:04}-{shard:05}"


def seal_shard(folder: Path, segment: int, shard: int, content: Shard) -> Path:
    """Write a shard whole, with the hashes of its files, and let it appear by one rename."""
    target = shard_path(folder, segment, shard)
    with _appearing(target) as temporary:
        hashes = {
            "features": _write_array(temporary / "features.npy", content.features),
            "labels": _write_array(temporary / "labels.npy", content.labels),
        }
        failed = {str(row): why for row, why in content.failed.items()}
        seal = {"rows": len(content.features), "hashes": hashes, "failed": failed}
        write_atomically(temporary / "seal.json", json.dumps(seal).encode())
    return target


def is_sealed(folder: Path, segment: int, shard: int) -> bool:
    """Whether a shard is there, and so whole."""
    return shard_path(folder, segment, shard).is_dir()


def read_labels(folder: Path, segment: Segment, shard: int) -> tuple[np.ndarray, dict[int, tuple[str, str]]]:
    """What is known of a sealed shard's rows beside their features, and the failures by row within the shard."""
    path, (start, stop) = shard_path(folder, segment.number, shard), segment.plan.span(shard)
    seal = json.loads((path / "seal.json").read_bytes())
    failed = {int(row): (str(why[0]), str(why[1])) for row, why in seal["failed"].items()}
    return _read_array(path / "labels.npy", ROW, (stop - start,)), failed


def read_features(folder: Path, segment: Segment, shard: int, dim: int) -> np.ndarray:
    """The features of a sealed shard: (n, dim) float16."""
    path, (start, stop) = shard_path(folder, segment.number, shard), segment.plan.span(shard)
    return _read_array(path / "features.npy", np.dtype("<f2"), (stop - start, dim))


def damage_of(folder: Path, segment: int, shard: int) -> str | None:
    """What is wrong with a sealed shard, by the hashes in its seal; None when it is as it was written."""
    path = shard_path(folder, segment, shard)
    try:
        seal = json.loads((path / "seal.json").read_bytes())
        for name, expected in seal["hashes"].items():
            if hashlib.blake2b((path / f"{name}.npy").read_bytes(), digest_size=16).hexdigest() != expected:
                return f"{name}.npy has changed since it was written"
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def clean_up(folder: Path) -> None:
    """Remove what a killed worker left half-written. Only while no other works on this embedding."""
    for leftover in [*folder.glob("segments/*.tmp-*"), *folder.glob("shards/*.tmp-*")]:
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `target` at the end; if somebody else was first, theirs stays."""
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}-{time.monotonic_ns()}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        sync_folder(temporary)
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        sync_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceFull(
                f"The disk of {shown(target.parent)} has no room left. What was embedded so far is kept; free some "
                "space and resume."
            ) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_array(path: Path, array: np.ndarray) -> str:
    """Write an array to the disk itself, and return the hash of the file."""
    with path.open("xb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _read_array(path: Path, dtype: np.dtype, shape: tuple[int, ...] | None) -> np.ndarray:
    """Read an array, never by memory map: a lost disk would end the process instead of raising."""
    try:
        array: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EmbeddingError(_DAMAGED.format(path=shown(path), why=type(error).__name__)) from error
    if array.dtype != dtype or (shape is not None and array.shape != shape):
        raise EmbeddingError(_DAMAGED.format(path=shown(path), why=f"{array.dtype} {array.shape}"))
    return array


_DAMAGED = (
    "A file of the embedding cannot be read ({path}: {why}). Remove the embedding and embed again; the images and "
    "everything else are untouched."
)
