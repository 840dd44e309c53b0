"""Any number of images by their ids, a page at a time."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from imclust_core.store.catalogue import images_by_id
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.all_images import PER_PAGE
from pages.parts.grid import image_grid
from pages.parts.text import plural

_PAGES_WIDTH = 380


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
    page = st.pagination(pages, key=f"{key}-page", width=_PAGES_WIDTH) if pages > 1 else 1
    first = (page - 1) * PER_PAGE
    some = ids[first : first + PER_PAGE].tolist()
    captions = {image: caption(first + at) for at, image in enumerate(some)}
    found = images_by_id(workspace, source.id, some)
    usable = [found[image] for image in some if image in found and found[image].state == "ok"]
    st.caption(plural(len(ids), "image"))
    image_grid(workspace, source.id, usable, key=f"{key}-grid", label=label, captions=captions)
