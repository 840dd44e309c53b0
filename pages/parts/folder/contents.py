"""What a scanned folder holds: counts, sizes, skipped files with their reasons, duplicates, and the images."""

import pandas as pd
import streamlit as st

from imclust_core.exchange.exports.tables import skipped_csv
from imclust_core.images.reasons import NOTES, sentence, title
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_scan
from imclust_core.names import shown
from imclust_core.store.catalogue import duplicate_groups, skipped_files
from imclust_core.store.collections import Collection, remove_collection, rename_collection
from imclust_core.store.counts import Summary
from imclust_core.store.workspace import Workspace
from pages.parts.grid.grid import size_text
from pages.parts.kit.text import plain, plural
from pages.parts.session.context import COLLECTION_KEY, choose_collection

_SHOWN_PATHS = 20


def show_manage(workspace: Workspace, source: Collection) -> None:
    """Where the folder is, and what can be done with the collection."""
    uploaded = source.folder.is_relative_to(workspace.uploads)
    st.caption("Uploaded from a browser" if uploaded else plain(shown(source.folder)))
    with st.container(horizontal=True):
        st.button("Rescan", icon=":material/refresh:", on_click=_rescan, args=(workspace, source))
        # A key with the name in it: another name is another popover, which is closed.
        with (
            st.popover("Rename", icon=":material/edit:", key=f"rename-{source.name}"),
            st.form("rename", border=False, enter_to_submit=True),
        ):
            st.text_input("Name", value=source.name, key=f"name-{source.id}", max_chars=100)
            st.form_submit_button("Save name", on_click=_rename, args=(workspace, source.id), type="primary")
        with st.popover("Remove", icon=":material/delete:"):
            st.write("Puts the collection into the trash. Your images are not touched, and you can restore it.")
            st.button("Remove collection", on_click=_remove, args=(workspace, source.id))


def _rescan(workspace: Workspace, source: Collection) -> None:
    submit_scan(workspace, source)
    ensure_worker(workspace)


def _rename(workspace: Workspace, collection_id: str) -> None:
    name = st.session_state[f"name-{collection_id}"]
    if name.strip():
        rename_collection(workspace, collection_id, name)
        st.session_state[COLLECTION_KEY] = collection_id  # or the picker would go on showing the old name


def _remove(workspace: Workspace, collection_id: str) -> None:
    queue = Queue(workspace)
    for job in queue.open_jobs(collection_id):
        queue.cancel(job.id)
    remove_collection(workspace, collection_id)
    choose_collection(None)


def show_counts(summary: Summary) -> None:
    """The numbers that say whether this is the right folder."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        with st.container(horizontal=True, gap="medium"):
            st.metric("Images", f"{summary.images:,}", width="content")
            st.metric("Skipped", f"{summary.files - summary.images:,}", width="content")
            st.metric("Duplicates", f"{summary.duplicates:,}", width="content", help="Copies, byte for byte.")
            if summary.gone:
                st.metric("Gone", f"{summary.gone:,}", width="content", help="Here at an earlier scan.")
            st.metric("Size", size_text(summary.bytes), width="content")
        shares = [f"{name} {share_text(number, summary.images)}" for name, number in summary.formats.items()]
        st.caption(" · ".join(shares))
        for note, number in summary.notes.items():
            st.caption(f"{plural(number, 'image')}: {NOTES.get(note, note)}")
    with right:
        if summary.images:
            bins = {name: number for name, number in summary.sizes.items() if number}
            table = pd.DataFrame({"pixels": list(bins), "images": list(bins.values())})
            st.caption("Images by their long side, in pixels")
            st.bar_chart(
                table,
                x="pixels",
                y="images",
                x_label="",
                y_label="",
                horizontal=True,
                sort=False,
                height=40 + 28 * len(bins),
            )


def share_text(part: int, whole: int) -> str:
    """A share in percent that never rounds something away: "98 %", "under 1 %"."""
    share = 100 * part / max(whole, 1)
    return "under 1 %" if 0 < share < 1 else f"{share:.0f} %"


def show_skipped(workspace: Workspace, source: Collection, summary: Summary) -> None:
    """Every reason with its number, its meaning and its first files."""
    number = summary.files - summary.images
    if not number:
        return
    with st.expander(f"{plural(number, 'file')} skipped", icon=":material/block:"):
        st.download_button(
            "Download the list",
            data=lambda: skipped_csv(workspace, source.id),
            file_name="skipped.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        for reason, count in summary.skipped.items():
            st.write(f"**{plain(title(reason))}: {plural(count, 'file')}.** {plain(sentence(reason))}")
            files = skipped_files(workspace, source.id, reason=reason, limit=_SHOWN_PATHS)
            st.code("\n".join(file.name for file in files), language=None)
            if count > len(files):
                st.caption(f"… and {count - len(files):,} more in the list.")


def show_duplicates(workspace: Workspace, source: Collection, summary: Summary) -> None:
    """Images whose bytes are the same, in groups."""
    if not summary.duplicates:
        return
    with st.expander(f"{plural(summary.duplicates, 'duplicate')}", icon=":material/content_copy:"):
        st.caption("Each group is one picture stored several times.")
        for group in duplicate_groups(workspace, source.id, limit=_SHOWN_PATHS):
            st.code("\n".join(file.name for file in group), language=None)
