"""The shelf: all clusters of a clustering down the side, with what they are called and how large they are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk
from pages.parts.annotate.state import PICKED
from pages.parts.kit.colours import NOISE, colour_of, ink_on
from pages.parts.kit.component import script
from pages.parts.kit.messages import heard, is_news
from pages.parts.kit.text import plural

_HERE = Path(__file__).parent
MARKS = {"sure": "✓", "doubtful": "?", "mixed": "≠", "leftover": "–"}
WITHOUT = {ASIDE: "set aside", UNASSIGNED: "unassigned"}

_shelf = st.components.v2.component(
    "imclust_shelf",
    html='<nav class="shelf" aria-label="Clusters"></nav>',
    css=(_HERE / "cluster_list.css").read_text(encoding="utf-8"),
    js=script(_HERE, "../kit/elements.js", "cluster_list.js"),
)


def show_shelf(
    desk: Desk,
    numbers: Sequence[int],
    chosen: int,
    facts: Callable[[int], str],
    *,
    key: str,
    picked: np.ndarray | None = None,
    called: str = "",
    on_pick: Callable[[int], None],
) -> None:
    """One line for each of these groups, and one before them for what is picked across clusters.

    Parameters
    ----------
    facts: what else there is to say of a group, for those who rest the pointer on it.
    picked: ids of the images that are picked, where those are no cluster. called: what that pick is called.
    on_pick: called with the number of the group that was clicked.
    """
    largest = max((desk.sizes[number] for number in numbers), default=1)
    held = _held(desk, picked)
    rows = [_row(desk, number, largest, facts(number), held.get(number, 0)) for number in numbers]
    if picked is not None:
        rows.insert(0, _picked_row(len(picked), largest, called))
    data = {"rows": rows, "chosen": chosen, "heard": heard(key)}
    _shelf(key=key, data=data, on_pick_change=partial(_hear, key, on_pick))


def _hear(key: str, on_pick: Callable[[int], None]) -> None:
    told = st.session_state[key].pick
    if is_news(key, told) and type(told.get("number")) is int:
        on_pick(told["number"])


def sign_of(number: int) -> str:
    """What stands for a group on its colour."""
    return str(number) if number > 0 else "◎" if number == PICKED else "–"


def _held(desk: Desk, picked: np.ndarray | None) -> dict[int, int]:
    """How many of the picked images each group has; those that have none are left out."""
    if picked is None:
        return {}
    numbers, counts = np.unique(desk.group[desk.rows_at(picked)], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _picked_row(images: int, largest: int, called: str) -> dict[str, object]:
    return {
        "number": PICKED,
        "sign": sign_of(PICKED),
        "colour": NOISE,
        "ink": ink_on(NOISE),
        "name": f"Picked: {plural(images, 'image')}",
        "without": "",
        "state": "",
        "mark": "",
        "size": "",
        "share": min(1.0, images / largest),
        "title": " · ".join(dict.fromkeys((called, plural(images, "image")))),
    }


def _row(desk: Desk, number: int, largest: int, facts: str, held: int) -> dict[str, object]:
    colour = colour_of(number) if number > 0 else NOISE
    said = desk.names.get(number)
    size = desk.sizes[number]
    return {
        "number": number,
        "sign": sign_of(number),
        "colour": colour,
        "ink": ink_on(colour),
        "name": desk.name_of(number),
        "without": WITHOUT.get(number, "no name yet"),
        "state": said.state if said is not None else "",
        "mark": MARKS.get(said.state, "") if said is not None else "",
        "size": f"{size:,}",
        "share": size / largest,
        "title": " · ".join(
            part
            for part in (
                plural(size, "image"),
                f"{held:,} of the picked" if held else "",
                facts,
                said.note if said is not None else "",
            )
            if part
        ),
    }
