"""A second map beside the first: the same one in the colours of another clustering, or that of another embedding."""

from dataclasses import replace

import streamlit as st

from imclust_core.store.maps import MapRecipe
from pages.parts.kit.text import plain
from pages.parts.map.choice import Beside
from pages.parts.map.colouring import ways
from pages.parts.map.obtain import obtain_map
from pages.parts.map.shown import Shown, show_map
from pages.parts.session.clustering import title_of


def show_beside(shown: Shown, recipe: MapRecipe, beside: Beside, *, key: str, height: int) -> None:
    """The second map, which moves with the first where it is the same one, and shows the same pick in any case."""
    if beside.clustering is not None:
        st.caption(plain(title_of(beside.clustering)))
        show_map(replace(shown, coloured=beside.clustering), key=key, height=height)
    elif beside.embedding is not None:
        st.caption(plain(beside.embedding.title))
        mapped = obtain_map(shown.workspace, beside.embedding, recipe, place=key)
        if mapped is not None:
            known = ways(shown.workspace, shown.source, beside.embedding, shown.coloured)
            by = shown.by if shown.by in known else next(iter(known), "")
            other = replace(shown, one=beside.embedding, mapped=mapped, by=by, by_title=known.get(by, ""))
            show_map(other, key=key, height=height)
