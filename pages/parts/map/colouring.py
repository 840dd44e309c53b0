"""What a map can be coloured by: each way is one line of WAYS, and a function from what there is to a colouring.

Everything is worked out for whole arrays and kept for as long as nothing has changed: a million images are coloured
while a hand is still on the choice.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, at_version
from imclust_core.annotation.editing import open_desk
from imclust_core.arrays.lookup import rows_among
from imclust_core.errors import EmbeddingError, MapError
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import StoredMap
from imclust_core.store.trees import state_of
from imclust_core.store.workspace import Workspace
from pages.parts.kit.colours import NOISE, colour_of
from pages.parts.map.codes import Colouring, Kind, grouped, scaled
from pages.parts.map.sources import (
    first_labels,
    folders_of,
    map_content,
    names_of,
    rows_in_clustering,
    taken,
)

MOST_LABELS = 40


@dataclass(frozen=True)
class Given:
    """What there is to colour a map of an embedding by: perhaps a clustering, and what people have made of it."""

    workspace: Workspace
    source: Collection
    one: Embedding
    stored: Clustering | None
    desk: Desk | None

    @property
    def clustering(self) -> Clustering:
        """The clustering, for ways that need one."""
        if self.stored is None or self.stored.collection_id != self.source.id:
            raise MapError(
                "These colours need a clustering of this collection. Choose one, or colour by something else."
            )
        return self.stored


@dataclass(frozen=True)
class Way:
    """A way to colour. find: the colours of a map. offered: whether there is anything to colour by.

    of_clustering: it needs a clustering. edited: and shows what people have made of it.
    """

    title: str
    find: Callable[[Given, StoredMap], Colouring]
    offered: Callable[[Given], bool]
    of_clustering: bool = False
    edited: bool = False


def ways(workspace: Workspace, source: Collection, one: Embedding, stored: Clustering | None) -> dict[str, str]:
    """What a map of this embedding can be coloured by, with titles; stored: the clustering that is looked at."""
    given = Given(workspace, source, one, stored, open_desk(workspace, stored) if stored is not None else None)
    possible = {by: way for by, way in WAYS.items() if stored is not None or not way.of_clustering}
    return {by: way.title for by, way in possible.items() if way.offered(given)}


def colouring(
    workspace: Workspace,
    one: Embedding,
    mapped: StoredMap,
    by: str,
    stored: Clustering | None,
    version: int | None = None,
) -> Colouring:
    """The colours of a map of an embedding by one of `WAYS`.

    stored: the clustering for those ways that need one. version: as people had left it after this event; None for now.
    """
    if by not in WAYS:
        raise MapError(f"A map cannot be coloured by {by[:40]!r}. Expected one of: {', '.join(WAYS)}.")
    source, way = collection(workspace, one.collection_id), WAYS[by]
    given = Given(workspace, source, one, stored, None)
    clustering_id = given.clustering.id if way.of_clustering else ""
    state = state_of(one, source)
    if way.edited:
        desk = open_desk(workspace, given.clustering)
        desk = desk if version is None else at_version(desk, version)
        given = replace(given, desk=desk)
        state = f"{desk.version}:{desk.events[-1].uuid if desk.events else ''}"
    return _coloured(given, mapped, by, (str(mapped.path), str(mapped.created_at), clustering_id, state))


@st.cache_resource(max_entries=48, show_spinner=False)
def _coloured(_given: Given, _mapped: StoredMap, by: str, about: tuple[str, ...]) -> Colouring:
    return WAYS[by].find(_given, _mapped)


def _by_cluster(given: Given, mapped: StoredMap) -> Colouring:
    desk = _desk(given)
    kinds = [Kind(desk.called(number), colour_of(number), number) for number in desk.clusters]
    found = _by_group(given, mapped, kinds, {number: place for place, number in enumerate(desk.clusters)})
    placed = next((event.id for event in reversed(desk.events) if event.kind != "name"), 0)
    return replace(found, version=placed)


def _by_name(given: Given, mapped: StoredMap) -> Colouring:
    """Clusters of one name are one entry, with the colour of the first of them."""
    desk = _desk(given)
    called: dict[str, list[int]] = {}
    for number in desk.clusters:
        called.setdefault(desk.name_of(number), []).append(number)
    nameless = called.pop("", [])
    kinds = [
        Kind(name, colour_of(numbers[0]), numbers[0] if len(numbers) == 1 else None) for name, numbers in called.items()
    ]
    kind_of = {number: place for place, numbers in enumerate(called.values()) for number in numbers}
    kind_of |= dict.fromkeys(nameless, len(kinds))
    return _by_group(given, mapped, [*kinds, Kind("without a name", NOISE)], kind_of)


def _by_group(given: Given, mapped: StoredMap, kinds: Sequence[Kind], kind_of: dict[int, int]) -> Colouring:
    """By the group each image is in; those in no cluster come last, and grey."""
    desk = _desk(given)
    at = rows_in_clustering(mapped, desk.image_ids, given.clustering.id)
    table = np.full(desk.highest + 2, -1)
    table[np.array(list(kind_of), int) + 1] = list(kind_of.values())
    table[[UNASSIGNED + 1, ASIDE + 1]] = len(kinds), len(kinds) + 1
    aside = [Kind(desk.called(group), NOISE, group) for group in (UNASSIGNED, ASIDE)]
    return grouped(
        taken(table[desk.group + 1], at), [*kinds, *aside], "other clusters", map_content(mapped).places, desk.version
    )


def _by_label(given: Given, mapped: StoredMap) -> Colouring:
    """By the most probable label: the commonest have colours, by rank."""
    first, names = first_labels(given.workspace, given.source, given.one, mapped)[0], names_of(given.one)
    first = np.where(first < len(names), first, -1)
    counts = np.bincount(first[first >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(counts), int)
    rank[order] = np.arange(len(order)).clip(max=MOST_LABELS)
    kinds = [Kind(names[number], colour_of(at)) for at, number in enumerate(order[:MOST_LABELS].tolist(), 1)]
    return grouped(taken(rank, first), [*kinds, Kind("other labels", NOISE)], "", map_content(mapped).places)


def _by_confidence(given: Given, mapped: StoredMap) -> Colouring:
    first, probabilities = first_labels(given.workspace, given.source, given.one, mapped)
    return scaled(np.where(first >= 0, probabilities, -1))


def _by_margin(given: Given, mapped: StoredMap) -> Colouring:
    clusters = read_clustering(given.clustering)
    margin = np.where(clusters.labels >= 0, clusters.margin, -1)  # of what is in no cluster it says nothing
    return scaled(taken(margin, rows_in_clustering(mapped, clusters.image_ids, given.clustering.id)))


def _by_truth(given: Given, mapped: StoredMap) -> Colouring:
    content, (ids, classes, names) = map_content(mapped), folders_of(given.workspace, given.source)
    kinds = [Kind(name, colour_of(at)) for at, name in enumerate(names, 1)]
    return grouped(taken(classes, rows_among(content.image_ids, ids)), kinds, "other folders", content.places)


def _desk(given: Given) -> Desk:
    return given.desk or open_desk(given.workspace, given.clustering)


def _has_words(given: Given) -> bool:
    with contextlib.suppress(EmbeddingError):  # that its words cannot be read is no reason to show no map
        return bool(names_of(given.one))
    return False


def _has_names(given: Given) -> bool:
    desk = _desk(given)
    return any(desk.name_of(number) for number in desk.clusters)


def _has_folders(given: Given) -> bool:
    return len(folders_of(given.workspace, given.source)[2]) > 1


WAYS = {
    "cluster": Way("Cluster", _by_cluster, lambda _given: True, of_clustering=True, edited=True),
    "name": Way("Name", _by_name, _has_names, of_clustering=True, edited=True),
    "label": Way("Label", _by_label, _has_words),
    "confidence": Way("Confidence", _by_confidence, _has_words),
    "margin": Way("Margin", _by_margin, lambda _given: True, of_clustering=True),
    "truth": Way("Truth (folders)", _by_truth, _has_folders),
}
