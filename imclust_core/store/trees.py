"""Trees of labels, and the evidence for K. All SQL about them is here; no scipy.

The arrays of a tree are one file in the folder of its embedding, and go with it.
"""

import hashlib
import io
import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imclust_core.choosing_k.curves import Curve, Evidence
from imclust_core.errors import WordsError
from imclust_core.label_tree.homes import Homes, leaves_of
from imclust_core.label_tree.tree import Tree
from imclust_core.names import shown
from imclust_core.store.collections import Collection
from imclust_core.store.database import arrays_in, one_row, write, write_atomically, writing
from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.vectors import locate, read_rows
from imclust_core.store.workspace import Workspace

VERSION = 1
"""Raised when the same recipe gives another tree than before: other vectors in the package, other names."""

EXAMPLES = 12
"""How many images are kept to stand for each label."""


@dataclass(frozen=True)
class TreeRecipe:
    """All that decides which tree is made of an embedding's labels.

    vectors: "network", "embedded", "network+embedded", "gensim:NAME" or a path. least: the probability from which a
    label other than an image's first counts; 1 for the first alone. count_power: how much a label's images weigh.
    """

    vectors: str
    text: str
    linkage: str
    metric: str
    least: float
    count_power: float

    def key(self) -> str:
        """The recipe as text, the same for the same recipe."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Missing:
    """A label that has no vector, and how many images carry it."""

    name: str
    images: int


@dataclass(frozen=True)
class StoredTree:
    """A tree of an embedding's labels, as it was made.

    without: labels that have no vector. unplaced: images at home in no leaf. evidence: what its words say.
    """

    id: str
    recipe: TreeRecipe
    labels: int
    images: int
    unplaced: int
    without: tuple[Missing, ...]
    evidence: Evidence
    path: Path


@dataclass(frozen=True)
class TreeContent:
    """The arrays of a stored tree: n leaves.

    tree: None where no label has a vector. classes (n,): the class number of each leaf. leaf_names: its label.
    names (2n - 1): a proposal for each node, or "". examples (n, EXAMPLES): image ids, the most probable first, or -1.
    """

    tree: Tree | None
    classes: np.ndarray
    leaf_names: tuple[str, ...]
    names: tuple[str, ...]
    examples: np.ndarray

    def name_of(self, node: int) -> str:
        """The name proposed for a branch; deep in a large tree, where none was, its two heaviest labels."""
        if self.names[node] or self.tree is None:
            return self.names[node]
        return ", ".join(self.leaf_names[leaf] for leaf in self.tree.heaviest(node)[:2])


def state_of(one: Embedding, source: Collection) -> str:
    """What the evidence hangs on: it is taken anew when images or vectors have come or gone."""
    return f"{one.finished_at}:{source.scanned_at}"


def tree_state(one: Embedding, source: Collection, recipe: TreeRecipe) -> str:
    """What a tree hangs on besides its recipe: also on the file of its vectors, and on how trees are made here."""
    try:
        facts = Path(recipe.vectors).stat() if Path(recipe.vectors).is_absolute() else None
    except OSError:
        facts = None  # it is gone, and making the tree says so
    file = f":{facts.st_size}:{facts.st_mtime_ns}" if facts else ""
    return f"{state_of(one, source)}:{VERSION}{file}"


def add_tree(
    workspace: Workspace,
    one: Embedding,
    recipe: TreeRecipe,
    state: str,
    content: TreeContent,
    *,
    images: int,
    without: tuple[Missing, ...],
    evidence: Evidence,
) -> str:
    """Keep a tree, and return its id: the same for the same content. Earlier states of it are forgotten."""
    packed = _packed(content)
    tree_id = hashlib.blake2b(packed + f"{one.id} {recipe.key()}".encode(), digest_size=6).hexdigest()
    folder = one.folder / "trees"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / f"{tree_id}.npz", packed)
    placed = int(content.tree.images.sum()) if content.tree is not None else 0
    summary = {
        "labels": len(content.classes),
        "images": images,
        "unplaced": images - placed,
        "without": [asdict(label) for label in without],
        "evidence": asdict(evidence),
    }
    with writing(workspace.catalogue) as db:
        before = db.execute(
            "SELECT id FROM trees WHERE embedding_id = ? AND recipe = ?", (one.id, recipe.key())
        ).fetchone()
        db.execute(
            "INSERT OR REPLACE INTO trees (id, embedding_id, recipe, state, summary, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (tree_id, one.id, recipe.key(), state, json.dumps(summary), int(time.time())),
        )
    if before is not None and before["id"] != tree_id:
        (folder / f"{before['id']}.npz").unlink(missing_ok=True)
    return tree_id


def find_tree(workspace: Workspace, one: Embedding, recipe: TreeRecipe, state: str) -> StoredTree | None:
    """The tree of this recipe for the embedding as it is now, if it was made."""
    query = "SELECT id, summary FROM trees WHERE embedding_id = ? AND recipe = ? AND state = ?"
    row = one_row(workspace.catalogue, query, one.id, recipe.key(), state)
    return _stored(row, one, recipe) if row is not None else None


def named_tree(workspace: Workspace, collection_id: str, tree_id: str) -> tuple[StoredTree, Embedding]:
    """A tree of a collection by its id, also one made before images came or went, and what it was made of."""
    row = one_row(workspace.catalogue, "SELECT id, summary, embedding_id, recipe FROM trees WHERE id = ?", tree_id)
    one = embedding(workspace, row["embedding_id"]) if row is not None else None
    if row is not None and one is not None and one.collection_id == collection_id:
        found = _stored(row, one, TreeRecipe(**json.loads(row["recipe"])))
        if found is not None:
            return found, one
    raise WordsError(
        f"There is no tree of labels {tree_id!r} of this collection any more: it was made anew, or its embedding was "
        "removed. Choose the branch again under 3 Choose K."
    )


def _stored(row: sqlite3.Row, one: Embedding, recipe: TreeRecipe) -> StoredTree | None:
    path = one.folder / "trees" / f"{row['id']}.npz"
    if not path.is_file():
        return None  # somebody cleared it away; it is made again
    summary = json.loads(row["summary"])
    summary["without"] = tuple(Missing(**label) for label in summary["without"])
    summary["evidence"] = evidence_from(summary["evidence"])
    return StoredTree(row["id"], recipe, path=path, **summary)


def read_tree(stored: StoredTree) -> TreeContent:
    """The arrays of a tree; a file that cannot be read is removed, so that the tree is made again."""
    try:
        file = arrays_in(stored.path)
        classes, images = file["classes"], file["images"]
        leaf_names, names = (tuple(json.loads(file[texts].tobytes())) for texts in ("leaf_names", "names"))
        tree = Tree(file["children"], file["heights"], file["order"], images) if len(classes) else None
        content = TreeContent(tree, classes, leaf_names, names, file["examples"])
        _check(content)
        return content
    except Exception as error:
        stored.path.unlink(missing_ok=True)
        raise WordsError(
            f"The tree could not be read ({shown(stored.path)}: {type(error).__name__}). It is made again when you "
            "reload the page or run the command once more."
        ) from error


def _check(content: TreeContent) -> None:
    """ValueError for arrays that do not fit each other."""
    n, tree = len(content.classes), content.tree
    sound = len(content.leaf_names) == n == len(content.examples)
    if tree is not None:
        nodes = 2 * n - 1
        sound &= tree.children.shape == (n - 1, 2) and len(tree.heights) == n - 1 and len(tree.images) == n
        sound &= len(content.names) == nodes and sorted(tree.order.tolist()) == list(range(n))
        sound &= sorted(tree.children.ravel().tolist()) == list(range(nodes - 1))
    if not sound:
        raise ValueError("its arrays do not fit each other")


def _packed(content: TreeContent) -> bytes:
    tree = content.tree
    none = np.zeros(0, np.int64)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        classes=content.classes,
        images=tree.images if tree else none,
        children=tree.children if tree else none.reshape(0, 2),
        heights=tree.heights if tree else np.zeros(0),
        order=tree.order if tree else none,
        leaf_names=np.frombuffer(json.dumps(content.leaf_names).encode(), np.uint8),
        names=np.frombuffer(json.dumps(content.names).encode(), np.uint8),
        examples=content.examples,
    )
    return file.getvalue()


def homes_of(workspace: Workspace, one: Embedding, tree: StoredTree, content: TreeContent) -> Homes:
    """Where the images of an embedding are at home in a tree of its labels."""
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    order = np.argsort(located.image_ids, kind="stable")
    said = rows.labels[located.rows[order]]
    leaves = leaves_of(content.classes, said["label"], said["probability"], tree.recipe.least)
    return Homes(located.image_ids[order].astype(np.int64), leaves)


def keep_evidence(workspace: Workspace, one: Embedding, state: str, evidence: Evidence, *, refined: bool) -> None:
    """Keep what the images of an embedding say by themselves, in place of an earlier look."""
    write(
        workspace.catalogue,
        "INSERT INTO evidence (embedding_id, state, refined, evidence) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (embedding_id) DO UPDATE SET state = excluded.state, refined = excluded.refined, "
        # Both lanes of the worker may be at it: a first look does not undo a closer one.
        "evidence = excluded.evidence WHERE state != excluded.state OR excluded.refined OR NOT refined",
        *(one.id, state, refined, json.dumps(asdict(evidence))),
    )


def find_evidence(workspace: Workspace, one: Embedding, state: str) -> tuple[Evidence, bool] | None:
    """What the images say, and whether that is the refined answer; None where nobody looked since they changed."""
    query = "SELECT evidence, refined FROM evidence WHERE embedding_id = ? AND state = ?"
    row = one_row(workspace.catalogue, query, one.id, state)
    return (evidence_from(json.loads(row["evidence"])), bool(row["refined"])) if row else None


def evidence_from(facts: dict[str, Any]) -> Evidence:
    """Evidence as it was written down."""
    curves = {
        kind: Curve(tuple(curve["ks"]), tuple(curve["values"]), tuple(curve["best"]))
        for kind, curve in facts["curves"].items()
    }
    return Evidence(facts["images"], curves)
