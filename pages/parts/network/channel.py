"""What excites a channel: the images of the collection that it answers most, and how many were asked for that."""

import numpy as np
import streamlit as st

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.explain.layers import STORED, Layer
from imclust_core.jobs.submitting import peaks_key, submit_peaks
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.feature_maps import Top, read_peaks, still_there, top_sampled, top_stored
from imclust_core.store.workspace import Workspace
from pages.parts.grid.grid import About, image_grid
from pages.parts.jobs.wait import wait_for
from pages.parts.kit.text import plain, plural
from pages.parts.network.choice import Choice, choose_layer
from pages.parts.network.layers import title_of_layer
from pages.parts.session.cached import KNOWN_BY

_MOST = 36
_ROWS = (("upper left", "top", "upper right"), ("left", "middle", "right"), ("lower left", "bottom", "lower right"))


def known_top(workspace: Workspace, source: Collection, one: Embedding, choice: Choice) -> Top | None:
    """The images that excite the chosen channel most, if they are known."""
    layer, channel = choice.layer, choice.channel
    if channel is None:
        return None
    if layer.name == STORED:
        return _stored(workspace, one, source, channel)
    found = read_peaks(one, layer)
    return top_sampled(layer, found, channel, _MOST) if found is not None else None


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=KNOWN_BY)
def _stored(workspace: Workspace, one: Embedding, source: Collection, channel: int) -> Top:
    return top_stored(workspace, one, channel, _MOST)


def images_of(workspace: Workspace, one: Embedding, top: Top | None, most: int) -> list[ImageRow]:
    """The first of these images that can be shown."""
    rows = still_there(workspace, one, top) if top is not None and not top.alike else []
    return [row for row in rows if row is not None][:most]


def show_channel(workspace: Workspace, source: Collection, one: Embedding, choice: Choice, top: Top | None) -> None:
    """The images that excite the chosen channel most; while they are not known, how far the search is."""
    layer, channel = choice.layer, choice.channel
    if channel is None:
        st.subheader("What excites a channel")
        _invite(layer)
        return
    st.subheader(f"What excites channel {channel} of {plain(title_of_layer(layer))}")
    if top is None:
        wait_for(
            workspace,
            peaks_key(one, layer.name),
            lambda: submit_peaks(workspace, one, layer.name),
            "Running the network on the collection, for all channels of this layer at once",
            place="inside-peaks",
            long=True,
        )
        return
    if not top.seen:
        st.info("No image of the collection has a vector now. Scan the folder, and embed again.")
        return
    st.caption(_rests_on(top))
    if top.alike:
        st.info(f"This channel says {top.values[0]:.3g} of every image, so none of them excites it.")
        return
    _grid(workspace, source, one, choice, top)


def _invite(layer: Layer) -> None:
    st.write("Click one of the channels above: here come the images of the collection that it answers most.")
    if layer.name != STORED:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                "For this layer the network runs once over up to 1,000 images. What it says in the end is stored, of "
                "all images, and there at once.",
                width="content",
            )
            st.button("Show the stored vector", icon=":material/arrow_forward:", on_click=choose_layer, args=(STORED,))


def _rests_on(top: Top) -> str:
    if top.seen == top.of:
        return f"The most excited first, of all {plural(top.of, 'different image')}."
    return f"The most excited first, of {top.seen:,} images drawn by lot from {top.of:,}; each time the same ones."


def _grid(workspace: Workspace, source: Collection, one: Embedding, choice: Choice, top: Top) -> None:
    captions, details, rows = {}, {}, []
    even = top.means is not None and float(np.ptp(top.values)) == 0
    for at, row in enumerate(still_there(workspace, one, top)):
        if row is None:
            continue
        value, where, mean = f"{top.values[at]:.3g}", "", ""
        if top.places is not None and top.means is not None:
            where = place_in_words(int(top.places[at]), choice.layer.side, one, row)
            mean = f"{top.means[at]:.3g}"
        rows.append(row)
        captions[row.id] = " · ".join(filter(None, (f"mean {mean}" if even else value, where)))
        said = (("Activation", value), ("Where", where), ("Mean over all places", mean))
        details[row.id] = [(term, text) for term, text in said if text]
    if even:
        st.caption(f"All of these reach {top.values[0]:.3g} somewhere; those that say more on the whole come first.")
    image_grid(
        workspace,
        source.id,
        rows,
        key="network_top",
        label="Images that excite the channel most",
        about={image: About(caption, details[image]) for image, caption in captions.items()},
    )
    gone = len(top.ids) - len(rows)
    if gone:
        st.caption(f"{plural(gone, 'image')} more were removed or changed since.")


def place_in_words(place: int, side: int, one: Embedding, row: ImageRow) -> str:
    """Where in the whole picture a place of the network's square is, by thirds."""
    width, height = row.width or 1, row.height or 1
    left, upper, right, lower = Preprocessing.of(one.recipe.preprocessing).box(width, height)
    across = (left + (place % side + 0.5) / side * (right - left)) / width
    down = (upper + (place // side + 0.5) / side * (lower - upper)) / height
    return _ROWS[min(2, int(3 * down))][min(2, int(3 * across))]
