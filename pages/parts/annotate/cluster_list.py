"""The shelf: all clusters of a clustering down the side, with what they are called and how large they are."""

from collections.abc import Callable, Sequence

import numpy as np

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk
from pages.parts.annotate.state import PICKED
from pages.parts.kit.colours import NOISE, colour_of, ink_on
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import whole_number
from pages.parts.kit.text import plural

MARKS = {"sure": "✓", "doubtful": "?", "mixed": "≠", "leftover": "–"}
WITHOUT = {ASIDE: "set aside", UNASSIGNED: "unassigned"}

_list = Widget(__file__, "cluster_list", '<nav class="shelf" aria-label="Clusters"></nav>')


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
    _list(key, {"rows": rows, "chosen": chosen}, {"pick": whole_number(on_pick)})


def badge_of(number: int) -> dict[str, object]:
    """A group by its number and its colour, and what stands for it on that."""
    colour = colour_of(number) if number > 0 else NOISE
    sign = str(number) if number > 0 else "◎" if number == PICKED else "–"
    return {"number": number, "sign": sign, "colour": colour, "ink": ink_on(colour)}


def _held(desk: Desk, picked: np.ndarray | None) -> dict[int, int]:
    """How many of the picked images each group has; those that have none are left out."""
    if picked is None:
        return {}
    numbers, counts = np.unique(desk.group[desk.rows_at(picked)], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _picked_row(images: int, largest: int, called: str) -> dict[str, object]:
    return {
        **badge_of(PICKED),
        "name": f"Picked: {plural(images, 'image')}",
        "without": "",
        "state": "",
        "mark": "",
        "size": "",
        "share": min(1.0, images / largest),
        "title": " · ".join(dict.fromkeys((called, plural(images, "image")))),
    }


def _row(desk: Desk, number: int, largest: int, facts: str, held: int) -> dict[str, object]:
    said, size = desk.said(number), desk.sizes[number]
    parts = (plural(size, "image"), f"{held:,} of the picked" if held else "", facts, said.note)
    return {
        **badge_of(number),
        "name": desk.name_of(number),
        "without": WITHOUT.get(number, "no name yet"),
        "state": said.state,
        "mark": MARKS.get(said.state, ""),
        "size": f"{size:,}",
        "share": size / largest,
        "title": " · ".join(filter(None, parts)),
    }
