"""The shelf: all clusters of a clustering down the side, with what they are called and how large they are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from imclust_core.naming.desk import ASIDE, UNASSIGNED, Desk
from pages.parts.colours import NOISE, colour_of, ink_on
from pages.parts.hearing import heard, is_news
from pages.parts.scripts import script
from pages.parts.text import plural

_HERE = Path(__file__).parent
MARKS = {"sure": "✓", "doubtful": "?", "mixed": "≠", "leftover": "–"}
WITHOUT = {ASIDE: "set aside", UNASSIGNED: "unassigned"}

_shelf = st.components.v2.component(
    "imclust_shelf",
    html='<nav class="shelf" aria-label="Clusters"></nav>',
    css=(_HERE / "shelf.css").read_text(encoding="utf-8"),
    js=script("elements.js", "shelf.js"),
)


def show_shelf(
    desk: Desk,
    numbers: Sequence[int],
    chosen: int,
    facts: Callable[[int], str],
    *,
    key: str,
    on_pick: Callable[[int], None],
) -> None:
    """One line for each of these groups.

    Parameters
    ----------
    facts: what else there is to say of a group, for those who rest the pointer on it.
    on_pick: called with the number of the group that was clicked.
    """
    largest = max((desk.sizes[number] for number in numbers), default=1)
    rows = [_row(desk, number, largest, facts(number)) for number in numbers]
    data = {"rows": rows, "chosen": chosen, "heard": heard(key)}
    _shelf(key=key, data=data, on_pick_change=partial(_hear, key, on_pick))


def _hear(key: str, on_pick: Callable[[int], None]) -> None:
    told = st.session_state[key].pick
    if is_news(key, told) and type(told.get("number")) is int:
        on_pick(told["number"])


def _row(desk: Desk, number: int, largest: int, facts: str) -> dict[str, object]:
    colour = colour_of(number) if number > 0 else NOISE
    said = desk.names.get(number)
    size = desk.sizes[number]
    return {
        "number": number,
        "sign": str(number) if number > 0 else "–",
        "colour": colour,
        "ink": ink_on(colour),
        "name": desk.name_of(number),
        "without": WITHOUT.get(number, "no name yet"),
        "state": said.state if said is not None else "",
        "mark": MARKS.get(said.state, "") if said is not None else "",
        "size": f"{size:,}",
        "share": size / largest,
        "title": " · ".join(
            part for part in (plural(size, "image"), facts, said.note if said is not None else "") if part
        ),
    }
