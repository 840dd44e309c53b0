"""What a layer makes of one image: the channels that answer it most, as pictures; and which image that is."""

import numpy as np
import streamlit as st

from imclust_core.explain.layers import Layer
from imclust_core.jobs.submitting import maps_key, submit_maps
from imclust_core.store.catalogue import ImageRow
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.feature_maps import read_maps, strongest
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import image_address, signing_key
from pages.parts.jobs.wait import wait_for
from pages.parts.kit.text import plain
from pages.parts.network.choice import Choice, choose_channel, choose_image, dozen, draw_others
from pages.parts.network.layers import facts_of, title_of_layer
from pages.parts.network.pictures import COLUMNS, tile_side
from pages.parts.network.route import MOST_MAPS, channel_address, maps_address, shown_channels
from pages.parts.network.tiles import Sheet, Tile, show_large, show_tiles

_MAPS, _DRAWN, _EXCITED = "network_maps", "network_dozen", "network_excited"


def show_maps(
    workspace: Workspace, source: Collection, one: Embedding, choice: Choice, excited: list[ImageRow]
) -> None:
    """The image and what the layer makes of it; excited: the images that excite the chosen channel most."""
    layer, row = choice.layer, choice.image
    st.subheader(f"What {plain(title_of_layer(layer))} makes of a picture")
    st.caption(plain(facts_of(layer)))
    if row is None or row.hash is None:
        st.info("There is no image here that can be shown.")
        return
    maps = read_maps(one, layer, row.hash)
    left, right = st.columns([2, 5], gap="medium")
    with left:
        _image(workspace, source, one, choice, row, maps is not None)
        _others(workspace, source, row, excited, choice.channel)
    with right:
        if maps is None:
            wait_for(
                workspace,
                maps_key(one, layer.name, row),
                lambda: submit_maps(workspace, one, layer.name, row),
                "Running the network on this picture",
                place="inside-maps",
            )
        else:
            _channels(workspace, one, layer, row, maps, choice.channel)


def _image(
    workspace: Workspace, source: Collection, one: Embedding, choice: Choice, row: ImageRow, there: bool
) -> None:
    layer, channel, over = choice.layer, choice.channel, ""
    if there and channel is not None and layer.side > 1:
        over = channel_address(workspace, one, layer.name, row, channel)
    show_large(
        image_address(signing_key(workspace), source.id, row, "view"),
        over=over,
        alt=row.name,
        caption=f"{row.name}: where channel {channel} answers, bright" if over else row.name,
        key="network_large",
    )


def _others(
    workspace: Workspace, source: Collection, row: ImageRow, excited: list[ImageRow], channel: int | None
) -> None:
    """Other images to choose from."""
    if excited:
        st.caption(f"Most excited by channel {channel}:")
        _pictures(workspace, source, excited, row, _EXCITED, "Images that excite the channel most")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Drawn by lot:", width="content")
        st.button("Other images", type="tertiary", icon=":material/casino:", on_click=draw_others)
    _pictures(workspace, source, dozen(workspace, source), row, _DRAWN, "Images to choose from")


def _pictures(
    workspace: Workspace, source: Collection, rows: list[ImageRow], shown: ImageRow, key: str, label: str
) -> None:
    secret = signing_key(workspace)
    tiles = [Tile(one.id, one.name, picture=image_address(secret, source.id, one, "thumb")) for one in rows]
    show_tiles(tiles, key=key, label=label, chosen=shown.id, on_pick=choose_image)


def _channels(
    workspace: Workspace, one: Embedding, layer: Layer, row: ImageRow, maps: np.ndarray, channel: int | None
) -> None:
    """The strongest channels: as maps, or as bars where there are no places."""
    numbers, peaks = shown_channels(maps, channel), maps.max((1, 2))
    most = float(np.abs(peaks[numbers]).max()) or 1.0
    tiles = [
        Tile(
            number,
            f"channel {number}: {peaks[number]:.3g}",
            str(number) if layer.side > 1 else f"{number}: {peaks[number]:.3g}",
            at,
            share=None if layer.side > 1 else float(abs(peaks[number])) / most,
        )
        for at, number in enumerate(numbers.tolist())
    ]
    also = None if channel in strongest(maps, MOST_MAPS) else channel
    address = maps_address(workspace, one, layer.name, row, also)
    show_tiles(
        tiles,
        key=_MAPS,
        label="Channels of the layer",
        sheet=Sheet(address, tile_side(layer.side), COLUMNS) if layer.side > 1 else None,
        least=70,
        chosen=channel,
        on_pick=lambda number: choose_channel(layer.name, number),
    )
    st.caption(_explained(layer, len(numbers)))


def _explained(layer: Layer, shown: int) -> str:
    which = (
        f"All {layer.channels} channels, first those that answer this picture most"
        if shown >= layer.channels
        else f"The {shown} of {layer.channels:,} channels that answer this picture most"
    )
    if layer.side > 1:
        scale = f", at {layer.side} × {layer.side} places: dark is each one's own least, bright its own most."
    else:
        scale = ", with how much."
    return f"{which}{scale} Click one to see which images of the collection excite it most."
