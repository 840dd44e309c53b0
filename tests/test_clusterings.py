"""Clusterings of a real embedding: made by jobs, kept, found again, and none where the work was stopped."""

import json
import multiprocessing
import operator
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

import imclust_core.jobs.kinds.cluster as cluster_job
from imclust_core.arrays.checks import check_k
from imclust_core.clustering.matching import carry
from imclust_core.clustering.run import by_size
from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.errors import Cancelled, ClusteringError, EmbeddingError
from imclust_core.jobs.child_process import apart
from imclust_core.jobs.kinds.cluster import cluster
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.kinds.sweep import cluster_several
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_CLUSTERING, DEFAULT_TREE, check_clustering
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_cluster, submit_several
from imclust_core.label_tree.tree import cut, edited, edits_from, groups
from imclust_core.store import clusterings as kept
from imclust_core.store.choices import Choice, add_choice, last_choice
from imclust_core.store.clusterings import ClusterContent, Clustering, ClusterRecipe, clustering, read_clustering
from imclust_core.store.collections import Collection, add_collection, find_collection
from imclust_core.store.embeddings import Embedding, remove_embedding
from imclust_core.store.trees import read_tree, state_of
from imclust_core.store.vectors import features_at, locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.conftest import finish, wait_for
from tests.helpers.backbones import ASKED, TINY
from tests.helpers.cases import case
from tests.helpers.clusterings import DENSE, KMEANS, PLAIN, clustered
from tests.helpers.embedded import long_ago, pin_speed, quietly
from tests.helpers.hostile import jpeg
from tests.helpers.trees import grown, newest

WARD = ClusterRecipe("pca:20", "ward", 5)
WORDS = check_clustering(ClusterRecipe("l2", "words", 7))
STOPPED = (KMEANS, WARD, DENSE, WORDS)


def in_catalogue(workspace: Workspace, asked: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(workspace.catalogue) as db:
        return db.execute(asked).fetchall()


def rows_of(workspace: Workspace) -> list[tuple[Any, ...]]:
    return in_catalogue(workspace, "SELECT * FROM clusterings ORDER BY number")


def files_of(workspace: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in workspace.clusterings.iterdir()}


def assert_sound(workspace: Workspace, source: Collection, stored: Clustering) -> ClusterContent:
    """Rows out are images in, and what is said of the clusters is so."""
    content, summary = read_clustering(stored), stored.summary
    one = newest(workspace, source)
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    assert content.image_ids.tolist() == located.image_ids.tolist() and summary.images == len(located.image_ids)
    sizes = np.bincount(content.labels[content.labels >= 0], minlength=summary.k)
    assert summary.sizes == tuple(sizes.tolist()) and summary.unassigned == (content.labels < 0).sum()
    assert list(summary.sizes) == sorted(summary.sizes, reverse=True) and 0 not in summary.sizes
    assert len(set(summary.numbers)) == summary.k == len(content.centroids) and min(summary.numbers, default=1) == 1
    for values in (summary.cohesion, summary.silhouettes, summary.stability):
        assert len(values) == summary.k
    features = features_at(one, rows, located.rows)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for cluster_ in range(summary.k):
        mean = unit[content.labels == cluster_].mean(axis=0)
        np.testing.assert_allclose(content.centroids[cluster_], mean, atol=1e-5)
    assert ((content.margin >= 0) & (content.margin <= 1)).all()
    return content


def test_every_image_is_in_a_cluster_or_counted_as_unassigned(workspace: Workspace, source: Collection) -> None:
    for strategy, facts in STRATEGIES.items():
        stored = clustered(workspace, source, check_clustering(ClusterRecipe("pca:16", strategy, 4)))
        with case(strategy):
            content = assert_sound(workspace, source, stored)
            assert stored.summary.images == 36 and (stored.author, stored.collection_id) == ("ada", source.id)
            assert facts.own_k or stored.summary.k == 4
            for one in range(-1, stored.summary.k):
                typical = content.typical(one, 99)
                assert sorted(typical) == sorted(content.image_ids[content.labels == one].tolist())
                assert content.typical(one, 2) == typical[:2]
    for reduction in ("none", "l2", "pca:10", "pca:256:white"):
        stored = clustered(workspace, source, replace(PLAIN, reduce=reduction))
        with case(reduction):
            assert_sound(workspace, source, stored)
            assert stored.recipe.reduce == reduction and stored.summary.k == 6


def test_other_recipes_are_other_clusterings_each_found_again_and_the_same_bytes_and_ids_when_made_anew(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [PLAIN, replace(PLAIN, k=7), replace(PLAIN, seed=1), replace(PLAIN, reduce="none"), *STOPPED]
    made = [clustered(workspace, source, recipe) for recipe in recipes]
    assert len({one.id for one in made}) == len(recipes)
    assert [one.recipe for one in kept.clusterings_of(workspace, source.id)] == recipes[::-1], "the newest first"
    files, written = files_of(workspace), made[0].path.stat().st_mtime_ns
    # A scan that finds nothing new changes nothing.
    in_catalogue(workspace, "UPDATE collections SET scanned_at = scanned_at + 60")
    with monkeypatch.context() as patch:
        patch.setattr(cluster_job, "features_at", lambda *_: pytest.fail("computed twice"))
        assert clustered(workspace, source) == made[0] and len(rows_of(workspace)) == len(recipes)
    assert made[0].path.stat().st_mtime_ns == written
    in_catalogue(workspace, "DELETE FROM clusterings")
    assert [clustered(workspace, source, one.recipe).id for one in made] == [one.id for one in made]
    assert files_of(workspace) == files


def test_a_removed_clustering_comes_back_and_outlives_its_embedding(workspace: Workspace, source: Collection) -> None:
    assert not kept.is_clustered(workspace, source.id)
    first = clustered(workspace, source)
    assert kept.is_clustered(workspace, source.id)
    for back in (lambda: kept.restore_clustering(workspace, first.id), lambda: clustered(workspace, source)):
        kept.remove_clustering(workspace, first.id)
        assert kept.clusterings_of(workspace, source.id) == [] and not kept.is_clustered(workspace, source.id)
        with pytest.raises(ClusteringError, match=r"There is no clustering.*Choose another"):
            clustering(workspace, first.id)
        back()
        assert kept.clusterings_of(workspace, source.id) == [first] and kept.is_clustered(workspace, source.id)
    one = newest(workspace, source)
    remove_embedding(workspace, one.id)
    assert kept.clusterings_of(workspace, source.id) == [first] and len(read_clustering(first).labels) == 36
    with pytest.raises(EmbeddingError):
        cluster(workspace, one.id, PLAIN, quietly)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda whole: whole[: len(whole) // 2],
    "renamed": lambda whole: whole.replace(b"labels.npy", b"lavels.npy"),
    "garbled": lambda whole: whole[:100] + bytes(byte ^ 0x55 * (at % 97 == 0) for at, byte in enumerate(whole[100:])),
}


def test_a_clustering_that_was_lost_or_garbled_is_made_again(workspace: Workspace, source: Collection) -> None:
    first, other = clustered(workspace, source), clustered(workspace, source, replace(PLAIN, k=3))
    whole, buffer = first.path.read_bytes(), BytesIO()
    np.savez(buffer, labels=np.zeros(3))
    damaged = {name: damage(whole) for name, damage in DAMAGES.items()}
    damaged |= {"missing": None, "another file": buffer.getvalue(), "another clustering": other.path.read_bytes()}
    for name, data in damaged.items():
        if data is None:
            first.path.unlink()
        else:
            first.path.write_bytes(data)
        with case(name):
            with pytest.raises(ClusteringError, match=r"could not be read.*Run the same one again"):
                read_clustering(first)
            assert clustered(workspace, source, WARD).summary.numbers, "another one does not mind"
            again = clustered(workspace, source)
            assert again == first and again.path.read_bytes() == whole
            assert_sound(workspace, source, again)


def test_new_images_make_another_clustering_and_one_is_clustered_every_way(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    pin_speed(workspace, TINY)
    few = add_collection(workspace, folder)

    def embedded(first: int, stop: int) -> Embedding:
        for number in range(first, stop):
            (folder / f"{number}.jpg").write_bytes(jpeg(number))
        scan(workspace, few.id, quietly)
        embed(workspace, few.id, ASKED, quietly)
        long_ago(workspace, stop)
        return newest(workspace, few)

    recipe = replace(PLAIN, k=2)
    one = embedded(0, 5)
    before = kept.fingerprint_of(one.id, recipe, state_of(one, find_collection(workspace, few.id)))
    first = clustered(workspace, few, recipe)
    one = embedded(5, 8)
    after = kept.fingerprint_of(one.id, recipe, state_of(one, find_collection(workspace, few.id)))
    assert before != after and kept.find_clustering(workspace, few.id, after) is None
    second = clustered(workspace, few, recipe)
    assert (first.summary.images, second.summary.images) == (5, 8) and first.id != second.id
    assert_sound(workspace, few, second)
    for number in range(1, 8):
        (folder / f"{number}.jpg").unlink()
    scan(workspace, few.id, quietly)
    for name, strategy in STRATEGIES.items():
        if not strategy.by_words:
            reduction = "l2" if strategy.apart else "pca:5:white"
            stored = clustered(workspace, few, check_clustering(ClusterRecipe(reduction, name, 1)))
            with case(name):
                assert_sound(workspace, few, stored)
                assert stored.summary.images == 1
                assert stored.summary.mean_stability is None, "too few for samples"


def test_clusters_that_go_on_keep_their_numbers_and_get_them_back(workspace: Workspace, source: Collection) -> None:
    before = clustered(workspace, source, replace(WARD, k=4))
    assert before.summary.numbers == (1, 2, 3, 4)
    for k in (7, 5, 9, 2):
        after = clustered(workspace, source, replace(WARD, k=k))
        old, new = read_clustering(before).labels, read_clustering(after).labels
        assert len(set(after.summary.numbers)) == k
        for cluster_, number in enumerate(before.summary.numbers):
            same = [one for one in range(k) if ((new == one) == (old == cluster_)).all()]
            assert [after.summary.numbers[one] for one in same] in ([], [number]), "the same images, the same number"
        going_on = set(before.summary.numbers) & set(after.summary.numbers)
        assert len(going_on) >= min(before.summary.k, k) - 1, "Ward's clusters lie within each other"
        before = after
    first = clustered(workspace, source, replace(PLAIN, k=18))
    clustered(workspace, source, replace(PLAIN, k=2))
    again = clustered(workspace, source, replace(PLAIN, k=18, strategy="ward"))
    before, after = read_clustering(first), read_clustering(again)
    carried, _ = carry(before.labels, after.labels, 18, 18)
    same = [one for one in carried if one.share_of_new == one.share_of_old == 1]
    true = [first.summary.numbers[one.old] == again.summary.numbers[one.new] for one in same]
    assert len(same) > 5 and sum(true) >= len(true) - 2, "two may have the numbers of the two between"


def test_fewer_clusters_than_asked_for_and_what_was_placed_afterwards_are_said(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = grown(workspace, source).labels
    assert leaves < 36
    stored = clustered(workspace, source, check_clustering(replace(WORDS, k=36)))
    assert stored.summary.k <= leaves
    assert stored.summary.notes == (
        f"36 clusters were asked for and {stored.summary.k} found: the tree has no more labels.",
    )
    assert clustered(workspace, source).summary.notes == ()
    monkeypatch.setitem(STRATEGIES, "ward", replace(STRATEGIES["ward"], most=30))
    stored = clustered(workspace, source, WARD)
    assert_sound(workspace, source, stored)
    assert stored.summary.notes == ("Ward clustered 30 images; the others went to the nearest of its centroids.",)


def test_what_cannot_be_clustered_is_said_and_leaves_nothing(workspace: Workspace, source: Collection) -> None:
    for recipe, says in (
        (replace(PLAIN, k=37), "K = 37 is more than the 36 images"),
        (replace(PLAIN, k=0), "K = 0 is not possible"),
        (replace(PLAIN, strategy="magic"), "is no strategy"),
        (replace(PLAIN, reduce="magic"), "is no reduction"),
    ):
        with case(recipe), pytest.raises(ClusteringError, match=says):
            clustered(workspace, source, recipe)
        assert rows_of(workspace) == [] and files_of(workspace) == {}


def test_the_word_tree_is_cut_as_on_choose_k_and_there_by_hand(workspace: Workspace, source: Collection) -> None:
    for k in (1, 4, 9):
        stored = clustered(workspace, source, check_clustering(replace(WORDS, k=k)))
        assert by_words_alone(workspace, source, k) == read_clustering(stored).labels.tolist(), k
        assert stored.recipe.reduce == "none" and stored.summary.stability == (None,) * stored.summary.k
    tree = read_tree(grown(workspace, source)).tree
    assert tree is not None
    branch, above = next(node for node in cut(tree, 4).tolist() if node >= tree.leaves), len(tree.parents) - 2
    for edits in (f"s{branch}", f"j{above}"):
        k = len(edited(tree, cut(tree, 4), edits_from(edits)))
        assert (k > 4) == edits.startswith("s") and k != 4
        chosen = chosen_k(workspace, source, k, edits, line=4)
        stored = clustered(workspace, source, check_clustering(replace(WORDS, k=k), chosen))
        assert (stored.summary.k, stored.summary.notes) == (k, ()), "nobody is told that the tree has no more labels"
        assert by_words_alone(workspace, source, 4, edits) == read_clustering(stored).labels.tolist()
        assert clustered(workspace, source, check_clustering(replace(WORDS, k=4))).id != stored.id
    chosen = chosen_k(workspace, source, 6, "s5", line=5)
    for k, expected in ((6, (5, "s5")), (7, (7, ""))):  # edits count with the K that was chosen
        asked = check_clustering(replace(WORDS, k=k), chosen)
        assert (asked.k, json.loads(asked.words)["edits"]) == expected
    assert check_clustering(PLAIN, chosen) == PLAIN
    chosen = replace(chosen_k(workspace, source, 5, "s40", line=4), tree_id="another")
    stored = clustered(workspace, source, check_clustering(replace(WORDS, k=5), chosen))
    assert stored.summary.k == 4 and "left out" in stored.summary.notes[0]


def chosen_k(workspace: Workspace, source: Collection, k: int, edits: str, line: int) -> Choice:
    facts = {"recipe": DEFAULT_TREE.key(), "line": line}
    tree_id = grown(workspace, source).id
    add_choice(workspace, newest(workspace, source), tree_id=tree_id, k=k, edits=edits, facts=facts, author="")
    chosen = last_choice(workspace, source.id)
    assert chosen is not None
    return chosen


def by_words_alone(workspace: Workspace, source: Collection, k: int, edits: str = "") -> list[int]:
    """The groups of the tree's cut, from the first label of each image."""
    content = read_tree(grown(workspace, source))
    assert content.tree is not None
    nodes = edited(content.tree, cut(content.tree, k), edits_from(edits))
    group = dict(zip(content.classes.tolist(), groups(content.tree, nodes).tolist(), strict=True))
    one = newest(workspace, source)
    rows = read_rows(one)
    ids = rows.labels["label"][locate(workspace, one, rows).rows][:, 0]
    return by_size(np.array([group.get(label, -1) for label in ids.tolist()])).tolist()


def test_recipes_that_give_the_same_clusters_are_one_and_those_that_cannot_be_are_refused() -> None:
    dense = ClusterRecipe("pca", "hdbscan", 9, 3)
    assert check_clustering(dense) == replace(dense, reduce="pca:256", k=0)
    words = check_clustering(ClusterRecipe("pca:5", "words", 9, seed=4))
    assert (words.reduce, words.k, words.seed) == ("none", 9, 0) and '"edits": ""' in words.words
    assert check_clustering(ClusterRecipe(" l2 ", "kmeans", 3)) == ClusterRecipe("l2", "kmeans", 3)
    assert check_clustering(words) == words and check_clustering(DEFAULT_CLUSTERING) == DEFAULT_CLUSTERING
    wrong: list[dict[str, Any]] = [{"k": 0}, {"k": -1}, {"seed": -1}, {"seed": 2**31}]
    for change in [*wrong, {"reduce": "l3"}, {"reduce": ""}, {"strategy": "magic"}]:
        with case(change), pytest.raises(ClusteringError, match="Expected"):
            check_clustering(replace(PLAIN, **change))


def test_one_that_fails_stops_none_of_several(workspace: Workspace, source: Collection) -> None:
    one = newest(workspace, source)
    lost = check_clustering(replace(WORDS, k=3))
    lost = replace(lost, words=lost.words.replace('"vectors": "network+embedded"', '"vectors": "/nowhere/at.all"'))
    runs = [(one.id, PLAIN), (one.id, replace(PLAIN, k=99)), ("nothing", PLAIN), (one.id, lost), (one.id, WARD)]
    found = cluster_several(workspace, runs, quietly, author="bob")
    made = [clustering(workspace, id_) for id_ in found["clusterings"]]
    assert [(each.recipe, each.author) for each in made] == [(PLAIN, "bob"), (WARD, "bob")]
    (large, why), (_, missing), (_, unread) = found["failed"]
    assert large == "average, l2, K = 99" and "more than the 36 images" in why
    assert "nothing" in missing and "/nowhere/at.all" in unread
    with pytest.raises(ClusteringError, match=r"None of them could be made. average, l2, K = 40: K = 40 is more"):
        cluster_several(workspace, [(one.id, replace(PLAIN, k=k)) for k in (40, 50)], quietly)
    assert cluster_several(workspace, [], quietly) == {"clusterings": [], "failed": []}


def test_several_that_were_stopped_go_on_with_the_next(workspace: Workspace, source: Collection) -> None:
    one = newest(workspace, source)
    runs = [(one.id, replace(PLAIN, k=k)) for k in (2, 3, 4, 5)]

    def stop_in_the_third(done: int, _total: int | None, message: str, _detail: object = None) -> None:
        if (done, message) == (2, "measuring the clusters"):
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        cluster_several(workspace, runs, stop_in_the_third)
    half = rows_of(workspace)
    assert len(half) == 2
    told: list[tuple[int, int | None]] = []
    found = cluster_several(workspace, runs, lambda done, total, *_: told.append((done, total)))
    assert rows_of(workspace)[:2] == half and len(rows_of(workspace)) == 4
    assert [row[1] for row in rows_of(workspace)] == found["clusterings"]
    assert told == sorted(told, key=lambda step: step[0]) and told[-1] == (4, 4)
    assert {total for _, total in told} == {4}


def test_wherever_it_is_stopped_nothing_is_left(workspace: Workspace, source: Collection) -> None:
    first, one = clustered(workspace, source, replace(PLAIN, k=2)), newest(workspace, source)
    for number, recipe in enumerate(STOPPED, 1):
        rows, files = rows_of(workspace), files_of(workspace)
        met: list[str] = []

        def stop_at_the_next(_done: int, _total: int | None, message: str, *_: object, met: list[str] = met) -> None:
            if message not in met:
                met.append(message)
                raise Cancelled("enough")

        while True:
            try:
                cluster(workspace, one.id, recipe, stop_at_the_next)
                break
            except Cancelled:
                assert (rows_of(workspace), files_of(workspace)) == (rows, files), (recipe, met)
        assert met[0] == "reading vectors" and "measuring the clusters" in met and len(met) >= 3, recipe
        assert len(rows_of(workspace)) == 1 + number and kept.clusterings_of(workspace, source.id)[-1] == first


def test_a_strategy_that_cannot_be_stopped_from_within_is_stopped_all_the_same(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = newest(workspace, source)
    for strategy in ("spectral", "gmm"):
        monkeypatch.setitem(STRATEGIES, strategy, replace(STRATEGIES[strategy], apart=1))
        begun = time.monotonic()

        def stop_after_a_while(*_step: object, begun: float = begun) -> None:
            if time.monotonic() > begun + 0.7:
                raise Cancelled("enough")

        with pytest.raises(Cancelled):
            cluster(workspace, one.id, replace(PLAIN, strategy=strategy), stop_after_a_while)
        assert multiprocessing.active_children() == [], strategy
        assert rows_of(workspace) == [] and files_of(workspace) == {}, strategy


@pytest.mark.parametrize("repeats", [0, pytest.param(STRATEGIES["ward"].repeats, marks=pytest.mark.long)])
def test_in_a_process_of_its_own_a_strategy_finds_the_same(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch, repeats: int
) -> None:
    monkeypatch.setitem(STRATEGIES, "ward", here := replace(STRATEGIES["ward"], repeats=repeats))
    made = clustered(workspace, source, WARD)
    in_catalogue(workspace, "DELETE FROM clusterings")
    monkeypatch.setitem(STRATEGIES, "ward", replace(here, apart=1))
    again = clustered(workspace, source, WARD)
    assert again.id == made.id and again.summary.stability == made.summary.stability


@pytest.fixture
def no_lost_errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is raised in a thread where nobody hears of it, and no process is left."""
    lost: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: lost.append(raised.exc_value))
    yield
    for thread in threading.enumerate():
        if thread.name.endswith("(_send)"):
            thread.join(5)
    assert lost == [] and multiprocessing.active_children() == []


watching = Mock()
"""Somebody who looks on."""


def test_what_was_found_in_another_process_comes_back_and_errors_too() -> None:
    rows = np.arange(600_000.0).reshape(-1, 3)  # more than a pipe holds at a time
    assert (apart(operator.neg, rows, watch=watching) == -rows).all()
    with pytest.raises(ClusteringError, match=r"^K = 9 is more than the 3 images"):
        apart(check_k, 3, 9, watch=watching)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        apart(operator.truediv, 1, 0, watch=watching)
    with pytest.raises(ClusteringError, match=r"ended unexpectedly \(code 7\).*Choose k-means"):
        apart(os._exit, 7, watch=watching)
    with pytest.raises(ClusteringError, match="ended unexpectedly"):  # it cannot be sent, and nobody waits for it
        apart(len, lambda: 0, watch=watching)


@pytest.mark.usefixtures("no_lost_errors")
def test_a_process_that_is_killed_while_it_is_given_its_work_is_an_error_in_words() -> None:
    def kill() -> None:
        for process in multiprocessing.active_children():
            os.kill(process.pid or 0, signal.SIGKILL)

    with pytest.raises(ClusteringError, match=r"ended unexpectedly \(code -9\)"):
        apart(len, np.zeros(2**22), watch=kill)


class Slow:
    """It takes a while until this is on its way."""

    def __reduce__(self) -> tuple[type, tuple[()]]:
        time.sleep(0.3)
        return list, ()


@pytest.mark.usefixtures("no_lost_errors")
@pytest.mark.parametrize("given", [60, np.zeros(2**22), Slow()], ids=["at work", "a large array", "not yet sent"])
def test_what_watching_raises_ends_the_other_process(given: object) -> None:
    begun, children = time.monotonic(), []

    def stop() -> None:
        children.extend(multiprocessing.active_children())
        if time.monotonic() > begun + (0.6 if isinstance(given, int) else 0):
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        apart(time.sleep if isinstance(given, int) else len, given, watch=stop)
    assert time.monotonic() < begun + 2
    assert children and all(not Path(f"/proc/{child.pid}").exists() for child in children)


def test_the_worker_clusters_with_no_page_open_and_stops_when_asked(workspace: Workspace, source: Collection) -> None:
    one, queue = newest(workspace, source), Queue(workspace)
    job = submit_cluster(workspace, one, KMEANS, "ada")
    assert submit_cluster(workspace, one, KMEANS, "ada").id == job.id
    done = finish(workspace, job)
    assert done.state == "done", done.error
    stored = clustering(workspace, (done.result or {})["clustering"])
    assert (stored.recipe, stored.author) == (KMEANS, "ada")
    assert_sound(workspace, source, stored)
    in_catalogue(workspace, "DELETE FROM clusterings")
    assert clustered(workspace, source, KMEANS).id == stored.id, "what the worker makes is what is made here"
    kept.remove_clustering(workspace, stored.id)
    runs = [(one, replace(KMEANS, k=k, seed=seed)) for seed in range(60) for k in range(2, 12)]
    several = submit_several(workspace, source, runs)
    ensure_worker(workspace)
    wait_for(lambda: kept.is_clustered(workspace, source.id), what="the first of several")
    queue.cancel(several.id)
    wait_for(lambda: not queue.job(several.id).active, seconds=10, what="the end")
    assert queue.job(several.id).state == "cancelled"
    rows = rows_of(workspace)
    assert 1 < len(rows) < len(runs) and sorted(files_of(workspace)) == sorted(f"{row[1]}.npz" for row in rows)
