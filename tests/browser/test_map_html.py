"""The map as a file, opened as somebody would who got it by mail: from a disk, with no network at all."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imclust_core.names import display_name
from imclust_core.store.maps import MapContent
from pages.parts.map.codes import FULL, SCALE, Colouring, Entry
from pages.parts.map.html import standalone_html
from tests.browser.conftest import ARGUMENTS, SCREENS, chromium
from tests.helpers.hostile import EVIL_NAMES

COLOURS = ("#961eff", "#f0a50f", "#009669")
TITLES = ("owl", "<b>bold</b> & </script><script>alert(1)</script>", '<a href="https://example.org">gull</a>')
PLACE = """at => {
  const plot = document.getElementById('map'), { xaxis, yaxis } = plot._fullLayout
  const { left, top } = plot.getBoundingClientRect()
  return [left + xaxis._offset + xaxis.d2p(at[0]), top + yaxis._offset + yaxis.d2p(at[1])]
}"""


class Opened:
    """A tab without a network, and everything it asked for or complained about."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("request", lambda one: self.said.append(one.url))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", lambda one: self.said.append(one.text) if one.type == "error" else None)
        self.page.on("dialog", lambda one: self.said.append(one.message) or one.dismiss())
        self.page.goto(path.as_uri())
        self.page.locator(".js-plotly-plot .main-svg").first.wait_for()
        self.page.wait_for_function("document.getElementById('map')._fullLayout?._has('gl2d') !== undefined")
        self.page.wait_for_timeout(500)

    def picture(self, name: str) -> np.ndarray:
        SCREENS.mkdir(exist_ok=True)
        shot = self.page.screenshot(path=SCREENS / f"map-html-{name}.png")
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)

    def at(self, place: tuple[float, float]) -> tuple[int, int]:
        x, y = self.page.evaluate(PLACE, list(place))
        return round(x), round(y)

    def hover(self, place: tuple[float, float], says: str) -> None:
        """Point at a place and wait until it says so, letter by letter."""
        self.page.mouse.move(*self.at(place))
        said = "document.querySelector('.hoverlayer').textContent.replaceAll('\\u00a0', ' ')"
        self.page.wait_for_function(f"says => {said}.includes(says)", arg=says)


@pytest.fixture
def without_webgl(browser: Any) -> Iterator[Any]:
    running = browser.browser_type.launch(executable_path=chromium(), args=[*ARGUMENTS, "--disable-3d-apis"])
    yield running
    running.close()


@pytest.fixture
def opener(browser: Any, tmp_path: Path) -> Iterator[Any]:
    tabs = []

    def opened(made: bytes, by: Any = None) -> Opened:
        path = tmp_path / "map.html"
        path.write_bytes(made)
        tabs.append((Opened(by or browser, path), path))
        return tabs[-1][0]

    yield opened
    for tab, path in tabs:
        asked = [one for one in tab.said if not one.startswith(("data:", "blob:"))]
        assert asked == [path.as_uri()], "the file asked for something, complained or ran what it should not"
        tab.context.close()


def three_heaps(each: int) -> tuple[MapContent, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(3), each).astype(np.uint16)
    places = np.array([[0, 0], [10, 0], [5, 6]])[codes] + rng.normal(0, 0.4, (3 * each, 2))
    return MapContent(np.arange(3 * each, dtype=np.int64) + 7, places.astype(np.float32)), codes


def three_groups(codes: np.ndarray, each: int) -> Colouring:
    entries = [Entry(title, COLOURS[at], each, None, at + 1) for at, title in enumerate(TITLES)]
    return Colouring(codes, tuple(entries))


def covered(picture: np.ndarray, colour: str) -> int:
    """Pixels that are nearer to a colour than to white or to another, well enough to be points of it."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    drawn = wanted * 0.8 + 255 * 0.2  # points let a fifth of the ground through
    far = np.minimum(abs(picture - drawn).sum(2), abs(picture - wanted).sum(2))
    return int((far < 60).sum())


def names_of(ids: np.ndarray) -> list[str]:
    evil = [display_name(name) for name in EVIL_NAMES] + ["<a href='https://example.org'>x</a>"]
    return [evil[one % len(evil)] for one in ids.tolist()]


def test_the_file_draws_its_points_where_they_lie_without_any_network(opener: Any) -> None:
    content, codes = three_heaps(300)
    tab = opener(standalone_html("Three <b>heaps</b>", content, three_groups(codes, 300), names_of))
    picture = tab.picture("three-heaps")
    for code, colour in enumerate(COLOURS):
        x, y = tab.at(tuple(np.median(content.places[codes == code], axis=0).tolist()))
        near = picture[y - 25 : y + 25, x - 25 : x + 25]
        assert covered(near, colour) > 500, colour
        assert covered(near, colour) > 20 * sum(covered(near, other) for other in COLOURS if other != colour)
    assert tab.page.locator("h1").inner_text() == tab.page.title() == "Three <b>heaps</b>"


def test_names_are_shown_letter_by_letter_and_nothing_is_a_link(opener: Any) -> None:
    content = MapContent(np.arange(12, dtype=np.int64), np.array([[at, at % 3] for at in range(12)], np.float32))
    codes = (np.arange(12) % 3).astype(np.uint16)
    tab = opener(standalone_html("Names", content, three_groups(codes, 4), names_of))
    legend = tab.page.locator(".legend").text_content()
    assert "<b>bold</b> & </script><script>" in legend and '<a href="https://example.org">' in legend
    for at, name in enumerate(names_of(content.image_ids)):
        tab.hover(tuple(content.places[at].tolist()), name[-30:])
    tab.picture("names")
    assert tab.page.locator("#map a:not(.modebar-btn)").count() == 0
    assert tab.page.locator("a[href], img, [onerror]").count() == 0


def test_a_click_on_a_line_of_the_legend_shows_it_alone_and_another_shows_all(opener: Any) -> None:
    content, codes = three_heaps(100)
    tab = opener(standalone_html("Legend", content, three_groups(codes, 100), names_of))
    shown = "document.getElementById('map')._fullData.filter(one => one.visible === true).map(one => one.name)"
    tab.page.locator(".legendtoggle").first.click()
    tab.page.wait_for_function(f"{shown}.length === 1")
    assert tab.page.evaluate(shown) == ["owl (100)"]
    picture = tab.picture("one-alone")
    assert covered(picture, COLOURS[0]) > 500 and covered(picture[:, :900], COLOURS[1]) == 0
    tab.page.wait_for_timeout(500)
    tab.page.locator(".legendtoggle").first.click()
    tab.page.wait_for_function(f"{shown}.length === 3")


def test_a_scale_has_a_bar_and_says_the_share(opener: Any) -> None:
    content = MapContent(np.arange(3, dtype=np.int64), np.array([[0, 0], [1, 0], [2, 1]], np.float32))
    tab = opener(
        standalone_html("Scale", content, Colouring(np.array([0, FULL // 4, FULL], np.uint16), (), SCALE), names_of)
    )
    tab.hover((1, 0), "25%")
    assert "100%" in tab.page.locator(".cbaxis, .colorbar").first.text_content()
    tab.picture("scale")


def test_no_button_sends_the_map_anywhere(opener: Any) -> None:
    content, codes = three_heaps(10)
    tab = opener(standalone_html("Buttons", content, three_groups(codes, 10), names_of))
    buttons = tab.page.locator(".modebar-btn")
    titles = [buttons.nth(at).get_attribute("data-title") for at in range(buttons.count())]
    assert titles == ["Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]
    server = "document.getElementById('map')._context.plotlyServerURL"
    assert tab.page.evaluate(server) == ""
    with tab.page.expect_download() as saved:
        buttons.first.click()
    with Image.open(saved.value.path()) as picture:
        assert picture.format == "PNG"


def test_a_browser_without_webgl_draws_the_points_too(opener: Any, without_webgl: Any) -> None:
    content, codes = three_heaps(100)
    tab = opener(standalone_html("No WebGL", content, three_groups(codes, 100), names_of), without_webgl)
    assert tab.page.evaluate("document.createElement('canvas').getContext('webgl')") is None
    picture = tab.picture("without-webgl")
    assert all(covered(picture, colour) > 1000 for colour in COLOURS)


@pytest.mark.parametrize("places", [[[0, 0]], [[3, 3]] * 5, [[0, 0], [1, 1], [1e6, 0]], []])
def test_odd_maps_open_too(opener: Any, places: list[list[float]]) -> None:
    content = MapContent(np.arange(len(places), dtype=np.int64), np.array(places, np.float32).reshape(-1, 2))
    codes = np.zeros(len(places), np.uint16)
    entries = (Entry("all", COLOURS[0], len(places), None, 1),) if places else ()
    tab = opener(standalone_html("Odd", content, Colouring(codes, entries), names_of))
    assert (covered(tab.picture(f"odd-{len(places)}"), COLOURS[0]) > 20) == bool(places)
