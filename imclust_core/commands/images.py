"""The commands about images: making samples, scanning a folder, embedding it."""

import argparse
from typing import Any

from imclust_core.commands.running import facts_of, folder_named, print_json, result_of, where
from imclust_core.images.reasons import sentence
from imclust_core.images.samples import make_samples
from imclust_core.jobs.progress import duration
from imclust_core.jobs.requests import EmbedRequest, check_request
from imclust_core.jobs.submitting import submit_embed, submit_scan
from imclust_core.names import expanded
from imclust_core.store.collections import add_collection, collection, rename_collection
from imclust_core.store.workspace import Workspace


def sample(options: argparse.Namespace) -> int:
    """Make the sample photographs."""
    folder = expanded(options.folder).absolute()
    made = make_samples(folder, seed=options.seed)
    if options.json:
        return print_json({"folder": str(folder), "images": made})
    print(f"{made} sample photographs and truth.csv in {folder}")
    return 0


def scan_folder(options: argparse.Namespace) -> int:
    """Scan a folder, and say what is in it."""
    workspace = Workspace.open(options.workspace)
    source = add_collection(
        workspace, folder_named(workspace, options.folder), options.name, follow_links=options.follow_links
    )
    if options.name and source.name != options.name:
        rename_collection(workspace, source.id, options.name)
    result = result_of(workspace, submit_scan(workspace, source), quiet=options.json)
    if options.json:
        return print_json(result)
    _print_scan(collection(workspace, source.id).name, result, where(options))
    return 0


def _print_scan(name: str, result: dict[str, Any], more: str) -> None:
    print(
        f"{name}: {result['images']:,} images of {result['files']:,} files, {result['duplicates']:,} duplicates, "
        f"in {duration(result['seconds'])} ({result['files_per_s']:,.0f} files/s)"
    )
    print(f"since the last scan: {result['new']:,} new, {result['changed']:,} changed, {result['gone']:,} gone")
    for reason, number in result["skipped"].items():
        print(f"  skipped {number:>7,}  {reason}: {sentence(reason)}")
    print(f"collection {result['collection']}; look at it with: imclust ui --collection {result['collection']}{more}")


def embed_folder(options: argparse.Namespace) -> int:
    """Scan a folder, and embed it."""
    workspace = Workspace.open(options.workspace)
    request = check_request(EmbedRequest(**facts_of(options, *EmbedRequest.__annotations__)))
    source = add_collection(workspace, folder_named(workspace, options.folder))
    result_of(workspace, submit_scan(workspace, source), quiet=options.json)
    result = result_of(workspace, submit_embed(workspace, source, request), quiet=options.json)
    if options.json:
        return print_json(result)
    _print_embedding(result, where(options))
    return 0


def _print_embedding(result: dict[str, Any], more: str) -> None:
    if "note" in result:
        print(result["note"])
    weights = " (random weights)" if result["random_weights"] else ""
    print(
        f"{result['images']:,} images, {result['dim']} numbers each, from {result['backbone']}{weights}; "
        f"{result['distinct_labels']:,} distinct labels"
    )
    if result["forward_images_per_s"]:
        print(
            f"{result['images_per_s']:,.1f} images/s in {duration(result['seconds'])}; the network alone does "
            f"{result['forward_images_per_s']:,.1f}/s in {result['dtype']}"
        )
    else:
        print("nothing was left to embed")
    for reason, number in result["skipped"].items():
        print(f"  skipped {number:>7,}  {reason}: {sentence(reason)}")
    print(f"embedding {result['embedding']}; look at it with: imclust ui --collection {result['collection']}{more}")
