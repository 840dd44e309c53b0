"""Several clusterings at once: embeddings x strategies x reductions x K, as one job, ending in the table of runs."""

import itertools

import streamlit as st

from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.errors import ImclustError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, MOST_K, check_clustering
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_several
from imclust_core.store.choices import Choice
from imclust_core.store.clusterings import ClusterRecipe
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.workspace import Workspace
from pages.parts.cluster.form import REDUCTIONS
from pages.parts.kit.text import plain, plural
from pages.parts.session.sign_in import person

_MOST = 300
_USUAL = ("spherical", "kmeans", "ward", "spectral")
_AROUND = 5


def try_several(workspace: Workspace, source: Collection, one: Embedding, chosen: Choice | None, k: int) -> None:
    """A form for a grid of runs; each is kept as it is done, so cancelling loses none that is finished."""
    with st.popover("Try several...", icon=":material/grid_view:", key=f"several-{one.id}-{k}"):
        st.write("Every combination is run as one job, and lands in the table below with its scores.")
        known = {entry.id: entry for entry in embeddings_of(workspace, source.id)}
        embeddings = st.multiselect(
            "Embeddings", list(known), [one.id], format_func=lambda entry: known[entry].title if entry in known else ""
        )
        strategies = st.multiselect(
            "Strategies", list(STRATEGIES), list(_USUAL), format_func=lambda name: STRATEGIES[name].title
        )
        reductions = st.multiselect(
            "Reductions", list(REDUCTIONS), [DEFAULT_CLUSTERING.reduce], format_func=lambda how: REDUCTIONS[how]
        )
        first, last = st.columns(2)
        lowest = first.number_input("K from", 2, MOST_K, max(2, min(k, MOST_K) - _AROUND))
        highest = last.number_input("to", 2, MOST_K, max(2, min(k + _AROUND, MOST_K)))
        number = len(embeddings) * len(strategies) * len(reductions) * max(0, highest - lowest + 1)
        _warn(number)
        runs: list[tuple[Embedding, ClusterRecipe]] = []
        for entry in embeddings if number <= _MOST else ():
            cut = chosen if entry == one.id else None  # the tree that was cut is this embedding's
            recipes = _recipes(strategies, reductions, range(lowest, highest + 1), cut)
            runs += [(known[entry], recipe) for recipe in recipes]
        st.button(
            f"Run {plural(len(runs), 'clustering')}",
            type="primary",
            disabled=not runs,
            on_click=_submit,
            args=(workspace, source, runs),
        )


def _warn(number: int) -> None:
    if number > _MOST:
        st.warning(f"{number:,} runs are more than the {_MOST} that one job takes. Choose fewer.")
    elif not number:
        st.warning("Choose at least one of each, and a first K that is not above the last.")


def _recipes(strategies: list[str], reductions: list[str], ks: range, chosen: Choice | None) -> list[ClusterRecipe]:
    """Each recipe once: strategies with a K of their own, and those by words, are the same for several of these."""
    asked = itertools.product(strategies, reductions, ks)
    try:
        return list(dict.fromkeys(check_clustering(ClusterRecipe(how, name, k), chosen) for name, how, k in asked))
    except ImclustError as error:
        st.error(plain(str(error)))
        return []


def _submit(workspace: Workspace, source: Collection, runs: list[tuple[Embedding, ClusterRecipe]]) -> None:
    submit_several(workspace, source, runs, person())
    ensure_worker(workspace)


def show_failed(workspace: Workspace, source: Collection) -> None:
    """Which runs of the last such job could not be made, and why."""
    job = Queue(workspace).last(source.id, ("several",))
    failed = (job.result or {}).get("failed", []) if job is not None else []
    if failed:
        with st.expander(f"{plural(len(failed), 'run')} could not be made", icon=":material/error:"):
            for what, why in failed:
                st.markdown(f"- **{plain(what)}**: {plain(why)}")
