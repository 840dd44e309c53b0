"""What is looked at on the desk, kept in the address: the group, the order, the size; and what is selected."""

from collections.abc import Callable, Sequence

import streamlit as st

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk
from imclust_core.annotation.name_proposals import Proposal, propose_names
from imclust_core.annotation.ordering import ORDERS
from imclust_core.annotation.predictions import Said, said_of
from imclust_core.annotation.selection import cluster_in, of_cluster
from imclust_core.errors import EmbeddingError
from imclust_core.store.clusterings import Clustering
from imclust_core.store.embeddings import Embedding, embedding, labels_of
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label
from pages.parts.session.choice import chosen
from pages.parts.session.selection import Pick, asked_pick, at_hand, keep_pick
from pages.parts.session.url_state import asked, keep

CLUSTER, ORDER, SIZE, SEED, ONLY = "cluster", "order", "size", "seed", "only"
SELECTED = "desk_selected"
PICKED = -2
"""The group of the images that are picked by a branch of the tree or as a set: no cluster, and may be of many."""
_PICKED_TEXT = "picked"
_OF, _TICKED, _UNTICKED = "desk_of", "desk_ticked", "desk_unticked"
FILTERS = {"all": "All clusters", "unnamed": "Without a name", "doubtful": "Doubtful or mixed"}


def groups_of(desk: Desk) -> list[int]:
    """All groups there are, clusters by number, and last what is in none."""
    return [*desk.clusters, *(group for group in (UNASSIGNED, ASIDE) if group in desk.sizes)]


def shown_groups(desk: Desk) -> list[int]:
    """The groups that pass the filter in the address."""
    only = asked(ONLY)
    if only == "unnamed":
        return [one for one in desk.clusters if not desk.is_settled(one)]
    if only == "doubtful":
        return [one for one in desk.clusters if desk.said(one).state in ("doubtful", "mixed")]
    return groups_of(desk)


def current_group(desk: Desk) -> int:
    """The group that is picked, or else the one that the address names, or else the first."""
    known, key = groups_of(desk), asked_pick()
    wanted = str(cluster_in(key)) if key else asked(CLUSTER)
    if key and cluster_in(key) is None:
        chosen = PICKED
    else:
        chosen = next((one for one in known if str(one) == wanted), known[0] if known else UNASSIGNED)
    keep(CLUSTER, _PICKED_TEXT if chosen == PICKED else str(chosen))
    return chosen


def choose_group(number: int) -> None:
    """Show a group, which then is what is picked on all pages; PICKED is the branch or set that is at hand."""
    shown = _PICKED_TEXT if number == PICKED else str(number)
    keep_pick(at_hand() if number == PICKED else of_cluster(number), {CLUSTER: shown})


STEPS: dict[str, Callable[[Desk, list[int]], list[int]]] = {
    "next": lambda _desk, ahead: ahead[:1],
    "previous": lambda _desk, ahead: ahead[-1:],
    "unnamed": lambda desk, ahead: [one for one in ahead if one > 0 and not desk.is_settled(one)][:1],
}
"""Where one can go from a group: the group, of all others in their order from there on, or none. The scripts know these
words as `Step`."""


def go(desk: Desk, number: int, where: str) -> None:
    """Go on from a group by one of `STEPS`; round from the end to the start."""
    known = [*([PICKED] if at_hand() else []), *(shown_groups(desk) or groups_of(desk))]
    ahead = [one for one in known if _place(one) > _place(number)] + [
        one for one in known if _place(one) < _place(number)
    ]
    for found in STEPS[where](desk, ahead):
        choose_group(found)


def _place(number: int) -> float:
    """Where on the shelf a group stands."""
    return number if number > 0 else {PICKED: 0.0, UNASSIGNED: 1e12}.get(number, float("inf"))


def order_and_seed() -> tuple[str, int]:
    """How images are ordered, and the seed of a random order."""
    seed = asked(SEED)
    known = seed.isascii() and seed.isdigit() and len(seed) < 10
    return chosen(ORDER, ORDERS), int(seed) if known else 0


def selected() -> set[int]:
    """The ids of the images that are selected, on whatever page."""
    found: set[int] = st.session_state.setdefault(SELECTED, set())
    return found


def begin_desk(stored: Clustering) -> None:
    """What was selected in another clustering, perhaps of another collection, is selected no more."""
    if st.session_state.get(_OF) != stored.id:
        st.session_state[_OF] = stored.id
        selected().clear()
        for name in (_TICKED, _UNTICKED):
            st.session_state.pop(name, None)


def tick_picked(desk: Desk, number: int, pick: Pick | None) -> None:
    """Select all that is picked when it is shown first; whoever unticks some, and comes back to it, finds it so."""
    now, before = pick.key if pick is not None and number == PICKED else "", st.session_state.get(_TICKED, "")
    if now == before:
        return
    if before:
        st.session_state[_UNTICKED] = (before, set(selected()))
    selected().clear()
    key, found = st.session_state.get(_UNTICKED, ("", set()))
    if now and pick is not None:
        selected().update(found if found and key == now else desk.image_ids[desk.rows_at(pick.image_ids)].tolist())
    st.session_state[_TICKED] = now


@st.cache_resource(max_entries=4, show_spinner="Reading labels")
def _said(
    _workspace: Workspace, _one: Embedding, _desk: Desk, what: tuple[str, str, int | None]
) -> tuple[tuple[Label, ...], Said | None]:
    labels = labels_of(_one)
    return labels, said_of(_workspace, _one, _desk.image_ids) if labels else None


def said_in(workspace: Workspace, stored: Clustering, desk: Desk) -> tuple[Sequence[Label], Said | None]:
    """What the network says of the images, in the order of the desk; nothing where its embedding is gone."""
    try:
        one = embedding(workspace, stored.embedding_id)
        return _said(workspace, one, desk, (stored.id, one.id, one.finished_at))
    except EmbeddingError:
        return (), None


@st.cache_resource(max_entries=16, show_spinner=False)
def _proposals(
    _labels: Sequence[Label], _said: Said, _desk: Desk, clustering_id: str, version: int
) -> dict[int, list[Proposal]]:
    return propose_names(_labels, _said.label_ids, _said.probabilities, _desk.group, _desk.clusters)


def proposals_for(
    stored: Clustering, desk: Desk, labels: Sequence[Label], said: Said | None
) -> dict[int, list[Proposal]]:
    """Names for every cluster as it is now; nothing where the network has no words."""
    if said is None:
        return {}
    # Names change all the time, and what is proposed only when images are elsewhere.
    placed = max((event.id for event in desk.events if event.kind != "name"), default=0)
    return _proposals(labels, said, desk, stored.id, placed)
