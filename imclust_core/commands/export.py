"""The commands about results: the names of clusters, and all images with them, written out and read back."""

import argparse
from dataclasses import asdict
from typing import Any

from imclust_core.annotation.editing import open_desk
from imclust_core.commands.clusters import clustering_named
from imclust_core.commands.running import facts_of, print_json
from imclust_core.config import named_file
from imclust_core.errors import ExportError
from imclust_core.exchange.exports.exports import Exported, export
from imclust_core.exchange.exports.members import cluster_rows, open_members
from imclust_core.exchange.exports.plain_tables import moment
from imclust_core.exchange.exports.writing import folder_to_write
from imclust_core.exchange.imports.imports import carry_out, plan_import
from imclust_core.exchange.imports.plans import Plan
from imclust_core.exchange.imports.reading import MOST_BYTES
from imclust_core.names import shown
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace


def export_clusters(options: argparse.Namespace) -> int:
    """Write all images of a clustering to a new folder."""
    workspace = Workspace.open(options.workspace)
    stored = clustering_named(workspace, options)
    folder = folder_to_write(workspace, options.out)
    done = export(open_members(workspace, stored), options.format, folder, options.how)
    if options.json:
        return print_json(export_result(stored, done))
    print(f"{done.images:,} images in {shown(done.folder)}: {', '.join(done.files)}")
    if done.missing:
        print(f"{done.missing:,} of them have no file that can be used now; they are in the tables all the same.")
    return 0


def export_result(stored: Clustering, done: Exported) -> dict[str, Any]:
    """What --json promises of an export."""
    about = {"clustering": stored.id, "format": done.format, "folder": shown(done.folder)}
    return about | facts_of(done, "files", "images", "missing")


def list_names(options: argparse.Namespace) -> int:
    """List the clusters with what was said of them."""
    workspace = Workspace.open(options.workspace)
    stored = clustering_named(workspace, options)
    rows = cluster_rows(open_desk(workspace, stored))
    if options.json:
        return print_json({"clustering": stored.id, "clusters": [asdict(row) for row in rows]})
    for row in rows:
        name = row.name or {0: "(unassigned)", -1: "(set aside)"}.get(row.cluster, "(no name yet)")
        said = ", ".join(filter(None, [row.state, row.author, moment(row.at), row.note]))
        print(f"  {row.cluster:>5}  {row.images:>9,} images  {name}{f'  ({said})' if said else ''}")
    print(f"clustering {stored.id}")
    return 0


def import_names(options: argparse.Namespace) -> int:
    """Read names of clusters, or of images, from a CSV file."""
    workspace = Workspace.open(options.workspace)
    stored = clustering_named(workspace, options)
    path = named_file(options.file)
    if path is None:
        raise ExportError(f"There is no file {options.file!r} that may be read here. Give the path of a CSV file.")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    plan = plan_import(open_members(workspace, stored), data, replace=options.replace)
    events = carry_out(workspace, stored, plan, options.author)
    if options.json:
        return print_json(import_result(stored, plan, len(events)))
    _print_plan(plan)
    return 0


def import_result(stored: Clustering, plan: Plan, events: int) -> dict[str, Any]:
    """What --json promises of an import; moves into 0 go to the cluster of that name that was split off."""
    return {
        "clustering": stored.id,
        "changes": events,
        "named": [facts_of(one, "cluster", "name") for one in plan.namings],
        "split": [
            {"cluster": split.cluster, "name": part.name, "images": len(part.images)}
            for split in plan.splits
            for part in split.parts
        ],
        "moved": [{"into": move.into, "name": move.name, "images": len(move.images)} for move in plan.moves],
        "kept": [asdict(one) for one in plan.kept],
        "unused": [asdict(one) for one in plan.unused],
        "unused_rows": plan.unused_rows,
    }


def _print_plan(plan: Plan) -> None:
    if plan.empty:
        print("Nothing was to be done: all names that can be given are as the file says.")
    else:
        print(
            f"{len(plan.namings):,} clusters named, {plan.split_images:,} images split off, {plan.moved_images:,} moved"
        )
    for one in plan.kept:
        print(f"  cluster {one.cluster} keeps its name {one.name!r}; the file says {one.wanted!r} (--replace takes it)")
    for row in plan.unused[:20]:
        print(f"  {f'line {row.line}: ' if row.line else ''}{row.what}: {row.why}")
    if plan.unused_rows > 20:
        print(f"  and {plan.unused_rows - 20:,} more that could not be used")
