"""Which tree is looked at: its vectors and linkage, kept in the address; made by a job where it is not there yet."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from imclust_core.arrays.linkage import LINKAGES, METRICS
from imclust_core.errors import WordsError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_TREE, check_tree
from imclust_core.jobs.submitting import submit_tree, tree_key
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding
from imclust_core.store.trees import StoredTree, TreeRecipe, find_tree, tree_state
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import TEXTS
from imclust_core.words.vectors import BUILT_IN, EMBEDDED, GENSIM, JOINED, NETWORK
from pages.parts.jobs.wait import begin, wait_for
from pages.parts.kit.text import plain
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.session.url_state import asked, keep

_ADDRESS = "tree"
_FIELDS = ("text", "linkage", "metric", "least", "vectors")  # a path, which may hold anything, comes last
_OTHER = "a file, or gensim's downloader"
_PROBLEM = "tree_problem"

_VECTORS = {
    JOINED: "network and WordNet (usual)",
    NETWORK: "the network's own words",
    EMBEDDED: "WordNet's words (in the package)",
    _OTHER: "a file or gensim:NAME",
}
_TEXTS = {"phrase": "the whole phrase, all synonyms", "first_word": "first word only (the origin's way)"}
_LEAST = {1.0: "each image's first label", 0.3: "labels of at least 30 %", 0.1: "labels of at least 10 %"}
_ORIGIN = "The origin's recipe: first words, single linkage"


def current_recipe() -> TreeRecipe:
    """The recipe that the address names, or else this visit; what it names wrongly is as by default."""
    text = asked(_ADDRESS)
    values: dict[str, object] = dict(zip(_FIELDS, text.split("|", len(_FIELDS) - 1), strict=False)) if text else {}
    try:
        if "least" in values:
            values["least"] = float(str(values["least"]))
        recipe = check_tree(replace(DEFAULT_TREE, **values))  # type: ignore[arg-type]
    except (WordsError, ValueError) as error:
        why = str(error) if isinstance(error, WordsError) else "The address names no way to make a tree."
        st.warning(f"{plain(why)} The usual tree is shown.")
        recipe = DEFAULT_TREE
    _keep(recipe)
    return recipe


def _keep(recipe: TreeRecipe) -> None:
    keep(_ADDRESS, "|".join(str(getattr(recipe, field)) for field in _FIELDS) if recipe != DEFAULT_TREE else "")


def tree_settings(recipe: TreeRecipe) -> None:
    """How the tree is made, and the way to another one."""
    with st.popover("How the tree is made", icon=":material/tune:", key=f"tree-settings-{recipe.key()}"):
        with st.form("tree_form", border=False):
            _vectors_of(recipe)
            _choose("Text of a label", TEXTS, recipe.text, _key("text", recipe), _TEXTS)
            _choose("Linkage", LINKAGES, recipe.linkage, _key("linkage", recipe))
            _choose("Distance", METRICS, recipe.metric, _key("metric", recipe))
            other = {} if recipe.least in _LEAST else {recipe.least: f"labels of at least {recipe.least:.0%}"}
            _choose("Which labels count", [*_LEAST, *other], recipe.least, _key("least", recipe), _LEAST | other)
            st.form_submit_button("Show this tree", type="primary", on_click=_take_over, args=(recipe,))
        with st.container(horizontal=True):
            st.button("The usual tree", on_click=_keep, args=(DEFAULT_TREE,), disabled=recipe == DEFAULT_TREE)
            st.button("The origin's recipe", on_click=_keep, args=(_origin(recipe),), help=_ORIGIN)


def _vectors_of(recipe: TreeRecipe) -> None:
    own = recipe.vectors not in BUILT_IN
    _choose("Word vectors", list(_VECTORS), _OTHER if own else recipe.vectors, _key("vectors", recipe), _VECTORS)
    st.text_input(
        "File or name, where the vectors are none of these",
        value=recipe.vectors if own else "",
        placeholder=f"/data/GoogleNews-vectors-negative300.bin.gz, or {GENSIM}glove-wiki-gigaword-100",
        key=_key("file", recipe),
    )


def _key(field: str, recipe: TreeRecipe) -> str:
    """The key of a widget: with another recipe it is another widget, which shows what that recipe says."""
    return f"tree_{field}-{recipe.key()}"


def _choose(title: str, values: Sequence[Any], now: Any, key: str, says: Mapping[Any, str] | None = None) -> None:
    known = list(values)
    st.selectbox(title, known, index=known.index(now), format_func=says.__getitem__ if says else str, key=key)


def _origin(recipe: TreeRecipe) -> TreeRecipe:
    """First words and single linkage, with the vectors that are here: the origin had GoogleNews."""
    vectors = EMBEDDED if recipe.vectors in BUILT_IN else recipe.vectors
    return replace(DEFAULT_TREE, vectors=vectors, text="first_word", linkage="single")


def _take_over(shown: TreeRecipe) -> None:
    chosen = {field: st.session_state[_key(field, shown)] for field in (*_FIELDS, "file")}
    file = chosen.pop("file").strip()
    if chosen["vectors"] == _OTHER:
        chosen["vectors"] = file
    with trouble_kept(_PROBLEM):
        _keep(check_tree(replace(DEFAULT_TREE, **chosen)))


def obtain_tree(workspace: Workspace, source: Collection, one: Embedding, recipe: TreeRecipe) -> StoredTree | None:
    """The tree of this recipe; while there is none, how far it is or what went wrong."""
    show_trouble(_PROBLEM)
    found = find_tree(workspace, one, recipe, tree_state(one, source, recipe))
    if found is not None:
        return found
    key, submit = tree_key(one, recipe), functools.partial(submit_tree, workspace, one, recipe)
    job = Queue(workspace).last_of(key)
    if recipe.vectors not in BUILT_IN and (job is None or job.state == "done"):
        st.info("These vectors have to be read first, which can take minutes. You may close the page meanwhile.")
        st.button("Read them and grow the tree", type="primary", on_click=begin, args=(workspace, submit))
        return None
    wait_for(workspace, key, submit, "Growing the tree of labels", place="tree", long=True)
    return None
