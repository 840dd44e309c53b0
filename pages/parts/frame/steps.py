"""The steps of the work, in order: which page each is, and whether its result is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from imclust_core.store.choices import is_chosen
from imclust_core.store.clusterings import is_clustered, is_named
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.maps import is_mapped
from imclust_core.store.workspace import Workspace
from pages.parts.kit.redraw import redraw_page

_NEXT = "next_page"

Done = Callable[[Workspace, Collection], bool]


@dataclass(frozen=True)
class Step:
    """One step: `url` is also its file beside the frame script; `purpose` finishes the sentence "This step ..."."""

    title: str
    url: str
    icon: str
    purpose: str
    is_done: Done | None = None


WORK = (
    Step(
        "1 Folder",
        "folder",
        ":material/folder_open:",
        "catalogues a folder of images",
        lambda _workspace, source: source.scanned_at is not None,
    ),
    Step(
        "2 Embed",
        "embed",
        ":material/memory:",
        "lets a pretrained network describe every image",
        lambda workspace, source: bool(embeddings_of(workspace, source.id)),
    ),
    Step(
        "3 Choose K",
        "choose_k",
        ":material/account_tree:",
        "lets the network's words suggest how many clusters",
        lambda workspace, source: is_chosen(workspace, source.id),
    ),
    Step(
        "4 Cluster",
        "cluster",
        ":material/bubble_chart:",
        "sorts the images into clusters",
        lambda workspace, source: is_clustered(workspace, source.id),
    ),
    Step(
        "5 Browse and name",
        "browse",
        ":material/label:",
        "shows every cluster for you to name",
        lambda workspace, source: is_named(workspace, source.id),
    ),
    Step(
        "6 Map",
        "map",
        ":material/scatter_plot:",
        "lays all images out on one map",
        lambda workspace, source: any(is_mapped(one) for one in embeddings_of(workspace, source.id)),
    ),
)

BESIDE = (
    Step(
        "Compare",
        "compare",
        ":material/compare_arrows:",
        "shows how two clusterings differ, or how well one fits the truth",
    ),
    Step("Network", "network", ":material/hub:", "shows what the network has learned to see"),
    Step("History", "history", ":material/history:", "shows who named and changed what, and when"),
)


def step_pages(workspace: Workspace, source: Collection | None) -> dict[str, list[Any]]:
    """The pages for `st.navigation`; a step whose result is there wears a tick."""

    def page(step: Step) -> Any:
        done = source is not None and step.is_done is not None and step.is_done(workspace, source)
        return st.Page(
            f"{step.url}.py",
            title=step.title,
            url_path=step.url,
            icon=":material/check_circle:" if done else step.icon,
            default=step is WORK[0],
            help=f"This step {step.purpose}.",
        )

    return {"": [page(step) for step in WORK], "Beside": [page(step) for step in BESIDE]}


def go_to(url: str) -> None:
    """In a callback: draw the page of another step instead of this one."""
    st.session_state[_NEXT] = url
    redraw_page()


def go_if_asked() -> None:
    """Before any page is drawn: go where a callback wants to."""
    if _NEXT in st.session_state:
        st.switch_page(next_page(st.session_state.pop(_NEXT)))


def next_page(url: str) -> Any:
    """The page of a step by its address, to go to with `st.switch_page`."""
    step = next(one for one in (*WORK, *BESIDE) if one.url == url)
    return st.Page(f"{url}.py", title=step.title, url_path=url)
