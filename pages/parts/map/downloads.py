"""Maps and picks out of the house: the map as one HTML file, what is picked as a table."""

import numpy as np
import streamlit as st

from imclust_core.exchange.exports.picked import picked_table
from imclust_core.exchange.exports.places import places_table
from imclust_core.names import display_name
from imclust_core.store.catalogue import paths
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.maps import StoredMap
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plural
from pages.parts.map.codes import Colouring
from pages.parts.map.html import standalone_html
from pages.parts.map.sources import map_content
from pages.parts.session.selection import Pick


def offer_map(
    workspace: Workspace, source: Collection, mapped: StoredMap, colours: Colouring | None, title: str
) -> None:
    """The map as a file that needs no imclust and no network, if it has colours, and its places as a table."""
    if colours is not None:
        _offer_html(workspace, source, mapped, colours, title)
    st.download_button(
        "Places as CSV",
        lambda: places_table(workspace, source, map_content(mapped)),
        f"{mapped.recipe.method}-places.csv",
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
    )


def _offer_html(workspace: Workspace, source: Collection, mapped: StoredMap, colours: Colouring, title: str) -> None:
    def captions(image_ids: np.ndarray) -> list[str]:
        known = paths(workspace, source.id)
        return [display_name(known.get(image, b"")) for image in image_ids.tolist()]

    st.download_button(
        "Map as HTML",
        lambda: standalone_html(title, map_content(mapped), colours, captions),
        f"{mapped.recipe.method}-map.html",
        "text/html",
        icon=":material/web:",
        on_click="ignore",
        help="One file that opens in any browser, without imclust and without a network. It holds names, no pictures.",
    )


def offer_pick(workspace: Workspace, source: Collection, stored: Clustering | None, pick: Pick) -> None:
    """What is picked as a table."""
    st.download_button(
        f"List of {plural(len(pick.image_ids), 'image')}",
        lambda: picked_table(workspace, source, stored, pick.image_ids),
        "picked-images.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="A table of what is picked: path, cluster and name of each image.",
        key=f"pick-table-{pick.key}",
    )
