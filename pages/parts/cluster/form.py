"""What to cluster by: K, strategy, reduction and seed, and the button that starts it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.errors import JobError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, MOST_K, check_clustering
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_cluster
from imclust_core.store.choices import Choice
from imclust_core.store.clusterings import Clustering, ClusterRecipe
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.session.clustering import use_clustering
from pages.parts.session.sign_in import person

REDUCTIONS = {
    "pca:256": "PCA to 256 (usual)",
    "pca:50": "PCA to 50",
    "l2": "length one",
    "none": "none",
    "pca:256:white": "PCA to 256, whitened",
    "umap:50": "UMAP to 50 (a minute, the first time)",
}
_TITLES = {name: one.title for name, one in STRATEGIES.items()}
_K_HELP = "How many clusters. HDBSCAN finds its own."
_STRATEGY_HELP = "\n".join(f"- **{one.title}** {plain(one.says)}" for one in STRATEGIES.values())
_REDUCTION_HELP = "What is done to the features first. The word tree looks at labels and at no features."
_ASKED = "clustering_asked_for"
_PROBLEM = "clustering_problem"
_FIELDS = ("k", "strategy", "reduce", "seed")


def cluster_form(workspace: Workspace, one: Embedding, chosen: Choice | None, shown: Clustering | None, k: int) -> None:
    """The form, filled in like the clustering that is shown, with this K."""
    recipe = shown.recipe if shown is not None else DEFAULT_CLUSTERING
    # Another clustering is shown by other widgets, or they would keep what they held before.
    suffix = f"{one.id}-{k}-{shown.id if shown is not None else ''}"
    keys = {field: f"cluster_{field}-{suffix}" for field in _FIELDS}
    with st.form("cluster_form", border=True):
        columns = st.columns([1, 2, 2, 1, 1], vertical_alignment="bottom")
        columns[0].number_input("K", 1, MOST_K, min(k, MOST_K), key=keys["k"], help=_K_HELP)
        _pick(columns[1], "Strategy", _TITLES, recipe.strategy, keys["strategy"], _STRATEGY_HELP)
        known = REDUCTIONS | ({} if recipe.reduce in REDUCTIONS else {recipe.reduce: recipe.reduce})
        _pick(columns[2], "Reduction", known, recipe.reduce, keys["reduce"], _REDUCTION_HELP)
        columns[3].number_input("Seed", 0, 2**31 - 1, recipe.seed, key=keys["seed"], help="Another one, another start.")
        columns[4].form_submit_button(
            "Cluster",
            type="primary",
            icon=":material/bubble_chart:",
            width="stretch",
            on_click=_ask,
            args=(workspace, one, chosen, keys),
        )
    show_trouble(_PROBLEM)


def _pick(place: Any, label: str, titles: Mapping[str, str], now: str, key: str, says: str) -> None:
    names = list(titles)
    at = names.index(now) if now in names else 0
    place.selectbox(label, names, at, format_func=titles.__getitem__, key=key, help=says)


def _ask(workspace: Workspace, one: Embedding, chosen: Choice | None, keys: dict[str, str]) -> None:
    wanted = {field: st.session_state[key] for field, key in keys.items()}
    with trouble_kept(_PROBLEM):
        recipe = check_clustering(ClusterRecipe(**wanted), chosen)
        st.session_state[_ASKED] = submit_cluster(workspace, one, recipe, person()).id
        ensure_worker(workspace)


def take_answer(workspace: Workspace) -> None:
    """Show what was asked for in this visit, once it is there."""
    asked_for = st.session_state.get(_ASKED)
    if not asked_for:
        return
    try:
        job = Queue(workspace).job(asked_for)
    except JobError:  # quick jobs are forgotten after an hour
        job = None
    if job is None or not job.active:
        del st.session_state[_ASKED]
    if job is not None and job.result is not None:
        use_clustering(job.result["clustering"])
