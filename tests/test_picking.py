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
from tests.helpers.clusterings import clustered
from tests.helpers.editing import images_in, merge, move, new
from tests.helpers.trees import grown, newest


def test_a_cluster_is_picked_as_people_have_left_it(workspace: Workspace, source: Collection) -> None:
    stored = clustered(workspace, source)
    before = images_in(open_desk(workspace, stored), 2)
    assert picked_images(workspace, source, "c2", stored).tolist() == before
    moved = images_in(open_desk(workspace, stored), 1)[:2]
    move(workspace, stored, moved, 2)
    found = picked_images(workspace, source, "c2", stored)
    assert found.dtype == np.int64 and found.tolist() == sorted([*before, *moved])
    undo(workspace, stored, author="Ada", uuid=new())
    assert picked_images(workspace, source, "c2", stored).tolist() == before


def test_what_is_in_no_cluster_can_be_picked_too_and_be_nothing(workspace: Workspace, source: Collection) -> None:
    stored = clustered(workspace, source)
    for key in ("c-1", "c0"):
        with pytest.raises(ClusteringError, match="There is nothing any more"):
            picked_images(workspace, source, key, stored)
    images = images_in(open_desk(workspace, stored), 1)[:2]
    move(workspace, stored, images[:1], -1)
    move(workspace, stored, images[1:], 0)
    assert picked_images(workspace, source, "c-1", stored).tolist() == images[:1]
    assert picked_images(workspace, source, "c0", stored).tolist() == images[1:]


def test_a_cluster_that_is_gone_or_of_another_collection_is_not_picked(
    workspace: Workspace, source: Collection, tmp_path: Path
) -> None:
    stored = clustered(workspace, source)
    merge(workspace, stored, 1, 2)
    for key in ("c1", "c99"):
        with pytest.raises(ClusteringError, match=f"There is no cluster {key[1:]} in this clustering now"):
            picked_images(workspace, source, key, stored)
    with pytest.raises(ClusteringError, match="no such clustering"):
        picked_images(workspace, source, "c2", None)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ClusteringError, match="no such clustering"):
        picked_images(workspace, add_collection(workspace, other), "c2", stored)


def test_the_branches_of_a_cut_hold_every_image_once_as_many_as_the_tree_says(
    workspace: Workspace, source: Collection
) -> None:
    stored = grown(workspace, source)
    content = read_tree(stored)
    assert content.tree is not None
    for k in (1, 4, stored.labels):
        found = [picked_images(workspace, source, of_branch(stored.id, node), None) for node in cut(content.tree, k)]
        assert [len(one) for one in found] == content.tree.images_below[cut(content.tree, k)].tolist()
        together = np.concatenate(found)
        assert len(np.unique(together)) == len(together) == stored.images - stored.unplaced
        assert all((np.diff(one) > 0).all() for one in found)
    root = picked_images(workspace, source, of_branch(stored.id, 2 * stored.labels - 2), None)
    assert root.tolist() == sorted(together.tolist())


def test_a_branch_holds_the_images_that_stand_for_its_labels(workspace: Workspace, source: Collection) -> None:
    stored = grown(workspace, source)
    content = read_tree(stored)
    for leaf, examples in enumerate(content.examples):
        found = picked_images(workspace, source, of_branch(stored.id, leaf), None)
        assert set(examples[examples >= 0].tolist()) <= set(found.tolist())


def test_images_that_have_no_home_in_a_tree_are_at_no_leaf(workspace: Workspace, source: Collection) -> None:
    stored = grown(workspace, source)
    content = read_tree(stored)
    homes = homes_of(workspace, newest(workspace, source), stored, content)
    assert homes.of(np.array([-5, 0, 10**9])).tolist() == [-1, -1, -1]
    assert homes.of(homes.image_ids).tolist() == homes.leaves.tolist()
    assert content.tree is not None and not (np.diff(homes.image_ids) <= 0).any()
    for leaf in range(content.tree.leaves):
        assert (homes.of(homes.below(content.tree, leaf)) == leaf).all()


def test_a_branch_that_is_not_there_is_said_to_be_gone(workspace: Workspace, source: Collection) -> None:
    stored = grown(workspace, source)
    beyond = 2 * stored.labels - 1
    for node in (beyond, 10**8):
        with pytest.raises(WordsError, match=f"no branch {node}"):
            picked_images(workspace, source, of_branch(stored.id, node), None)
    with pytest.raises(WordsError, match="no tree of labels 'abc123'"):
        picked_images(workspace, source, "babc123.0", None)
    stored.path.unlink()
    with pytest.raises(WordsError, match="any more"):
        picked_images(workspace, source, of_branch(stored.id, 0), None)


def test_the_tree_of_another_collection_or_of_an_embedding_that_is_gone_is_not_picked(
    workspace: Workspace, source: Collection, tmp_path: Path
) -> None:
    stored = grown(workspace, source)
    (tmp_path / "other").mkdir()
    other = add_collection(workspace, tmp_path / "other")
    with pytest.raises(WordsError, match="of this collection"):
        picked_images(workspace, other, of_branch(stored.id, 0), None)
    remove_embedding(workspace, newest(workspace, source).id)
    with pytest.raises((WordsError, EmbeddingError)):
        picked_images(workspace, source, of_branch(stored.id, 0), None)


def test_a_set_is_picked_as_it_was_kept(workspace: Workspace, source: Collection) -> None:
    key = keep_selection(workspace, source.id, np.array([5, 3, 3, 11]))
    assert picked_images(workspace, source, key, None).tolist() == [3, 5, 11]
    with pytest.raises(SelectionError, match="not here any more"):
        picked_images(workspace, source, "s0123456789abcdef", None)


@pytest.mark.parametrize(
    "key",
    [
        *("", "7", "c", "c-2", "c07", "c1.5", "c٣", "c9999999999", "c7\n", " c7"),
        *("bxyz.1", "b12", "b12.", "b12.-1", "b../../x.1", "s12", "s" + "G" * 16, "s" + "a" * 17, "x" * 5_000),
    ],
    ids=lambda key: key[:12].encode("unicode_escape").decode(),
)
def test_what_is_no_key_is_said_to_pick_nothing(workspace: Workspace, source: Collection, key: str) -> None:
    with pytest.raises(SelectionError, match="picks nothing") as told:
        picked_images(workspace, source, key, None)
    assert len(str(told.value)) < 300
    assert cluster_in(key) is None and branch_in(key) is None


def test_keys_are_read_as_they_are_written() -> None:
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
