"""What the commands do: each takes its options and returns an exit code."""

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from imclust_core.errors import JobError, WordsError
from imclust_core.images.reasons import sentence
from imclust_core.images.samples import make_samples
from imclust_core.jobs.progress import duration, seconds_left
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.requests import DEFAULT_TREE, EmbedRequest, check_request, check_tree
from imclust_core.jobs.tasks import TITLES, submit_embed, submit_evidence, submit_scan, submit_tree
from imclust_core.jobs.worker import ensure_worker
from imclust_core.names import expanded, shown
from imclust_core.store.collections import (
    add_collection,
    collection,
    collections,
    find_collection,
    rename_collection,
)
from imclust_core.store.counts import summary_of
from imclust_core.store.embeddings import named_embedding
from imclust_core.store.trees import StoredTree, find_evidence, find_tree, read_tree, state_of, tree_state
from imclust_core.store.workspace import Workspace
from imclust_core.words.curves import Evidence
from imclust_core.words.suggestion import suggest
from imclust_core.words.tree import by_size, cut


def print_json(value: dict[str, Any]) -> int:
    """Print the one object that --json promises."""
    print(json.dumps(value))
    return 0


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
        workspace, _folder(workspace, options.folder), options.name, follow_links=options.follow_links
    )
    if options.name and source.name != options.name:
        rename_collection(workspace, source.id, options.name)
    result = _result_of(workspace, submit_scan(workspace, source), quiet=options.json)
    if options.json:
        return print_json(result)
    _print_scan(collection(workspace, source.id).name, result, _where(options))
    return 0


def _folder(workspace: Workspace, typed: str) -> Path:
    return workspace.open_folder(str(expanded(typed).absolute()) if typed else "")


def _where(options: argparse.Namespace) -> str:
    """What has to be added to a command, for it to find the same workspace."""
    return f" --workspace {options.workspace}" if options.workspace else ""


def _result_of(workspace: Workspace, job: Job, *, quiet: bool) -> dict[str, Any]:
    """Wait for a job, and return its result or raise how it ended."""
    job = _follow(workspace, job, quiet=quiet)
    if job.state != "done" or job.result is None:
        failure = JobError(job.error or f"The job was {job.state}. What was done is kept; the same command goes on.")
        failure.code = job.reason or job.state
        raise failure
    return job.result


def embed_folder(options: argparse.Namespace) -> int:
    """Scan a folder, and embed it."""
    workspace = Workspace.open(options.workspace)
    request = check_request(
        EmbedRequest(
            options.backbone,
            options.weights,
            options.random_weights,
            options.preprocess,
            options.device,
            options.dtype,
        )
    )
    source = add_collection(workspace, _folder(workspace, options.folder))
    _result_of(workspace, submit_scan(workspace, source), quiet=options.json)
    result = _result_of(workspace, submit_embed(workspace, source, request), quiet=options.json)
    if options.json:
        return print_json(result)
    _print_embedding(result, _where(options))
    return 0


def _print_embedding(result: dict[str, Any], where: str) -> None:
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
    print(f"embedding {result['embedding']}; look at it with: imclust ui --collection {result['collection']}{where}")


def grow_tree(options: argparse.Namespace) -> int:
    """Grow the tree of labels of a folder that is embedded, and say how many groups it suggests."""
    workspace = Workspace.open(options.workspace)
    recipe = check_tree(
        replace(
            DEFAULT_TREE,
            vectors=options.vectors,
            text=options.label_text,
            linkage=options.linkage,
            metric=options.metric,
            least=options.min_probability,
        )
    )
    source = find_collection(workspace, options.folder)
    one = named_embedding(workspace, source.id, options.embedding)
    _result_of(workspace, submit_tree(workspace, one, recipe), quiet=options.json)
    state = state_of(one, source)
    if not (found := find_evidence(workspace, one, state)) or not found[1]:
        _result_of(workspace, submit_evidence(workspace, one), quiet=options.json)
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


def _follow(workspace: Workspace, job: Job, *, quiet: bool) -> Job:
    """Wait for a job to end, showing its progress on a terminal. Ctrl-C cancels the job."""
    queue, shown = Queue(workspace), sys.stderr.isatty() and not quiet
    looked = 0.0
    try:
        while job.active:
            if time.monotonic() - looked > 2:
                # Also what finds out that the worker was killed, and starts another.
                ensure_worker(workspace)
                looked = time.monotonic()
            time.sleep(0.1)
            job = queue.job(job.id)
            if shown:
                print(f"\r\033[K{progress_line(job)}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        queue.cancel(job.id)
        raise
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr)
    return job


def progress_line(job: Job) -> str:
    """One line on how a job stands."""
    parts = [TITLES.get(job.kind, job.kind), job.state if not job.message else job.message]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.rate:
        parts.append(f"{job.rate:,.0f}/s")
    left = seconds_left(job.done, job.total, job.rate)
    if left is not None and job.state == "running":
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)


def _print_scan(name: str, result: dict[str, Any], where: str) -> None:
    print(
        f"{name}: {result['images']:,} images of {result['files']:,} files, {result['duplicates']:,} duplicates, "
        f"in {duration(result['seconds'])} ({result['files_per_s']:,.0f} files/s)"
    )
    print(f"since the last scan: {result['new']:,} new, {result['changed']:,} changed, {result['gone']:,} gone")
    for reason, number in result["skipped"].items():
        print(f"  skipped {number:>7,}  {reason}: {sentence(reason)}")
    print(f"collection {result['collection']}; look at it with: imclust ui --collection {result['collection']}{where}")


def list_collections(options: argparse.Namespace) -> int:
    """List what there is."""
    workspace = Workspace.open(options.workspace)
    rows = []
    for one in collections(workspace):
        summary = summary_of(workspace, one.id)
        rows.append(
            {
                "collection": one.id,
                "name": one.name,
                "folder": shown(one.folder),
                "scanned_at": one.scanned_at,
                **(asdict(summary) if summary else {"files": None, "images": None}),
            }
        )
    if options.json:
        return print_json({"collections": rows})
    for row in rows:
        images = "not scanned" if row["images"] is None else f"{row['images']:,} images"
        print(f"{row['collection']}  {images:>16}  {row['name']}  ({row['folder']})")
    if not rows:
        print("No collections yet. Start with: imclust scan FOLDER")
    return 0


def list_jobs(options: argparse.Namespace) -> int:
    """List the last jobs, after cancelling or resuming one."""
    workspace = Workspace.open(options.workspace)
    queue = Queue(workspace)
    if options.cancel:
        queue.job(options.cancel)
        queue.cancel(options.cancel)
    if options.resume:
        queue.resume(options.resume)
    ensure_worker(workspace)
    jobs = queue.recent()
    if options.json:
        return print_json({"jobs": [asdict(job) for job in jobs]})
    for job in jobs:
        print(f"{job.id}  {job.state:<9}  {progress_line(job)}{'  ' + job.error if job.error else ''}")
    if not jobs:
        print("No jobs yet.")
    return 0
