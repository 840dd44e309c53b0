"""The map that is asked for: found, or made by a job while the page says how far that is."""

import functools

import streamlit as st

from imclust_core.errors import MapError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.submitting import map_key, submit_map
from imclust_core.mapping.methods import find_method
from imclust_core.store.embeddings import Embedding
from imclust_core.store.maps import MapRecipe, StoredMap, forget_map, maps_of
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.wait import begin, wait_for
from pages.parts.kit.text import plain
from pages.parts.map.sources import map_content, vectors_state

_LARGE = 50_000
"""Images whose map takes more than a minute or two, so that it is not begun before somebody asks."""


def obtain_map(workspace: Workspace, one: Embedding, recipe: MapRecipe, *, place: str) -> StoredMap | None:
    """The newest map of this kind; None while there is none, and how far it is. place: tells two on a page apart."""
    found = _newest(one, recipe)
    key, title = map_key(one, recipe), find_method(recipe.method).title
    if found is None:
        submit = functools.partial(submit_map, workspace, one, recipe)
        images, job = one.summary.images if one.summary else 0, Queue(workspace).last_of(key)
        if images > _LARGE and (job is None or job.state == "done") and recipe.method != "pca":
            st.info(f"There is no {title} of these {images:,} images yet. It takes minutes; you may leave meanwhile.")
            st.button("Make the map", type="primary", key=f"{place}-make", on_click=begin, args=(workspace, submit))
            return None
        wait_for(workspace, key, submit, f"{title} of all images", place=place, long=True)
        return None
    _offer_update(workspace, one, found, recipe, place)
    return found


def _newest(one: Embedding, recipe: MapRecipe) -> StoredMap | None:
    """The newest map made like this, also after other names; one that cannot be read makes room for a new one."""
    for found in maps_of(one):
        if found.recipe.kind == recipe.kind:
            try:
                map_content(found)
                return found
            except MapError as error:
                st.warning(plain(str(error)), icon=":material/healing:")
                forget_map(found)
    return None


def _offer_update(workspace: Workspace, one: Embedding, found: StoredMap, recipe: MapRecipe, place: str) -> None:
    """A newer map, where images or names have changed since; and what becomes of it once it is asked for."""
    for anew in (True, False):
        job = Queue(workspace).last_of(map_key(one, recipe, anew=anew))
        if job is not None and (job.active or (job.state != "done" and job.created_at > found.created_at)):
            _show_update(workspace, one, recipe, place, anew=anew)
            return
    other = found.state != vectors_state(workspace, one)
    if not other and found.recipe == recipe:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        what = "Images came, went or changed" if other else "Clusters were named or changed"
        st.caption(f"{what} since this map was made.", width="content")
        st.button(
            "Update the map",
            icon=":material/update:",
            type="tertiary",
            key=f"{place}-update",
            on_click=make_map,
            args=(workspace, one, recipe),
        )


def _show_update(workspace: Workspace, one: Embedding, recipe: MapRecipe, place: str, *, anew: bool) -> None:
    wait_for(
        workspace,
        map_key(one, recipe, anew=anew),
        lambda: submit_map(workspace, one, recipe, anew=anew),
        "A new map",
        place=f"{place}-update",
        long=True,
    )


def make_map(workspace: Workspace, one: Embedding, recipe: MapRecipe, *, anew: bool = False) -> None:
    """Ask for a map in a callback, as it follows from the last one or from nothing; that one stays until then."""
    begin(workspace, lambda: submit_map(workspace, one, recipe, anew=anew))
