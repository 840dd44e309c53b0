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
from typing import Any

import numpy as np

from imclust_core.errors import EmbeddingError, WorkspaceFull
from imclust_core.names import shown
from imclust_core.store.database import sync_folder, write_atomically

TOP = 5
FAILED = 1

MANIFEST = np.dtype([("image", "<i8"), ("hash", "S16"), ("end", "<i8")])
ROW = np.dtype([("state", "u1"), ("label", "<i4", (TOP,)), ("probability", "<f4", (TOP,))])
"""What is kept of each row beside its features: state 0 or FAILED; labels are class numbers, -1 for none."""


def whole_hash(digest: np.bytes_) -> bytes:
    """A content hash of a manifest with the zero bytes at its end, which numpy leaves off."""
    return bytes(digest).ljust(16, b"\0")


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
    whole = sorted(path for path in (folder / "segments").glob("*") if path.name.isdigit())  # none half-written
    if [int(path.name) for path in whole] != list(range(len(whole))) or (not whole and any(folder.glob("shards/*"))):
        # Shards belong to the images of their segment: with one missing, rows would count as other images'.
        raise EmbeddingError(_DAMAGED.format(path=shown(folder / "segments"), why="a segment is missing"))
    for number, path in enumerate(whole):
        plan = Plan(**_read_json(path / "plan.json"))
        manifest = _read_array(path / "manifest.npy", MANIFEST, (plan.rows,))
        found.append(Segment(number, manifest, _read_array(path / "paths.npy", np.dtype("u1"), None), plan))
    return found


def shard_path(folder: Path, segment: int, shard: int) -> Path:
    """Where a shard is, once it is sealed."""
    return folder / "shards" / f"{segment:04}-{shard:05}"


def seal_shard(folder: Path, segment: int, shard: int, content: Shard) -> Path:
    """Write a shard whole, with the hashes of its files, and let it appear by one rename."""
    if not folder.is_dir():
        raise EmbeddingError("This embedding was removed while it was made. Embed again if you want it back.")
    target = shard_path(folder, segment, shard)
    with _appearing(target) as temporary:
        hashes = {
            "features": _write_array(temporary / "features.npy", content.features),
            "labels": _write_array(temporary / "labels.npy", content.labels),
        }
        failed = {str(row): why for row, why in content.failed.items()}
        sizes = {name: (temporary / f"{name}.npy").stat().st_size for name in hashes}
        seal = {"rows": len(content.features), "hashes": hashes, "sizes": sizes, "failed": failed}
        write_atomically(temporary / "seal.json", json.dumps(seal).encode())
    return target


def is_sealed(folder: Path, segment: int, shard: int) -> bool:
    """Whether a shard is there, and so whole."""
    return shard_path(folder, segment, shard).is_dir()


def read_labels(folder: Path, segment: Segment, shard: int) -> tuple[np.ndarray, dict[int, tuple[str, str]]]:
    """What is known of a sealed shard's rows beside their features, and the failures by row within the shard."""
    path, (start, stop) = shard_path(folder, segment.number, shard), segment.plan.span(shard)
    reasons: dict[str, list[str]] = _read_json(path / "seal.json")["failed"]
    failed = {int(row): (why[0], why[1]) for row, why in reasons.items()}
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
    """Remove what a killed worker left half-written, and shards of which a file is gone or cut short.

    They are computed again then. Only while no other works on this embedding.
    """
    for leftover in [*folder.glob("segments/*.tmp-*"), *folder.glob("shards/*.tmp-*")]:
        shutil.rmtree(leftover, ignore_errors=True)
    for shard in folder.glob("shards/*"):
        if shard.is_file():
            shard.unlink()
        elif not _is_whole(shard):
            shutil.rmtree(shard, ignore_errors=True)


def _is_whole(shard: Path) -> bool:
    try:
        seal = json.loads((shard / "seal.json").read_bytes())
        return isinstance(seal["failed"], dict) and all(
            (shard / f"{name}.npy").stat().st_size == size for name, size in seal["sizes"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


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
        # Not write_array, whose error on a full disk does not say that it is one.
        array = np.ascontiguousarray(array)
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.view(np.uint8).data if array.size else b"")
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


def _read_json(path: Path) -> dict[str, Any]:
    """What one of our own small files says."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EmbeddingError(_DAMAGED.format(path=shown(path), why=type(error).__name__)) from error
    if not isinstance(found, dict) or not {"failed", "rows"} & found.keys():
        raise EmbeddingError(_DAMAGED.format(path=shown(path), why="other content"))
    return found


_DAMAGED = (
    "A file of the embedding cannot be read ({path}: {why}). Remove the embedding and embed again; the images and "
    "everything else are untouched."
)
