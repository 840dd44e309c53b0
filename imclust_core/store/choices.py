"""Which K was chosen for a collection, by whom, and on what evidence. All SQL about it is here."""

import json
import time
from dataclasses import dataclass
from typing import Any

from imclust_core.store.database import made_of, one_row, write
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace


@dataclass(frozen=True)
class Choice:
    """A K that somebody settled on. facts: the evidence and the groups as they were shown."""

    k: int
    edits: str
    embedding_id: str
    tree_id: str | None
    facts: dict[str, Any]
    author: str
    created_at: int


def add_choice(
    workspace: Workspace,
    one: Embedding,
    *,
    tree_id: str | None,
    k: int,
    edits: str,
    facts: dict[str, Any],
    author: str,
) -> None:
    """Write down which K somebody settled on, and why. Earlier choices stay."""
    write(
        workspace.catalogue,
        "INSERT INTO choices (collection_id, embedding_id, tree_id, k, edits, facts, author, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(one.collection_id, one.id, tree_id, k, edits, json.dumps(facts), author, int(time.time())),
    )


def is_chosen(workspace: Workspace, collection_id: str) -> bool:
    """Whether a K was ever chosen for a collection. Every page asks, so nothing is read for it."""
    return one_row(workspace.catalogue, "SELECT 1 FROM choices WHERE collection_id = ?", collection_id) is not None


def last_choice(workspace: Workspace, collection_id: str) -> Choice | None:
    """The K chosen last for a collection."""
    newest = "SELECT * FROM choices WHERE collection_id = ? ORDER BY number DESC LIMIT 1"
    row = one_row(workspace.catalogue, newest, collection_id)
    return made_of(Choice, row, facts=json.loads(row["facts"])) if row is not None else None
