"""The command that shows what a network looked at."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import TOP, of_class, of_cluster, of_contrast, question, second_nearest
from imclust_core.annotation.predictions import said_of
from imclust_core.commands.clusters import clustering_named
from imclust_core.commands.running import print_json, result_of
from imclust_core.errors import ExplainError
from imclust_core.exchange.exports.writing import folder_to_write
from imclust_core.exchange.sheets.saliency_export import NEEDS, Explained, Style, write_looks
from imclust_core.explain.pictures import check_opacity
from imclust_core.jobs.submitting import submit_explain
from imclust_core.names import shown
from imclust_core.store.catalogue import contents, images_by_id, paths
from imclust_core.store.clusterings import read_clustering
from imclust_core.store.collections import Collection, find_collection
from imclust_core.store.embeddings import Embedding, class_names, embedding, named_embedding
from imclust_core.store.workspace import Workspace

WAYS = tuple(NEEDS)
USUAL = ("cam", "gbp")
_BY_LOT = 12
_TITLES = {"cam": "CAM", "gradcam": "Grad-CAM", "gradient": "Gradients"}


def explain_images(options: argparse.Namespace) -> int:
    """Write what a network looked at in some images of a folder that is embedded."""
    workspace = Workspace.open(options.workspace)
    source = find_collection(workspace, options.folder)
    folder = folder_to_write(workspace, options.out)
    check_opacity(options.opacity)
    one, targets, left_out = _targets(workspace, source, options)
    if not targets:
        raise ExplainError(f"None of these images can be explained: {next(iter(left_out.values()), 'there are none.')}")
    asked: dict[str, list[int]] = {}
    for image, target in targets.items():
        asked.setdefault(target, []).append(image)
    methods = list(dict.fromkeys(method for way in options.method for method in NEEDS[way]))
    found = result_of(workspace, submit_explain(workspace, one, list(asked.items()), methods), quiet=options.json)
    rows = _rows(workspace, source, one, {at: to for at, to in targets.items() if str(at) not in found["failed"]})
    if not rows:
        why = next(iter((left_out | found["failed"]).values()))
        raise ExplainError(f"None of these images can be explained: {why}")
    style = Style(_titles(options.method, found), options.colours, options.opacity, options.grey)
    files, unread = write_looks(source, one, rows, style, folder)
    failed = left_out | found["failed"] | unread
    able = {name: found[name] for name in ("layer", "exact", "guided")}
    made = {"embedding": one.id, "folder": shown(folder), "files": files, "images": len(rows) - len(unread)}
    result = {**made, "failed": failed, **able}
    return print_json(result) if options.json else _print(result)


def _print(result: dict[str, Any]) -> int:
    print(f"{result['images']:,} images in {result['folder']}: table.png, looks.csv, and a picture for each")
    if not result["guided"]:
        print("This network has no rectifiers, so its backprop is not guided: these are plain gradients.")
    for image, why in result["failed"].items():
        print(f"  image {image}: {why}")
    return 0


def _titles(ways: Sequence[str], found: dict[str, Any]) -> dict[str, str]:
    """What each way is called, honestly: there is no guiding without rectifiers, and no exact map of some networks."""
    guided = "Guided backprop" if found["guided"] else "Gradients"
    both = "Guided Grad-CAM" if found["guided"] else f"{guided} x Grad-CAM"
    titles = _TITLES | {"gbp": guided, "guided_gradcam": both} | ({} if found["exact"] else {"cam": "Grad-CAM"})
    return {way: titles[way] for way in dict.fromkeys(ways)}


def _targets(
    workspace: Workspace, source: Collection, options: argparse.Namespace
) -> tuple[Embedding, dict[int, str], dict[str, str]]:
    """The embedding, the target of each image, and why others have none."""
    images = _images(workspace, source, options.images)
    kind, _, number = options.target.partition(":")
    if options.target in ("cluster", "contrast"):
        if options.embedding is not None:
            raise ExplainError("Clusters bring the embedding they were made of. Leave out --embedding.")
        return _of_clusters(workspace, options, images, kind)
    if options.clustering is not None:
        raise ExplainError(
            "A clustering goes with --target cluster or contrast. Leave it out, or ask for one of these."
        )
    one = named_embedding(workspace, source.id, options.embedding)
    if options.target == "top1":
        return one, dict.fromkeys(images, TOP), {}
    if kind == "class" and number.isascii() and number.isdigit() and len(number) < 7:
        return one, dict.fromkeys(images, of_class(int(number))), {}
    raise ExplainError(f"{options.target!r} is no target. Expected top1, class:N, cluster or contrast.")


def _of_clusters(
    workspace: Workspace, options: argparse.Namespace, images: Sequence[int], kind: str
) -> tuple[Embedding, dict[int, str], dict[str, str]]:
    stored = clustering_named(workspace, options)
    desk, content = open_desk(workspace, stored), read_clustering(stored)
    rows = desk.rows_at(images)
    row_of = dict(zip(desk.image_ids[rows].tolist(), rows.tolist(), strict=True))
    targets: dict[int, str] = {}
    left_out: dict[str, str] = {}
    for image in images:
        row = row_of.get(image)
        own = int(desk.group[row]) if row is not None else 0
        other = second_nearest(stored, desk, content, row) if row is not None else 0
        if own <= 0:
            left_out[str(image)] = "It is in no cluster."
        elif kind == "cluster":
            targets[image] = of_cluster(stored, desk, own)
        elif other:
            targets[image] = of_contrast(stored, desk, own, other)
        else:
            left_out[str(image)] = "No other cluster is near it."
    return embedding(workspace, stored.embedding_id), targets, left_out


def _images(workspace: Workspace, source: Collection, named: Sequence[str]) -> list[int]:
    """The images that were named, by id or by path in their folder; or some by lot."""
    if not named:
        ids = contents(workspace, source.id)[0]
        return np.sort(np.random.default_rng(0).permutation(ids)[:_BY_LOT]).tolist()  # type: ignore[no-any-return]
    known = paths(workspace, source.id)
    by_path = {path: image for image, path in known.items()}
    found = []
    for text in named:
        is_id = text.isascii() and text.isdigit() and len(text) < 16
        image = by_path.get(text.encode(errors="surrogateescape"), int(text) if is_id else 0)
        if image not in known:
            raise ExplainError(
                f"There is no image {text!r} in this collection. Give an id, or the path of a file in its folder."
            )
        found.append(image)
    return list(dict.fromkeys(found))


def _rows(workspace: Workspace, source: Collection, one: Embedding, targets: dict[int, str]) -> list[Explained]:
    """What was looked at, with the first label of each image and what is explained, if that is something else."""
    names, known = class_names(one), images_by_id(workspace, source.id, list(targets))
    said = said_of(workspace, one, np.array(list(targets), np.int64))
    firsts = zip(said.label_ids[:, 0].tolist(), said.probabilities[:, 0].tolist(), strict=True)
    return [
        Explained(
            known[image],
            target,
            f"{label} {names[label]} {share:.0%}" if 0 <= label < len(names) else "",
            _said(target, names) if target != TOP else "",
        )
        for (image, target), (label, share) in zip(targets.items(), firsts, strict=True)
    ]


def _said(target: str, names: Sequence[str]) -> str:
    """A target in words."""
    asked = question(target)
    number, *others = asked.numbers
    if asked.kind == "class":
        return f"for {number} {names[number] if number < len(names) else ''}".rstrip()
    return f"for cluster {number}" + "".join(f", not {other}" for other in others)
