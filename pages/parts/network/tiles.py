"""Many small pictures beside each other, one of which may be chosen: kernels, feature maps, images, or bars."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from pages.parts.kit.component import script

_HERE = Path(__file__).parent

_tiles = st.components.v2.component(
    "imclust_network_tiles",
    html='<div class="tiles"></div><p class="lost" role="alert" hidden></p>',
    css=(_HERE / "tiles.css").read_text(encoding="utf-8"),
    js=script(_HERE, "../kit/elements.js", "tiles.js"),
)
_large = st.components.v2.component(
    "imclust_network_large",
    html='<figure><div class="stack"><span class="both"><img class="picture" alt=""><img class="over" alt="" hidden>'
    "</span></div><figcaption></figcaption></figure>",
    css=(_HERE / "large.css").read_text(encoding="utf-8"),
    js=script(_HERE, "large.js"),
)
_HINT = "Take the mouse away to see again where the channel answers."
_LOST = "The pictures are not there any more. Load the page again."


@dataclass(frozen=True)
class Tile:
    """One of them. number: what a click tells, and its place on the sheet unless `at` is given. title: said of it.

    text: written below it. picture: the address of a picture of its own. share: how long its bar is, of 0..1, for what
    has no picture.
    """

    number: int
    title: str
    text: str = ""
    at: int = 0
    picture: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Sheet:
    """One large picture that all tiles are cut from. side: of a tile, in pixels. columns: how many are in a row."""

    address: str
    side: int
    columns: int


def show_tiles(
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    sheet: Sheet | None = None,
    least: int = 64,
    across: int = 0,
    chosen: int | None = None,
    on_pick: Callable[[], None] | None = None,
) -> None:
    """The tiles in this order, each at least so many pixels wide, or so many across.

    on_pick: called at a click; `st.session_state[key].pick` is then the number of the tile. Without it none can be
        chosen.
    """
    data = {
        "tiles": [asdict(one) for one in tiles],
        "label": label,
        "sheet": asdict(sheet) if sheet is not None else None,
        "least": least,
        "across": across,
        "chosen": chosen,
        "pick": on_pick is not None,
        "lost": _LOST,
    }
    _tiles(key=key, data=data, on_pick_change=on_pick or (lambda: None))


def show_large(picture: str, *, over: str, alt: str, caption: str, key: str) -> None:
    """One picture, with another laid over it where there is one."""
    _large(key=key, data={"picture": picture, "over": over, "alt": alt, "caption": caption, "hint": _HINT})
