"""The tree of labels as a widget: slider, evidence, dendrogram. The cut moves in the browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from imclust_core.choosing_k.curves import Curve, Evidence
from imclust_core.choosing_k.suggestion import SAYS, Suggestion
from imclust_core.store.trees import TreeContent
from pages.parts.kit.colours import PALETTE
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import Handler
from pages.parts.tree.cut import CutState

_HTML = """
<div class="paper">
  <div class="row">
    <label>K <input class="number" type="number" min="2" step="1" aria-label="Number of groups"></label>
    <span class="count" role="status"></span>
    <button type="button" class="plain undo" hidden>Undo splits and joins</button>
    <span class="grow"></span>
    <label class="of-height">Height <input class="height" type="range" min="0" max="1000" step="any"
      aria-label="Height of the cut"></label>
  </div>
  <input class="k" type="range" min="0" max="1000" step="any" aria-label="K, the number of groups">
  <div class="marks" role="group" aria-label="Suggested numbers"></div>
  <svg class="curves" role="img" aria-label="Evidence over K"></svg>
  <div class="tree-part">
    <div class="row">
      <span class="levels" role="group" aria-label="Labels shown"></span>
      <span class="grow"></span>
      <button type="button" class="plain svg">SVG</button>
      <button type="button" class="plain png">PNG</button>
    </div>
    <svg class="dendrogram" role="img" aria-label="Tree of labels"></svg>
    <div class="tip" hidden></div>
    <div class="branch" hidden>
      <div class="row">
        <span class="swatch"></span><span class="title"></span><span class="facts"></span>
        <button type="button" class="plain split">Split this branch</button>
        <button type="button" class="plain join">Join with its neighbour</button>
        <button type="button" class="plain leave">Close</button>
      </div>
      <div class="words"></div>
    </div>
  </div>
</div>
"""

_TITLES = {
    "word_gap": "Gap, tree of words",
    "word_fit": "Words fit images",
    "silhouette": "Silhouette",
    "gap": "Gap, tree of images",
    "stability": "Stability",
    "elbow": "Spread in groups",
    "density": "Dense regions",
}

_figure = Widget(__file__, "tree", _HTML)


def tree_figure(
    content: TreeContent | None,
    tree_id: str,
    *,
    key: str,
    cut: CutState,
    most: int,
    evidence: Sequence[Evidence],
    suggestion: Suggestion | None,
    picked: Mapping[int, int],
    on_cut: Handler,
) -> None:
    """Show slider, evidence and tree.

    Parameters
    ----------
    content: None shows slider and evidence alone. most: the highest K. picked: leaf -> how many of its images are
        picked elsewhere. on_cut: called with what the hand made of it, {"id", "k", "edits", "branch"}.
    """
    curves = {kind: curve for look in evidence for kind, curve in look.curves.items()}
    _figure(
        key,
        {
            "id": tree_id,
            "k": cut.k,
            "kmax": most,
            "edits": [list(one) for one in cut.edits],
            "branch": cut.branch,
            "marks": _marks(suggestion, most),
            "curves": [_curve(kind, curves[kind], most) for kind in _TITLES if kind in curves and curves[kind].best],
            "palette": PALETTE,
            "picked": dict(picked),
            **_shape(content, tree_id),
        },
        {"cut": on_cut},
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _shape(_content: TreeContent | None, tree_id: str) -> dict[str, Any]:
    content = _content
    tree = content.tree if content is not None else None
    if content is None or tree is None:
        return {"leaf_names": [], "names": {}, "children": [], "heights": [], "order": [], "images": [], "numbers": []}
    return {
        "leaf_names": content.leaf_names,
        "names": {node: name for node, name in enumerate(content.names) if name},
        "children": tree.children.ravel().tolist(),
        "heights": [round(float(height), 5) for height in tree.heights],
        "order": tree.order.tolist(),
        "images": tree.images.tolist(),
        "numbers": tree.numbers.tolist(),
    }


def _marks(suggestion: Suggestion | None, most: int) -> list[dict[str, Any]]:
    """Where the slider says that something speaks for a K."""
    if suggestion is None:
        return []
    texts: dict[int, list[str]] = {}
    for kind, vote in suggestion.votes.items():
        texts.setdefault(vote, []).append(SAYS[kind].format(k=vote))
    texts.setdefault(suggestion.k, [])
    return [
        {"k": k, "text": "; ".join(why) or "suggested", "chief": k == suggestion.k}
        for k, why in sorted(texts.items())
        if k <= most
    ]


def _curve(kind: str, curve: Curve, most: int) -> dict[str, Any]:
    shown = [(k, round(value, 4)) for k, value in zip(curve.ks, curve.values, strict=True) if k <= most]
    return {
        "kind": kind,
        "title": _TITLES[kind] + (f": {curve.best[0]}" if not shown else ""),
        "ks": [k for k, _ in shown],
        "values": [value for _, value in shown],
        "best": [k for k in curve.best if k <= most],
    }
