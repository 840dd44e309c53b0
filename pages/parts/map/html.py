"""A map as one HTML file for people who have no imclust: it opens in any browser, and asks nobody for anything.

Names in it come from file systems and from people. They reach Plotly escaped, since it reads a little HTML in every
text; its figure stands in a script in which no sign can end that script; and the file itself forbids its browser to run
any other script and to fetch anything. Plotly's own may make functions ('unsafe-eval'): what draws by WebGL is compiled
that way, from its own words and from nothing of ours.
"""

import datetime
import hashlib
import html
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import plotly.graph_objects as go
import plotly.io
import plotly.offline

from imclust_core.arrays.chunks import chosen_rows
from imclust_core.store.maps import MapContent
from pages.parts.kit.charts import in_figure
from pages.parts.kit.colours import NOISE
from pages.parts.kit.text import plural
from pages.parts.map.codes import FULL, UNKNOWN, Colouring, Entry

MOST_POINTS = 200_000
"""Above, a fair sample: more make the file too large to mail and too slow to turn."""
MOST_TRACES = 60
"""Groups with a line in the legend; Plotly needs a second for some hundred of them."""
_MOST_LETTERS = 80
_SEED = 0
_LAST = 10_000

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:;
 form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
html, body {{ height: 100%; margin: 0 }}
body {{ display: flex; flex-direction: column; background: #fff; color: #1d2129;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }}
header {{ padding: 16px 24px 4px }}
h1 {{ margin: 0; font-size: 22px; line-height: 1.3; overflow-wrap: anywhere }}
p {{ margin: 2px 0; color: #5a6270 }}
#map {{ flex: 1; min-height: 420px }}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
{sentences}
<noscript><p>The map is drawn by a script in this file, and this browser runs none.</p></noscript>
</header>
<div id="map"></div>
<script nonce="{nonce}">{plotly}</script>
<script nonce="{nonce}">const figure = {figure}
if (!document.createElement("canvas").getContext("webgl")) for (const one of figure.data) one.type = "scatter"
Plotly.newPlot("map", figure.data, figure.layout, {config})</script>
</body>
</html>
"""
_CONFIG = (
    '{"responsive": true, "scrollZoom": true, "displaylogo": false, "showTips": false, '
    '"showSendToCloud": false, "plotlyServerURL": "", '
    '"modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}'
)
"""Without the button that offers to send all of it to Plotly's own server, which Plotly shows unless it is told."""


def standalone_html(
    title: str,
    content: MapContent,
    colouring: Colouring,
    captions: Callable[[np.ndarray], Sequence[str]],
    *,
    today: datetime.date | None = None,
) -> bytes:
    """The file. captions: image ids (m,) -> the names of these images, as a person reads them; asked once."""
    rows = fair_rows(len(content.image_ids))
    names = np.array([_name(one) for one in captions(content.image_ids[rows])], object)
    traces = list(_traces(content.places[rows], colouring.codes[rows], names, colouring))
    figure = _in_script(plotly.io.to_json(go.Figure(traces, _layout(colouring)), engine="json"))
    day = today or datetime.date.today()
    sentences = _sentences(len(content.image_ids), len(rows), colouring, f"{day.day} {day:%B %Y}")
    # Made of what it guards: no name can hold the nonce of the file it is in.
    nonce = hashlib.blake2b(f"{title}\0{figure}".encode(errors="replace"), digest_size=16).hexdigest()
    page = _PAGE.format(
        nonce=nonce,
        title=html.escape(title),
        sentences="\n".join(f"<p>{html.escape(one)}</p>" for one in sentences),
        plotly=plotly.offline.get_plotlyjs(),
        figure=figure,
        config=_CONFIG,
    )
    return page.encode(errors="replace")  # half a character, as damaged names have, is no reason to fail


def fair_rows(images: int) -> np.ndarray:
    """Which rows of a map are shown: all, or so many that each had the same chance; ascending."""
    return chosen_rows(images, MOST_POINTS, _SEED)


def _sentences(images: int, shown: int, colouring: Colouring, day: str) -> Iterator[str]:
    yield f"{plural(images, 'image')}, {day}. Images that lie close to each other look alike to the network."
    if shown < images:
        yield (
            f"To keep this file small it shows {shown:,} of them, drawn at random: each image had the same chance. "
            "Numbers in the legend count all."
        )
    if colouring.entries:
        yield (
            "Click a line of the legend to see it alone, once more for all; double-click to hide it. "
            "Turn the wheel to come closer."
        )


def _traces(places: np.ndarray, codes: np.ndarray, names: np.ndarray, colouring: Colouring) -> Iterator[go.Scattergl]:
    """What is not known first, that it lies below; the legend keeps the order of the entries all the same."""

    def drawn(rows: np.ndarray, name: str, texts: np.ndarray, rank: int, **marker: object) -> go.Scattergl:
        return go.Scattergl(
            x=places[rows, 0],
            y=places[rows, 1],
            text=texts,
            name=name,
            mode="markers",
            marker={"size": _size(len(codes)), "opacity": 0.8} | marker,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            legendrank=rank,
        )

    unknown = np.flatnonzero(codes == UNKNOWN)
    if len(unknown):
        yield drawn(unknown, "nothing known", names[unknown], _LAST, color=NOISE)
    if colouring.scale:
        rows = np.flatnonzero(codes != UNKNOWN)
        shares = codes[rows] / FULL
        texts = np.array([f"{name}<br>{share:.0%}" for name, share in zip(names[rows], shares, strict=True)], object)
        yield drawn(rows, "", texts, 0, color=shares.astype(np.float32), **_scale(colouring.scale))
    else:
        yield from _groups(drawn, codes, names, colouring.entries)


def _groups(
    drawn: Callable[..., go.Scattergl], codes: np.ndarray, names: np.ndarray, entries: Sequence[Entry]
) -> Iterator[go.Scattergl]:
    """The largest first, so that the small ones lie on top; but below all those that share a line of the legend."""
    largest = np.argsort([-one.size for one in entries], kind="stable")
    rest = np.flatnonzero(np.isin(codes, largest[MOST_TRACES:]))
    if len(rest):
        titles = np.array([_title(one.title) for one in entries], object)[codes[rest]]
        others = plural(len(largest) - MOST_TRACES, "smaller group")
        colours = _steps([one.colour for one in entries], codes[rest])
        yield drawn(rest, others, titles + "<br>" + names[rest], _LAST - 1, **colours)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(entries) + 1))
    for at in largest[:MOST_TRACES].tolist():
        rows, entry = order[starts[at] : starts[at + 1]], entries[at]
        yield drawn(rows, f"{_title(entry.title)} ({entry.size:,})", names[rows], at, color=entry.colour)


def _scale(colours: Sequence[str]) -> dict[str, object]:
    steps = np.linspace(0, 1, len(colours)).tolist()
    bar = {"tickformat": ".0%", "thickness": 14, "outlinewidth": 0}
    return {
        "colorscale": list(map(list, zip(steps, colours, strict=True))),
        "cmin": 0,
        "cmax": 1,
        "colorbar": bar,
    }


def _steps(colours: Sequence[str], codes: np.ndarray) -> dict[str, object]:
    """Each point in the colour of its code, as numbers on a scale of steps: Plotly looks at every single word."""
    kinds, number = np.unique(colours, return_inverse=True)
    steps = [[(at + end) / len(kinds), kind] for at, kind in enumerate(kinds.tolist()) for end in (0, 1)]
    return {"color": number[codes].astype(np.uint8), "colorscale": steps, "cmin": -0.5, "cmax": len(kinds) - 0.5}


def _layout(colouring: Colouring) -> go.Layout:
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": False, "ticks": ""}
    return go.Layout(
        template="none",
        paper_bgcolor="#ffffff",
        plot_bgcolor="#ffffff",
        margin={"l": 16, "r": 16, "t": 32, "b": 16},
        xaxis=bare,
        yaxis=bare | {"scaleanchor": "x", "scaleratio": 1},
        hovermode="closest",
        hoverlabel={"align": "left", "namelength": -1},
        dragmode="pan",
        showlegend=not colouring.scale,
        legend={
            "itemclick": "toggleothers",
            "itemdoubleclick": "toggle",
            "itemsizing": "constant",
        },
    )


def _size(points: int) -> float:
    """Pixels across a point."""
    return next(size for most, size in ((1_000, 8), (10_000, 5), (50_000, 3.5), (np.inf, 2.5)) if points <= most)


def _name(text: str) -> str:
    """A file's name for Plotly; of a long one the end, which tells more."""
    return in_figure(text if len(text) <= _MOST_LETTERS else f"…{text[1 - _MOST_LETTERS :]}", _MOST_LETTERS)


def _title(text: str) -> str:
    return in_figure(text, 40)


def _in_script(json: str) -> str:
    """JSON that cannot end the script it stands in, nor begin a comment of HTML."""
    for sign, safe in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        json = json.replace(sign, safe)
    return json
