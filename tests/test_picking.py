"""A pick in an address stands for exactly those images: of a cluster as it is now, below a branch, or of a set."""

from pathlib import Path

import numpy as np
import pytest

from imclust_core.annotation.editing import name_cluster, open_desk, undo
from imclust_core.annotation.selection import branch_in, cluster_in, of_branch, of_cluster, pick_title, picked_images
from imclust_core.errors import ClusteringError, EmbeddingError, ImclustError, SelectionError, WordsError
from imclust_core.label_tree.tree import cut
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.embeddings import remove_embedding
from imclust_core.store.selections import keep_selection
from imclust_core.store.trees import homes_of, read_tree
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.clusterings import clustered
from tests.helpers.editing import images_in, merge, move, new
from tests.helpers.trees import grown, newest


def test_a_cluster_is_picked_as_people_have_left_it_and_so_is_what_is_in_none(
    workspace: Workspace, source: Collection
) -> None:
    stored = clustered(workspace, source)

    def picked(key: str) -> list[int]:
        found = picked_images(workspace, source, key, stored)
        assert found.dtype == np.int64
        return list(found.tolist())

    before, (one, other, *_) = picked("c2"), picked("c1")
    assert before == images_in(open_desk(workspace, stored), 2)
    move(workspace, stored, [one, other], 2)
    assert picked("c2") == sorted([*before, one, other])
    undo(workspace, stored, author="Ada", uuid=new())
    assert picked("c2") == before
    for key in ("c-1", "c0"):
        with pytest.raises(ClusteringError, match="There is nothing any more"):
            picked(key)
    move(workspace, stored, [one], -1)
    move(workspace, stored, [other], 0)
    assert (picked("c-1"), picked("c0")) == ([one], [other])


def test_a_cluster_that_is_gone_or_of_another_collection_is_not_picked(
    workspace: Workspace, source: Collection, tmp_path: Path
) -> None:
    stored, other = clustered(workspace, source), add_collection(workspace, tmp_path)
    merge(workspace, stored, 1, 2)
    for of, key, clustering, why in (
        (source, "c1", stored, "There is no cluster 1 in this clustering now"),
        (source, "c99", stored, "There is no cluster 99 in this clustering now"),
        (source, "c2", None, "no such clustering"),
        (other, "c2", stored, "no such clustering"),
    ):
        with case(key, why), pytest.raises(ClusteringError, match=why):
            picked_images(workspace, of, key, clustering)


def test_the_branches_of_a_cut_hold_every_image_once_as_many_as_the_tree_says(
    workspace: Workspace, source: Collection
) -> None:
    stored = grown(workspace, source)
    content = read_tree(stored)
    tree = content.tree
    assert tree is not None

    def below(node: int) -> np.ndarray:
        return picked_images(workspace, source, of_branch(stored.id, node), None)

    for k in (1, 4, stored.labels):
        found = [below(node) for node in cut(tree, k)]
        assert [len(one) for one in found] == tree.images_below[cut(tree, k)].tolist()
        together = np.concatenate(found)
        assert len(np.unique(together)) == len(together) == stored.images - stored.unplaced
        assert all((np.diff(one) > 0).all() for one in found)
    homes = homes_of(workspace, newest(workspace, source), stored, content)
    assert homes.of(np.array([-5, 0, 10**9])).tolist() == [-1, -1, -1], "they have no home in it"
    assert homes.of(homes.image_ids).tolist() == homes.leaves.tolist()
    assert not (np.diff(homes.image_ids) <= 0).any()
    for leaf, examples in enumerate(content.examples):
        assert set(examples[examples >= 0].tolist()) <= set(below(leaf).tolist()), "those that stand for its label"
        assert (homes.of(homes.below(tree, leaf)) == leaf).all()


def test_a_branch_that_is_not_there_or_of_another_collection_is_said_to_be_gone(
    workspace: Workspace, source: Collection, tmp_path: Path
) -> None:
    stored, other = grown(workspace, source), add_collection(workspace, tmp_path)
    beyond = 2 * stored.labels - 1
    for of, key, why in (
        (source, of_branch(stored.id, beyond), f"no branch {beyond}"),
        (source, of_branch(stored.id, 10**8), f"no branch {10**8}"),
        (source, "babc123.0", "no tree of labels 'abc123'"),
        (other, of_branch(stored.id, 0), "of this collection"),
    ):
        with case(key, why), pytest.raises(WordsError, match=why):
            picked_images(workspace, of, key, None)
    whole = stored.path.read_bytes()
    stored.path.unlink()
    with pytest.raises(WordsError, match="any more"):
        picked_images(workspace, source, of_branch(stored.id, 0), None)
    stored.path.write_bytes(whole)
    remove_embedding(workspace, newest(workspace, source).id)
    with pytest.raises((WordsError, EmbeddingError)):
        picked_images(workspace, source, of_branch(stored.id, 0), None)


NO_KEYS = ["", "7", "c", "c-2", "c07", "c1.5", "c٣", "c9999999999", "c7\n", " c7", "bxyz.1", "b12", "b12.", "b12.-1"]
NO_KEYS += ["b../../x.1", "s12", "s" + "G" * 16, "s" + "a" * 17, "x" * 5_000]


def test_a_set_is_picked_as_it_was_kept_and_what_is_no_key_is_said_to_pick_nothing(
    workspace: Workspace, source: Collection
) -> None:
    key = keep_selection(workspace, source.id, np.array([5, 3, 3, 11]))
    assert picked_images(workspace, source, key, None).tolist() == [3, 5, 11]
    with pytest.raises(SelectionError, match="not here any more"):
        picked_images(workspace, source, "s0123456789abcdef", None)
    for wrong in NO_KEYS:
        with case(wrong[:12]):
            with pytest.raises(SelectionError, match="picks nothing") as told:
                picked_images(workspace, source, wrong, None)
            assert len(str(told.value)) < 300
            assert cluster_in(wrong) is None and branch_in(wrong) is None
    assert [cluster_in(of_cluster(number)) for number in (-1, 0, 7, 10**8)] == [-1, 0, 7, 10**8]
    assert branch_in(of_branch("0a1b2c", 17)) == ("0a1b2c", 17)


def test_a_pick_is_called_what_people_call_it(workspace: Workspace, source: Collection) -> None:
    stored, tree = clustered(workspace, source), grown(workspace, source)
    assert pick_title(workspace, source, "c2", stored) == "cluster 2"
    name_cluster(workspace, stored, 2, text="Zebra", state="sure", author="Ada", uuid=new(), base=0)
    assert pick_title(workspace, source, "c2", stored) == "cluster 2 Zebra"
    assert pick_title(workspace, source, "c0", stored) == "no cluster"
    content = read_tree(tree)
    assert pick_title(workspace, source, of_branch(tree.id, 0), stored) == f"branch {content.name_of(0)}"
    assert pick_title(workspace, source, "s0123456789abcdef", None) == ""
    with pytest.raises(ImclustError):
        pick_title(workspace, source, "babc.0", stored)
