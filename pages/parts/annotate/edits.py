"""What the name bar asks for, done: each change is answered for, once it is on the disk or cannot be made."""

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st

from imclust_core.annotation.annotated import ASIDE
from imclust_core.annotation.editing import (
    gather_images,
    merge_clusters,
    move_images,
    name_cluster,
    open_desk,
    redo,
    split_cluster,
    undo,
)
from imclust_core.errors import ImclustError, LabelConflict, LabelsError
from imclust_core.recent import Recent
from imclust_core.store.annotations.events import Event
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.state import PICKED

ANSWERS = "desk_answers"
_KEPT = 200
"""Answers; a browser that asks for more changes at once waits for the first ones in vain."""


def make_change(
    workspace: Workspace, stored: Clustering, act: dict[str, Any], author: str, selected: Sequence[int]
) -> Event | None:
    """Make a change that a browser asks for, and keep the answer; returns it where it was made.

    selected: the images that it is about, if it is about a selection.
    """
    answers, uuid = st.session_state.setdefault(ANSWERS, Recent(_KEPT)), act["uuid"]
    if uuid in answers:
        return None
    start, event = time.perf_counter(), None
    try:
        event = _do(workspace, stored, act, author, selected)
        took = 1000 * (time.perf_counter() - start)
        text = f"Saved {time.strftime('%H:%M:%S')}" if event is not None else "Nothing to do"
        told = {"ok": True, "text": text, "took": f"on the disk after {took:.0f} ms"}
        answers[uuid] = told | ({"event": event.id} if event is not None else {})
    except LabelConflict as error:
        answers[uuid] = {"ok": False, **_conflict(workspace, stored, act, error)}
    except ImclustError as error:
        answers[uuid] = {"ok": False, "text": str(error)}
    return event


def _do(
    workspace: Workspace, stored: Clustering, act: dict[str, Any], author: str, selected: Sequence[int]
) -> Event | None:
    kind, who = act.get("do"), {"author": author, "uuid": act["uuid"]}
    if kind in ("undo", "redo"):
        return (undo if kind == "undo" else redo)(workspace, stored, **who)
    number, base, seen = (_number(act, name) for name in ("cluster", "base", "seen"))
    if kind == "name":
        text, state, note, via = (_text(act, name) for name in ("name", "state", "note", "via"))
        said = {"text": text, "state": state, "note": note, "via": via[:200]}
        return name_cluster(workspace, stored, number, base=base, **said, **who)
    if kind == "merge":
        into, into_base = _number(act, "into"), _number(act, "into_base")
        return merge_clusters(workspace, stored, number, into, base=base, into_base=into_base, **who)
    if kind == "part" and number == PICKED:
        return gather_images(workspace, stored, selected, seen=seen, how="by hand", **who)
    if kind == "part":
        return split_cluster(workspace, stored, number, [selected], how="by hand", base=base, **who)
    if kind in ("move", "aside"):
        into = ASIDE if kind == "aside" else _number(act, "into")
        return move_images(workspace, stored, selected, into, seen=seen, **who)
    raise LabelsError("The page asked for something this server does not know. Reload the page.")


def _conflict(workspace: Workspace, stored: Clustering, act: dict[str, Any], error: LabelConflict) -> dict[str, Any]:
    """Both values, where two people named one cluster."""
    try:
        desk = open_desk(workspace, stored)
    except ImclustError:  # the page says so itself
        return {"text": str(error)}
    theirs = desk.names.get(act.get("cluster", 0))
    if act.get("do") != "name" or theirs is None:
        return {"text": str(error)}
    said = (f"“{theirs.text}”" if theirs.text else "no name") + f" ({theirs.state or 'no state'})"
    mine = f"You wrote “{_text(act, 'name')}” ({_text(act, 'state') or 'no state'})."
    return {
        "text": f"{theirs.author} has given cluster {act['cluster']} {said} meanwhile. {mine}",
        "theirs": desk.base_of(act["cluster"]),
    }


def _number(act: dict[str, Any], name: str) -> int:
    value = act.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise LabelsError("The page sent what this server cannot read. Reload the page.")
    return value


def _text(act: dict[str, Any], name: str) -> str:
    value = act.get(name)
    if not isinstance(value, str):
        raise LabelsError("The page sent what this server cannot read. Reload the page.")
    return value
