"""The newest embedding of a collection, and a label tree grown from it."""

from imclust_core.jobs.kinds.tree import build_tree
from imclust_core.jobs.requests import DEFAULT_TREE
from imclust_core.store.collections import Collection, find_collection
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.trees import (
    StoredTree,
    TreeRecipe,
    find_tree,
    tree_state,
)
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import quietly


def newest(workspace: Workspace, source: Collection) -> Embedding:
    return embeddings_of(workspace, source.id)[0]


def grown(workspace: Workspace, source: Collection, recipe: TreeRecipe = DEFAULT_TREE) -> StoredTree:
    one = newest(workspace, source)
    build_tree(workspace, one.id, recipe, quietly)
    found = find_tree(workspace, one, recipe, tree_state(one, find_collection(workspace, source.id), recipe))
    assert found is not None
    return found
