"""The images of one group on the desk: in the order asked for, a page at a time, with what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.ordering import ordered
from imclust_core.annotation.predictions import Said
from imclust_core.store.catalogue import usable_images
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.words.class_labels import Label
from pages.parts.annotate.shown_group import ShownGroup
from pages.parts.annotate.state import ORDER, PICKED, SEED, SIZE, order_and_seed, selected
from pages.parts.grid.all_images import PAGES_WIDTH
from pages.parts.grid.grid import About, Acts, View, image_grid, merged
from pages.parts.grid.similar_images import ask_similar
from pages.parts.kit.text import plural
from pages.parts.saliency.overlay import OVERLAY, looks_for, reasons_for
from pages.parts.session.choice import pick
from pages.parts.session.selection import keep_pick
from pages.parts.session.url_state import keep

GRID = "desk_grid"
_PER_PAGE = {"s": 240, "m": 120, "l": 48}
_SIZES = {"s": "S", "m": "M", "l": "L"}
_NARROW = 112
_ORDERS = {
    "typical": "Typical",
    "border": "Border",
    "odd": "Odd",
    "random": "Random",
    "label": "By label",
}
_MEANING = {
    "typical": "nearest the centre of their cluster first",
    "border": "those nearly as near to another cluster first",
    "odd": "farthest from the centre first",
    "random": "in random order",
    "label": "by the label the network gives them, the commonest first",
}


def show_images(
    shown: ShownGroup,
    labels: Sequence[Label],
    said: Said | None,
    size: str,
    visit: str,
    drawing: int,
    *,
    narrow: bool = False,
) -> None:
    """The images of a group as a grid that is worked with by mouse and keys.

    size: from `pick_order`. visit: what tells this page from others. drawing: the number of this drawing of the desk,
    which ends with the grid. narrow: without what can be left out.
    """
    workspace, source, stored, desk, number = shown.workspace, shown.source, shown.stored, shown.desk, shown.number
    order, seed = order_and_seed()
    rows = ordered(order, shown.rows, shown.content, said, seed)
    per_page = _PER_PAGE[size]
    pages, key = max(1, -(-len(rows) // per_page)), f"desk-page-{_which(shown)}-{order}-{seed}-{size}"
    page = _pick_page(shown, pages, key, f"{plural(len(rows), 'image')}, {_MEANING[order]}", narrow=narrow)
    first = (page - 1) * per_page
    some, next_ones = rows[first : first + per_page], rows[first + per_page : first + 2 * per_page]
    ids = desk.image_ids
    known = {one.id: one for one in usable_images(workspace, source.id, ids[np.append(some, next_ones)].tolist())}
    image_grid(
        workspace,
        source.id,
        [known[one] for one in ids[some].tolist() if one in known],
        key=GRID,
        label=_label(number, page),
        about=_about(shown, labels, said, order, some.tolist()),
        view=View(
            size,
            drawing,
            [known[one] for one in ids[next_ones].tolist() if one in known],
            selected(),
            looks_for(workspace, stored, desk, number, visit, has_words=bool(labels)),
        ),
        acts=Acts(_choose, lambda by: _turn(key, pages, by), ask_similar, lambda shown: keep(OVERLAY, shown)),
    )


def _which(shown: ShownGroup) -> str:
    """What tells a group from others; two picks are two groups."""
    return shown.pick.key if shown.number == PICKED and shown.pick is not None else str(shown.number)


def _label(number: int, page: int) -> str:
    """What the grid is called, for those who cannot see it."""
    if number == PICKED:
        return f"Images that are picked, page {page}"
    return f"Images of cluster {number}, page {page}" if number > 0 else "Images without a cluster"


def _pick_page(shown: ShownGroup, pages: int, key: str, text: str, *, narrow: bool) -> int:
    """Which page of the images is shown; text: on what all pages show, beside."""
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(pages, key=key, width=PAGES_WIDTH) if pages > 1 else 1
        if shown.elsewhere:
            text = f"{text}; {shown.elsewhere:,} of those picked are not in this clustering"
        if shown.elsewhere or not narrow:
            st.caption(text)
        if shown.number == PICKED and not narrow:  # what it stands beside then says how many, and clears them
            st.button("Clear the pick", icon=":material/close:", type="tertiary", on_click=keep_pick, args=("",))
    return page


def pick_order(*, narrow: bool = False) -> str:
    """How to order the images, and how large to draw them; returns the size. narrow: the orders fold into a list."""
    order, seed = order_and_seed()
    if narrow:
        pick("Order", ORDER, _ORDERS, label_visibility="collapsed", width=_NARROW)
    else:
        pick("Order", ORDER, _ORDERS, way="row", label_visibility="collapsed")
    with st.container(width="content"):  # there without the button too, so that nothing behind it moves
        if order == "random":
            st.button("Shuffle", icon=":material/shuffle:", on_click=lambda: keep(SEED, str(seed + 1)))
    return pick("Size", SIZE, _SIZES, unsaid="m", way="row", label_visibility="collapsed")


def _about(
    shown: ShownGroup, labels: Sequence[Label], said: Said | None, order: str, rows: Sequence[int]
) -> dict[int, About]:
    """What there is to say of the images of these rows."""
    stored, desk, content = shown.stored, shown.desk, shown.content
    facts = _Facts(stored, desk, content, labels, said)
    captions = facts.captions(order, rows)
    found = {}
    for row in rows:
        image = int(desk.image_ids[row])
        reasons = reasons_for(stored, desk, content, row, labels, said)
        found[image] = About(captions.get(image, ""), facts.details(row), reasons)
    return found


def _choose(told: Any) -> None:
    found = merged(selected(), told)
    selected().clear()
    selected().update(found)


def _turn(key: str, pages: int, by: int) -> None:
    st.session_state[key] = min(max(1, st.session_state.get(key, 1) + by), pages)


@dataclass(frozen=True)
class _Facts:
    """What is known of the images of a clustering."""

    stored: Clustering
    desk: Desk
    content: ClusterContent
    labels: Sequence[Label]
    said: Said | None

    def captions(self, order: str, rows: Sequence[int]) -> dict[int, str]:
        """What the order is about, below each image."""
        if order == "border":
            text = {row: f"{self.content.margin[row]:.2f} {self.nearest(row)}" for row in rows}
        elif order == "label" and self.said is not None:
            text = {row: self.says(row, 1) for row in rows}
        else:
            return {}
        return {int(self.desk.image_ids[row]): said for row, said in text.items()}

    def details(self, row: int) -> list[tuple[str, str]]:
        """What there is to say of an image in the large view."""
        found = [("Labels", self.says(row, 5))] if self.said is not None else []
        margin = float(self.content.margin[row])
        found.append(("Margin", f"{margin:.2f}, next nearest is {self.nearest(row) or 'none'}"))
        if self.desk.group[row] != self.desk.base[row]:
            found.append(("By hand", f"the clustering had it in {self.desk.called(int(self.desk.base[row]))}"))
        return found

    def says(self, row: int, most: int) -> str:
        """The network's most probable labels of an image."""
        if self.said is None:
            return ""
        pairs = zip(self.said.label_ids[row, :most].tolist(), self.said.probabilities[row, :most].tolist(), strict=True)
        return ", ".join(f"{self.labels[label].name} {share:.0%}" for label, share in pairs if label >= 0)

    def nearest(self, row: int) -> str:
        """The cluster that an image is second nearest to, among those that the clustering gave."""
        other = int(self.content.other[row])
        return self.desk.called(self.stored.summary.numbers[other]) if other >= 0 else ""
