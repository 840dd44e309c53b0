"""The name bar: what a cluster is called, by whom, what else it might be called, and all that can be done to it."""

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from imclust_core.annotation.annotated import Desk, to_redo, to_undo
from imclust_core.annotation.history import sentence
from imclust_core.annotation.name_proposals import UNSURE, Proposal
from pages.parts.annotate.cluster_list import WITHOUT, badge_of
from pages.parts.annotate.state import PICKED
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import Handler

_bar = Widget(__file__, "name_bar", Path(__file__).with_name("name_bar.html").read_text(encoding="utf-8"))


def show_name_bar(
    desk: Desk,
    number: int,
    proposals: Sequence[Proposal],
    selected: Collection[int],
    answers: Mapping[str, Any],
    author: str,
    news: str,
    *,
    key: str,
    called: str = "",
    on: Mapping[str, Handler],
) -> None:
    """The bar of one group.

    Parameters
    ----------
    answers: what came of the last changes, by their uuids.
    news: the address that tells whether there is anything new, from `news_address`.
    called: what a group is called that is no cluster.
    on: what is called with each message: "act", a change to make; "step", where to go: next, previous, unnamed, or
        clear for an empty selection; "author", who is there; "look", there is something new to show.
    """
    others = [one for one in desk.clusters if one != number]
    before, after = (to_undo(desk, author), to_redo(desk, author)) if author else (None, None)
    data = {
        "cluster": _cluster(desk, number, called),
        "proposals": [
            {"name": one.name, "receipt": one.receipt, "unsure": one.confidence < UNSURE} for one in proposals
        ],
        "names": sorted({name.text for name in desk.names.values() if name.text}, key=str.casefold),
        "targets": [{"number": one, "name": desk.name_of(one), "base": desk.base_of(one)} for one in others],
        "same": _same(desk, number, others),
        "selected": len(selected),
        "answers": dict(answers),
        "author": author,
        "news": news,
        "version": desk.version,
        "undo": sentence(before) if before is not None else "",
        "redo": sentence(after) if after is not None else "",
    }
    _bar(key, data, on)


def _cluster(desk: Desk, number: int, called: str) -> dict[str, Any]:
    said = desk.said(number)
    return {
        **badge_of(number),
        "nameable": number > 0,
        "gathers": number == PICKED,
        "without": f"Picked: {called}" if number == PICKED else WITHOUT.get(number, "").capitalize(),
        "base": desk.base_of(number),
        "name": said.text,
        "state": said.state,
        "note": said.note,
        "via": said.via,
        "by": f"{said.author}, {ago(said.at)}" if number in desk.names else "",
    }


def _same(desk: Desk, number: int, others: Sequence[int]) -> int:
    """Another cluster that bears the same name, or 0."""
    name = desk.name_of(number).casefold()
    return next((one for one in others if name and desk.name_of(one).casefold() == name), 0)


def ago(at: int) -> str:
    """How long ago a moment was, for people."""
    seconds = max(0, int(time.time()) - at)
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
