"""What the map shows: how it is laid out, what its colours mean, and what lies beside it; kept in the address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from imclust_core.mapping.methods import METHODS
from imclust_core.store.clusterings import Clustering
from imclust_core.store.embeddings import Embedding
from pages.parts.session.clustering import titles_of
from pages.parts.session.url_state import asked, keep

_METHOD, _BY, _BESIDE, _DRAWN = "map", "by", "beside", "drawn_by_names"
_ALONE = ""
_WIDTH = 200
_CLUSTERING, _EMBEDDING = "clustering.", "embedding."


@dataclass(frozen=True)
class Beside:
    """What a second map shows: another clustering on the same one, or another embedding; neither for no second map."""

    clustering: Clustering | None = None
    embedding: Embedding | None = None


def pick_method() -> str:
    """How the map is laid out."""
    known = {name: way.title for name, way in METHODS.items()}
    now = asked(_METHOD) if asked(_METHOD) in known else next(iter(known))
    says = "  \n".join(f"**{way.title}**: {way.says}" for way in METHODS.values())
    return _switched("Map", _METHOD, known, now, help_text=says)


def pick_colours(ways: Mapping[str, str]) -> str:
    """What colours mean; nothing where there is nothing to colour by."""
    if not ways:
        return ""
    now = asked(_BY) if asked(_BY) in ways else next(iter(ways))
    return _chosen("Colour by", _BY, ways, now)


def pick_beside(
    clusterings: Sequence[Clustering],
    shown: Clustering | None,
    embeddings: Sequence[Embedding],
    one: Embedding,
    *,
    by_clustering: bool,
) -> Beside:
    """What stands beside the map. by_clustering: whether its colours are of a clustering: another then has others."""
    titles = titles_of(clusterings)
    of_clusterings = {f"{_CLUSTERING}{each.id}": each for each in clusterings if shown is None or each.id != shown.id}
    of_embeddings = {f"{_EMBEDDING}{each.id}": each for each in embeddings if each.id != one.id}
    known = {key: f"Clustering: {titles[each.id]}" for key, each in of_clusterings.items() if by_clustering}
    known |= {key: f"Embedding: {each.title}" for key, each in of_embeddings.items()}
    now = asked(_BESIDE) if asked(_BESIDE) in known else _ALONE
    picked = _chosen("Beside it", _BESIDE, {_ALONE: "Nothing", **known}, now)
    return Beside(of_clusterings.get(picked), of_embeddings.get(picked))


def drawn_by_names() -> bool:
    """Whether images of different names are to be held apart."""
    return asked(_DRAWN) == "1"


def pick_names(*, can: bool) -> bool:
    """The choice of that. can: whether there are names, and a map that heeds them."""
    on = can and drawn_by_names()
    widget = f"map-names-{can}-{on}"
    st.toggle(
        "Hold different names apart",
        on,
        disabled=not can,
        help="UMAP only, once clusters have names: images of different names then lie farther apart.",
        key=widget,
        on_change=lambda: keep(_DRAWN, "1" if st.session_state[widget] else ""),
    )
    return on


def _switched(label: str, key: str, options: Mapping[str, str], now: str, help_text: str) -> str:
    widget = f"map-{key}-{now}"
    st.segmented_control(
        label,
        list(options),
        default=now,
        format_func=options.__getitem__,
        required=True,
        key=widget,
        on_change=_keeper(key, widget),
        help=help_text,
    )
    return now


def _chosen(label: str, key: str, options: Mapping[str, str], now: str) -> str:
    widget = f"map-{key}-{now}"
    st.selectbox(
        label,
        list(options),
        list(options).index(now),
        format_func=lambda one: options.get(one, ""),
        key=widget,
        on_change=_keeper(key, widget),
        disabled=len(options) < 2,  # there all the same, so that nothing behind it moves
        width=_WIDTH,
    )
    return now


def _keeper(key: str, widget: str) -> Callable[[], None]:
    return lambda: keep(key, str(st.session_state[widget]))
