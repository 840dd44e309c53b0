"""A network at a glance: what its first layer reacts to, and the list of all layers, one of which is chosen."""

import streamlit as st

from imclust_core.explain.layers import STORED, Layer
from imclust_core.jobs.submitting import submit_survey, survey_key
from imclust_core.store.embeddings import Embedding
from imclust_core.store.explanations.feature_maps import Survey, read_survey
from imclust_core.store.workspace import Workspace
from pages.parts.jobs.wait import wait_for
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import plain_text
from pages.parts.kit.text import plural
from pages.parts.network.choice import choose_layer
from pages.parts.network.pictures import COLUMNS
from pages.parts.network.route import MOST_FILTERS, filters_address
from pages.parts.network.tiles import Sheet, Tile, show_tiles

_list = Widget(
    __file__,
    "layers",
    '<div class="layers"><table><thead><tr><th>layer</th><th>kind</th><th>output</th>'
    '<th class="number">parameters</th></tr></thead><tbody></tbody></table></div>',
)


def obtain_survey(workspace: Workspace, one: Embedding) -> Survey | None:
    """What there is to see at a glance; while it is not there, how far it is or what went wrong."""
    found = read_survey(one)
    if found is None:
        wait_for(
            workspace,
            survey_key(one),
            lambda: submit_survey(workspace, one),
            "Looking into the network",
            place="inside-survey",
        )
    return found


def show_filters(workspace: Workspace, one: Embedding, survey: Survey) -> None:
    """The kernels of the first convolution."""
    st.subheader("First filters")
    if survey.filters is None:
        st.info("This network does not begin with a convolution, so it has no kernels that could be shown as pictures.")
        return
    count, height, width, _ = survey.filters.shape
    shown = min(count, MOST_FILTERS)
    tiles = [Tile(number, f"kernel {number}", at=number) for number in range(shown)]
    show_tiles(
        tiles,
        key=f"filters-{one.id}",
        label="Kernels of the first convolution",
        sheet=Sheet(filters_address(workspace, one), height, COLUMNS),
        across=8 if shown <= 64 else 12,
    )
    which = f"All {count}" if shown == count else f"The first {shown} of {count:,}"
    st.caption(
        f"{which} kernels of the first convolution, {height} × {width} pixels each: the patches of picture that the "
        "network looks for first. Stripes are edges of one direction, patches of colour are colours. Each is scaled to "
        "its own range."
    )
    if one.recipe.random:
        st.caption("The weights are random, so there is nothing in them yet.")


def show_layers(one: Embedding, survey: Survey, layer: Layer) -> None:
    """The layers as a list; a click chooses one."""
    st.subheader("Layers")
    _list(
        f"layers-{one.id}",
        {"layers": [_row(each) for each in survey.layers], "chosen": layer.name},
        {"pick": plain_text(choose_layer)},
    )
    st.caption(
        "From the picture down to what is stored of it. Click one to look at it: the first layers know edges and "
        "colours, the middle ones patterns and parts, the last ones whole things."
    )


def title_of_layer(layer: Layer) -> str:
    """What a person calls a layer."""
    return "the stored vector" if layer.name == STORED else layer.name


def facts_of(layer: Layer) -> str:
    """What a layer is, in a line."""
    if layer.name == STORED:
        return f"What the network says in the end, which is kept of every image: {plural(layer.channels, 'number')}"
    places = f" at {layer.side} × {layer.side} places" if layer.side > 1 else ", and no places any more"
    return f"{layer.kind}: {plural(layer.channels, 'channel')}{places}"


def _row(layer: Layer) -> dict[str, str]:
    stored = layer.name == STORED
    return {
        "name": layer.name,
        "title": "stored vector" if stored else layer.name,
        "kind": "what the network says in the end" if stored else layer.kind,
        "output": " × ".join(f"{length:,}" for length in layer.shape),
        "parameters": f"{layer.parameters:,}",
    }
