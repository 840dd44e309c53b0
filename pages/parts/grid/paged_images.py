"""Any number of images by their ids, a page at a time."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from imclust_core.store.catalogue import usable_images
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.grid.all_images import PAGES_WIDTH, PER_PAGE
from pages.parts.grid.grid import captioned, image_grid
from pages.parts.kit.text import plural


def paged_images(
    workspace: Workspace,
    source: Collection,
    ids: np.ndarray,
    *,
    key: str,
    label: str,
    caption: Callable[[int], str],
) -> None:
    """A page of these images (n,) in this order, and the way to the others; caption: for the place of each."""
    pages = max(1, -(-len(ids) // PER_PAGE))
    page = st.pagination(pages, key=f"{key}-page", width=PAGES_WIDTH) if pages > 1 else 1
    first = (page - 1) * PER_PAGE
    some = ids[first : first + PER_PAGE].tolist()
    captions = {image: caption(first + at) for at, image in enumerate(some)}
    st.caption(plural(len(ids), "image"))
    image_grid(
        workspace,
        source.id,
        usable_images(workspace, source.id, some),
        key=f"{key}-grid",
        label=label,
        about=captioned(captions),
    )
