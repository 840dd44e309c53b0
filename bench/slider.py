"""The Choose K page under the hand: used by bench/pages.py."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from bench.described import samples
from imclust_core import Workspace
from imclust_core.choosing_k.evidence import image_evidence, reduced, word_evidence
from imclust_core.jobs.requests import DEFAULT_TREE
from imclust_core.label_tree.branch_names import propose
from imclust_core.label_tree.grow import grow
from imclust_core.store.catalogue import page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import (
    Embedding,
    EmbeddingSummary,
    Recipe,
    add_embedding,
    embedding,
    finish_embedding,
)
from imclust_core.store.trees import EXAMPLES, TreeContent, add_tree, keep_evidence, state_of, tree_state

STEP = """async (share) => {
  const find = (root, what) => root.querySelector(what) ?? [...root.querySelectorAll('*')]
    .filter(one => one.shadowRoot).map(one => find(one.shadowRoot, what)).find(Boolean)
  const slider = find(document, 'input.k')
  const start = performance.now()
  slider.value = share
  slider.dispatchEvent(new Event('input', { bubbles: true }))
  const computed = performance.now() - start
  await new Promise(requestAnimationFrame)
  await new Promise(done => setTimeout(done, 0))
  const painted = performance.now() - start
  const k = Number(find(document, 'input.number').value)
  const before = find(document, '.groups').firstElementChild
  const letgo = performance.now()
  slider.dispatchEvent(new Event('change', { bubbles: true }))
  while (find(document, '.groups').children.length !== k || find(document, '.groups').firstElementChild === before) {
    await new Promise(requestAnimationFrame)
    if (performance.now() - letgo > 10000) throw new Error('the cards did not follow')
  }
  return [computed, painted, performance.now() - letgo]
}"""


def thousand_labels(workspace: Workspace, source: Collection, seed: int = 0) -> tuple[Embedding, str]:
    """An embedding of a large collection whose images carry all 1,000 labels, with its real tree."""
    data = samples()
    recipe = Recipe(
        "efficientnet_lite0", "EfficientNet-Lite0", "bench", "bench", False, "own", {}, "fp32", 1280, "bench", ""
    )
    classes = [{"name": one.name, "wnid": one.wnid, "synonyms": one.synonyms, "gloss": ""} for one in data.labels]
    one = add_embedding(workspace, source.id, recipe, classes)
    images = [row.id for row in page_of_images(workspace, source.id, offset=0, limit=12_000)]
    finish_embedding(workspace, one.id, EmbeddingSummary(images=len(images)))
    one = embedding(workspace, one.id)
    rng = np.random.default_rng(seed)
    counts = np.sort(rng.zipf(1.4, 1000).clip(1, 400))[::-1]
    tree = grow(data.class_vectors, counts)
    nodes = np.arange(len(tree.parents))
    content = TreeContent(
        tree,
        np.arange(1000),
        tuple(label.name for label in data.labels),
        tuple(propose(tree, data.labels, nodes)),
        rng.choice(images, (1000, EXAMPLES)),
    )
    points = reduced(data.features)
    evidence = word_evidence(tree, rng.integers(0, 1000, len(points)), points)
    state, made_of = state_of(one, source), tree_state(one, source, DEFAULT_TREE)
    total = int(counts.sum())
    tree_id = add_tree(workspace, one, DEFAULT_TREE, made_of, content, images=total, without=(), evidence=evidence)
    keep_evidence(workspace, one, state, image_evidence(points, repeats=4), refined=True)
    return one, tree_id


def move_slider(page: Page, url: str, steps: int, picture: Path) -> dict[str, list[float]]:
    """Milliseconds of each step: computing, until it is painted, and from letting go until the cards are there.

    server: from the message that tells the K to the first one of the answer.
    """
    sent: list[float] = []
    answered: list[float] = []
    page.on("websocket", lambda socket: _listen(socket, sent, answered))
    page.goto(url)
    page.locator(".dendrogram .group").first.wait_for()
    page.wait_for_timeout(1500)
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"computed": [], "painted": [], "cards": [], "server": []}
    for share in rng.permutation(np.linspace(250, 900, steps)):
        sent.clear()
        answered.clear()
        computed, painted, cards = page.evaluate(STEP, float(share))
        for name, value in (("computed", computed), ("painted", painted), ("cards", cards)):
            found[name].append(value)
        page.wait_for_timeout(150)
        if sent and answered:
            first = min((at for at in answered if at > sent[0]), default=None)
            if first is not None:
                found["server"].append(1000 * (first - sent[0]))
    page.screenshot(path=picture)
    return found


def _listen(socket: Any, sent: list[float], answered: list[float]) -> None:
    socket.on("framesent", lambda _: sent.append(time.perf_counter()))
    socket.on("framereceived", lambda _: answered.append(time.perf_counter()))
