"""How the map is made, and the ways to take it along."""

import streamlit as st

from imclust_core.annotation.editing import open_desk
from imclust_core.mapping.methods import find_method
from imclust_core.store.clusterings import Clustering
from imclust_core.store.maps import MapRecipe
from imclust_core.store.workspace import Workspace
from pages.parts.map.choice import drawn_by_names, pick_names
from pages.parts.map.codes import Colouring
from pages.parts.map.downloads import offer_map, offer_pick
from pages.parts.map.obtain import make_map
from pages.parts.map.shown import Shown


def recipe_for(workspace: Workspace, method: str, stored: Clustering | None) -> MapRecipe:
    """The recipe of the map that is asked for; with the names as they are now, where they are to count."""
    if not drawn_by_names() or stored is None or not _can_name(workspace, method, stored):
        return MapRecipe(method)
    return MapRecipe(method, 0, f"{stored.id}@{open_desk(workspace, stored).version}")


def _can_name(workspace: Workspace, method: str, stored: Clustering | None) -> bool:
    if stored is None or not find_method(method).by_names:
        return False
    desk = open_desk(workspace, stored)
    return any(desk.name_of(number) for number in desk.clusters)


def show_settings(shown: Shown, recipe: MapRecipe, colours: Colouring | None) -> None:
    """A button that opens them. recipe: of the map as it would be made now."""
    workspace, source, mapped, pick = shown.workspace, shown.source, shown.mapped, shown.pick
    with st.popover("Make and take along", icon=":material/tune:", key=f"map-settings-{mapped.id}"):
        method = mapped.recipe.method
        pick_names(can=_can_name(workspace, method, shown.stored))
        st.button(
            "Make this map anew",
            icon=":material/refresh:",
            on_click=make_map,
            args=(workspace, shown.one, recipe),
            help="From nothing. Usually a map goes on from the one before, so that what was known stays in its place.",
        )
        offer_map(workspace, source, mapped, colours, f"{source.name}: {find_method(method).title}")
        if pick is not None and len(pick.image_ids):
            offer_pick(workspace, source, shown.stored, pick)
        st.caption("PNG and SVG of what is in view: the buttons above the map.")
