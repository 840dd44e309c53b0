"""The map of all images as a widget: points, pictures and names. Zooming and picking are answered in the browser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from imclust_core.annotation.selection import is_set
from pages.parts.kit.colours import NOISE
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import plain_text

_HTML = """
<div class="map" data-mode="move" data-state="loading">
  <div class="tools">
    <div class="group modes" role="radiogroup" aria-label="What dragging does">
      <button type="button" role="radio" value="move" aria-checked="true" title="Drag to move (m)">Move</button>
      <button type="button" role="radio" value="lasso" aria-checked="false" tabindex="-1"
        title="Draw around images to pick them (l, or Shift+drag). Alt adds, Ctrl takes away.">Lasso</button>
      <button type="button" role="radio" value="box" aria-checked="false" tabindex="-1"
        title="Draw a box to pick images (b). Alt adds, Ctrl takes away.">Box</button>
    </div>
    <div class="group" role="group" aria-label="Zoom">
      <button type="button" class="out" title="Zoom out (-)" aria-label="Zoom out">−</button>
      <button type="button" class="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
      <button type="button" class="fit" title="Show the whole map (0, or double click)">Fit</button>
    </div>
    <div class="group pictures" role="radiogroup" aria-label="Pictures in the place of dots">
      <span class="of">Pictures</span>
      <button type="button" role="radio" value="near" aria-checked="true"
        title="Where few points are in view">near</button>
      <button type="button" role="radio" value="always" aria-checked="false" tabindex="-1"
        title="Wherever there is room">always</button>
      <button type="button" role="radio" value="never" aria-checked="false" tabindex="-1">never</button>
    </div>
    <label class="toggle"><input type="checkbox" class="names" checked> Names</label>
    <span class="grow"></span>
    <div class="group" role="group" aria-label="Download">
      <button type="button" class="png" title="Download as a picture">PNG</button>
      <button type="button" class="svg" title="Download as vectors">SVG</button>
    </div>
  </div>
  <div class="strip">
    <span class="picked" role="status"></span>
    <button type="button" class="clear" title="Pick nothing (Escape)" hidden>Clear</button>
    <button type="button" class="again" hidden>Try again</button>
    <button type="button" class="far" title="Show the whole extent" hidden></button>
    <span class="says" role="status"></span>
  </div>
  <div class="body">
    <div class="stage">
      <canvas class="points" aria-hidden="true"></canvas>
      <canvas class="over" aria-hidden="true"></canvas>
      <canvas class="top" role="application" tabindex="0"></canvas>
      <div class="card" hidden><img alt=""><span></span></div>
      <div class="wait" role="status" hidden><span></span><button type="button" hidden>Try again</button></div>
    </div>
    <div class="legend">
      <div class="head"><span class="by"></span><button type="button" class="all" hidden>Show all</button></div>
      <div class="ramp" hidden>
        <div class="colours"></div><div class="ends"><span>0 %</span><span>100 %</span></div>
      </div>
      <ul class="entries" aria-label="Colours"></ul>
    </div>
  </div>
</div>
"""
_figure = Widget(__file__, "map", _HTML)


@dataclass(frozen=True)
class Figure:
    """All that a map needs to be drawn; images themselves come over our routes, as arrays.

    places, ids, values: addresses of float32 x and y, of float64 image ids, and of uint16 codes of colours.
    entries: for colours of groups, each {"title", "colour", "size", "at": (x, y) or None, ...}, in the order of codes.
    scale: for colours of values, from little to much; then there are no entries. by, by_title: what colours mean.
    thumb: where a thumbnail is, with {id} in it; empty for a map without pictures.
    pick, picked: the key of what is picked ("" for nothing), and the address of its uint32 places on this map.
    pick_to: where the ids of what somebody picks are sent.
    pictures: "near", "always" or "never" in the place of dots, as long as nobody chose otherwise at the widget.
    title: what the map is called by screen readers and in names of files.
    """

    map_id: str
    places: str
    ids: str
    values: str
    entries: Sequence[Mapping[str, Any]]
    scale: Sequence[str]
    by: str
    by_title: str
    thumb: str
    pick: str
    picked: str
    pick_to: str
    pictures: str
    title: str


def map_figure(
    *, key: str, data: Figure, on_pick: Callable[[str], None], on_clear: Callable[[], None], height: int = 640
) -> None:
    """Show a map; several with the same map_id on one page move together.

    Parameters
    ----------
    on_pick: called with the key of the images that somebody picked, which the server keeps by then.
    on_clear: called when nothing is to be picked any more.
    height: of the map itself in pixels; less on a low screen.
    """
    told = {**vars(data), "height": height, "unknown": NOISE}
    _figure(key, told, {"picked": plain_text(partial(_hear, on_pick, on_clear))})


def _hear(on_pick: Callable[[str], None], on_clear: Callable[[], None], pick: str) -> None:
    """What a browser sent counts only when it is a pick as our own route answers it."""
    if pick == "":
        on_clear()
    elif is_set(pick):
        on_pick(pick)
