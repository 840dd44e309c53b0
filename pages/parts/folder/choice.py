"""Choosing a folder: typed, browsed to, uploaded, or the sample; and the collections there already are."""

from pathlib import Path

import streamlit as st

from imclust_core.config import allowed_roots
from imclust_core.errors import ImclustError
from imclust_core.images.walking import subfolders
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_sample, submit_scan
from imclust_core.names import shown
from imclust_core.store.collections import add_collection, collections, restore_collection
from imclust_core.store.counts import summary_of
from imclust_core.store.workspace import Workspace
from pages.parts.folder.upload import upload_images
from pages.parts.kit.redraw import redraw_if_asked, redraw_page
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.session.context import choose_collection

_ERROR = "folder_error"
_AT = "browse_at"


def choose_folder(workspace: Workspace) -> None:
    """Everything that can start a collection."""
    with (
        st.form("open_folder", border=False, enter_to_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("Full path of a folder on this machine", key="folder_path", placeholder="/data/photos/2018")
        st.form_submit_button("Scan", type="primary", on_click=_open_typed, args=(workspace,))
    show_trouble(_ERROR)
    with st.container(horizontal=True):
        if st.button("Browse folders…", icon=":material/folder_open:", on_click=_go, args=(None,)):
            _browse(workspace)
        st.button("Try the sample images", icon=":material/auto_awesome:", on_click=_open_sample, args=(workspace,))
    st.caption("Images stay where they are; imclust only reads them.")
    with st.expander("Or upload images or a zip", icon=":material/upload:"):
        upload_images(workspace)


def _open_typed(workspace: Workspace) -> None:
    _open(workspace, st.session_state["folder_path"])


def _open(workspace: Workspace, text: str) -> None:
    with trouble_kept(_ERROR):
        source = add_collection(workspace, workspace.open_folder(text))
        submit_scan(workspace, source)
        ensure_worker(workspace)
        choose_collection(source.id)


def _open_and_close(workspace: Workspace, text: str) -> None:
    _open(workspace, text)
    redraw_page()  # without the dialog


def _open_sample(workspace: Workspace) -> None:
    source, _ = submit_sample(workspace)
    ensure_worker(workspace)
    choose_collection(source.id)


@st.dialog("Choose a folder", width="medium")
def _browse(workspace: Workspace) -> None:
    redraw_if_asked()
    roots = allowed_roots()
    at: Path | None = st.session_state.get(_AT) or (roots[0] if len(roots) == 1 else None if roots else Path.home())
    try:
        below = subfolders(workspace.open_folder(str(at))) if at else roots
    except (ImclustError, OSError) as error:
        st.error(plain(str(error)))
        below = []
    with st.container(horizontal=True, vertical_alignment="center"):
        may_rise = at is not None and at != at.parent and (at not in roots or len(roots) > 1)
        above = None if at in roots else at.parent if at else None
        st.button("Up", icon=":material/arrow_upward:", disabled=not may_rise, on_click=_go, args=(above,))
        if at is not None:
            st.button("Scan this folder", type="primary", on_click=_open_and_close, args=(workspace, str(at)))
    st.code(shown(at) if at else "Folders this server may open", language=None)
    with st.container(height=320):
        for number, folder in enumerate(below):
            st.button(
                plain(shown(Path(folder.name)) if at else shown(folder)),
                key=f"into-{number}",
                icon=":material/folder:",
                type="tertiary",
                on_click=_go,
                args=(folder,),
            )
        if not below:
            st.caption("No folders in here.")


def _go(folder: Path | None) -> None:
    st.session_state[_AT] = folder


def show_collections(workspace: Workspace) -> None:
    """The collections that are open, to go on with one."""
    known = collections(workspace)
    if not known:
        return
    st.subheader("Or go on with a collection")
    for one in known[:20]:
        summary = summary_of(workspace, one.id)
        name, images, folder = st.columns([2, 1, 4], vertical_alignment="center")
        name.button(plain(one.name), key=f"open-{one.id}", on_click=choose_collection, args=(one.id,), width="stretch")
        images.caption(plural(summary.images, "image") if summary else "not scanned yet")
        folder.caption(plain(shown(one.folder)))


def show_trash(workspace: Workspace) -> None:
    """Removed collections, each with a way back."""
    removed = collections(workspace, removed=True)
    if not removed:
        return
    with st.expander(f"Trash ({len(removed)})", icon=":material/delete:"):
        for one in removed[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Restore", key=f"restore-{one.id}", on_click=_restore, args=(workspace, one.id))
                st.write(plain(one.name))


def _restore(workspace: Workspace, collection_id: str) -> None:
    with trouble_kept(_ERROR):
        restore_collection(workspace, collection_id)
