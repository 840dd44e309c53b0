"""What the network looked at, on the desk: whether it is shown, how, and what the grid needs for that."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.explain_questions import TOP, of_class, of_cluster, of_contrast, second_nearest
from imclust_core.annotation.predictions import Said
from imclust_core.errors import EmbeddingError
from imclust_core.explain.colormaps import MAPS, colour_table
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.embeddings import embedding
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import Label
from pages.parts.grid.grid import SHOWN, Looks
from pages.parts.saliency.address import asking_address, picture_address
from pages.parts.saliency.requests import slopes_title
from pages.parts.session.choice import bound, chosen, pick, pick_whether
from pages.parts.session.url_state import asked

OVERLAY, ABOUT, COLOURS, STRENGTH, GREY = "overlay", "explain", "colours", "strength", "grey"
CAM = "cam"
_ABOUT = {"cluster": "Its cluster", "label": "Its first label"}
_COLOURS = {"heat": "Heat: even steps, safe for colour-blind eyes", "jet": "Jet: as many papers have it"}
_STRENGTH = 55
_LEGEND = 12


def pick_style(workspace: Workspace, stored: Clustering, *, has_words: bool) -> None:
    """How looks are shown; nothing to choose where the embedding is gone. has_words: whether the network has labels."""
    if not _slopes_title(workspace, stored):
        return
    with st.popover(
        "", icon=":material/tune:", help="What the network looked at: how it is shown, and what is explained"
    ):
        _settings(has_words=has_words)


def _settings(*, has_words: bool) -> None:
    if has_words:
        pick("Explain", ABOUT, _ABOUT, way="radio")
    pick("Colours", COLOURS, _COLOURS, way="radio")
    strength = _strength()
    st.slider("Strength of CAM over the picture", 10, 100, strength, 5, format="%d %%", **bound(STRENGTH, strength))
    pick_whether("Backprop in grey", GREY)


def looks_for(
    workspace: Workspace, stored: Clustering, desk: Desk, number: int, visit: str, *, has_words: bool
) -> Looks | None:
    """What the grid needs to show it in the images of a group; None where the embedding is gone."""
    title = _slopes_title(workspace, stored)
    if not title:
        return None
    colours = colours_asked()
    table = colour_table(colours)
    return Looks(
        show=asked(OVERLAY) if asked(OVERLAY) in SHOWN else "",
        ask=asking_address(workspace, stored, visit),
        picture=picture_address(workspace, stored, colours=colours, grey=asked(GREY) == "1"),
        opacity=_strength() / 100,
        guided=title,
        scale=["#{:02x}{:02x}{:02x}".format(*table[round(at * 255 / (_LEGEND - 1))]) for at in range(_LEGEND)],
        target=_target(stored, desk, number, has_words=has_words),
    )


def reasons_for(
    stored: Clustering,
    desk: Desk,
    content: ClusterContent,
    row: int,
    labels: Sequence[Label],
    said: Said | None,
) -> list[dict[str, object]]:
    """What can be explained of an image, that which the grid explains first."""
    own, other = int(desk.group[row]), second_nearest(stored, desk, content, row)
    words = _words(row, labels, said)
    clusters: list[dict[str, object]] = []
    if own > 0:
        clusters.append({"title": f"cluster {desk.called(own)}", "target": of_cluster(stored, desk, own)})
    if own > 0 and other:
        here, there = f"cluster {desk.called(own)}", f"cluster {desk.called(other)}"
        pair = {
            "for": {"title": here, "target": of_contrast(stored, desk, own, other)},
            "against": {"title": there, "target": of_contrast(stored, desk, other, own)},
        }
        clusters.append({"title": f"why {here}, not {desk.called(other)}?", **pair})
    return [*words, *clusters] if asked(ABOUT) == "label" else [*clusters, *words]


def _words(row: int, labels: Sequence[Label], said: Said | None) -> list[dict[str, object]]:
    if said is None:
        return []
    pairs = zip(said.label_ids[row].tolist(), said.probabilities[row].tolist(), strict=True)
    return [
        {"title": f"{labels[label].name} {share:.0%}", "target": of_class(label)}
        for label, share in pairs
        if label >= 0
    ]


def colours_asked() -> str:
    """The map of colours that the address names, or the usual one."""
    return chosen(COLOURS, MAPS)


def _target(stored: Clustering, desk: Desk, number: int, *, has_words: bool) -> str:
    """What the cells explain; nothing for images without a cluster where the network has no words either."""
    if number > 0 and (asked(ABOUT) != "label" or not has_words):
        return of_cluster(stored, desk, number)
    return TOP if has_words else ""


def _strength() -> int:
    said = asked(STRENGTH)
    return min(100, max(10, int(said))) if said.isascii() and said.isdigit() and len(said) < 4 else _STRENGTH


def _slopes_title(workspace: Workspace, stored: Clustering) -> str:
    try:
        return slopes_title(embedding(workspace, stored.embedding_id))
    except EmbeddingError:
        return ""
