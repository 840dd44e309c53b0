"""The desk: clusters down the side, one of them in full with its name above, and the keys for all of it."""

import contextlib
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import streamlit as st

from imclust_core.errors import ImclustError
from imclust_core.naming.desk import Desk
from imclust_core.naming.editing import open_desk
from imclust_core.naming.ordering import Said
from imclust_core.naming.text import MOST_AUTHOR, clean
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.labels import Event
from imclust_core.store.workspace import Workspace
from imclust_core.words.labels import Label
from pages.parts.address import asked, keep
from pages.parts.clustering_choice import content_of
from pages.parts.desk_acts import ANSWERS, do_all
from pages.parts.desk_images import GRID, pick_order, show_images
from pages.parts.desk_looks import pick_style
from pages.parts.desk_split import show_split
from pages.parts.desk_state import (
    AUTHOR,
    CLUSTER,
    FILTERS,
    ONLY,
    author,
    current_group,
    go,
    proposals_for,
    said_in,
    selected,
    shown_groups,
)
from pages.parts.grid import as_told, merged
from pages.parts.hearing import is_news
from pages.parts.mean_look import show_mean_look
from pages.parts.name_bar import show_name_bar
from pages.parts.news_route import drawn, news_address
from pages.parts.redraw import page_is_drawn, redraw_if_asked, redraw_page
from pages.parts.scores import stability_text
from pages.parts.shelf import show_shelf
from pages.parts.text import plain

BAR, SHELF, _FILTER = "name_bar", "shelf", "shelf_filter"
_VISIT, _DRAWING, _OF = "desk_visit", "desk_drawing", "desk_of"


def show_desk(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    """All of the desk; what others do to it shows up within a second or two."""
    page_is_drawn()
    try:
        content = content_of(workspace, stored)
    except ImclustError as error:
        st.error(plain(str(error)))
        return
    if st.session_state.get(_OF) != stored.id:
        st.session_state[_OF] = stored.id
        selected().clear()  # of another clustering, perhaps of another collection
    st.fragment(_desk)(workspace, source, stored, content)


def _desk(workspace: Workspace, source: Collection, stored: Clustering, content: ClusterContent) -> None:
    redraw_if_asked()
    try:
        desk = open_desk(workspace, stored, content)
    except ImclustError as error:
        st.error(plain(str(error)))
        return
    visit, drawing = _visit_and_drawing()
    number = current_group(desk)
    side, middle = st.columns([1, 3.4], gap="medium")
    with side:
        _side(stored, desk, number)
    labels, said = said_in(workspace, stored, desk)
    with middle:
        show_name_bar(
            desk,
            number,
            proposals_for(stored, desk, labels, said).get(number, []),
            selected(),
            st.session_state.get(ANSWERS, {}),
            author(),
            news_address(workspace, stored.id, visit),
            key=BAR,
            on_told=lambda: _hear(workspace, stored, content),
        )
        size = _choices(workspace, stored, desk, number, labels, said)
        show_mean_look(workspace, stored, desk, number)
        show_images(workspace, source, stored, desk, content, number, labels, said, size, visit, drawing)
    drawn(visit, drawing)


def _visit_and_drawing() -> tuple[str, int]:
    """What tells this page from others, and the number of this drawing of its desk."""
    drawing = st.session_state.get(_DRAWING, 0) + 1
    st.session_state[_DRAWING] = drawing
    return st.session_state.setdefault(_VISIT, uuid4().hex), drawing


def _choices(
    workspace: Workspace, stored: Clustering, desk: Desk, number: int, labels: Sequence[Label], said: Said | None
) -> str:
    """What the images are ordered by, and what they show; returns the size of their pictures."""
    with st.container(horizontal=True, vertical_alignment="center"):
        size = pick_order()
        pick_style(workspace, stored, has_words=bool(labels))
        show_split(workspace, stored, desk, number, labels, said)
    return size


def _side(stored: Clustering, desk: Desk, number: int) -> None:
    done, covered = desk.named
    clusters, images = len(desk.clusters), len(desk.group)
    st.progress(done / max(1, clusters), text=f"{done:,} of {clusters:,} named · {covered:,} of {images:,} images")
    known = list(FILTERS)
    st.selectbox(
        "Show",
        known,
        known.index(asked(ONLY)) if asked(ONLY) in known else 0,
        format_func=FILTERS.__getitem__,
        key=_FILTER,
        on_change=lambda: keep(ONLY, "" if st.session_state[_FILTER] == "all" else st.session_state[_FILTER]),
        label_visibility="collapsed",
    )
    listed = shown_groups(desk)
    with st.container():
        if not listed:
            st.caption("No cluster is left here." if desk.clusters else "This clustering has no clusters.")
    show_shelf(desk, listed, number, lambda one: _facts(stored, desk, one), key=SHELF, on_pick=_pick)


def _pick(number: int) -> None:
    keep(CLUSTER, str(number))


def _facts(stored: Clustering, desk: Desk, number: int) -> str:
    """How stable a cluster is; not said of one that people have changed."""
    numbers = stored.summary.numbers
    if number not in numbers:
        return "made by hand" if number > 0 else ""
    if number in desk.touched:
        return "changed by hand"
    return stability_text(stored.summary.stability[numbers.index(number)])


def _hear(workspace: Workspace, stored: Clustering, content: ClusterContent) -> None:
    told = st.session_state[BAR].told
    if not isinstance(told, dict):
        return
    if told.get("author"):
        _take_author(told["author"])
    _act(workspace, stored, content, told.get("acts"))
    _go(workspace, stored, content, told.get("steps"))


def _act(workspace: Workspace, stored: Clustering, content: ClusterContent, acts: Any) -> None:
    """Make the changes that the bar asks for, and go where that leads."""
    before = set(selected())
    now = as_told(GRID, before)
    selected().clear()
    selected().update(now)

    def meant(act: dict[str, Any]) -> list[int]:
        """What was selected when somebody asked for this, whatever was selected since."""
        return sorted(merged(before, act.get("told")))

    done = do_all(workspace, stored, acts, author(), meant)
    for act, event in done:
        if event.kind in ("split", "move"):
            selected().difference_update(meant(act))
    with contextlib.suppress(ImclustError):  # the page says so when it is drawn
        _go_on(workspace, stored, content, done)


def _go_on(
    workspace: Workspace, stored: Clustering, content: ClusterContent, done: list[tuple[dict[str, Any], Event]]
) -> None:
    for act, event in done:
        if event.kind == "merge":
            keep(CLUSTER, str(event.value["into"]))
        elif act.get("next") is True:
            go(open_desk(workspace, stored, content), event.value["number"], "unnamed")


def _go(workspace: Workspace, stored: Clustering, content: ClusterContent, steps: Any) -> None:
    """Take those steps that were not taken yet: a page sends them again until it knows that they were heard."""
    for step in steps if isinstance(steps, list) else []:
        if not is_news(BAR, step):
            continue
        where = step.get("where")
        if where == "clear":
            selected().clear()
        elif where in ("next", "previous", "unnamed"):
            with contextlib.suppress(ImclustError):
                desk = open_desk(workspace, stored, content)
                go(desk, current_group(desk), where)


def _take_author(told: Any) -> None:
    st.session_state[AUTHOR] = clean(str(told)[:MOST_AUTHOR], MOST_AUTHOR, "Your name")
    redraw_page()
