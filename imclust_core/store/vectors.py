"""From rows on disk to arrays: which row belongs to which image, and the matrix of a collection. No torch."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imclust_core.arrays.lookup import found_by
from imclust_core.images.reasons import TRANSIENT
from imclust_core.store.catalogue import contents
from imclust_core.store.database import write_atomically
from imclust_core.store.embeddings import Embedding
from imclust_core.store.shards import FAILED, ROW, Segment, is_sealed, read_features, read_labels, segments_of
from imclust_core.store.workspace import Workspace


@dataclass(frozen=True)
class Rows:
    """Every sealed row of an embedding, in the order of the manifest: hashes (r,) S16, labels (r,) of ROW.

    failed: row -> (reason, detail).
    """

    hashes: np.ndarray
    labels: np.ndarray
    failed: dict[int, tuple[str, str]]
    segments: list[Segment]


@dataclass(frozen=True)
class Located:
    """The images of a collection that have a vector: ids (n,), and their rows (n,); and why the others have none.

    missing: reason -> how many images; "waiting" for those that are not embedded yet.
    """

    image_ids: np.ndarray
    rows: np.ndarray
    missing: dict[str, int]

    def state(self, rows: Rows) -> str:
        """Which images these are, and their content: what is made of them hangs on it, and not on a mere rescan."""
        facts = self.image_ids.tobytes() + rows.hashes[self.rows].tobytes()
        return hashlib.blake2b(facts, digest_size=16).hexdigest()

    def rows_of(self, image_ids: np.ndarray) -> np.ndarray:
        """The row of each of these images (m,), or -1 where it has none."""
        return found_by(image_ids, self.image_ids, self.rows)


def read_rows(one: Embedding) -> Rows:
    """All sealed rows beside their features: about 60 bytes each. Rows of shards not sealed yet count as failed."""
    segments = segments_of(one.folder)
    hashes, labels, failed, first = [np.zeros(0, "S16")], [np.zeros(0, ROW)], {}, 0
    for segment in segments:
        hashes.append(segment.manifest["hash"])
        for shard in range(segment.plan.shards):
            start, stop = segment.plan.span(shard)
            if is_sealed(one.folder, segment.number, shard):
                some, why = read_labels(one.folder, segment, shard)
                failed.update({first + start + row: reason for row, reason in why.items()})
            else:
                some = np.zeros(stop - start, ROW)
                some["state"] = FAILED
                failed.update({first + row: ("waiting", "") for row in range(start, stop)})
            labels.append(some)
        first += segment.plan.rows
    return Rows(np.concatenate(hashes), np.concatenate(labels), failed, segments)


def locate(workspace: Workspace, one: Embedding, rows: Rows) -> Located:
    """Find the row of every usable image by its content: copies share one, changed files have a new one."""
    ids, wanted = contents(workspace, one.collection_id)
    good = np.flatnonzero(rows.labels["state"] == 0)
    found = found_by(wanted, rows.hashes[good], good)
    missing: dict[str, int] = {}
    if (found < 0).any():
        bad = np.flatnonzero(rows.labels["state"] != 0)
        for row in found_by(wanted[found < 0], rows.hashes[bad], bad):
            reason = rows.failed[int(row)][0] if row >= 0 else "waiting"
            missing[reason] = missing.get(reason, 0) + 1
    return Located(ids[found >= 0], found[found >= 0], missing)


def pending(workspace: Workspace, one: Embedding, rows: Rows) -> np.ndarray:
    """The ids of images to embed: one for each content that has no row, or whose failure may have passed."""
    ids, hashes = contents(workspace, one.collection_id)
    settled = np.ones(len(rows.hashes), bool)
    for row, (reason, _) in rows.failed.items():
        settled[row] = reason not in TRANSIENT
    _, first = np.unique(hashes, return_index=True)
    first.sort()
    done = found_by(hashes[first], rows.hashes[settled], np.flatnonzero(settled))
    return ids[first][done < 0]


def count_unseen(workspace: Workspace, one: Embedding) -> int:
    """How many images of the collection hold something this embedding has never met."""
    _, hashes = contents(workspace, one.collection_id)
    met = [segment.manifest["hash"] for segment in segments_of(one.folder)]
    return int((~np.isin(hashes, np.concatenate(met))).sum()) if met else len(hashes)


def feature_blocks(one: Embedding, rows: Rows) -> Iterator[tuple[int, np.ndarray]]:
    """The features shard by shard: the first row's number, and (n, d) float16. Nothing more is in memory."""
    for first, _, segment, shard in _sealed(one, rows):
        yield first, read_features(one.folder, segment, shard, one.recipe.dim)


def _sealed(one: Embedding, rows: Rows) -> Iterator[tuple[int, int, Segment, int]]:
    """The sealed shards in order: the number of the first row, of the one after the last, segment and shard."""
    before = 0
    for segment in rows.segments:
        for shard in range(segment.plan.shards):
            if is_sealed(one.folder, segment.number, shard):
                start, stop = segment.plan.span(shard)
                yield before + start, before + stop, segment, shard
        before += segment.plan.rows


def features_at(one: Embedding, rows: Rows, wanted: np.ndarray) -> np.ndarray:
    """The features of these rows, in this order: (n, d) float32. Only shards that hold one of them are read."""
    out = np.empty((len(wanted), one.recipe.dim), np.float32)
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    for first, stop, segment, shard in _sealed(one, rows):
        low, high = np.searchsorted(ordered, (first, stop))
        if low < high:
            block = read_features(one.folder, segment, shard, one.recipe.dim)
            out[order[low:high]] = block[ordered[low:high] - first]
    return out


def write_class_vectors(one: Embedding, vectors: np.ndarray) -> None:
    """Keep what the network's last layer holds for each class: (classes, d) float32."""
    _write(one.folder / _CLASS_VECTORS, vectors)


def read_class_vectors(one: Embedding) -> np.ndarray | None:
    """What the network's last layer holds for each class, or None where it was not kept or cannot be read."""
    return _read(one.folder / _CLASS_VECTORS)


def write_reduced(one: Embedding, name: str, points: np.ndarray) -> None:
    """Keep reduced features under a name that says how they were made; only the last few stay."""
    folder = one.folder / _REDUCED
    folder.mkdir(exist_ok=True)
    _write(folder / f"{_hashed(name)}.npy", points)
    for old in sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime)[:-_KEPT_REDUCED]:
        old.unlink(missing_ok=True)


def read_reduced(one: Embedding, name: str) -> np.ndarray | None:
    """The features kept under this name: (n, d), or None."""
    return _read(one.folder / _REDUCED / f"{_hashed(name)}.npy")


def _write(path: Path, vectors: np.ndarray) -> None:
    file = io.BytesIO()
    np.save(file, vectors.astype(np.float32))
    write_atomically(path, file.getvalue())


def _read(path: Path) -> np.ndarray | None:
    try:
        found: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None
    return found if found.ndim == 2 and found.dtype == np.float32 and np.isfinite(found).all() else None


def _hashed(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


_CLASS_VECTORS = "class_vectors.npy"
_REDUCED = "reduced"
_KEPT_REDUCED = 6
