"""Pictures of two groupings of the same images: a heat map, and where the images flow."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.parts.kit.colours import NOISE, colour_of

_ROW_PIXELS = 22
_MOST_LABELS = 60
_MOST_CELLS = 200
_MOST_PIXELS = 1100
_LINK_ALPHA = 0.45
_SCALE = ((0, "rgba(60, 125, 200, 0.05)"), (1, "rgba(60, 125, 200, 1)"))
"""From next to nothing to one hue: quiet on white and on black, and no question of seeing colours."""


def in_figure(text: str, most: int = 24) -> str:
    """Text from outside for Plotly, which reads a little HTML and, between dollar signs, TeX."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    for sign, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        short = short.replace(sign, safe)
    return short


def heat_map(
    table: np.ndarray, rows: Sequence[str], columns: Sequence[str], row_title: str, column_title: str, *, key: str
) -> None:
    """The share of each row's images in each column: table (rows, columns) of counts."""
    if max(table.shape) > _MOST_CELLS:
        st.caption(f"The first {_MOST_CELLS} rows and columns.")
    shown = slice(_MOST_CELLS)
    shares = (table / np.maximum(table.sum(axis=1, keepdims=True), 1))[shown, shown]
    table, rows, columns = table[shown, shown], rows[shown], columns[shown]
    names = np.array([[f"{in_figure(row)}, {in_figure(column)}" for column in columns] for row in rows], object)
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            customdata=table,
            text=names,
            # Places, since two names may be cut to the same letters.
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            colorscale=_SCALE,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorbar={"title": "share of row", "tickformat": ".0%", "thickness": 12},
            hovertemplate="%{text}: %{customdata:,} images, %{z:.0%} of the row<extra></extra>",
        )
    )
    figure.update_layout(
        height=min(_MOST_PIXELS, 150 + _ROW_PIXELS * len(rows)),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis=_ticks(columns) | {"title": column_title, "side": "top", "tickangle": -60},
        yaxis=_ticks(rows) | {"title": row_title, "autorange": "reversed"},
    )
    st.plotly_chart(figure, key=key, config={"displaylogo": False})


def _ticks(names: Sequence[str]) -> dict[str, object]:
    few = len(names) <= _MOST_LABELS
    ticks: dict[str, object] = {"showgrid": False, "zeroline": False, "showticklabels": few, "automargin": True}
    if few:
        ticks |= {"tickvals": list(range(len(names))), "ticktext": [in_figure(name) for name in names]}
    return ticks


def flow_picture(
    flows: Sequence[tuple[int, int, int]],
    left: Sequence[str],
    right: Sequence[str],
    numbers: Sequence[Sequence[int]],
    *,
    key: str,
) -> None:
    """Bands from the clusters of one clustering to those of another; -1 is no cluster, the last name of each side.

    flows: (from, to, images). numbers: what the clusters of each side are coloured by.
    """
    colours = [[*(colour_of(number) for number in side), NOISE] for side in numbers]
    # Only what a band leads to: Plotly would draw a name for every other cluster too.
    used = [sorted({flow[side] % len(names) for flow in flows}) for side, names in enumerate((left, right))]
    place = [{one: at for at, one in enumerate(side)} for side in used]
    start = len(used[0])
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [*(in_figure(left[one]) for one in used[0]), *(in_figure(right[one]) for one in used[1])],
                "color": [*(colours[0][one] for one in used[0]), *(colours[1][one] for one in used[1])],
                "pad": 8,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:,} images<extra></extra>",
            },
            link={
                "source": [place[0][a % len(left)] for a, _, _ in flows],
                "target": [start + place[1][b % len(right)] for _, b, _ in flows],
                "value": [images for _, _, images in flows],
                "color": [_faint(colours[0][a % len(left)]) for a, _, _ in flows],
                "hovertemplate": "%{value:,} images<extra></extra>",
            },
        )
    )
    height = min(_MOST_PIXELS, max(420, 26 * max(len(used[0]), len(used[1]))))
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    st.plotly_chart(figure, key=key, config={"displaylogo": False})


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_LINK_ALPHA})"
