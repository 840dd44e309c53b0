"""The K that somebody settles on, written down with what spoke for it."""

from dataclasses import asdict

import numpy as np

from imclust_core.label_tree.tree import by_size, edits_text
from imclust_core.store.choices import add_choice
from imclust_core.store.embeddings import embedding
from pages.parts.session.sign_in import person
from pages.parts.tree.cut import CutState
from pages.parts.tree.shown import Shown


def keep_choice(shown: Shown, state: CutState, nodes: np.ndarray, k: int) -> None:
    """Keep a choice with its author, the groups as they were shown, and the evidence.

    EmbeddingError where somebody has removed the embedding meanwhile.
    """
    one = embedding(shown.workspace, shown.one.id)
    tree, suggestion = shown.tree, shown.suggestion
    groups = []
    if tree is not None:
        groups = [
            {
                "number": int(tree.numbers[node]),
                "name": shown.content.name_of(node),
                "images": int(tree.images_below[node]),
            }
            for node in by_size(tree, nodes).tolist()
        ]
    facts = {
        "suggested": suggestion.k if suggestion else None,
        "votes": suggestion.votes if suggestion else {},
        "reason": suggestion.reason if suggestion else "",
        "line": state.k,
        "recipe": shown.stored.recipe.key(),
        "groups": groups,
        "evidence": [asdict(look) for look in shown.looks],
    }
    add_choice(
        shown.workspace,
        one,
        tree_id=shown.stored.id if tree is not None else None,
        k=k,
        edits=edits_text(state.edits),
        facts=facts,
        author=person(),
    )
