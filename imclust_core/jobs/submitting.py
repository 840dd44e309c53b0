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


def _submit(
    workspace: Workspace,
    kind: str,
    key: str,
    of: Collection | Embedding | Clustering,
    *,
    quick: bool = False,
    **params: Any,
) -> Job:
    """Queue a job about a collection, or about what was made of one; asking twice for the same gives the same job."""
    collection_id = of.id if isinstance(of, Collection) else of.collection_id
    return Queue(workspace).submit(kind, key=key, collection_id=collection_id, params=params, quick=quick)


def submit_scan(workspace: Workspace, source: Collection) -> Job:
    """Queue a scan of a collection."""
    return _submit(workspace, "scan", f"read:{source.id}", source)


def submit_sample(workspace: Workspace) -> tuple[Collection, Job]:
    """Queue the making of the sample collection, or find the one that is there."""
    folder = workspace.samples / "photographs"
    folder.mkdir(exist_ok=True)
    source = add_collection(workspace, folder.resolve(), "Sample photographs")
    return source, _submit(workspace, "sample", f"read:{source.id}", source)


def submit_unpack(workspace: Workspace, source: Collection, archive: str) -> Job:
    """Queue the unpacking of an uploaded archive into the collection's folder, and its scan."""
    return _submit(workspace, "unpack", f"read:{source.id}", source, archive=archive)


def submit_embed(workspace: Workspace, source: Collection, request: EmbedRequest) -> Job:
    """Queue the embedding of a collection."""
    params = asdict(check_request(request))
    return _submit(workspace, "embed", f"embed:{source.id}:{json.dumps(params, sort_keys=True)}", source, **params)


def submit_probe(workspace: Workspace, source: Collection, backbones: Sequence[str]) -> Job:
    """Queue a short measurement of how fast these networks are here."""
    return _submit(workspace, "probe", f"probe:{source.id}", source, backbones=list(backbones))


def submit_similar(workspace: Workspace, one: Embedding, image_id: int, limit: int = 24) -> Job:
    """Ask for the images most like one. The answer is the job's result, usually within a second."""
    key = f"similar:{one.id}:{image_id}:{limit}"
    return _submit(workspace, "similar", key, one, quick=True, embedding=one.id, image=image_id, limit=limit)


def tree_key(one: Embedding, recipe: TreeRecipe) -> str:
    """The key of the job that makes a tree."""
    return f"tree:{one.id}:{recipe.key()}"


def evidence_key(one: Embedding) -> str:
    """The key of the job that looks closer."""
    return f"evidence:{one.id}"


def submit_tree(workspace: Workspace, one: Embedding, recipe: TreeRecipe) -> Job:
    """Ask for the tree of an embedding's labels. With vectors that are at hand it takes seconds."""
    key, quick = tree_key(one, recipe), recipe.vectors in BUILT_IN
    return _submit(workspace, "tree", key, one, quick=quick, embedding=one.id, recipe=asdict(recipe))


def submit_evidence(workspace: Workspace, one: Embedding) -> Job:
    """Queue a closer look at what the images say of K."""
    return _submit(workspace, "evidence", evidence_key(one), one, embedding=one.id)


def submit_cluster(workspace: Workspace, one: Embedding, recipe: ClusterRecipe, author: str = "") -> Job:
    """Queue the clustering of an embedding; quick where it takes seconds, so that it need not wait for long work."""
    facts, quick = asdict(recipe), _is_quick(one, recipe)
    key = f"cluster:{one.id}:{json.dumps(facts, sort_keys=True)}"
    return _submit(workspace, "cluster", key, one, quick=quick, embedding=one.id, recipe=facts, author=author)


def submit_several(
    workspace: Workspace, source: Collection, runs: Sequence[tuple[Embedding, ClusterRecipe]], author: str = ""
) -> Job:
    """Queue several clusterings as one job."""
    listed = [[one.id, asdict(recipe)] for one, recipe in runs]
    key = f"several:{source.id}:{json.dumps(listed, sort_keys=True)}"
    return _submit(workspace, "several", key, source, runs=listed, author=author)


def _is_quick(one: Embedding, recipe: ClusterRecipe) -> bool:
    strategy, images = find_strategy(recipe.strategy), _images(one)
    if strategy.by_words:
        return json.loads(recipe.words)["tree"]["vectors"] in BUILT_IN
    if strategy.slow or recipe.reduce.startswith("umap") or (strategy.apart and images >= strategy.apart):
        return False
    return images * one.recipe.dim * recipe.k <= _QUICK_WORK


def _images(one: Embedding) -> int:
    return one.summary.images if one.summary else 0


def submit_split(workspace: Workspace, stored: Clustering, number: int, *, author: str, base: int) -> Job:
    """Ask for a cluster to be split in two; base: the newest event about it that the author has seen."""
    params = {"clustering": stored.id, "number": number, "author": author, "base": base}
    return _submit(workspace, "split", f"split:{stored.id}:{number}", stored, quick=True, **params)


def submit_export(workspace: Workspace, stored: Clustering, format_name: str, folder: str, how: str) -> Job:
    """Queue the writing of a clustering to a folder, which `folder_to_write` has let pass."""
    key = f"export:{folder}:{stored.id}:{format_name}:{how}"
    params = {"clustering": stored.id, "format": format_name, "folder": folder, "how": how}
    return _submit(workspace, "export", key, stored, quick=True, **params)


def submit_explain(
    workspace: Workspace, one: Embedding, asked: Sequence[tuple[str, Sequence[int]]], methods: Sequence[str]
) -> Job:
    """Ask what the network looked at in images, for a target each; asked: pairs of a target and ids of images."""
    params = {"embedding": one.id, "asked": [[target, list(ids)] for target, ids in asked], "methods": list(methods)}
    quick = sum(len(ids) for _, ids in asked) <= QUICK_LOOKS
    return _submit(workspace, "explain", f"explain:{json.dumps(params)}", one, quick=quick, **params)


def attention_key(stored: Clustering) -> str:
    """The key of the job that looks at every cluster."""
    return f"attention:{stored.id}"


def submit_attention(workspace: Workspace, stored: Clustering, each: int) -> Job:
    """Queue a look at some images of every cluster, to compare where the network looks; each: how many of each."""
    return _submit(workspace, "attention", attention_key(stored), stored, clustering=stored.id, each=each)


def map_key(one: Embedding, recipe: MapRecipe, *, anew: bool = False) -> str:
    """The key of the job that makes a map, also where there is one, from nothing, if `anew`."""
    return f"{'map-anew' if anew else 'map'}:{one.id}:{json.dumps(asdict(recipe), sort_keys=True)}"


def submit_map(workspace: Workspace, one: Embedding, recipe: MapRecipe, *, anew: bool = False) -> Job:
    """Queue the making of a map; anew: also where one made like this is kept, and from nothing."""
    key, quick = map_key(one, recipe, anew=anew), _images(one) <= _QUICK_MAP
    return _submit(workspace, "map", key, one, quick=quick, embedding=one.id, recipe=asdict(recipe), anew=anew)


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
    return _submit(workspace, "inside_survey", survey_key(one), one, quick=True, embedding=one.id)


def submit_maps(workspace: Workspace, one: Embedding, layer: str, image: ImageRow) -> Job:
    """Ask for what a layer says at each place of an image."""
    asked = {"embedding": one.id, "layer": layer, "image": image.id}
    return _submit(workspace, "inside_maps", maps_key(one, layer, image), one, quick=True, **asked)


def submit_peaks(workspace: Workspace, one: Embedding, layer: str) -> Job:
    """Queue the search for what excites each channel of a layer."""
    return _submit(workspace, "inside_peaks", peaks_key(one, layer), one, embedding=one.id, layer=layer)
