"""All images of a collection, a page at a time, in the order of their paths."""

from collections.abc import Callable

import streamlit as st

from imclust_core.store.catalogue import count_images, page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.counts import summary_of
from imclust_core.store.workspace import Workspace
from pages.parts.grid.grid import Acts, image_grid
from pages.parts.kit.redraw import redraw_if_asked
from pages.parts.kit.text import plural

GRID = "all_images"
PER_PAGE = 60
_FILL_SECONDS = 2.0
PAGES_WIDTH = 380
_PAGE = "page"


def show_images(
    workspace: Workspace, source: Collection, *, scanning: bool = False, on_similar: Callable[[int], None] | None = None
) -> None:
    """A page of thumbnails; while a scan runs, the page fills as images are found."""
    st.fragment(_images, run_every=_FILL_SECONDS if scanning else None)(workspace, source, scanning, on_similar)


def _images(workspace: Workspace, source: Collection, scanning: bool, on_similar: Callable[[int], None] | None) -> None:
    redraw_if_asked()
    summary = None if scanning else summary_of(workspace, source.id)
    number = summary.images if summary else count_images(workspace, source.id)
    if not number:
        whole = "There is no image in this folder." if source.scanned_at else "The scan has found no image so far."
        st.info("Images appear here as they are found." if scanning else whole)
        return
    pages = -(-number // PER_PAGE)
    if not 1 <= st.session_state.get(_PAGE, 1) <= pages:
        st.session_state[_PAGE] = 1
    with st.container(horizontal=True, vertical_alignment="center"):
        # A width of its own: fitted to its content, it folds three pages into "1 … 3".
        page = st.pagination(pages, key=_PAGE, bind="query-params", width=PAGES_WIDTH) if pages > 1 else 1
        first = (page - 1) * PER_PAGE
        st.caption(f"{first + 1:,} to {min(first + PER_PAGE, number):,} of {plural(number, 'image')}, by path")
    images = page_of_images(workspace, source.id, offset=first, limit=PER_PAGE)
    image_grid(
        workspace,
        source.id,
        images,
        key=GRID,
        label=f"Images, page {page}",
        acts=Acts(turn=lambda by: _turn(pages, by), similar=on_similar),
    )


def _turn(pages: int, by: int) -> None:
    st.session_state[_PAGE] = min(max(1, st.session_state.get(_PAGE, 1) + by), pages)
