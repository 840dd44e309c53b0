"""One group of a clustering with all that can be done to it: its name bar, its images, and the keys for both."""

import contextlib
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import streamlit as st

from imclust_core.annotation.annotated import UNDOING, Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.predictions import Said
from imclust_core.annotation.selection import cluster_in
from imclust_core.annotation.text import MOST_AUTHOR, clean
from imclust_core.errors import ImclustError
from imclust_core.store.annotations.events import Event
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label
from pages.parts.annotate.edits import ANSWERS, make_change
from pages.parts.annotate.images import GRID, pick_order, show_images
from pages.parts.annotate.name_bar import show_name_bar
from pages.parts.annotate.news_route import drawn, news_address
from pages.parts.annotate.shown_group import ShownGroup
from pages.parts.annotate.split import show_split
from pages.parts.annotate.state import (
    PICKED,
    STEPS,
    choose_group,
    current_group,
    go,
    groups_of,
    proposals_for,
    said_in,
    selected,
)
from pages.parts.grid.grid import as_told, merged
from pages.parts.kit.messages import plain_text
from pages.parts.kit.redraw import redraw_page
from pages.parts.saliency.cluster_mean import show_mean_look
from pages.parts.saliency.overlay import pick_style
from pages.parts.session.selection import asked_pick, at_hand, keep_pick
from pages.parts.session.sign_in import AUTHOR, author

BAR = "name_bar"
_VISIT, _DRAWING = "desk_visit", "desk_drawing"


def show_group(shown: ShownGroup, *, narrow: bool = False) -> None:
    """A group with its name above its images; changes by others show up within a second or two.

    narrow: beside something else, where what is above the images has to take less room.
    """
    workspace, stored, desk, number = shown.workspace, shown.stored, shown.desk, shown.number
    visit, drawing = _visit_and_drawing()
    labels, said = said_in(workspace, stored, desk)
    show_name_bar(
        desk,
        number,
        proposals_for(stored, desk, labels, said).get(number, []),
        selected(),
        dict(st.session_state.get(ANSWERS, {})),
        author(),
        news_address(workspace, stored.id, visit),
        key=BAR,
        called=shown.pick.title if shown.pick is not None and number == PICKED else "",
        on={
            "author": plain_text(_take_author),
            "act": lambda act: _act(workspace, stored, shown.content, act),
            "step": lambda where: _go(workspace, stored, shown.content, where),
            "look": lambda _version: None,  # being told is enough: the page is drawn
        },
    )
    size = _choices(shown, labels, said, narrow=narrow)
    show_mean_look(workspace, stored, desk, number)
    show_images(shown, labels, said, size, visit, drawing, narrow=narrow)
    drawn(visit, drawing)


def _visit_and_drawing() -> tuple[str, int]:
    """What tells this page from others, and the number of this drawing of its desk."""
    drawing = st.session_state.get(_DRAWING, 0) + 1
    st.session_state[_DRAWING] = drawing
    return st.session_state.setdefault(_VISIT, uuid4().hex), drawing


def _choices(shown: ShownGroup, labels: Sequence[Label], said: Said | None, *, narrow: bool) -> str:
    """What the images are ordered by, and what they show; returns the size of their pictures."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall" if narrow else "small"):
        size = pick_order(narrow=narrow)
        pick_style(shown.workspace, shown.stored, has_words=bool(labels))
        show_split(shown.workspace, shown.stored, shown.desk, shown.number, labels, said, narrow=narrow)
    return size


def _act(workspace: Workspace, stored: Clustering, content: ClusterContent, act: Any) -> None:
    """Make a change that the bar asks for, and go where that leads."""
    if not isinstance(act, dict) or not isinstance(act.get("uuid"), str):
        return
    before = set(selected())
    now = as_told(GRID, before)
    selected().clear()
    selected().update(now)
    # What was selected when somebody asked for this, whatever was selected since.
    meant = sorted(merged(before, act.get("told")))
    event = make_change(workspace, stored, act, author(), meant)
    if event is None:
        return
    if event.kind in ("split", "move"):
        selected().difference_update(meant)
    with contextlib.suppress(ImclustError):  # the page says so when it is drawn
        _go_on(workspace, stored, content, act, event)


def _go_on(
    workspace: Workspace, stored: Clustering, content: ClusterContent, act: dict[str, Any], event: Event
) -> None:
    if event.kind == "merge":
        choose_group(event.value["into"])
    elif event.kind == "split" and act.get("cluster") == PICKED:
        choose_group(event.value["parts"][0]["into"])  # to be named at once
    elif event.kind in UNDOING:
        _leave_gone(open_desk(workspace, stored, content))
    elif act.get("next") is True:
        go(open_desk(workspace, stored, content), event.value["number"], "unnamed")


def _leave_gone(desk: Desk) -> None:
    """Where the cluster that is shown was undone, what was picked before is shown again."""
    number = cluster_in(asked_pick())
    if number is not None and number not in groups_of(desk):
        keep_pick(at_hand())


def _go(workspace: Workspace, stored: Clustering, content: ClusterContent, where: Any) -> None:
    if where == "clear":
        selected().clear()
    elif where in STEPS:
        with contextlib.suppress(ImclustError):
            desk = open_desk(workspace, stored, content)
            go(desk, current_group(desk), where)


def _take_author(name: str) -> None:
    st.session_state[AUTHOR] = clean(name[:MOST_AUTHOR], MOST_AUTHOR, "Your name")
    redraw_page()
