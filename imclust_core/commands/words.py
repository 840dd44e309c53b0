"""The command that grows the tree of labels."""

import argparse
from dataclasses import asdict, replace
from typing import Any

from imclust_core.choosing_k.curves import Evidence
from imclust_core.choosing_k.suggestion import suggest
from imclust_core.commands.running import facts_of, print_json, result_of
from imclust_core.errors import WordsError
from imclust_core.jobs.requests import DEFAULT_TREE, check_tree
from imclust_core.jobs.submitting import submit_evidence, submit_tree
from imclust_core.label_tree.tree import by_size, cut
from imclust_core.store.collections import find_collection
from imclust_core.store.embeddings import named_embedding
from imclust_core.store.trees import StoredTree, find_evidence, find_tree, read_tree, state_of, tree_state
from imclust_core.store.workspace import Workspace


def grow_tree(options: argparse.Namespace) -> int:
    """Grow the tree of labels of a folder that is embedded, and say how many groups it suggests."""
    workspace = Workspace.open(options.workspace)
    asked = facts_of(options, "vectors", "text", "linkage", "metric", "least")
    recipe = check_tree(replace(DEFAULT_TREE, **asked))
    source = find_collection(workspace, options.folder)
    one = named_embedding(workspace, source.id, options.embedding)
    result_of(workspace, submit_tree(workspace, one, recipe), quiet=options.json)
    state = state_of(one, source)
    found = find_evidence(workspace, one, state)
    if not found or not found[1]:
        result_of(workspace, submit_evidence(workspace, one), quiet=options.json)
    stored = find_tree(workspace, one, recipe, tree_state(one, source, recipe))
    if stored is None:
        raise WordsError("The collection changed while its tree grew. Run the command again.")
    found = find_evidence(workspace, one, state)
    result = tree_result(stored, found[0] if found else None, options.k)
    if options.json:
        return print_json(result)
    _print_tree(result)
    return 0


def tree_result(stored: StoredTree, images: Evidence | None, k: int | None) -> dict[str, Any]:
    """What --json promises of a tree: cut into k groups, or into as many as are suggested."""
    content = read_tree(stored)
    suggestion = suggest(stored.evidence, images)
    curves = {**stored.evidence.curves, **(images.curves if images else {})}
    k = k or (suggestion.k if suggestion else min(2, stored.images))
    tree = content.tree
    nodes = by_size(tree, cut(tree, k)).tolist() if tree is not None else []
    return {
        "tree": stored.id,
        "images": stored.images,
        "labels": stored.labels,
        "without_vector": [asdict(label) for label in stored.without],
        "unplaced_images": stored.unplaced,
        "suggested_k": suggestion.k if suggestion else None,
        "reason": suggestion.reason if suggestion else "",
        "evidence": {kind: asdict(curve) for kind, curve in curves.items()},
        "k": len(nodes) if tree is not None else k,
        "groups": [
            {
                "name": content.name_of(node),
                "words": [content.leaf_names[leaf] for leaf in tree.heaviest(node)],
                "images": int(tree.images_below[node]),
            }
            for node in nodes
            if tree is not None
        ],
    }


def _print_tree(result: dict[str, Any]) -> None:
    if result["groups"]:
        print(f"{result['labels']:,} labels of {result['images']:,} images; groups when cut into {result['k']}:")
    else:
        print(f"No label of the {result['images']:,} images has a vector, so there is no tree.")
    for group in result["groups"]:
        words = ", ".join(group["words"][:8]) + (", ..." if len(group["words"]) > 8 else "")
        print(f"  {group['images']:>7,}  {group['name']}  ({words})")
    for label in result["without_vector"]:
        print(f"  {label['images']:>7,}  in no group: {label['name']} has no vector")
    print(f"suggested: {result['reason']}" if result["reason"] else "There is too little here to suggest a K.")
