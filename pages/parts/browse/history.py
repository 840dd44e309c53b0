"""The history of a clustering as a table, and the way back for one's own last change."""

import time
from collections.abc import Callable
from itertools import islice
from uuid import uuid4

import pandas as pd
import streamlit as st

from imclust_core.annotation.annotated import Desk, to_redo, to_undo
from imclust_core.annotation.editing import open_desk, redo, undo
from imclust_core.annotation.history import history, sentence
from imclust_core.errors import ImclustError
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from pages.parts.frame.steps import next_page
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.sign_in import author

_SHOWN = 2_000


def show_history(workspace: Workspace, stored: Clustering) -> None:
    """All events, the newest first."""
    with trouble_shown():
        desk = open_desk(workspace, stored)
        if not desk.events:
            st.info("Nobody has named or changed anything in this clustering yet.")
            st.page_link(next_page("browse"), label="Go to 5 Browse and name", icon=":material/arrow_back:")
            return
        authors = len({event.author for event in desk.events})
        st.caption(f"{plural(len(desk.events), 'change')} by {plural(authors, 'person', 'people')}")
        _buttons(workspace, stored, desk)
        _table(desk)
        if len(desk.events) > _SHOWN:
            st.caption(f"The newest {_SHOWN:,}. labels.jsonl in the workspace holds all of them.")


def _buttons(workspace: Workspace, stored: Clustering, desk: Desk) -> None:
    who = author()
    steps = (("Undo my last change", "undo", to_undo, undo), ("Redo", "redo", to_redo, redo))
    with st.container(horizontal=True):
        for title, name, which, step in steps:
            event = which(desk, who) if who else None
            st.button(
                title,
                icon=f":material/{name}:",
                disabled=event is None,
                help=plain(sentence(event)) if event is not None else None,
                on_click=_step,
                args=(workspace, stored, step, who),
                key=f"history_{name}",  # or what it would undo, its help, would make it another button each time
            )


def _table(desk: Desk) -> None:
    told = pd.DataFrame(
        {
            "when": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at)),
            "who": one.author,
            "did": one.text,
            "clusters": ", ".join(str(number) for number in one.clusters),
            "counts": one.counts,
        }
        for one in islice(history(desk), _SHOWN)
    )
    st.dataframe(
        told,
        hide_index=True,
        column_config={
            "did": st.column_config.TextColumn(width="large"),
            "counts": st.column_config.CheckboxColumn(help="Not what was taken back."),
        },
    )


def _step(workspace: Workspace, stored: Clustering, step: Callable[..., object], who: str) -> None:
    try:
        step(workspace, stored, author=who, uuid=str(uuid4()))
    except ImclustError as error:
        st.toast(plain(str(error)), icon=":material/error:")
