"""The image grid: one widget for every page that shows many images."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from imclust_core.images.reasons import NOTES
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.workspace import Workspace
from pages.parts.image_address import image_address, signing_key

_HERE = Path(__file__).parent
_HTML = """
<div class="grid" role="group"></div>
<dialog>
  <img alt="">
  <div class="facts">
    <span class="name"></span><span class="more"></span>
    <span class="buttons">
      <button type="button" class="similar">Find similar</button>
      <button type="button" class="previous">&larr; Previous</button>
      <button type="button" class="next">Next &rarr;</button>
      <button type="button" class="close">Close</button>
    </span>
  </div>
</dialog>
"""

_NOTHING: Callable[[], None] = lambda: None  # noqa: E731  Streamlit makes a trigger only for those that have a callback

_grid = st.components.v2.component(
    "imclust_grid",
    html=_HTML,
    css=(_HERE / "grid.css").read_text(encoding="utf-8"),
    js=(_HERE / "grid.js").read_text(encoding="utf-8"),
)


def image_grid(
    workspace: Workspace,
    collection_id: str,
    images: list[ImageRow],
    *,
    key: str,
    label: str,
    captions: Mapping[int, str] | None = None,
    on_turn: Callable[[], None] | None = None,
    on_similar: Callable[[], None] | None = None,
) -> None:
    """Show images as thumbnails; a click enlarges one, arrow keys move.

    Parameters
    ----------
    captions: image id -> a line below its thumbnail.
    on_turn: called at Page Up, Page Down and beyond the ends; `st.session_state[key].turn` then holds 1 or -1.
    on_similar: puts "Find similar" below the large picture; `st.session_state[key].similar` then holds the image's id.
    """
    data = {
        "items": _items(workspace, collection_id, images, captions or {}),
        "label": label,
        "pages": on_turn is not None,
        "similar": on_similar is not None,
    }
    _grid(key=key, data=data, on_turn_change=on_turn or _NOTHING, on_similar_change=on_similar or _NOTHING)


def _items(
    workspace: Workspace, collection_id: str, images: list[ImageRow], captions: Mapping[int, str]
) -> list[dict[str, object]]:
    """What the browser needs of each image: never its path, only its name and its addresses."""
    secret = signing_key(workspace)
    return [
        {
            "id": one.id,
            "name": one.name,
            "facts": facts_line(one),
            "caption": captions.get(one.id, ""),
            "thumb": image_address(secret, collection_id, one, "thumb"),
            "view": image_address(secret, collection_id, one, "view"),
        }
        for one in images
    ]


def facts_line(image: ImageRow) -> str:
    """What there is to say of an image beside its name."""
    parts = [f"{image.width:,} × {image.height:,}", image.format or "", size_text(image.size)]
    return " · ".join([*parts, *(NOTES.get(note, note).rstrip(".") for note in image.notes)])


def size_text(size: int) -> str:
    """A file's size for people."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:,.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"
