"""How two clusterings differ, or how well one fits the truth."""

import streamlit as st

from pages.parts.compare.cached import comparison_of, evaluation_of
from pages.parts.compare.choice import A, B, against_truth, pick_truth
from pages.parts.compare.result import show_comparison
from pages.parts.compare.truth import show_evaluation
from pages.parts.frame.steps import next_page
from pages.parts.kit.text import plain
from pages.parts.kit.trouble import trouble_shown
from pages.parts.session.clustering import pick_clustering
from pages.parts.session.context import current_collection, open_workspace
from pages.parts.session.prerequisites import need_clusterings

workspace = open_workspace()
source = current_collection()

st.title("Compare" if source is None else f"Compare clusterings of {plain(source.name)}")
source, known = need_clusterings(
    workspace,
    source,
    "There is no clustering yet. With one, it can be scored against the truth; with two, they can be compared.",
)

truth = against_truth(known)
left, right = st.columns(2)
with left:
    one = pick_clustering(
        known, A, "Clustering" if truth else "From", known[0] if truth else known[min(1, len(known) - 1)]
    )
with trouble_shown():
    if truth:
        with right:
            where = pick_truth(workspace, source)
        if where is None:
            st.info("All images lie in one folder, so its name says nothing. Give a CSV file with their classes.")
        else:
            show_evaluation(workspace, one, evaluation_of(workspace, source, one, where))
    elif len(known) < 2:
        st.info("There is only one clustering. Make a second one, with another strategy or K.")
        st.page_link(next_page("cluster"), label="Go to 4 Cluster", icon=":material/arrow_back:")
    else:
        with right:
            other = pick_clustering(known, B, "To", known[0])
        show_comparison(workspace, source, one, other, comparison_of(one, other))
