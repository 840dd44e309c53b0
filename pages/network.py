"""What a network has learned to see: its filters, its layers, what they make of an image, and what excites them."""

import streamlit as st

from pages.parts.kit.text import plain
from pages.parts.network.channel import images_of, known_top, show_channel
from pages.parts.network.choice import current_choice
from pages.parts.network.feature_maps import show_maps
from pages.parts.network.layers import obtain_survey, show_filters, show_layers
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.embedding import pick_embedding
from pages.parts.session.prerequisites import need_embedding
from pages.parts.session.url_state import stop

_PREVIEW = 6

workspace = open_workspace()
source = current_collection()

st.title("What the network has learned to see")
source, one = need_embedding(
    workspace, source, "The network that does can then be looked into: its filters, its layers, and what excites them."
)
pick_embedding(workspace, source, one, manage=False)
survey = obtain_survey(workspace, one)
if survey is None:
    stop()

choice = current_choice(workspace, source, one, survey)
for problem in choice.problems:
    st.warning(plain(problem))
# Places first: a part that looks again by itself must not be drawn before the page has them all.
glance, maps, channel = st.container(), st.container(), st.container()
left, right = glance.columns([1, 2], gap="large")
with left:
    show_filters(workspace, one, survey)
with right:
    show_layers(one, survey, choice.layer)
top = known_top(workspace, source, one, choice)
with maps:
    show_maps(workspace, source, one, choice, images_of(workspace, one, top, _PREVIEW))
with channel:
    show_channel(workspace, source, one, choice, top)
