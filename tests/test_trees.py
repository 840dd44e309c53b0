"""The tree of a real embedding: made by jobs, kept, found again, and made anew when its images change."""

import json
import os
import shutil
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imclust_core import open_collection
from imclust_core.backbones.registry import BUNDLED
from imclust_core.errors import EmbeddingError, WordsError
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.kinds.tree import build_tree, refine_evidence
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import DEFAULT_TREE, EmbedRequest, check_tree
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_evidence, submit_tree
from imclust_core.label_tree.tree import by_size, cut, groups
from imclust_core.store.choices import add_choice, last_choice
from imclust_core.store.collections import Collection, add_collection, find_collection
from imclust_core.store.embeddings import remove_embedding
from imclust_core.store.trees import find_evidence, find_tree, read_tree, state_of, tree_state
from imclust_core.store.workspace import Workspace
from tests.conftest import finish, wait_for, worker_pids
from tests.helpers.backbones import ASKED, TINY
from tests.helpers.cases import case
from tests.helpers.command import imclust, imclust_here
from tests.helpers.embedded import embedded_photographs, long_ago, pin_speed, quietly
from tests.helpers.hostile import jpeg
from tests.helpers.trees import grown, newest

EMBEDDED = replace(DEFAULT_TREE, vectors="embedded")
RECIPES = (DEFAULT_TREE, EMBEDDED, replace(DEFAULT_TREE, vectors="network"), replace(EMBEDDED, text="first_word"))


def test_every_image_is_in_one_group_or_counted_as_unplaced(workspace: Workspace, source: Collection) -> None:
    one = open_collection(source.id, workspace=workspace.root).embedding()
    first_of = dict(zip(one.image_ids, [labels[0] for labels in one.labels], strict=True))
    for recipe in RECIPES:
        stored = grown(workspace, source, recipe)
        content = read_tree(stored)
        assert content.tree is not None
        for k in (1, 3, stored.labels):
            nodes = cut(content.tree, k)
            assert len(nodes) == k
            assert content.tree.images_below[nodes].sum() + stored.unplaced == stored.images == 36, (recipe, k)
        assert stored.unplaced == sum(label.images for label in stored.without), recipe
        for leaf, images in enumerate(content.examples):
            assert {first_of[image] for image in images if image >= 0} == {content.leaf_names[leaf]}, recipe


def test_the_same_tree_is_found_again_and_a_change_of_the_folder_makes_another(
    workspace: Workspace, prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for photo in sorted(prepared[1].glob("*.jpg"))[:9]:
        shutil.copy(photo, folder)
    source = embedded_photographs(workspace, folder)
    long_ago(workspace)
    first = grown(workspace, source)
    before = first.path.stat().st_mtime_ns
    assert grown(workspace, source).id == first.id
    assert first.path.stat().st_mtime_ns == before, "nothing is computed twice"
    (folder / "photo_0001.jpg").unlink()
    (folder / "new.jpg").write_bytes(jpeg(77))
    scan(workspace, source.id, quietly)
    one = newest(workspace, source)
    changed = find_collection(workspace, source.id)
    assert find_tree(workspace, one, DEFAULT_TREE, tree_state(one, changed, DEFAULT_TREE)) is None
    assert grown(workspace, source).images == 8
    embed(workspace, source.id, EmbedRequest(BUNDLED), quietly)
    assert grown(workspace, source).images == 9


def test_a_tree_or_the_networks_words_that_were_lost_or_garbled_are_made_again(
    workspace: Workspace, source: Collection
) -> None:
    stored = grown(workspace, source)
    whole = stored.path.read_bytes()
    stored.path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WordsError, match="made again"):
        read_tree(stored)
    again = grown(workspace, source)
    assert again.id == stored.id and again.path.read_bytes() == whole
    one = newest(workspace, source)
    kept = (one.folder / "class_vectors.npy").read_bytes()
    (one.folder / "class_vectors.npy").unlink()
    grown(workspace, source, replace(DEFAULT_TREE, linkage="complete"))
    assert (one.folder / "class_vectors.npy").read_bytes() == kept
    (one.folder / "class_vectors.npy").write_bytes(b"garbled")
    grown(workspace, source, replace(DEFAULT_TREE, linkage="average"))
    assert (one.folder / "class_vectors.npy").read_bytes() == kept


def test_without_words_or_without_vectors_there_is_no_tree_and_the_images_speak_alone(
    workspace: Workspace, source: Collection, tmp_path: Path
) -> None:
    one = newest(workspace, source)
    file = tmp_path / "vectors.txt"
    name = open_collection(source.id, workspace=workspace.root).embedding().labels[0][0].split()[-1]
    file.write_text(f"{name} 1 2 3\n")
    few = grown(workspace, source, replace(DEFAULT_TREE, vectors=str(file)))
    assert few.labels >= 1 and few.unplaced == sum(label.images for label in few.without) > 0
    found = find_evidence(workspace, one, state_of(one, source))
    assert found is not None and "silhouette" in found[0].curves
    (one.folder / "classes.json").write_text("[]")
    with sqlite3.connect(workspace.catalogue) as db:
        db.execute("DELETE FROM trees")
    none = grown(workspace, source)
    assert (none.labels, none.unplaced, read_tree(none).tree) == (0, 36, None)


def test_a_handful_of_images_gets_a_plain_answer(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for index in range(6):
        (folder / f"{index}.jpg").write_bytes(jpeg(index))
    pin_speed(workspace, TINY)
    few = add_collection(workspace, folder)
    scan(workspace, few.id, quietly)
    embed(workspace, few.id, ASKED, quietly)
    for number in range(6, 0, -1):
        (folder / f"{number}.jpg").unlink(missing_ok=True)
        scan(workspace, few.id, quietly)
        long_ago(workspace, minutes=number)
        assert grown(workspace, few).images == number
        refine_evidence(workspace, newest(workspace, few).id, quietly)


def test_the_closer_look_takes_the_place_of_the_first(workspace: Workspace, source: Collection) -> None:
    grown(workspace, source)
    one = newest(workspace, source)
    state = state_of(one, source)
    first = find_evidence(workspace, one, state)
    assert first is not None and not first[1]
    refine_evidence(workspace, one.id, quietly)
    second = find_evidence(workspace, one, state)
    assert second is not None and second[1]
    grown(workspace, source, EMBEDDED)
    assert find_evidence(workspace, one, state) == second, "another tree does not undo it"
    assert find_evidence(workspace, one, "another state") is None


def test_jobs_are_queued_once_and_survive_a_killed_worker(workspace: Workspace, source: Collection) -> None:
    one = newest(workspace, source)
    tree, evidence = submit_tree(workspace, one, DEFAULT_TREE), submit_evidence(workspace, one)
    assert submit_tree(workspace, one, DEFAULT_TREE).id == tree.id
    assert submit_evidence(workspace, one).id == evidence.id
    ensure_worker(workspace)
    queue = Queue(workspace)
    wait_for(lambda: queue.job(evidence.id).state != "queued", what="the job to start")
    for pid in worker_pids(workspace):
        os.kill(pid, signal.SIGKILL)
    ensure_worker(workspace)
    assert finish(workspace, evidence).state == "done"
    assert finish(workspace, tree).state == "done"
    found = find_evidence(workspace, one, state_of(one, source))
    assert found is not None and found[1]


def test_a_choice_is_kept_with_its_evidence_and_outlives_its_tree(workspace: Workspace, source: Collection) -> None:
    one = newest(workspace, source)
    assert last_choice(workspace, source.id) is None
    for k, author in ((7, "ada"), (9, "")):
        add_choice(workspace, one, tree_id="t", k=k, edits="s3", facts={"reason": "because"}, author=author)
    remove_embedding(workspace, one.id)
    choice = last_choice(workspace, source.id)
    assert choice is not None
    assert (choice.k, choice.edits, choice.facts["reason"], choice.author) == (9, "s3", "because", "")
    with pytest.raises(EmbeddingError):
        build_tree(workspace, one.id, DEFAULT_TREE, quietly)


def test_what_cannot_be_is_refused_in_words_before_it_is_queued_and_by_imclust_tree(
    source: Collection, photos: Path
) -> None:
    wrong: list[dict[str, Any]] = [{"vectors": "nowhere"}, {"vectors": "gensim:../up"}, {"text": "loud"}]
    wrong += [{"linkage": "warp"}, {"metric": "miles"}, {"least": 0.0}, {"least": float("nan")}, {"count_power": 2.0}]
    for change in wrong:
        with case(change), pytest.raises(WordsError, match="Expected"):
            check_tree(replace(DEFAULT_TREE, **change))
    for arguments, code, says in (
        (("--embedding", "resnet152"), 1, "There are: efficientnet_lite0"),
        (("--vectors", "/no/such/file"), 1, "no source of word vectors"),
        (("--k", "0"), 2, "--k"),
        (("--linkage", "warp"), 2, "warp"),
        (("--min-probability", "7"), 1, "least probability"),
    ):
        done = imclust_here("tree", source.folder, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), arguments
        assert says in done.stderr, arguments
    assert "imclust scan" in imclust_here("tree", photos).stderr
    imclust_here("scan", photos)
    assert "imclust embed" in imclust_here("tree", photos).stderr


def test_imclust_tree_answers_in_json_and_in_words(workspace: Workspace, source: Collection) -> None:
    done = imclust("tree", source.folder, "--json", "--k", "4")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    sizes = [group["images"] for group in result["groups"]]
    assert result["k"] == len(sizes) == 4
    assert sum(sizes) + result["unplaced_images"] == result["images"] == 36
    assert sum(len(group["words"]) for group in result["groups"]) == result["labels"]
    assert sizes == sorted(sizes, reverse=True)
    assert {"ks", "values", "best"} == result["evidence"]["silhouette"].keys()
    content = read_tree(grown(workspace, source))
    assert content.tree is not None
    nodes = by_size(content.tree, cut(content.tree, 4))
    assert sizes == [content.tree.images_below[node] for node in nodes]
    assert len(np.unique(groups(content.tree, nodes))) == 4
    plain = imclust_here("tree", source.folder, "--embedding", BUNDLED)
    assert plain.returncode == 0 and "cut into" in plain.stdout
