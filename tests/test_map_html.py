"""The map as a file: what is in it, and that no name in it is more than a name."""

import base64
import datetime
import itertools
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from imclust_core.names import display_name
from imclust_core.store.maps import MapContent
from pages.parts.kit.colours import colour_of
from pages.parts.map import html as map_html
from pages.parts.map.codes import FULL, SCALE, UNKNOWN, Colouring, Entry
from pages.parts.map.html import MOST_TRACES, fair_rows, standalone_html
from tests.helpers.hostile import EVIL_NAMES

DAY = datetime.date(2026, 11, 22)
EVIL = (
    *(display_name(name) for name in EVIL_NAMES),
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '<a href="javascript:alert(1)">click</a>',
    "<b>bold</b>",
    "&lt;b&gt;bold&lt;/b&gt;",
    "%{x} %{customdata[0]} {nonce}",
    "\\u003c/script\\u003e",
    "half a character \ud800",
    "line\u2028separator",
)


def content_of(number: int, seed: int = 0) -> MapContent:
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(number * 3, number, replace=False)).astype(np.int64)
    return MapContent(ids, rng.normal(0, 5, (number, 2)).astype(np.float32))


def groups(codes: np.ndarray, *titles: str) -> Colouring:
    entries = [Entry(title, "#009669", int((codes == at).sum()), (0.0, 0.0), at + 1) for at, title in enumerate(titles)]
    return Colouring(codes.astype(np.uint16), tuple(entries))


def numbered(ids: np.ndarray) -> list[str]:
    return [f"{one}.jpg" for one in ids.tolist()]


class Parts(HTMLParser):
    """What a browser would see: every element, every address, and what stands in scripts and as text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.texts.append(data)


def figure_in(page: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The traces and the layout, out of the script that draws them."""
    script = Parts(page.decode()).scripts[-1]
    figure, _ = json.JSONDecoder().raw_decode(script, script.index("{"))
    return figure["data"], figure["layout"]


def array(kept: Any) -> np.ndarray:
    """An array as Plotly writes it."""
    return np.frombuffer(base64.b64decode(kept["bdata"]), kept["dtype"]) if isinstance(kept, dict) else np.array(kept)


def test_every_image_is_in_the_trace_of_its_entry_in_their_order_and_small_groups_lie_on_top() -> None:
    content = content_of(50)
    codes = np.arange(50) % 3
    page = standalone_html("Birds", content, groups(codes, "owl", "duck", "gull"), numbered, today=DAY)
    traces, layout = figure_in(page)
    assert sorted(trace["name"] for trace in traces) == ["duck (17)", "gull (16)", "owl (17)"]
    for code, name in enumerate(("owl (17)", "duck (17)", "gull (16)")):
        trace = next(one for one in traces if one["name"] == name)
        mine = codes == code
        np.testing.assert_array_equal(array(trace["x"]), content.places[mine, 0])
        np.testing.assert_array_equal(array(trace["y"]), content.places[mine, 1])
        assert list(trace["text"]) == numbered(content.image_ids[mine])
    assert layout["legend"]["itemclick"] == "toggleothers"
    assert "50 images, 22 November 2026." in "".join(Parts(page.decode()).texts)
    codes = np.array([0, 1, 1, 1, 2, 2])
    traces, _ = figure_in(standalone_html("x", content_of(6), groups(codes, "a", "b", "c"), numbered))
    ranked = [(trace["name"], trace["legendrank"]) for trace in traces]
    assert ranked == [("b (3)", 1), ("c (2)", 2), ("a (1)", 0)], "the legend keeps the order of the entries"


def test_images_of_which_nothing_is_known_are_grey_and_a_scale_is_one_trace_with_shares_and_a_bar() -> None:
    codes = np.array([0, UNKNOWN, 0, UNKNOWN])
    traces, _ = figure_in(standalone_html("x", content_of(4), groups(codes, "a"), numbered))
    assert [(trace["name"], len(trace["text"])) for trace in traces] == [("nothing known", 2), ("a (2)", 2)]
    codes = np.array([0, FULL // 2, FULL, UNKNOWN], np.uint16)
    traces, layout = figure_in(standalone_html("x", content_of(4), Colouring(codes, (), SCALE), numbered))
    nothing, shares = traces
    assert len(nothing["text"]) == 1
    np.testing.assert_allclose(array(shares["marker"]["color"]), [0, 0.5, 1])
    assert (shares["marker"]["cmin"], shares["marker"]["cmax"]) == (0, 1)
    assert [text.rpartition("<br>")[2] for text in shares["text"]] == ["0%", "50%", "100%"]
    assert layout["showlegend"] is False


def test_beyond_so_many_groups_the_smallest_share_a_trace_and_keep_their_colours_and_titles() -> None:
    sizes, last = np.arange(MOST_TRACES + 3, 0, -1), (60, 60, 60, 61, 61, 62)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    entries = [Entry(f"group {at}", colour_of(at + 1), int(size), None, at + 1) for at, size in enumerate(sizes)]
    many = Colouring(codes.astype(np.uint16), tuple(entries))
    traces, _ = figure_in(standalone_html("x", content_of(len(codes)), many, numbered))
    assert len(traces) == MOST_TRACES + 1
    rest = next(trace for trace in traces if trace["name"] == "3 smaller groups")
    assert [text.partition("<br>")[0] for text in rest["text"]] == [f"group {at}" for at in last]
    marker = rest["marker"]
    shares = (array(marker["color"]) - marker["cmin"]) / (marker["cmax"] - marker["cmin"])
    flat = [(low, high, one) for (low, one), (high, two) in itertools.pairwise(marker["colorscale"]) if one == two]
    at_share = [next(colour for low, high, colour in flat if low <= share <= high) for share in shares]
    assert at_share == [colour_of(at + 1) for at in last]


def test_no_name_becomes_an_element_a_link_or_the_end_of_a_script() -> None:
    codes = np.array([0, 0, UNKNOWN])

    def drawn(name: str) -> tuple[bytes, Parts]:
        page = standalone_html(name, content_of(3), groups(codes, name), lambda ids: [name] * len(ids), today=DAY)
        return page, Parts(page.decode())

    usual = [tag for tag, _ in drawn("x")[1].elements]
    for name in EVIL:
        page, parts = drawn(name)
        assert [tag for tag, _ in parts.elements] == usual, name
        assert len(parts.scripts) == 2 and "<" not in parts.scripts[1], name
        traces, _ = figure_in(page)
        for text in [trace["name"] for trace in traces] + [text for trace in traces for text in trace["text"]]:
            assert not re.search(r"[<>$]|&(?!(amp|lt|gt|#36);)", text), name


def test_only_the_two_scripts_of_the_file_may_run_and_hold_no_sign_of_markup() -> None:
    """Plotly sees to that too, at least in the version of today."""
    written = map_html._in_script(json.dumps(EVIL))
    assert not re.search("[<>&]", written)
    assert tuple(json.loads(written)) == EVIL
    page = standalone_html("x", content_of(3), groups(np.zeros(3, int), "a"), numbered)
    elements = Parts(page.decode()).elements
    (policy,) = [
        given["content"] for tag, given in elements if tag == "meta" and "http-equiv" in given and given["content"]
    ]
    (nonce,) = re.findall(r"script-src 'nonce-(\w{32})' 'unsafe-eval';", policy)
    assert policy.startswith("default-src 'none';") and "http" not in policy
    assert [given for tag, given in elements if tag == "script"] == [{"nonce": nonce}] * 2
    assert not [given for _, given in elements if {"src", "href", "srcset"} & set(given)]


def test_beyond_so_many_points_a_fair_sample_is_shown_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_html, "MOST_POINTS", 1000)
    content, codes = content_of(5000), np.arange(5000) % 2
    asked: list[int] = []

    def captions(ids: np.ndarray) -> list[str]:
        asked.append(len(ids))
        return numbered(ids)

    page = standalone_html("x", content, groups(codes, "a", "b"), captions)
    assert asked == [1000]  # names of images that are not shown are not even looked up
    traces, _ = figure_in(page)
    assert sum(len(trace["text"]) for trace in traces) == 1000
    assert {trace["name"] for trace in traces} == {"a (2,500)", "b (2,500)"}
    places = {tuple(place): one for one, place in zip(content.image_ids.tolist(), content.places.tolist(), strict=True)}
    for trace in traces:
        found = zip(array(trace["x"]).tolist(), array(trace["y"]).tolist(), trace["text"], strict=True)
        assert all(f"{places[x, y]}.jpg" == text for x, y, text in found)
    assert "shows 1,000 of them, drawn at random" in "".join(Parts(page.decode()).texts)
    monkeypatch.setattr(map_html, "MOST_POINTS", 20_000)
    rows = fair_rows(100_000)
    assert len(np.unique(rows)) == 20_000 and (np.diff(rows) > 0).all()
    tenths = np.bincount(rows // 10_000, minlength=10)
    assert abs(tenths - 2000).max() < 200, "it favours nobody: five standard deviations"
    assert rows.tolist() == fair_rows(100_000).tolist() and fair_rows(20_000).tolist() == list(range(20_000))


def test_next_to_no_images_make_a_file_too_and_the_same_one_each_time() -> None:
    for number, said in enumerate(("0 images", "1 image", "2 images")):
        content, codes = MapContent(np.arange(number), np.zeros((number, 2), np.float32)), np.zeros(number, int)
        page, again = (standalone_html("x", content, groups(codes, *"a"[:number]), numbered, today=DAY) for _ in "12")
        assert f"{said}, 22 November 2026." in "".join(Parts(page.decode()).texts) and page == again
        scale = Colouring(np.full(number, UNKNOWN, np.uint16), (), SCALE)
        assert standalone_html("x", content, scale, numbered).endswith(b"</html>\n"), number
