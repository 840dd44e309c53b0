"""What is looked at inside a network: a layer, one of its channels and an image, kept in the address."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from imclust_core.explain.layers import Layer
from imclust_core.store.catalogue import ImageRow, contents, image, page_of_images, usable_images
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.feature_maps import Survey
from imclust_core.store.workspace import Workspace
from pages.parts.session.url_state import asked, keep, keep_all

_LAYER, _IMAGE, _CHANNEL, _LOT = "layer", "image", "channel", "lot"
_NETWORK = "network_looked_into"
_USUAL_SIDE = 14
"""The layer that is shown first is the last with so many places a side: it knows parts of things, and tells where."""
_DOZEN = 12


@dataclass(frozen=True)
class Choice:
    """What is shown. image: None where there is none. problems: what the address asks for in vain, in words."""

    layer: Layer
    channel: int | None
    image: ImageRow | None
    problems: tuple[str, ...]


def current_choice(workspace: Workspace, source: Collection, one: Embedding, survey: Survey) -> Choice:
    """What the address says, and the usual where it says nothing or what cannot be."""
    if st.session_state.setdefault(_NETWORK, one.id) != one.id:
        # The layers of one network mean nothing in another.
        st.session_state[_NETWORK] = one.id
        choose_layer("")
    problems = []
    name = asked(_LAYER)
    layer = survey.layer(name)
    if layer is None:
        layer = usual_layer(survey)
        if name:
            problems.append(f"{one.recipe.title} has no layer {name[:80]!r}; the link may be for another network.")
    channel = _number(_CHANNEL)
    if layer.name != name and name:
        channel = None  # it was one of the layer that is not there
    elif asked(_CHANNEL) and (channel is None or channel >= layer.channels):
        problems.append(
            f"The channels of {layer.name} are 0 to {layer.channels - 1:,}; there is no {asked(_CHANNEL)[:20]!r}."
        )
        channel = None
    number = _number(_IMAGE)
    row = image(workspace, source.id, number) if number is not None else None
    if asked(_IMAGE) and row is None:
        problems.append(f"There is no image {asked(_IMAGE)[:20]!r} here that can be shown; this is the first one.")
    _write_address(layer.name == name, channel is not None, row is not None)
    first = page_of_images(workspace, source.id, offset=0, limit=1) if row is None else []
    return Choice(layer, channel, row or (first[0] if first else None), tuple(problems))


def _write_address(*there: bool) -> None:
    """Put what is shown back into the address, from which another page has taken it."""
    keep_all({key: asked(key) for key, is_there in zip((_LAYER, _CHANNEL, _IMAGE), there, strict=True) if is_there})


def usual_layer(survey: Survey) -> Layer:
    """The layer to begin with."""
    fine = [one for one in survey.layers if one.side >= _USUAL_SIDE]
    return (fine or survey.layers)[-1]


def choose_layer(name: str) -> None:
    """Look at another layer; none of its channels is chosen yet."""
    keep_all({_LAYER: name, _CHANNEL: ""})


def choose_channel(layer: str, number: int) -> None:
    """Look at another channel of the layer that is shown, whatever the address says."""
    keep_all({_LAYER: layer, _CHANNEL: str(number)})


def choose_image(number: int) -> None:
    """Look at another image."""
    keep(_IMAGE, str(number))


def draw_others() -> None:
    """Offer other images to choose from."""
    keep(_LOT, str((_number(_LOT) or 0) + 1))


def dozen(workspace: Workspace, source: Collection) -> list[ImageRow]:
    """A dozen images drawn by lot, the same until others are asked for."""
    return usable_images(workspace, source.id, _drawn(workspace, source.id, source.scanned_at, _number(_LOT) or 0))


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(_workspace: Workspace, collection_id: str, _scanned_at: int | None, lot: int) -> list[int]:
    ids, hashes = contents(_workspace, collection_id)
    _, firsts = np.unique(hashes, return_index=True)  # of copies one
    some = np.random.default_rng(lot).permutation(np.sort(firsts))[:_DOZEN]
    drawn: list[int] = ids[some].tolist()
    return drawn


def _number(key: str) -> int | None:
    said = asked(key)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 15 else None
