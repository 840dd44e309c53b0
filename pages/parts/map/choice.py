"""What the map shows: how it is laid out, what its colours mean, and what lies beside it; kept in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imclust_core.mapping.methods import METHODS
from imclust_core.store.clusterings import Clustering
from imclust_core.store.embeddings import Embedding
from pages.parts.session.choice import pick, pick_whether
from pages.parts.session.clustering import titles_of
from pages.parts.session.url_state import asked

_METHOD, _BY, _BESIDE, _DRAWN = "map", "by", "beside", "drawn_by_names"
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
    says = "  \n".join(f"**{way.title}**: {way.says}" for way in METHODS.values())
    return pick("Map", _METHOD, known, way="row", help=says)


def pick_colours(ways: Mapping[str, str]) -> str:
    """What colours mean; nothing where there is nothing to colour by."""
    return _pick("Colour by", _BY, ways) if ways else ""


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
    picked = _pick("Beside it", _BESIDE, {"": "Nothing", **known})
    return Beside(of_clusterings.get(picked), of_embeddings.get(picked))


def drawn_by_names() -> bool:
    """Whether images of different names are to be held apart."""
    return asked(_DRAWN) == "1"


def pick_names(*, can: bool) -> bool:
    """The choice of that. can: whether there are names, and a map that heeds them."""
    says = "UMAP only, once clusters have names: images of different names then lie farther apart."
    return pick_whether("Hold different names apart", _DRAWN, can=can, help=says)


def _pick(label: str, name: str, options: Mapping[str, str]) -> str:
    # There with one option too, so that nothing behind it moves.
    return pick(label, name, options, disabled=len(options) < 2, width=_WIDTH)
