"""One map on the page: its widget with all it needs, and what a person should know of it."""

from dataclasses import dataclass

import streamlit as st

from imclust_core.mapping.methods import find_method
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import StoredMap
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plural
from pages.parts.kit.trouble import trouble_shown
from pages.parts.map.address import (
    ids_address,
    pick_address,
    picked_address,
    places_address,
    thumb_template,
    values_address,
)
from pages.parts.map.codes import Colouring
from pages.parts.map.colouring import colouring
from pages.parts.map.widget.figure import Figure, map_figure
from pages.parts.session.selection import Pick, keep_pick

_TRUSTED, _DOUBTED = 0.95, 0.85


@dataclass(frozen=True)
class Shown:
    """A map as it is asked for. one: its embedding. by: one of `WAYS`, or nothing to colour by. by_title: in words.

    coloured: the clustering whose clusters are the colours. stored: the clustering that is worked on, of which a picked
    cluster is.
    """

    workspace: Workspace
    source: Collection
    one: Embedding
    mapped: StoredMap
    by: str
    by_title: str
    coloured: Clustering | None
    stored: Clustering | None
    pick: Pick | None


def show_map(shown: Shown, *, key: str, height: int) -> Colouring | None:
    """The map in its colours, which are returned; None where there are none, and why if that is a mistake."""
    workspace, mapped, colours = shown.workspace, shown.mapped, None
    with trouble_shown():
        colours = colouring(workspace, shown.one, mapped, shown.by, shown.coloured) if shown.by else None
    map_figure(key=key, data=_figure(shown, colours), on_pick=keep_pick, on_clear=lambda: keep_pick(""), height=height)
    st.caption(_facts(mapped))
    return colours


def _figure(shown: Shown, colours: Colouring | None) -> Figure:
    workspace, mapped, pick = shown.workspace, shown.mapped, shown.pick
    return Figure(
        map_id=mapped.id,
        places=places_address(workspace, mapped),
        ids=ids_address(workspace, mapped),
        values=values_address(workspace, mapped, shown.by, shown.coloured, colours) if colours is not None else "",
        entries=[entry.told for entry in colours.entries] if colours is not None else [],
        scale=colours.scale if colours is not None else (),
        by=shown.by,
        by_title=shown.by_title,
        thumb=thumb_template(workspace, shown.source.id),
        pick=pick.key if pick is not None else "",
        picked=picked_address(workspace, mapped, pick.key, shown.stored, pick.image_ids) if pick is not None else "",
        pick_to=pick_address(workspace, mapped),
        pictures="near",
        title=" ".join((shown.source.name, find_method(mapped.recipe.method).title, shown.by_title)),
    )


def _facts(mapped: StoredMap) -> str:
    """How many images, how far to trust it, and what else there is to say."""
    facts = [f"{plural(mapped.images, 'image')}"]
    if mapped.trustworthiness is not None:
        level = "high" if mapped.trustworthiness >= _TRUSTED else "low" if mapped.trustworthiness < _DOUBTED else "fair"
        facts.append(f"trustworthiness {mapped.trustworthiness:.2f} ({level}): how far neighbours here are neighbours")
    return " · ".join([*facts, *mapped.notes])
