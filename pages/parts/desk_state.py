"""What is looked at on the desk, kept in the address: the cluster, the order, the size; and what is selected."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.errors import EmbeddingError
from imclust_core.naming.desk import ASIDE, UNASSIGNED, Desk
from imclust_core.naming.ordering import ORDERS, Said
from imclust_core.naming.proposals import Proposal, propose_names
from imclust_core.naming.saying import said_of
from imclust_core.naming.text import MOST_AUTHOR, clean
from imclust_core.store.clusterings import Clustering
from imclust_core.store.embeddings import Embedding, embedding, labels_of
from imclust_core.store.workspace import Workspace
from imclust_core.words.labels import Label
from pages.parts.address import asked, keep
from pages.parts.sign_in import person

CLUSTER, ORDER, SIZE, SEED, ONLY = "cluster", "order", "size", "seed", "only"
SELECTED, AUTHOR = "desk_selected", "desk_author"
FILTERS = {"all": "All clusters", "unnamed": "Without a name", "doubtful": "Doubtful or mixed"}


def author() -> str:
    """Who is working here: who signed in, or else who people said they are."""
    return clean((person() or str(st.session_state.get(AUTHOR, "")))[:MOST_AUTHOR], MOST_AUTHOR, "Your name")


def groups_of(desk: Desk) -> list[int]:
    """All groups there are, clusters by number, and last what is in none."""
    return [*desk.clusters, *(group for group in (UNASSIGNED, ASIDE) if group in desk.sizes)]


def shown_groups(desk: Desk) -> list[int]:
    """The groups that pass the filter in the address."""
    only = asked(ONLY)
    if only == "unnamed":
        return [one for one in desk.clusters if not desk.is_settled(one)]
    if only == "doubtful":
        return [one for one in desk.clusters if one in desk.names and desk.names[one].state in ("doubtful", "mixed")]
    return groups_of(desk)


def current_group(desk: Desk) -> int:
    """The group that the address names, or else the first."""
    known = groups_of(desk)
    wanted = asked(CLUSTER)
    chosen = next((one for one in known if str(one) == wanted), known[0] if known else UNASSIGNED)
    keep(CLUSTER, str(chosen))
    return chosen


def go(desk: Desk, number: int, where: str) -> None:
    """Go on from a group: to the next, the previous, or the next without a name; round from the end to the start."""
    known = shown_groups(desk) or groups_of(desk)
    ahead = [one for one in known if _place(one) > _place(number)] + [
        one for one in known if _place(one) < _place(number)
    ]
    if where == "unnamed":
        ahead = [one for one in ahead if one > 0 and not desk.is_settled(one)]
    if ahead:
        keep(CLUSTER, str(ahead[-1 if where == "previous" else 0]))


def _place(number: int) -> float:
    return number if number > 0 else float("inf") if number == ASIDE else 1e12


def order_and_seed() -> tuple[str, int]:
    """How images are ordered, and the seed of a random order."""
    seed = asked(SEED)
    known = seed.isascii() and seed.isdigit() and len(seed) < 10
    return asked(ORDER) if asked(ORDER) in ORDERS else "typical", int(seed) if known else 0


def selected() -> set[int]:
    """The ids of the images that are selected, on whatever page."""
    found: set[int] = st.session_state.setdefault(SELECTED, set())
    return found


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
