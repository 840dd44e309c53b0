"""What a map can be coloured by: a code for each image, and what the codes are called, coloured, and where they lie.

The codes travel on their own, by a route; what they mean goes with the page. Everything is worked out for whole arrays
and kept for as long as nothing has changed: a million images are coloured while a hand is still on the choice.
"""

import contextlib
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, at_version
from imclust_core.annotation.editing import open_desk
from imclust_core.errors import EmbeddingError, MapError
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.collections import Collection, collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import StoredMap
from imclust_core.store.workspace import Workspace
from pages.parts.kit.colours import NOISE, colour_of, ink_on
from pages.parts.map.sources import (
    first_labels,
    folders_of,
    map_content,
    names_of,
    rows_among,
    rows_in_clustering,
    taken,
)

BYS = ("cluster", "name", "label", "confidence", "margin", "truth")
UNKNOWN = 65535
"""The code of an image of which nothing is known."""
FULL = 65534
"""The code of 1 on a scale from 0 to 1."""
MOST = 2000
"""Groups with an entry of their own; the images of smaller ones are one more."""
MOST_LABELS = 40
SCALE = ("#68449c", "#7e479b", "#934a97", "#a64f90", "#b85586", "#c75c7c",
         "#d5666f", "#df7163", "#e77f56", "#eb8e4a", "#ec9e42", "#e9af41")  # fmt: skip
"""From little to much: even steps of lightness and hue in OKLab, as legible on white and on black as the palette is."""

_TITLES = dict(zip(BYS, ("Cluster", "Name", "Label", "Confidence", "Margin", "Truth (folders)"), strict=True))
OF_CLUSTERING = ("cluster", "name", "margin")
"""Those of the ways that need a clustering."""
_OF_DESK = ("cluster", "name")


@dataclass(frozen=True)
class Entry:
    """A line of the legend. size: how many images of the map. at: where one amid them lies, None for what is no group.

    number: of the cluster that this is, `UNASSIGNED` or `ASIDE`; None for what is no single one.
    """

    title: str
    colour: str
    size: int
    at: tuple[float, float] | None
    number: int | None

    @property
    def told(self) -> dict[str, object]:
        """The entry for a widget."""
        return {**asdict(self), "ink": ink_on(self.colour)}


@dataclass(frozen=True, eq=False)
class Colouring:
    """Codes (n,) uint16 in the map's order: the place of an entry, or 0 to `FULL` on a scale; `UNKNOWN` for neither.

    entries: for groups. scale: for shares, colours from little to much. version: the event after which the codes are
    what they are, which a name given to a cluster does not change; 0 for none.
    """

    codes: np.ndarray
    entries: tuple[Entry, ...] = ()
    scale: tuple[str, ...] = ()
    version: int = 0

    @functools.cached_property
    def tag(self) -> str:
        """What stands for the codes, to tell them from all others."""
        return hashlib.blake2b(self.codes.tobytes(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class _Kind:
    """What an entry is made of. plain: it is grey, and has no place of its own."""

    title: str
    colour: str
    number: int | None = None

    @property
    def plain(self) -> bool:
        return self.colour == NOISE


def ways(workspace: Workspace, source: Collection, one: Embedding, stored: Clustering | None) -> dict[str, str]:
    """What a map of this embedding can be coloured by, with titles; stored: the clustering that is looked at."""
    known = []
    if stored is not None:
        desk = open_desk(workspace, stored)
        known += ["cluster", "margin", *(["name"] if any(desk.name_of(number) for number in desk.clusters) else [])]
    with contextlib.suppress(EmbeddingError):  # that its words cannot be read is no reason to show no map
        known += ["label", "confidence"] if names_of(one) else []
    if len(folders_of(workspace, source)[2]) > 1:
        known.append("truth")
    return {by: _TITLES[by] for by in BYS if by in known}


def colouring(
    workspace: Workspace,
    one: Embedding,
    mapped: StoredMap,
    by: str,
    stored: Clustering | None,
    version: int | None = None,
) -> Colouring:
    """The colours of a map of an embedding by one of `BYS`.

    stored: the clustering for those ways that need one. version: as people had left it after this event; None for now.
    """
    source, clustering_id = collection(workspace, one.collection_id), stored.id if stored is not None else ""
    if by not in BYS:
        raise MapError(f"A map cannot be coloured by {by[:40]!r}. Expected one of: {', '.join(BYS)}.")
    if by in OF_CLUSTERING and (stored is None or stored.collection_id != source.id):
        raise MapError("These colours need a clustering of this collection. Choose one, or colour by something else.")
    desk = open_desk(workspace, stored) if stored is not None and by in _OF_DESK else None
    state = f"{one.finished_at}:{source.scanned_at}"
    if desk is not None:
        desk = desk if version is None else at_version(desk, version)
        state = f"{desk.version}:{desk.events[-1].uuid if desk.events else ''}"
    about = (str(mapped.path), str(mapped.created_at), clustering_id, state)
    return _coloured(workspace, one, mapped, stored, desk, by, about)


@st.cache_resource(max_entries=48, show_spinner=False)
def _coloured(
    _workspace: Workspace,
    _one: Embedding,
    _mapped: StoredMap,
    _stored: Clustering | None,
    _desk: Desk | None,
    by: str,
    about: tuple[str, ...],
) -> Colouring:
    content = map_content(_mapped)
    if _stored is not None and _desk is not None:
        at = rows_in_clustering(_mapped, _desk.image_ids, _stored.id)
        return (_by_cluster if by == "cluster" else _by_name)(_desk, at, content.places)
    if _stored is not None and by == "margin":
        clusters = read_clustering(_stored)
        margin = np.where(clusters.labels >= 0, clusters.margin, -1)  # of what is in no cluster it says nothing
        return _scaled(taken(margin, rows_in_clustering(_mapped, clusters.image_ids, _stored.id)))
    if by == "truth":
        ids, classes, names = folders_of(_workspace, collection(_workspace, _one.collection_id))
        kinds = [_Kind(name, colour_of(at)) for at, name in enumerate(names, 1)]
        return _grouped(taken(classes, rows_among(content.image_ids, ids)), kinds, "other folders", content.places)
    first, probabilities = first_labels(_workspace, _one, _mapped, about[-1])
    if by == "confidence":
        return _scaled(np.where(first >= 0, probabilities, -1))
    return _by_label(first, names_of(_one), content.places)


def _by_cluster(desk: Desk, at: np.ndarray, places: np.ndarray) -> Colouring:
    kinds = [_Kind(desk.called(number), colour_of(number), number) for number in desk.clusters]
    found = _by_group(desk, at, places, kinds, {number: place for place, number in enumerate(desk.clusters)})
    placed = next((event.id for event in reversed(desk.events) if event.kind != "name"), 0)
    return replace(found, version=placed)


def _by_name(desk: Desk, at: np.ndarray, places: np.ndarray) -> Colouring:
    """Clusters of one name are one entry, with the colour of the first of them."""
    called: dict[str, list[int]] = {}
    for number in desk.clusters:
        called.setdefault(desk.name_of(number), []).append(number)
    nameless = called.pop("", [])
    kinds = [
        _Kind(name, colour_of(numbers[0]), numbers[0] if len(numbers) == 1 else None)
        for name, numbers in called.items()
    ]
    kind_of = {number: place for place, numbers in enumerate(called.values()) for number in numbers}
    kind_of |= dict.fromkeys(nameless, len(kinds))
    return _by_group(desk, at, places, [*kinds, _Kind("without a name", NOISE)], kind_of)


def _by_group(
    desk: Desk, at: np.ndarray, places: np.ndarray, kinds: Sequence[_Kind], kind_of: dict[int, int]
) -> Colouring:
    """By the group each image is in; those in no cluster come last, and grey."""
    table = np.full(desk.highest + 2, -1)
    table[np.array(list(kind_of), int) + 1] = list(kind_of.values())
    table[[UNASSIGNED + 1, ASIDE + 1]] = len(kinds), len(kinds) + 1
    aside = [_Kind(desk.called(group), NOISE, group) for group in (UNASSIGNED, ASIDE)]
    return _grouped(taken(table[desk.group + 1], at), [*kinds, *aside], "other clusters", places, desk.version)


def _by_label(first: np.ndarray, names: Sequence[str], places: np.ndarray) -> Colouring:
    """By the most probable label: the commonest have colours, by rank."""
    first = np.where(first < len(names), first, -1)
    counts = np.bincount(first[first >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(counts), int)
    rank[order] = np.arange(len(order)).clip(max=MOST_LABELS)
    kinds = [_Kind(names[number], colour_of(at)) for at, number in enumerate(order[:MOST_LABELS].tolist(), 1)]
    return _grouped(taken(rank, first), [*kinds, _Kind("other labels", NOISE)], "", places)


def _grouped(of: np.ndarray, kinds: Sequence[_Kind], rest: str, places: np.ndarray, version: int = 0) -> Colouring:
    """of (n,): which of the kinds each image is, or -1. Kinds that no image is are left out; rest: the smallest."""
    sizes = np.bincount(of[of >= 0], minlength=len(kinds))
    plain = np.array([kind.plain for kind in kinds], bool)
    kept = np.sort(np.lexsort((-sizes, ~plain))[:MOST])
    kept = kept[sizes[kept] > 0]
    others = int(sizes.sum() - sizes[kept].sum())
    code_of = np.full(len(kinds) + 1, UNKNOWN, np.uint16)  # the last answers for -1
    code_of[np.flatnonzero(sizes)] = len(kept)
    code_of[kept] = np.arange(len(kept))
    codes = code_of[of]
    codes.setflags(write=False)  # all who ask get the same
    centres = _centres(codes, len(kept), places)
    entries = [
        Entry(kind.title, kind.colour, int(sizes[at]), None if kind.plain else centre, kind.number)
        for at, centre in zip(kept.tolist(), centres, strict=True)
        for kind in (kinds[at],)
    ]
    return Colouring(codes, (*entries, *([Entry(rest, NOISE, others, None, None)] if others else [])), (), version)


def _centres(codes: np.ndarray, groups: int, places: np.ndarray) -> list[tuple[float, float]]:
    """For each group the place of its image nearest to the median, which may itself lie between its parts."""
    order = np.argsort(codes, kind="stable")
    parts = np.split(places[order], np.searchsorted(codes[order], np.arange(1, groups + 1)))[:groups]
    off = (((part - np.median(part, axis=0)) ** 2).sum(axis=1) for part in parts)
    return [(float(x), float(y)) for x, y in (part[np.argmin(far)] for part, far in zip(parts, off, strict=True))]


def _scaled(shares: np.ndarray) -> Colouring:
    """shares (n,): from 0 to 1, or -1 where nothing is known."""
    known = shares >= 0
    codes = np.where(known, np.round(np.where(known, shares, 0).clip(0, 1) * FULL), UNKNOWN).astype(np.uint16)
    codes.setflags(write=False)
    return Colouring(codes, (), SCALE)
