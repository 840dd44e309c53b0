"""The image grid: one widget for every page that shows many images."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import streamlit as st

from imclust_core.images.reasons import NOTES
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import image_address, signing_key
from pages.parts.kit.old_component import script
from pages.parts.kit.old_messages import heard, is_count, is_news

_HERE = Path(__file__).parent
_MOST_TOLD = 10_000
_MOST_AHEAD = 120
SHOWN = ("cam", "guided")
"""What may lie over thumbnails."""
_HTML = """
<div class="above" hidden>
  <div class="shows" role="radiogroup" aria-label="What the images show">
    <button type="button" role="radio" data-show="">Pictures</button>
    <button type="button" role="radio" data-show="cam" title="Which places speak for it">CAM</button>
    <button type="button" role="radio" data-show="guided" title="Which pixels speak for it">Backprop</button>
  </div>
  <div class="looking" role="status" aria-atomic="false">
    <span></span><button type="button" hidden>Try again</button><span class="legend"></span>
  </div>
</div>
<div class="grid"></div>
<dialog>
  <div class="sheet" tabindex="-1" autofocus>
    <div class="figures">
      <figure><div class="frame"><img alt=""></div><figcaption>Original</figcaption></figure>
      <figure hidden><div class="frame"><img alt=""></div><figcaption></figcaption></figure>
      <figure hidden><div class="frame"><img alt=""></div><figcaption></figcaption></figure>
    </div>
    <div class="because">
      <div class="reasons" role="group" aria-label="What to explain"></div>
      <div class="told" role="status"><span></span><button type="button" hidden>Try again</button></div>
    </div>
    <div class="below">
      <div class="text">
        <span class="name"></span><span class="more"></span>
        <dl></dl>
      </div>
      <div class="buttons">
        <button type="button" class="toggle select"><span class="check"></span>Select</button>
        <button type="button" class="toggle looked" title="Press w">
          <span class="check"></span>What did it look at?
        </button>
        <button type="button" class="similar">Find similar</button>
        <button type="button" class="previous">&larr; Previous</button>
        <button type="button" class="next">Next &rarr;</button>
        <button type="button" class="close">Close</button>
      </div>
    </div>
  </div>
</dialog>
"""

_NOTHING: Callable[[], None] = lambda: None  # noqa: E731  Streamlit makes a trigger only for those that have a callback

_grid = st.components.v2.component(
    "imclust_grid",
    html=_HTML,
    css=(_HERE / "grid.css").read_text(encoding="utf-8"),
    js=script(
        _HERE,
        "../kit/old_elements.js",
        "selection.js",
        "overlay_switch.js",
        "overlays.js",
        "explain.js",
        "lightbox.js",
        "grid.js",
    ),
)


@dataclass(frozen=True)
class Looks:
    """What a grid can show of what the network looked at, and where the browser asks for it.

    show: what lies over the thumbnails: "cam", "guided", or "" for nothing. ask: the address that has looks made and
    says which are there, to which the browser adds target, methods and ids. picture: the address of one, with {id} and
    {method} in it, to which the browser adds target, size and v. opacity: of heat over a picture, 0 to 1. guided: what
    the slopes of this network are called. scale: colours from little to much. target: what the thumbnails explain.
    """

    show: str
    ask: str
    picture: str
    opacity: float
    guided: str
    scale: Sequence[str]
    target: str


def image_grid(
    workspace: Workspace,
    collection_id: str,
    images: list[ImageRow],
    *,
    key: str,
    label: str,
    captions: Mapping[int, str] | None = None,
    details: Mapping[int, Sequence[tuple[str, str]]] | None = None,
    size: str = "m",
    drawing: int = 0,
    ahead: Sequence[ImageRow] = (),
    selected: Collection[int] | None = None,
    looks: Looks | None = None,
    reasons: Mapping[int, Sequence[Mapping[str, object]]] | None = None,
    on_chosen: Callable[[], None] | None = None,
    on_turn: Callable[[], None] | None = None,
    on_similar: Callable[[], None] | None = None,
    on_show: Callable[[str], None] | None = None,
) -> None:
    """Show images as thumbnails; a click enlarges one, arrow keys move.

    Parameters
    ----------
    captions: image id -> a line below its thumbnail.
    details: image id -> what there is to say of it below its large picture, as terms and texts.
    size: of the thumbnails, "s", "m" or "l".
    drawing: told to other widgets when the browser has drawn it, as the event imclust-drawn.
    ahead: images of the next page, whose thumbnails the browser fetches when it has nothing else to do.
    selected: ids of the images that are selected, here or on other pages; None for a grid without selection.
    looks: what the network looked at, over the thumbnails and beside the large picture; None for a grid without.
    reasons: image id -> what there is to explain beside its large picture, the first being shown when it opens: each
        is a title and a target, or a title and two of those, as for and against.
    on_chosen: called when the selection changes; `merged(before, st.session_state[key].chosen)` is then the new one.
        Callbacks of other widgets that act on the selection take it from `as_told(key, before)`.
    on_turn: called at Page Up, Page Down and beyond the ends; `st.session_state[key].turn` then holds 1 or -1.
    on_show: called with what lies over the thumbnails from now on, as in `Looks.show`; the browser shows it already.
    on_similar: puts "Find similar" below the large picture; `st.session_state[key].similar` then holds the image's id.
    """
    data = {
        "items": _items(workspace, collection_id, images, captions or {}, details or {}, reasons or {}),
        "label": label,
        "size": size,
        "drawing": drawing,
        "ahead": [_thumbnail(workspace, collection_id, one) for one in ahead[:_MOST_AHEAD]],
        "selected": None if selected is None else _among(images, selected),
        "looks": None if looks is None else asdict(looks),
        "heard": heard(key),
        "pages": on_turn is not None,
        "similar": on_similar is not None,
    }
    _grid(
        key=key,
        data=data,
        on_chosen_change=partial(_hear, key, on_chosen or _NOTHING),
        on_turn_change=on_turn or _NOTHING,
        on_similar_change=on_similar or _NOTHING,
        on_show_change=partial(_hear_show, key, on_show) if on_show else _NOTHING,
    )


def merged(before: Iterable[int], told: object) -> set[int]:
    """The selection after what a browser told of the images it shows; those on other pages stay as they were.

    Parameters
    ----------
    told: {"shown": ids, "selected": ids among them}; whatever is not of this form counts for nothing.
    """
    if not isinstance(told, Mapping):
        return set(before)
    shown, selected = _ids(told.get("shown")), _ids(told.get("selected"))
    return (set(before) - shown) | (selected & shown)


def _ids(told: object) -> set[int]:
    return {one for one in islice(told, _MOST_TOLD) if is_count(one)} if isinstance(told, list) else set()


def as_told(key: str, before: Iterable[int]) -> set[int]:
    """The selection that another widget's callback is to act on: with what the browser told in the same breath.

    Streamlit runs the callbacks of buttons before those of this grid: its news would come on top of what they did.
    """
    return merged(before, _news(key))


def _hear(key: str, then: Callable[[], None]) -> None:
    if _news(key):
        then()


def _hear_show(key: str, then: Callable[[str], None]) -> None:
    told = st.session_state[key].show
    if told in ("pictures", *SHOWN):
        then(told if told in SHOWN else "")


def _news(key: str) -> Mapping[str, Any] | None:
    """What the browser told and nobody has taken over yet; it is taken now, and the grid is told so when drawn."""
    told = (st.session_state.get(key) or {}).get("chosen")
    return told if is_news(key, told) else None


def _among(images: Sequence[ImageRow], selected: Collection[int]) -> list[int]:
    chosen = selected if isinstance(selected, (set, frozenset)) else set(selected)
    return [one.id for one in images if one.id in chosen]


def _items(
    workspace: Workspace,
    collection_id: str,
    images: list[ImageRow],
    captions: Mapping[int, str],
    details: Mapping[int, Sequence[tuple[str, str]]],
    reasons: Mapping[int, Sequence[Mapping[str, object]]],
) -> list[dict[str, object]]:
    """What the browser needs of each image: never its path, only its name and its addresses."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "facts": facts_line(one),
            "caption": captions.get(one.id, ""),
            "details": details.get(one.id, ()),
            "reasons": reasons.get(one.id, []),
            "thumb": _thumbnail(workspace, collection_id, one),
            "view": image_address(signing_key(workspace), collection_id, one, "view"),
        }
        for one in images
    ]


def _thumbnail(workspace: Workspace, collection_id: str, image: ImageRow) -> str:
    return image_address(signing_key(workspace), collection_id, image, "thumb")


def facts_line(image: ImageRow) -> str:
    """What there is to say of an image beside its name."""
    parts = [f"{image.width:,} × {image.height:,}", image.format or "", size_text(image.size)]
    return " · ".join([*parts, *(NOTES.get(note, note).rstrip(".") for note in image.notes)])


def size_text(size: int) -> str:
    """A file's size for people."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:,.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"
