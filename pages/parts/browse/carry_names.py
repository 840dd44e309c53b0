"""Names from another clustering: an offer to bring over what fits, and what would be left behind."""

from collections.abc import Sequence
from uuid import uuid4

import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.carry_over import BROUGHT, Plan, bring_over, plan_for
from imclust_core.annotation.editing import open_desk
from imclust_core.errors import ImclustError
from imclust_core.store.annotations.events import labelled_clusterings
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain, plural
from pages.parts.session.clustering import title_of
from pages.parts.session.sign_in import author

_DECLINED = "names_declined"
_DONE = "names_brought"
_LISTED = 12


def offer_names(workspace: Workspace, known: Sequence[Clustering], stored: Clustering) -> None:
    """Where nobody has begun to name this clustering and another one has names, offer to bring them over."""
    if told := st.session_state.pop(_DONE, ""):
        st.success(plain(told), icon=":material/check:")
    said = labelled_clusterings(workspace)
    others = sorted((one for one in known if one.id in said and one.id != stored.id), key=lambda one: -said[one.id])
    if not others or stored.id in st.session_state.get(_DECLINED, ()):
        return
    new = open_desk(workspace, stored)
    if any(name.settled and not name.via.startswith(BROUGHT) for name in new.names.values()):
        return  # what was brought before somebody else was faster is no beginning: the rest is still on offer
    old = open_desk(workspace, others[0])
    plan = _plan(old, new, (others[0].id, old.version, stored.id, new.version))
    if plan.empty:
        return
    title = title_of(others[0])
    with st.container(border=True):
        st.write(f"**Names from “{plain(title)}” can be brought over.** {plain(_summary(plan))}")
        _lists(plan)
        with st.container(horizontal=True):
            st.button(
                "Bring the names over",
                type="primary",
                on_click=_bring,
                args=(workspace, stored, plan, title),
                disabled=not author(),
                help=None if author() else "Say who you are first.",
            )
            st.button("Start without names", on_click=_decline, args=(stored.id,))


@st.cache_resource(max_entries=8, show_spinner=False)
def _plan(_old: Desk, _new: Desk, what: tuple[str, int, str, int]) -> Plan:
    return plan_for(_old, _new)


def _summary(plan: Plan) -> str:
    doubtful = sum(one.doubtful for one in plan.names)
    moved = sum(len(images) for _, images in plan.moves)
    parts = [f"{plural(len(plan.names), 'cluster')} would be named"]
    if doubtful:
        parts.append(f"{doubtful} of them as doubtful, since most of their images come from elsewhere")
    if moved:
        parts.append(f"{plural(moved, 'image')} moved by hand would be moved again")
    if plan.lost:
        parts.append(f"{plural(len(plan.lost), 'name')} would be left behind")
    if plan.loose:
        parts.append(f"{plural(plan.loose, 'image')} moved by hand would have nowhere to go")
    return f"{'; '.join(parts)}."


def _lists(plan: Plan) -> None:
    with st.expander("What goes where"):
        for one in plan.names[:_LISTED]:
            part = "" if one.heir else ", as a part of it"
            st.caption(plain(f"{one.number} gets “{one.name.text}”: {one.share:.0%} of it come from {one.old}{part}"))
        if len(plan.names) > _LISTED:
            st.caption(f"and {len(plan.names) - _LISTED:,} more")
        for number, name, images in plan.lost[:_LISTED]:
            st.caption(plain(f"left behind: {number} “{name.text}”, {plural(images, 'image')}"))


def _bring(workspace: Workspace, stored: Clustering, plan: Plan, title: str) -> None:
    try:
        done = bring_over(workspace, stored, plan, title, author=author(), new_uuid=lambda: str(uuid4()))
    except ImclustError as error:
        st.session_state[_DONE] = ""
        st.toast(plain(str(error)), icon=":material/error:")
        return
    left = "; ".join(f"{number} “{name.text}”" for number, name, _ in plan.lost[:_LISTED])
    kept = len(plan.names) + len(plan.moves) - done
    st.session_state[_DONE] = (
        f"{plural(len(plan.names), 'name')} brought over."
        + (f" Of these, or of images to move, {kept} had been decided by somebody else meanwhile." if kept else "")
        + (f" Left behind: {left}." if left else "")
    )


def _decline(clustering_id: str) -> None:
    st.session_state[_DECLINED] = (*st.session_state.get(_DECLINED, ()), clustering_id)
