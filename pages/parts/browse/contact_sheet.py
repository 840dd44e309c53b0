"""The sample sheet: all clusters at once with some images of each, to look at, to print, to pass on."""

import streamlit as st

from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.ordering import ordered
from imclust_core.errors import ImageProblem
from imclust_core.exchange.sheets.contact_sheet import MOST_CLUSTERS, SheetRow, sheet, sheet_pdf
from imclust_core.store.catalogue import ImageRow, usable_images
from imclust_core.store.clusterings import ClusterContent, Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.pictures import picture
from imclust_core.store.workspace import Workspace
from pages.parts.annotate.cluster_list import MARKS
from pages.parts.annotate.state import SEED, choose_group, order_and_seed
from pages.parts.cards.cards import Card, show_cards
from pages.parts.kit.colours import colour_of
from pages.parts.kit.redraw import redraw_if_asked, redraw_page
from pages.parts.kit.text import plural
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.choice import pick
from pages.parts.session.clustering import content_of, title_of
from pages.parts.session.url_state import keep

_CARDS = "sheet_cards"
_MOST_CARDS = 500
_SAMPLES = 5
"""As many as the first try at this idea looked at, for each cluster."""
_PICKS = {"typical": "Typical", "border": "Border", "random": "Random"}
_VIEW, _SHEET = "view", "sheet"
_VIEWS = {"": "One cluster", _SHEET: "Sample sheet"}


def pick_view() -> bool:
    """Whether all clusters are shown at once, and not one of them in full."""
    return pick("View", _VIEW, _VIEWS, way="row") == _SHEET


def show_sheet(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    """Every cluster with a handful of its images; a click leads to the cluster."""
    st.fragment(_sheet)(workspace, source, stored)


def _sheet(workspace: Workspace, source: Collection, stored: Clustering) -> None:
    redraw_if_asked()
    with trouble_shown():
        content = content_of(stored)
        desk = open_desk(workspace, stored, content)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            pick, seed = _pick_order()
            samples = int(st.slider("Images of each cluster", 3, 12, _SAMPLES, key="sheet_samples", width=220))
            rows = _picked(workspace, source, desk, content, pick, seed, samples)
            _downloads(workspace, source, stored, desk, rows, samples)
        cards = [_card(desk, number, images) for number, images in list(rows.items())[:_MOST_CARDS]]
        show_cards(workspace, source, cards, None, key=_CARDS, on_pick=_open, wide=True)
        if len(rows) > _MOST_CARDS:
            st.caption(f"The first {_MOST_CARDS} of {len(rows):,} clusters.")


def _pick_order() -> tuple[str, int]:
    """Which images stand for a cluster, and the seed where they are drawn by lot."""
    order, seed = order_and_seed()
    pick = st.segmented_control(
        "Which images",
        list(_PICKS),
        default=order if order in _PICKS else "random",
        format_func=_PICKS.__getitem__,
        required=True,
        key="sheet_pick",
        label_visibility="collapsed",
    )
    if pick == "random":
        st.button("Shuffle", icon=":material/shuffle:", on_click=lambda: keep(SEED, str(seed + 1)))
    return str(pick), seed


def _card(desk: Desk, number: int, images: list[ImageRow]) -> Card:
    size = plural(desk.sizes[number], "image")
    return Card(number, number, _called(desk, number), size, desk.said(number).note, [image.id for image in images])


def _picked(
    workspace: Workspace, source: Collection, desk: Desk, content: ClusterContent, pick: str, seed: int, samples: int
) -> dict[int, list[ImageRow]]:
    """The images that stand for each cluster, by its number."""
    chosen = {
        number: desk.image_ids[ordered(pick, desk.rows_of(number), content, None, seed)[:samples]].tolist()
        for number in desk.clusters
    }
    usable = {
        one.id: one for one in usable_images(workspace, source.id, [one for ids in chosen.values() for one in ids])
    }
    return {number: [usable[one] for one in ids if one in usable] for number, ids in chosen.items()}


def _downloads(
    workspace: Workspace,
    source: Collection,
    stored: Clustering,
    desk: Desk,
    rows: dict[int, list[ImageRow]],
    samples: int,
) -> None:
    title = f"{source.name}: {title_of(stored)}"

    def drawn() -> list[SheetRow]:
        return [
            SheetRow(
                number,
                _called(desk, number),
                colour_of(number),
                desk.sizes[number],
                [data for image in images if (data := _thumbnail(workspace, source, image))],
            )
            for number, images in list(rows.items())[: MOST_CLUSTERS + 1]
        ]

    st.download_button(
        "PNG",
        data=lambda: sheet(drawn(), title=title, samples=samples),
        file_name="sample-sheet.png",
        mime="image/png",
        icon=":material/image:",
        on_click="ignore",
    )
    st.download_button(
        "PDF to print",
        data=lambda: sheet_pdf(drawn(), title=title, samples=samples),
        file_name="sample-sheet.pdf",
        mime="application/pdf",
        icon=":material/print:",
        on_click="ignore",
    )


def _thumbnail(workspace: Workspace, source: Collection, image: ImageRow) -> bytes:
    try:
        return picture(workspace, source.id, image, "thumb").data
    except (ImageProblem, OSError):
        return b""


def _called(desk: Desk, number: int) -> str:
    return f"{desk.name_of(number) or 'no name yet'} {MARKS.get(desk.said(number).state, '')}".rstrip()


def _open(number: int) -> None:
    choose_group(number)
    keep(_VIEW, "")
    redraw_page()
