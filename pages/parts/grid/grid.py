"""The image grid: one widget for every page that shows many images."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from imclust_core.images.reasons import NOTES
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import image_address, signing_key
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import Handler, is_count, plain_text, take, whole_number

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

_grid = Widget(__file__, "grid", _HTML)


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


@dataclass(frozen=True)
class About:
    """What there is to say of one image.

    caption: a line below its thumbnail. details: what stands below its large picture, as terms and texts. reasons: what
    there is to explain beside it, the first being shown when it opens: each is a title and a target, or a title and two
    of those, as for and against.
    """

    caption: str = ""
    details: Sequence[tuple[str, str]] = ()
    reasons: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True)
class View:
    """How a grid is drawn.

    size: of the thumbnails, "s", "m" or "l". drawing: told to other widgets when the browser has drawn it, as the event
    imclust-drawn. ahead: images of the next page, whose thumbnails the browser fetches when it has nothing else to do.
    selected: ids of the images that are selected, here or on other pages; None for a grid without selection.
    looks: what the network looked at, over the thumbnails and beside the large picture; None for a grid without.
    """

    size: str = "m"
    drawing: int = 0
    ahead: Sequence[ImageRow] = ()
    selected: Collection[int] | None = None
    looks: Looks | None = None


@dataclass(frozen=True)
class Acts:
    """What can be done with a grid, and what is called then.

    choose: with what is told of the selection when it changes; `merged(before, told)` is then the new one. Callbacks of
        other widgets that act on the selection take it from `as_told(key, before)`.
    turn: with 1 or -1 at Page Up, Page Down and beyond the ends. similar: with the image's id, from "Find similar".
    show: with what lies over the thumbnails from now on, as in `Looks.show`; the browser shows it already.
    """

    choose: Callable[[Any], None] | None = None
    turn: Callable[[int], None] | None = None
    similar: Callable[[int], None] | None = None
    show: Callable[[str], None] | None = None


def image_grid(
    workspace: Workspace,
    collection_id: str,
    images: list[ImageRow],
    *,
    key: str,
    label: str,
    about: Mapping[int, About] = MappingProxyType({}),
    view: View = View(),
    acts: Acts = Acts(),
) -> None:
    """Show images as thumbnails; a click enlarges one, arrow keys move. about: by the images' ids."""
    data = {
        "items": _items(workspace, collection_id, images, about),
        "label": label,
        "size": view.size,
        "drawing": view.drawing,
        "ahead": [_thumbnail(workspace, collection_id, one) for one in view.ahead[:_MOST_AHEAD]],
        "selected": None if view.selected is None else _among(images, view.selected),
        "looks": None if view.looks is None else asdict(view.looks),
        "pages": acts.turn is not None,
        "similar": acts.similar is not None,
    }
    _grid(key, data, _handlers(acts))


def captioned(captions: Mapping[int, str]) -> dict[int, About]:
    """Lines below thumbnails and nothing else, by the images' ids."""
    return {image: About(caption) for image, caption in captions.items()}


def _handlers(acts: Acts) -> dict[str, Handler]:
    on: dict[str, Handler] = {}
    if acts.choose is not None:
        on["chosen"] = acts.choose
    if acts.turn is not None:
        on["turn"] = whole_number(acts.turn)
    if acts.similar is not None:
        on["similar"] = whole_number(acts.similar)
    if (show := acts.show) is not None:
        on["show"] = plain_text(lambda shown: show(shown) if shown in ("", *SHOWN) else None)
    return on


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
    for told in take(key, "chosen"):
        before = merged(before, told)
    return set(before)


def _among(images: Sequence[ImageRow], selected: Collection[int]) -> list[int]:
    chosen = selected if isinstance(selected, (set, frozenset)) else set(selected)
    return [one.id for one in images if one.id in chosen]


def _items(
    workspace: Workspace, collection_id: str, images: list[ImageRow], about: Mapping[int, About]
) -> list[dict[str, object]]:
    """What the browser needs of each image: never its path, only its name and its addresses."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "facts": facts_line(one),
            **vars(about.get(one.id, About())),
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
