"""What to cluster by: K, strategy, reduction and seed, and the button that starts it."""

from collections.abc import Sequence

import streamlit as st

from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.errors import ImclustError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, check_clustering
from imclust_core.jobs.tasks import submit_cluster
from imclust_core.jobs.worker import ensure_worker
from imclust_core.store.choices import Choice
from imclust_core.store.clusterings import Clustering, ClusterRecipe
from imclust_core.store.embeddings import Embedding
from imclust_core.store.workspace import Workspace
from pages.parts.clustering_choice import use_clustering
from pages.parts.sign_in import person
from pages.parts.text import plain

REDUCTIONS = {
    "l2": "length one (usual)",
    "none": "none",
    "pca:50": "PCA to 50",
    "pca:256": "PCA to 256",
    "pca:256:white": "PCA to 256, whitened",
    "umap:50": "UMAP to 50 (a minute, the first time)",
}
_ASKED = "clustering_asked_for"
_PROBLEM = "clustering_problem"
_FIELDS = ("k", "strategy", "reduce", "seed")
_MOST = 100_000


def cluster_form(workspace: Workspace, one: Embedding, chosen: Choice | None, shown: Clustering | None) -> None:
    """The form, filled in like the clustering that is shown, with the K that was chosen on Choose K."""
    recipe = shown.recipe if shown is not None else DEFAULT_CLUSTERING
    k = _first_k(one, chosen, shown)
    known = REDUCTIONS if recipe.reduce in REDUCTIONS else {**REDUCTIONS, recipe.reduce: recipe.reduce}
    # Another clustering is shown by other widgets, or they would keep what they held before.
    suffix = f"{one.id}-{k}-{shown.id if shown is not None else ''}"
    keys = {field: f"cluster_{field}-{suffix}" for field in _FIELDS}
    with st.form("cluster_form", border=True):
        columns = st.columns([1, 2, 2, 1, 1], vertical_alignment="bottom")
        columns[0].number_input("K", 1, _MOST, k, key=keys["k"], help="How many clusters. HDBSCAN finds its own.")
        columns[1].selectbox(
            "Strategy",
            list(STRATEGIES),
            list(STRATEGIES).index(recipe.strategy) if recipe.strategy in STRATEGIES else 0,
            format_func=lambda name: STRATEGIES[name].title,
            key=keys["strategy"],
            help="\n".join(f"- **{one.title}** {plain(one.says)}" for one in STRATEGIES.values()),
        )
        columns[2].selectbox(
            "Reduction",
            list(known),
            list(known).index(recipe.reduce),
            format_func=lambda how: known[how],
            key=keys["reduce"],
            help="What is done to the features first. The word tree looks at labels and at no features.",
        )
        columns[3].number_input("Seed", 0, 2**31 - 1, recipe.seed, key=keys["seed"], help="Another one, another start.")
        columns[4].form_submit_button(
            "Cluster",
            type="primary",
            icon=":material/bubble_chart:",
            width="stretch",
            on_click=_ask,
            args=(workspace, one, chosen, keys),
        )
    problem = st.session_state.pop(_PROBLEM, "")
    if problem:
        st.error(plain(problem))


def _first_k(one: Embedding, chosen: Choice | None, shown: Clustering | None) -> int:
    """The K that was chosen, or of the clustering that is shown, whichever is newer; or else the usual one."""
    if chosen is not None and (shown is None or shown.created_at < chosen.created_at):
        return max(1, chosen.k)
    if shown is not None:
        return shown.summary.k or DEFAULT_CLUSTERING.k
    images = one.summary.images if one.summary else DEFAULT_CLUSTERING.k
    return max(1, min(DEFAULT_CLUSTERING.k, images))


def _ask(workspace: Workspace, one: Embedding, chosen: Choice | None, keys: dict[str, str]) -> None:
    wanted = {field: st.session_state[key] for field, key in keys.items()}
    try:
        recipe = check_clustering(ClusterRecipe(**wanted), chosen)
        job = submit_cluster(workspace, one, recipe, person())
        st.session_state[_ASKED] = job.id
        ensure_worker(workspace)
    except ImclustError as error:
        st.session_state[_PROBLEM] = str(error)


def take_answer(workspace: Workspace, known: Sequence[Clustering]) -> None:
    """Show what was asked for in this visit, once it is there."""
    asked_for = st.session_state.get(_ASKED)
    job = Queue(workspace).job(asked_for) if asked_for else None
    if job is None or job.active:
        return
    del st.session_state[_ASKED]
    if job.result is not None and any(one.id == job.result["clustering"] for one in known):
        use_clustering(job.result["clustering"])
