"""The K that somebody settles on, written down with what spoke for it."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from imclust_core.store.embeddings import Embedding, embedding
from imclust_core.store.trees import StoredTree, TreeContent, add_choice
from imclust_core.store.workspace import Workspace
from imclust_core.words.curves import Evidence
from imclust_core.words.suggestion import Suggestion
from imclust_core.words.tree import Tree, by_size, edits_text
from pages.parts.cut_state import CutState
from pages.parts.sign_in import person


def keep_choice(
    workspace: Workspace,
    one: Embedding,
    stored: StoredTree,
    content: TreeContent,
    tree: Tree | None,
    nodes: np.ndarray,
    state: CutState,
    *,
    k: int,
    suggestion: Suggestion | None,
    looks: Sequence[Evidence],
) -> None:
    """Keep a choice with its author, the groups as they were shown, and the evidence.

    EmbeddingError where somebody has removed the embedding meanwhile.
    """
    embedding(workspace, one.id)
    groups = []
    if tree is not None:
        groups = [
            {
                "number": int(tree.numbers[node]),
                "name": content.name_of(node),
                "images": int(tree.images_below[node]),
            }
            for node in by_size(tree, nodes).tolist()
        ]
    facts = {
        "suggested": suggestion.k if suggestion else None,
        "votes": suggestion.votes if suggestion else {},
        "reason": suggestion.reason if suggestion else "",
        "line": state.k,
        "recipe": stored.recipe.key(),
        "groups": groups,
        "evidence": [asdict(look) for look in looks],
    }
    add_choice(
        workspace,
        one,
        tree_id=stored.id if tree is not None else None,
        k=k,
        edits=edits_text(state.edits),
        facts=facts,
        author=person(),
    )
