"""Names read back from a table: what would change is shown before anything does."""

import streamlit as st

from imclust_core.exchange.exports.members import open_members
from imclust_core.exchange.imports.imports import carry_out, plan_import
from imclust_core.exchange.imports.plans import Plan
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import trouble_kept, trouble_shown
from pages.parts.session.sign_in import author

_LISTED = 10
_TOLD = "import_told"


def show_import(workspace: Workspace, stored: Clustering) -> None:
    """A CSV file of names, for clusters or for images, and a button that takes them over."""
    file = st.file_uploader(
        "A CSV file with the columns cluster and name, or path and name", type="csv", key="import_file"
    )
    replace = st.checkbox("Overwrite names that somebody gave", key="import_replace")
    if told := st.session_state.pop(_TOLD, ""):
        st.info(plain(told))
    if file is None:
        return
    with trouble_shown():
        plan = plan_import(open_members(workspace, stored), file.getvalue(), replace=replace)
        _show(plan)
        st.button(
            "Take these over",
            type="primary",
            disabled=plan.empty or not author(),
            help=None if author() else "Say who you are first.",
            on_click=_carry_out,
            args=(workspace, stored, plan),
        )


def _show(plan: Plan) -> None:
    st.write(
        plain(
            "Nothing is to be done."
            if plan.empty
            else f"{plural(len(plan.namings), 'cluster')} would be named, {plural(plan.split_images, 'image')} split "
            f"off, {plural(plan.moved_images, 'image')} moved."
        )
    )
    for one in plan.kept[:_LISTED]:
        st.caption(plain(f"cluster {one.cluster} keeps “{one.name}”; the file says “{one.wanted}”"))
    for row in plan.unused[:_LISTED]:
        st.caption(plain(f"line {row.line}: {row.what}: {row.why}"))
    if plan.unused_rows > _LISTED:
        st.caption(f"and {plan.unused_rows - _LISTED:,} more lines that cannot be used")


def _carry_out(workspace: Workspace, stored: Clustering, plan: Plan) -> None:
    with trouble_kept(_TOLD):
        st.session_state[_TOLD] = f"{plural(len(carry_out(workspace, stored, plan, author())), 'change')} made."
