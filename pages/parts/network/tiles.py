"""Many small pictures beside each other, one of which may be chosen: kernels, feature maps, images, or bars."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pages.parts.kit.component import Widget
from pages.parts.kit.messages import whole_number

_tiles = Widget(__file__, "tiles", '<div class="tiles"></div><p class="lost" role="alert" hidden></p>')
_large = Widget(
    __file__,
    "large",
    '<figure><div class="stack"><span class="both"><img class="picture" alt=""><img class="over" alt="" hidden>'
    "</span></div><figcaption></figcaption></figure>",
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
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """The tiles in this order, each at least so many pixels wide, or so many across.

    on_pick: called with the number of the tile that is clicked. Without it none can be chosen.
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
    _tiles(key, data, {"pick": whole_number(on_pick)} if on_pick is not None else {})


def show_large(picture: str, *, over: str, alt: str, caption: str, key: str) -> None:
    """One picture, with another laid over it where there is one."""
    _large(key, {"picture": picture, "over": over, "alt": alt, "caption": caption, "hint": _HINT})
