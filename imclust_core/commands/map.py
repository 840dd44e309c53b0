"""The command that lays images out on a map."""

import argparse
import os
from pathlib import Path

from imclust_core.annotation.editing import open_desk
from imclust_core.commands.running import facts_of, print_json, result_of
from imclust_core.errors import MapError
from imclust_core.exchange.exports.places import places_table
from imclust_core.jobs.requests import check_map
from imclust_core.jobs.submitting import submit_map
from imclust_core.mapping.methods import find_method
from imclust_core.names import expanded, shown
from imclust_core.store.clusterings import clustering
from imclust_core.store.collections import find_collection
from imclust_core.store.database import write_atomically
from imclust_core.store.embeddings import named_embedding
from imclust_core.store.maps import MapRecipe, read_map, stored_map
from imclust_core.store.workspace import Workspace

_LONGEST = 180
"""Bytes of a file's name; some more are added to it while it is written."""


def draw(options: argparse.Namespace) -> int:
    """Make a map of a folder that is embedded, and write it to a table where that is asked for."""
    workspace = Workspace.open(options.workspace)
    source = find_collection(workspace, options.folder)
    one = named_embedding(workspace, source.id, options.embedding)
    out = _new_file(options.out) if options.out is not None else None
    recipe = check_map(MapRecipe(options.method, options.seed, _names(workspace, source.id, options.names)))
    job = submit_map(workspace, one, recipe, anew=options.anew)
    stored = stored_map(one, result_of(workspace, job, quiet=options.json)["map"])
    if out is not None:
        write_atomically(out, places_table(workspace, source, read_map(stored)))
    if options.json:
        about = {"map": stored.id, "embedding": one.id, "method": recipe.method}
        return print_json(about | facts_of(stored, "images", "seconds", "trustworthiness", "notes"))
    print(f"{find_method(recipe.method).title} of {stored.images:,} images, in {stored.seconds:.1f} s")
    if stored.trustworthiness is not None:
        print(f"trustworthiness {stored.trustworthiness:.3f}")
    for note in stored.notes:
        print(note)
    print(f"map {stored.id}" if out is None else f"map {stored.id}, places in {shown(out)}")
    return 0


def _names(workspace: Workspace, collection_id: str, clustering_id: str | None) -> str:
    """The names of a clustering as they are now, as a recipe has them."""
    if clustering_id is None:
        return ""
    stored = clustering(workspace, clustering_id)
    if stored.collection_id != collection_id:
        raise MapError(f"The clustering {stored.id} is of another folder. Name one of this folder.")
    return f"{stored.id}@{open_desk(workspace, stored).version}"


def _new_file(typed: str) -> Path:
    """The path of a file that is not there yet: what is there may be an image, or a device."""
    path = expanded(typed).absolute() if typed.strip() and not typed.endswith("/") else None
    if path is None or not path.parent.is_dir() or len(path.name.encode(errors="replace")) > _LONGEST:
        raise MapError(f"{typed!r} cannot be written. Expected the path of a CSV file in a folder that is there.")
    if os.path.lexists(path):
        raise MapError(f"{shown(path)} is there already. Give the name of a file that is not, or remove it first.")
    return path
