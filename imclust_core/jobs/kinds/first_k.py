"""The K to start from where nobody has typed one."""

from imclust_core.choosing_k.suggestion import suggest
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, DEFAULT_TREE
from imclust_core.store.choices import last_choice
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import find_evidence, find_tree, state_of, tree_state
from imclust_core.store.workspace import Workspace


def first_k(workspace: Workspace, source: Collection, one: Embedding) -> int:
    """The K chosen last for this collection; or what words and images suggest, as far as they were asked; or twenty."""
    chosen = last_choice(workspace, source.id)
    if chosen is not None:
        return max(1, chosen.k)
    tree = find_tree(workspace, one, DEFAULT_TREE, tree_state(one, source, DEFAULT_TREE))
    found = find_evidence(workspace, one, state_of(one, source))
    suggestion = suggest(tree.evidence if tree is not None else None, found[0] if found else None)
    images = one.summary.images if one.summary is not None else DEFAULT_CLUSTERING.k
    return max(1, min(suggestion.k if suggestion is not None else DEFAULT_CLUSTERING.k, images))
