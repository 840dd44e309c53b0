"""Results out of the house, and names back in: the formats, where to, and what became of it."""

import io
import tempfile
import zipfile
from pathlib import Path

import streamlit as st

from imclust_core.exchange.exports.exports import FORMATS, HOW, export
from imclust_core.exchange.exports.members import open_members
from imclust_core.exchange.exports.writing import folder_to_write
from imclust_core.jobs.queue import Job, Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_export
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.browse.import_form import show_import
from pages.parts.jobs.panel import show_panel
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import show_trouble, trouble_kept

_TITLES = {
    "csv": "CSV table",
    "parquet": "Parquet table",
    "json": "JSON",
    "folders": "A folder for each name",
    "fiftyone": "FiftyOne",
    "labelstudio": "Label Studio",
}
_WAYS = {"symlink": "Links", "hardlink": "Hard links", "copy": "Copies"}
_MOST_TO_DOWNLOAD = 200_000
"""Images; more would have to pass through this server's memory."""
_DONE, _TROUBLE = "export_job", "export_trouble"


def show_export(workspace: Workspace, stored: Clustering) -> None:
    """A button that opens all ways out of the house, and back in."""
    with st.popover("Export, import", icon=":material/ios_share:"):
        out, back = st.tabs(["Export", "Import names"])
        with out:
            _form(workspace, stored)
        with back:
            show_import(workspace, stored)


def show_export_job(workspace: Workspace, source: Collection) -> None:
    """How far an export is, or what became of the one that this visit asked for."""
    queue = Queue(workspace)
    show_panel(workspace, queue, source, ("export",))
    show_trouble(_TROUBLE)
    asked = st.session_state.get(_DONE)
    job = queue.job(asked) if asked else None
    if job is not None and job.collection_id == source.id and job.state == "done" and job.result is not None:
        _say_done(job)


def _say_done(job: Job) -> None:
    result = job.result or {}
    missing = f" {plural(result['missing'], 'image')} had no file that can be used." if result["missing"] else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(plain(f"{plural(result['images'], 'image')} written to {result['folder']}.{missing}"))
        st.button("Close", type="tertiary", on_click=lambda: st.session_state.pop(_DONE, None), key="export-close")


def _form(workspace: Workspace, stored: Clustering) -> None:
    chosen = str(
        st.selectbox("Format", list(FORMATS), format_func=lambda name: _TITLES.get(name, name), key="export_format")
    )
    how = _pick_way() if chosen == "folders" else HOW[0]
    if chosen != "folders" and stored.summary.images <= _MOST_TO_DOWNLOAD:
        st.download_button(
            "Download",
            data=lambda: _zipped(workspace, stored, chosen),
            file_name=f"{chosen}-{stored.id}.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/download:",
        )
    folder = st.text_input(
        "A new folder on the server", placeholder="/data/results", help="Nothing is ever overwritten.", key="export_to"
    )
    st.button(
        "Write there",
        disabled=not folder,
        on_click=_write,
        args=(workspace, stored, chosen, folder, how),
        icon=":material/save:",
    )


def _pick_way() -> str:
    """Whether images are linked or copied."""
    return str(
        st.segmented_control(
            "Images as",
            list(HOW),
            default=HOW[0],
            format_func=lambda name: _WAYS.get(name, name),
            required=True,
            key="export_how",
        )
    )


def _write(workspace: Workspace, stored: Clustering, format_name: str, folder: str, how: str) -> None:
    with trouble_kept(_TROUBLE):
        target = folder_to_write(workspace, folder)
        st.session_state[_DONE] = submit_export(workspace, stored, format_name, str(target), how).id
        ensure_worker(workspace)


def _zipped(workspace: Workspace, stored: Clustering, format_name: str) -> bytes:
    """The files of an export in one archive."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="imclust-export-") as folder:
        made = Path(folder) / "results"
        done = export(open_members(workspace, stored), format_name, made)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in done.files:
                archive.write(made / name, name)
    return packed.getvalue()
