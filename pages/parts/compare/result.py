"""Two clusterings side by side: in words, in scores, in pictures, and the images that switch."""

import numpy as np
import pandas as pd
import streamlit as st

from imclust_core.annotation.editing import cluster_names
from imclust_core.clustering.matching import flows, sentences, switched
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.comparisons import Compared
from imclust_core.store.workspace import Workspace
from pages.parts.grid.paged_images import paged_images
from pages.parts.kit.charts import flow_picture, heat_map
from pages.parts.kit.scores import share_column, show_scores
from pages.parts.kit.text import plain, plural
from pages.parts.session.clustering import title_of

_MOST_FLOWS = 120
_MOST_CHOICES = 200
_MOST_LOST = 50


def show_comparison(workspace: Workspace, source: Collection, a: Clustering, b: Clustering, found: Compared) -> None:
    """What is alike and what is not, from the shortest answer to the single images."""
    names_a, names_b = names_of(workspace, a), names_of(workspace, b)
    first, *others = sentences(found.comparison, names_a[:-1], names_b[:-1])
    st.markdown("\n".join([f"**{plain(first)}**\n", *(f"- {plain(one)}" for one in others)]))
    _scores(found)
    if found.only_one:
        st.caption(f"In one of them only, and left out: {plural(found.only_one, 'image')}.")
    pictures = st.tabs(["Which images move where", "Heat map", "What names would do", "Images that switch"])
    with pictures[0]:
        bands, rest = flows(found.comparison.table, _MOST_FLOWS)
        numbers = (a.summary.numbers, b.summary.numbers)
        flow_picture(bands, names_a, names_b, numbers, key=f"flow-{a.id}-{b.id}")
        if rest:
            st.caption(f"The {_MOST_FLOWS} widest bands; {plural(rest, 'image')} are in narrower ones.")
    with pictures[1]:
        _heat_map(a, b, found, names_a, names_b)
    with pictures[2]:
        _carried(found, names_a, names_b)
    with pictures[3]:
        st.fragment(_switching)(workspace, source, found, names_a, names_b)


def names_of(workspace: Workspace, stored: Clustering) -> list[str]:
    """The clusters by number and name, and last what is in none."""
    return [*cluster_names(workspace, stored), "unassigned"]


def _scores(found: Compared) -> None:
    alike = found.comparison
    said = (
        ("Images that stay", f"{alike.agreement:.1%}", "Images whose two clusters are matched with each other."),
        ("NMI", f"{alike.nmi:.3f}", "How much one clustering tells of the other: 1 all, 0 nothing."),
        (
            "ARI",
            f"{alike.ari:.3f}",
            "How often two images are together in both or in neither, beyond chance: 1 is always.",
        ),
    )
    show_scores(said)


def _heat_map(a: Clustering, b: Clustering, found: Compared, names_a: list[str], names_b: list[str]) -> None:
    """Matched clusters on the diagonal, the others after them."""
    table, partner = found.comparison.table, found.comparison.partner
    rows = [*np.argsort(-np.where(partner >= 0, found.comparison.jaccard, -1), kind="stable").tolist(), len(partner)]
    first = [int(partner[row]) for row in rows[:-1] if partner[row] >= 0]
    columns = first + [at for at in range(table.shape[1]) if at not in set(first)]
    rows = [row for row in rows if table[row].any()]
    columns = [column for column in columns if table[:, column].any()]
    st.caption(
        "Each row is a cluster of the first, each column one of the second; what is the same lies on the diagonal."
    )
    heat_map(
        table[np.ix_(rows, columns)],
        [names_a[row] for row in rows],
        [names_b[column] for column in columns],
        title_of(a),
        title_of(b),
        key=f"heat-{a.id}-{b.id}",
    )


def _carried(found: Compared, names_a: list[str], names_b: list[str]) -> None:
    """Which cluster takes over from which."""
    st.write(
        "A name goes to the cluster that has most of its images; it is doubtful where they are less than half of it."
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "from": names_a[one.old],
                    "to": names_b[one.new],
                    "images": one.images,
                    "of the new": one.share_of_new,
                    "of the old": one.share_of_old,
                    "": "doubtful" if one.doubtful else "",
                }
                for one in found.carried
            ]
        ),
        hide_index=True,
        column_config={name: share_column() for name in ("of the new", "of the old")},
    )
    if found.lost:
        st.write(f"**{plural(len(found.lost), 'cluster')} without an heir:** the name would be lost.")
    lines = []
    for one in found.lost[:_MOST_LOST]:
        went = ", ".join(f"{images:,} to {names_b[to]}" for to, images in one.went_to[:4])
        text = f"{names_a[one.old]} ({plural(one.images, 'image')}): {went or 'it has no image'}"
        lines.append(f"- {plain(text)}")
    st.markdown("\n".join(lines))


def _switching(
    workspace: Workspace, source: Collection, found: Compared, names_a: list[str], names_b: list[str]
) -> None:
    places = switched(found.comparison, found.a, found.b)
    if not len(places):
        st.success("No image switches.")
        return
    ka, kb = found.comparison.table.shape
    ways, first, of_place, counts = np.unique(
        found.a[places] % ka * kb + found.b[places] % kb, return_index=True, return_inverse=True, return_counts=True
    )
    titles = [f"{names_a[way // kb]} → {names_b[way % kb]}" for way in ways.tolist()]
    order = np.argsort(first)[:_MOST_CHOICES].tolist()  # the places begin with the widest way
    picked = st.selectbox(
        "Which way",
        [-1, *order],
        format_func=lambda way: f"{titles[way]} ({counts[way]:,})" if way >= 0 else f"all ({len(places):,})",
        key=f"way-{found.image_ids[places[0]]}-{len(places)}-{ka}-{kb}",
    )
    chosen = np.flatnonzero(of_place == picked) if picked >= 0 else np.arange(len(places))
    ids = found.image_ids[places[chosen]]
    paged_images(
        workspace,
        source,
        ids,
        key=f"switching-{picked}",
        label="Images that switch",
        caption=lambda at: titles[of_place[chosen[at]]],
    )
