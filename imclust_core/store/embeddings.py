"""Embeddings: which network described which collection, and how. All SQL about them is here; no torch.

The vectors themselves are files, see `imclust_core.store.shards`.
"""

import hashlib
import json
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from imclust_core.errors import EmbeddingError
from imclust_core.names import shown
from imclust_core.store.database import all_rows, made_of, one_row, write, write_atomically, writing
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label


@dataclass(frozen=True)
class Recipe:
    """All that decides what numbers come out; two embeddings of one recipe are one embedding.

    weights: hash of the network's tensors. classes: hash of its words. preprocessing: the fields of `Preprocessing`.
    dtype: fp32 or bf16. architecture: what the tensors mean.
    weights_file: the local file they came from, if any, to ask for the same again.
    """

    backbone: str
    title: str
    weights: str
    origin: str
    random: bool
    preprocess: str
    preprocessing: dict[str, Any]
    dtype: str
    dim: int
    architecture: str
    classes: str
    weights_file: str | None = None
    version: int = 1

    def fingerprint(self) -> str:
        """The hash of what matters: the same weights from another file are the same."""
        facts = asdict(self)
        for told in ("title", "origin", "backbone", "weights_file"):
            del facts[told]
        return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


def hash_of_classes(classes: Iterable[dict[str, Any]]) -> str:
    """The hash of a network's words."""
    return hashlib.blake2b(json.dumps(list(classes)).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class EmbeddingSummary:
    """What an embedding says of its collection, counted once at the end of a run.

    images: those with a vector. failed: reason -> images without one. labels: [class number, images] by top-1,
    the most frequent first. confidence: images by tenth of top-1 probability. unsure: [image id, class number,
    probability, content hash] of the least sure.
    """

    images: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    labels: list[tuple[int, int]] = field(default_factory=list)
    confidence: list[int] = field(default_factory=list)
    unsure: list[tuple[int, int, float, str]] = field(default_factory=list)
    seconds: float = 0.0
    images_per_s: float | None = None


@dataclass(frozen=True)
class Embedding:
    """One network's view of a collection."""

    id: str
    collection_id: str
    recipe: Recipe
    created_at: int
    finished_at: int | None
    summary: EmbeddingSummary | None
    folder: Path

    @property
    def title(self) -> str:
        """What a person calls it: the network, and what is out of the ordinary about it."""
        parts = [self.recipe.title]
        if self.recipe.random:
            parts.append("random weights")
        elif self.recipe.origin.startswith("file "):
            parts.append(self.recipe.origin.removeprefix("file "))
        if self.recipe.preprocess != "own":
            parts.append(self.recipe.preprocess)
        return " · ".join(parts)


def add_embedding(workspace: Workspace, collection_id: str, recipe: Recipe, classes: list[dict[str, Any]]) -> Embedding:
    """The collection's embedding of this recipe: a new one, or the one that is there."""
    found = find_embedding(workspace, collection_id, recipe.fingerprint())
    new = found.id if found is not None else secrets.token_hex(6)
    folder = workspace.embeddings / new
    folder.mkdir(parents=True, exist_ok=True)
    # Written each time: they are small, and may have been lost.
    write_atomically(folder / "recipe.json", json.dumps(asdict(recipe), indent=1).encode())
    write_atomically(folder / "classes.json", json.dumps(classes).encode())
    if found is not None:
        return found
    write(
        workspace.catalogue,
        "INSERT INTO embeddings (id, collection_id, fingerprint, recipe, created_at) VALUES (?, ?, ?, ?, ?)",
        *(new, collection_id, recipe.fingerprint(), json.dumps(asdict(recipe)), int(time.time())),
    )
    return embedding(workspace, new)


def find_embedding(workspace: Workspace, collection_id: str, fingerprint: str) -> Embedding | None:
    """The open embedding of a collection with this fingerprint, if there is one."""
    query = "SELECT * FROM embeddings WHERE collection_id = ? AND fingerprint = ? AND removed_at IS NULL"
    row = one_row(workspace.catalogue, query, collection_id, fingerprint)
    return _embedding(workspace, row) if row else None


def embeddings_of(workspace: Workspace, collection_id: str, *, finished: bool = True) -> list[Embedding]:
    """The embeddings of a collection, the newest first; by default those whose vectors are all there."""
    rows = all_rows(
        workspace.catalogue,
        "SELECT * FROM embeddings WHERE collection_id = ? AND removed_at IS NULL "
        "AND (finished_at IS NOT NULL OR NOT ?) ORDER BY number DESC",
        *(collection_id, finished),
    )
    return [_embedding(workspace, row) for row in rows]


def embedding(workspace: Workspace, embedding_id: str) -> Embedding:
    """One open embedding, or EmbeddingError."""
    row = one_row(workspace.catalogue, "SELECT * FROM embeddings WHERE id = ? AND removed_at IS NULL", embedding_id)
    if row is None:
        raise EmbeddingError(
            f"There is no embedding {embedding_id!r} here. It may have been removed. Choose another, or embed again."
        )
    return _embedding(workspace, row)


def named_embedding(workspace: Workspace, collection_id: str, name: str | None) -> Embedding:
    """The newest finished embedding, or the newest made with the backbone `name`, or the one whose id it is."""
    known = embeddings_of(workspace, collection_id)
    for one in known:
        if name is None or name in (one.id, one.recipe.backbone):
            return one
    there = ", ".join(dict.fromkeys(one.recipe.backbone for one in known)) or "none yet"
    raise EmbeddingError(
        f"This collection has no finished embedding {name or ''!r}. There are: {there}. Make one with: imclust embed"
    )


def finish_embedding(workspace: Workspace, embedding_id: str, summary: EmbeddingSummary) -> None:
    """Record that every image has its row, and what came out."""
    values = (int(time.time()), json.dumps(asdict(summary)), embedding_id)
    write(workspace.catalogue, "UPDATE embeddings SET finished_at = ?, summary = ? WHERE id = ?", *values)


def remove_embedding(workspace: Workspace, embedding_id: str) -> None:
    """Remove an embedding and its files; the images are untouched, and it can be made again."""
    gone = embedding(workspace, embedding_id)
    with writing(workspace.catalogue) as db:
        db.execute("UPDATE embeddings SET removed_at = ? WHERE id = ?", (int(time.time()), embedding_id))
        db.execute("DELETE FROM trees WHERE embedding_id = ?", (embedding_id,))
        db.execute("DELETE FROM evidence WHERE embedding_id = ?", (embedding_id,))
    shutil.rmtree(gone.folder, ignore_errors=True)


def room_in(one: Embedding, *names: str) -> Path:
    """A folder below an embedding's own, made where it is not there yet.

    EmbeddingError where the embedding was removed meanwhile: its folder must not come back for what nobody would list.
    """
    folder = one.folder
    try:
        for name in names:
            folder = folder / name
            folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise EmbeddingError("The embedding was removed meanwhile. Choose another, or embed again.") from None
    return folder


def classes_of(one: Embedding) -> list[dict[str, Any]]:
    """The classes of an embedding's network, in the order of its class numbers: name, wnid, synonyms, gloss."""
    try:
        found: list[dict[str, Any]] = json.loads((one.folder / "classes.json").read_bytes())
        if all(isinstance(entry[key], str) for entry in found for key in ("name", "wnid")) and all(
            isinstance(entry["synonyms"], list) for entry in found
        ):
            return [entry | {"name": _legible(entry["name"])} for entry in found]
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise EmbeddingError(
        f"The words of the embedding cannot be read ({shown(one.folder / 'classes.json')}). Embed again with the same "
        "network; that writes them anew and computes nothing twice."
    )


def _legible(name: str) -> str:
    """A name without what no screen can show, or what would turn the text beside it round."""
    return "".join(char if char.isprintable() else "?" for char in name)


def labels_of(one: Embedding) -> tuple[Label, ...]:
    """The classes of an embedding's network as what they are called."""
    return tuple(Label(entry["name"], tuple(entry["synonyms"]), entry["wnid"]) for entry in classes_of(one))


def class_names(one: Embedding) -> tuple[str, ...]:
    """The names of an embedding's classes, in the order of their numbers."""
    return tuple(str(entry["name"]) for entry in classes_of(one))


def _embedding(workspace: Workspace, row: sqlite3.Row) -> Embedding:
    summary = json.loads(row["summary"]) if row["summary"] else None
    if summary is not None:
        for name in ("labels", "unsure"):
            summary[name] = [tuple(entry) for entry in summary[name]]
    return made_of(
        Embedding,
        row,
        recipe=Recipe(**json.loads(row["recipe"])),
        summary=EmbeddingSummary(**summary) if summary is not None else None,
        folder=workspace.embeddings / row["id"],
    )
