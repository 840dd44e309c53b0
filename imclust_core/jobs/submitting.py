"""Asking for work: each kind of job, with what decides whether two requests are the same one. No torch."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from imclust_core.clustering.strategies import find_strategy
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.requests import EmbedRequest, check_request
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.clusterings import Clustering, ClusterRecipe
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import MapRecipe
from imclust_core.store.trees import TreeRecipe
from imclust_core.store.workspace import Workspace
from imclust_core.words.vectors import BUILT_IN

QUICK_LOOKS = 64
"""Images that are looked at while others wait for an answer; more of them wait their turn among long work."""
_QUICK_MAP = 2_000
"""Images that are on a map within seconds, by any method."""
_QUICK_WORK = 1_000_000_000
"""Products of numbers in a round of k-means that a quick clustering may take."""


def submit_scan(workspace: Workspace, source: Collection) -> Job:
    """Queue a scan of a collection; asking twice gives the same job."""
    return Queue(workspace).submit("scan", key=f"read:{source.id}", collection_id=source.id)


def submit_sample(workspace: Workspace) -> tuple[Collection, Job]:
    """Queue the making of the sample collection, or find the one that is there."""
    folder = workspace.samples / "photographs"
    folder.mkdir(exist_ok=True)
    source = add_collection(workspace, folder.resolve(), "Sample photographs")
    job = Queue(workspace).submit("sample", key=f"read:{source.id}", collection_id=source.id)
    return source, job


def submit_unpack(workspace: Workspace, source: Collection, archive: str) -> Job:
    """Queue the unpacking of an uploaded archive into the collection's folder, and its scan."""
    return Queue(workspace).submit(
        "unpack", key=f"read:{source.id}", collection_id=source.id, params={"archive": archive}
    )


def submit_embed(workspace: Workspace, source: Collection, request: EmbedRequest) -> Job:
    """Queue the embedding of a collection; asking twice for the same gives the same job."""
    params = asdict(check_request(request))
    key = f"embed:{source.id}:{json.dumps(params, sort_keys=True)}"
    return Queue(workspace).submit("embed", key=key, collection_id=source.id, params=params)


def submit_probe(workspace: Workspace, source: Collection, backbones: Sequence[str]) -> Job:
    """Queue a short measurement of how fast these networks are here."""
    return Queue(workspace).submit(
        "probe", key=f"probe:{source.id}", collection_id=source.id, params={"backbones": list(backbones)}
    )


def submit_similar(workspace: Workspace, one: Embedding, image_id: int, limit: int = 24) -> Job:
    """Ask for the images most like one. The answer is the job's result, usually within a second."""
    params = {"embedding": one.id, "image": image_id, "limit": limit}
    return Queue(workspace).submit(
        "similar",
        key=f"similar:{one.id}:{image_id}:{limit}",
        collection_id=one.collection_id,
        params=params,
        quick=True,
    )


def tree_key(one: Embedding, recipe: TreeRecipe) -> str:
    """The key of the job that makes a tree."""
    return f"tree:{one.id}:{recipe.key()}"


def evidence_key(one: Embedding) -> str:
    """The key of the job that looks closer."""
    return f"evidence:{one.id}"


def submit_tree(workspace: Workspace, one: Embedding, recipe: TreeRecipe) -> Job:
    """Ask for the tree of an embedding's labels. With vectors that are at hand it takes seconds."""
    return Queue(workspace).submit(
        "tree",
        key=tree_key(one, recipe),
        collection_id=one.collection_id,
        params={"embedding": one.id, "recipe": asdict(recipe)},
        quick=recipe.vectors in BUILT_IN,
    )


def submit_evidence(workspace: Workspace, one: Embedding) -> Job:
    """Queue a closer look at what the images say of K."""
    return Queue(workspace).submit(
        "evidence", key=evidence_key(one), collection_id=one.collection_id, params={"embedding": one.id}
    )


def submit_cluster(workspace: Workspace, one: Embedding, recipe: ClusterRecipe, author: str = "") -> Job:
    """Queue the clustering of an embedding; quick where it takes seconds, so that it need not wait for long work."""
    facts = asdict(recipe)
    return Queue(workspace).submit(
        "cluster",
        key=f"cluster:{one.id}:{json.dumps(facts, sort_keys=True)}",
        collection_id=one.collection_id,
        params={"embedding": one.id, "recipe": facts, "author": author},
        quick=_is_quick(one, recipe),
    )


def submit_split(workspace: Workspace, stored: Clustering, number: int, *, author: str, base: int) -> Job:
    """Ask for a cluster to be split in two; base: the newest event about it that the author has seen."""
    return Queue(workspace).submit(
        "split",
        key=f"split:{stored.id}:{number}",
        collection_id=stored.collection_id,
        params={"clustering": stored.id, "number": number, "author": author, "base": base},
        quick=True,
    )


def submit_export(workspace: Workspace, stored: Clustering, format_name: str, folder: str, how: str) -> Job:
    """Queue the writing of a clustering to a folder, which `folder_to_write` has let pass."""
    return Queue(workspace).submit(
        "export",
        key=f"export:{folder}:{stored.id}:{format_name}:{how}",
        collection_id=stored.collection_id,
        params={"clustering": stored.id, "format": format_name, "folder": folder, "how": how},
        quick=True,
    )


def submit_explain(
    workspace: Workspace, one: Embedding, asked: Sequence[tuple[str, Sequence[int]]], methods: Sequence[str]
) -> Job:
    """Ask what the network looked at in images, for a target each; asked: pairs of a target and ids of images."""
    params = {"embedding": one.id, "asked": [[target, list(ids)] for target, ids in asked], "methods": list(methods)}
    return Queue(workspace).submit(
        "explain",
        key=f"explain:{json.dumps(params)}",
        collection_id=one.collection_id,
        params=params,
        quick=sum(len(ids) for _, ids in asked) <= QUICK_LOOKS,
    )


def attention_key(stored: Clustering) -> str:
    """The key of the job that looks at every cluster."""
    return f"attention:{stored.id}"


def submit_attention(workspace: Workspace, stored: Clustering, each: int) -> Job:
    """Queue a look at some images of every cluster, to compare where the network looks; each: how many of each."""
    return Queue(workspace).submit(
        "attention",
        key=attention_key(stored),
        collection_id=stored.collection_id,
        params={"clustering": stored.id, "each": each},
    )


def map_key(one: Embedding, recipe: MapRecipe, *, anew: bool = False) -> str:
    """The key of the job that makes a map, also where there is one, from nothing, if `anew`."""
    return f"{'map-anew' if anew else 'map'}:{one.id}:{json.dumps(asdict(recipe), sort_keys=True)}"


def submit_map(workspace: Workspace, one: Embedding, recipe: MapRecipe, *, anew: bool = False) -> Job:
    """Queue the making of a map; anew: also where one made like this is kept, and from nothing."""
    images = one.summary.images if one.summary else 0
    return Queue(workspace).submit(
        "map",
        key=map_key(one, recipe, anew=anew),
        collection_id=one.collection_id,
        params={"embedding": one.id, "recipe": asdict(recipe), "anew": anew},
        quick=images <= _QUICK_MAP,
    )


def survey_key(one: Embedding) -> str:
    """The key of the job that lists a network's layers."""
    return f"inside-survey:{one.id}"


def maps_key(one: Embedding, layer: str, image: ImageRow) -> str:
    """The key of the job that makes a layer's maps of an image as it is now."""
    return f"inside-maps:{one.id}:{layer}:{image.id}:{(image.hash or b'').hex()}"


def peaks_key(one: Embedding, layer: str) -> str:
    """The key of the job that looks for what excites a layer."""
    return f"inside-peaks:{one.id}:{one.finished_at}:{layer}"


def submit_survey(workspace: Workspace, one: Embedding) -> Job:
    """Ask for a network's first kernels and the list of its layers."""
    return _submit_inside(workspace, one, "inside_survey", survey_key(one), {}, quick=True)


def submit_maps(workspace: Workspace, one: Embedding, layer: str, image: ImageRow) -> Job:
    """Ask for what a layer says at each place of an image."""
    asked = {"layer": layer, "image": image.id}
    return _submit_inside(workspace, one, "inside_maps", maps_key(one, layer, image), asked, quick=True)


def submit_peaks(workspace: Workspace, one: Embedding, layer: str) -> Job:
    """Queue the search for what excites each channel of a layer."""
    return _submit_inside(workspace, one, "inside_peaks", peaks_key(one, layer), {"layer": layer}, quick=False)


def _submit_inside(
    workspace: Workspace, one: Embedding, kind: str, key: str, params: dict[str, Any], *, quick: bool
) -> Job:
    return Queue(workspace).submit(
        kind, key=key, collection_id=one.collection_id, params={"embedding": one.id, **params}, quick=quick
    )


def _is_quick(one: Embedding, recipe: ClusterRecipe) -> bool:
    strategy, images = find_strategy(recipe.strategy), one.summary.images if one.summary else 0
    if strategy.by_words:
        return json.loads(recipe.words)["tree"]["vectors"] in BUILT_IN
    if strategy.slow or recipe.reduce.startswith("umap") or (strategy.apart and images >= strategy.apart):
        return False
    return images * one.recipe.dim * recipe.k <= _QUICK_WORK


def submit_several(
    workspace: Workspace, source: Collection, runs: Sequence[tuple[Embedding, ClusterRecipe]], author: str = ""
) -> Job:
    """Queue several clusterings as one job."""
    listed = [[one.id, asdict(recipe)] for one, recipe in runs]
    return Queue(workspace).submit(
        "several",
        key=f"several:{source.id}:{json.dumps(listed, sort_keys=True)}",
        collection_id=source.id,
        params={"runs": listed, "author": author},
    )
