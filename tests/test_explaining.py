"""Looking at images with the network of their embedding: what is kept is what was found, once, of the right cluster."""

import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import (
    TOP,
    directions,
    of_class,
    of_cluster,
    of_contrast,
    question,
    second_nearest,
    version_of,
)
from imclust_core.backbones.network import load_backbone
from imclust_core.backbones.registry import BUNDLED
from imclust_core.errors import Cancelled, EmbeddingError, ExplainError
from imclust_core.explain.attention import border_share, stands_out
from imclust_core.explain.explainer import Looker
from imclust_core.explain.pictures import decode_slopes
from imclust_core.explain.targets import OfClass, OfCluster, OfContrast
from imclust_core.images.opening import open_image
from imclust_core.jobs.kinds.attention import pay_attention
from imclust_core.jobs.kinds.explain import explain
from imclust_core.jobs.submitting import submit_explain
from imclust_core.store.catalogue import ImageRow, page_of_images
from imclust_core.store.clusterings import Clustering, read_clustering
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, remove_embedding
from imclust_core.store.explanations.saliency import (
    METHODS,
    Attention,
    is_kept,
    read_abilities,
    read_attention,
    read_heat,
    read_slopes,
    write_attention,
    write_heat,
)
from imclust_core.store.workspace import Workspace
from tests.conftest import finish
from tests.helpers.clusterings import clustered
from tests.helpers.editing import merge, move, name
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.trees import newest


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source)


@pytest.fixture
def one(workspace: Workspace, source: Collection) -> Embedding:
    return newest(workspace, source)


@pytest.fixture
def images(workspace: Workspace, source: Collection) -> list[ImageRow]:
    return page_of_images(workspace, source.id, offset=0, limit=6)


def ids_of(images: list[ImageRow]) -> list[int]:
    return [one.id for one in images]


def heats(one: Embedding, images: list[ImageRow], target: str, method: str = "cam") -> np.ndarray:
    found = [read_heat(one, image.hash or b"", target, method) for image in images]
    return np.stack([heat for heat in found if heat is not None])


def by_hand(source: Collection, images: list[ImageRow], target: Any, **how: Any) -> Any:
    """The same without the job: the network, the files, one pass for each image."""
    looker = Looker(load_backbone(BUNDLED))
    rgbs = [
        open_image(source.folder / os.fsdecode(one.path), at_least=looker.preprocessing.at_least).rgb for one in images
    ]
    return looker(np.stack([looker.preprocessing.pixels(rgb) for rgb in rgbs]), target, **how)


def test_what_is_kept_is_what_the_network_looked_at(
    workspace: Workspace, source: Collection, one: Embedding, images: list[ImageRow]
) -> None:
    found = explain(workspace, one.id, [(of_class(281), ids_of(images))], ["cam", "guided"], quietly)
    assert found == {"made": 6, "failed": {}, "exact": True, "guided": True, "layer": "bn2"}
    plain = by_hand(source, images, OfClass(281), slopes="guided")
    assert np.allclose(heats(one, images, of_class(281)), plain.heat, atol=2e-3)
    for image, slopes in zip(images, plain.slopes, strict=True):
        kept = decode_slopes(read_slopes(one, image.hash or b"", of_class(281), "guided") or b"").astype(float) - 128
        assert np.corrcoef(kept.ravel(), slopes.ravel().clip(*np.quantile(slopes, [0.005, 0.995])))[0, 1] > 0.9
    able = read_abilities(one)
    assert able is not None and (able.layer, able.exact, able.guided) == ("bn2", True, True)
    explain(workspace, one.id, [(TOP, ids_of(images[:2]))], list(METHODS), quietly)
    assert all(is_kept(one, image.hash or b"", TOP, method) for image in images[:2] for method in METHODS)
    assert np.allclose(heats(one, images[:2], TOP), heats(one, images[:2], TOP, "gradcam"), atol=2e-3)
    guided, plain = (read_slopes(one, images[0].hash or b"", TOP, method) for method in ("guided", "gradient"))
    assert guided != plain


def test_a_cluster_is_explained_by_where_it_lies_from_the_middle_of_all(
    workspace: Workspace, source: Collection, stored: Clustering, one: Embedding, images: list[ImageRow]
) -> None:
    desk, content = open_desk(workspace, stored), read_clustering(stored)
    sizes = np.bincount(content.labels)
    middle = (content.centroids * (sizes / sizes.sum())[:, None]).sum(0)
    a, b = stored.summary.numbers[:2]
    own, pair = of_cluster(stored, desk, a), of_contrast(stored, desk, a, b)
    explain(workspace, one.id, [(own, ids_of(images)), (pair, ids_of(images))], ["cam"], quietly)
    assert np.allclose(
        heats(one, images, own), by_hand(source, images, OfCluster(content.centroids[0] - middle)).heat, atol=2e-3
    )
    contrast = OfContrast(content.centroids[0], content.centroids[1])
    assert np.allclose(heats(one, images, pair), by_hand(source, images, contrast).heat, atol=2e-3)


def test_a_cluster_that_people_have_changed_is_another_question(
    workspace: Workspace, stored: Clustering, one: Embedding, images: list[ImageRow]
) -> None:
    desk = open_desk(workspace, stored)
    a, b = stored.summary.numbers[:2]
    before = of_cluster(stored, desk, a)
    name(workspace, stored, a, "Some name")
    assert of_cluster(stored, open_desk(workspace, stored), a) == before
    move(workspace, stored, desk.image_ids[desk.rows_of(b)][:2].tolist(), a)
    now = open_desk(workspace, stored)
    after = of_cluster(stored, now, a)
    assert after != before and of_cluster(stored, now, stored.summary.numbers[2]).endswith("/0")
    with pytest.raises(ExplainError, match="moved meanwhile"):
        explain(workspace, one.id, [(before, ids_of(images))], ["cam"], quietly)
    explain(workspace, one.id, [(after, ids_of(images))], ["cam"], quietly)
    assert not is_kept(one, images[0].hash or b"", before, "cam")
    assert np.isfinite(heats(one, images, after)).all()


def test_only_what_is_damaged_is_made_again_and_nothing_is_kept_of_what_was_removed(
    workspace: Workspace, one: Embedding, images: list[ImageRow]
) -> None:
    def stop_after_some(done: int, *_: object) -> None:
        if done:
            raise Cancelled("enough")

    def made(methods: list[str], ids: list[int]) -> int:
        found: int = explain(workspace, one.id, [(TOP, ids)], methods, quietly)["made"]
        return found

    ids, digest = ids_of(images), images[0].hash or b""
    with pytest.raises(Cancelled):
        explain(workspace, one.id, [(TOP, ids)], ["cam"], stop_after_some)
    kept = sum(is_kept(one, image.hash or b"", TOP, "cam") for image in images)
    assert kept > 0 and made(["cam"], ids) == 6 - kept, "a stopped job keeps what it has and goes on from there"
    assert made(["cam"], ids) == 0
    first = heats(one, images, TOP)[0]
    path = next(path for path in one.folder.glob("looks/*/*-cam.npy") if digest.hex() in path.name)
    sound, lot = path.read_bytes(), random.Random(0)
    for damage in (b"", b"\x93NUMPY", sound[:-7], os.urandom(200)):
        path.write_bytes(damage)
        assert read_heat(one, digest, TOP, "cam") is None
        assert made(["cam"], ids) == 1
        assert (heats(one, images, TOP)[0] == first).all()
    for _ in range(500):  # whatever numpy raises at such a head
        at = lot.randrange(128)
        path.write_bytes(sound[:at] + lot.randbytes(1) + sound[at + 1 :])
        read_heat(one, digest, TOP, "cam")
    path.unlink(missing_ok=True)
    path.mkdir()
    assert not is_kept(one, digest, TOP, "cam") and read_heat(one, digest, TOP, "cam") is None
    assert made(["guided"], ids[:1]) == 1
    next(one.folder.glob("looks/*/*-guided.jpg")).write_bytes(b"")  # as a power cut leaves it
    assert not is_kept(one, digest, TOP, "guided") and read_slopes(one, digest, TOP, "guided") is None
    assert made(["guided"], ids[:1]) == 1
    assert read_slopes(one, digest, TOP, "guided")
    remove_embedding(workspace, one.id)
    with pytest.raises(EmbeddingError, match="removed meanwhile"):
        write_heat(one, digest, TOP, "cam", np.ones((7, 7)))
    assert not one.folder.exists()


def test_a_cluster_back_as_it_was_is_the_same_question(workspace: Workspace, stored: Clustering) -> None:
    desk = open_desk(workspace, stored)
    a, b, c, d = desk.clusters[:4]
    image = int(desk.image_ids[desk.rows_of(a)][0])
    move(workspace, stored, [image], b)
    first = open_desk(workspace, stored)
    other = int(desk.image_ids[desk.rows_of(c)][0])
    move(workspace, stored, [other], d)
    second = open_desk(workspace, stored)
    assert version_of(first, a) == version_of(second, a) != 0 == version_of(first, c) != version_of(second, c)
    move(workspace, stored, [image], a)
    assert version_of(open_desk(workspace, stored), a) == 0
    assert version_of(second, a, c) not in (version_of(second, c, a), version_of(second, a))
    desk, content = open_desk(workspace, stored), read_clustering(stored)
    found = [second_nearest(stored, desk, content, row) for row in range(len(desk.group))]
    assert set(found) <= set(desk.clusters) and all(a != b for a, b in zip(found, desk.group, strict=True))
    row, before = int(desk.rows_of(b)[0]), b
    move(workspace, stored, [int(desk.image_ids[row])], found[row])
    assert second_nearest(stored, open_desk(workspace, stored), content, row) == before  # where it was moved out of


def test_everything_merged_into_one_is_explained_by_itself(
    workspace: Workspace, stored: Clustering, one: Embedding, images: list[ImageRow]
) -> None:
    first, *others = open_desk(workspace, stored).clusters
    for other in others:
        merge(workspace, stored, other, first)
    desk = open_desk(workspace, stored)
    asked = question(of_cluster(stored, desk, first))
    (found,) = directions(workspace, one, stored, desk, read_clustering(stored), asked)
    content = read_clustering(stored)
    sizes = np.bincount(content.labels)
    assert np.allclose(found, (content.centroids * (sizes / sizes.sum())[:, None]).sum(0), atol=1e-3)


def test_bad_images_are_told_of_and_cost_the_others_nothing(workspace: Workspace, photos: Path) -> None:
    made = embedded_photographs(workspace, photos)
    rows = page_of_images(workspace, made.id, offset=0, limit=20)
    (photos / "01.jpg").unlink()
    (photos / "02.jpg").write_bytes((photos / "03.jpg").read_bytes())
    (photos / "04.jpg").write_bytes(b"no picture")
    wanted = [*ids_of(rows), 999_999]
    one = newest(workspace, made)
    found = explain(workspace, one.id, [(TOP, wanted)], ["cam", "guided"], quietly)
    bad = {str(row.id) for row in rows if row.name in ("01.jpg", "02.jpg", "04.jpg")}
    assert set(found["failed"]) == {*bad, "999999"} and found["made"] == 9
    assert all(text.endswith(".") for text in found["failed"].values())
    for row in rows:
        assert is_kept(one, row.hash or b"", TOP, "cam") != (str(row.id) in bad)


def test_what_is_no_target_or_not_there_is_refused_in_words(
    workspace: Workspace, stored: Clustering, one: Embedding, images: list[ImageRow]
) -> None:
    for target in (
        *("", "top", "top0", "top6", "class/", "class/-1", "class/1/2", "class/99999999999999", "class/\u0661"),
        *("cluster/xyz/1/0", "cluster/ab/1", "cluster/ab/1/0\n", "cluster//1/0", "contrast/ab/1/2", "../../etc/passwd"),
    ):
        with pytest.raises(ExplainError, match="Expected top1"):
            question(target)
    for target, why in (
        ("class/1000", "classes 0 to 999"),
        (f"cluster/{stored.id}/77/0", "no cluster 77"),
        ("cluster/abc/1/0", "abc"),
    ):
        with pytest.raises(Exception, match=why):
            explain(workspace, one.id, [(target, ids_of(images))], ["cam"], quietly)


def test_the_worker_looks_beside_long_work(workspace: Workspace, one: Embedding, images: list[ImageRow]) -> None:
    job = finish(workspace, submit_explain(workspace, one, [(TOP, ids_of(images))], ["cam"]))
    assert (job.state, job.error) == ("done", None) and job.result is not None and job.result["made"] == 6


def test_attention_is_the_mean_over_a_clusters_images(workspace: Workspace, stored: Clustering, one: Embedding) -> None:
    assert read_attention(one, stored.id) is None
    told = pay_attention(workspace, stored.id, 4, quietly)
    found, desk = read_attention(one, stored.id), open_desk(workspace, stored)
    assert found is not None and found.numbers.tolist() == desk.clusters
    assert found.images.tolist() == [min(4, desk.sizes[number]) for number in desk.clusters]
    assert told == {"clusters": 6, "images": int(found.images.sum())}
    number = desk.clusters[0]
    known = {row.id: row for row in page_of_images(workspace, stored.collection_id, offset=0, limit=100)}
    members = [known[image] for image in desk.image_ids[desk.rows_of(number)].tolist()]
    target = of_cluster(stored, desk, number)
    looked = [image for image in members if is_kept(one, image.hash or b"", target, "cam")]
    assert len(looked) == found.images[0]
    assert np.allclose(found.mean[0], heats(one, looked, target).mean(0), atol=1e-6)
    assert version_of(desk, number) == found.versions[0] == 0


def test_damaged_attention_and_heat_that_is_none_are_none(one: Embedding) -> None:
    whole = Attention(np.array([1]), np.array([0]), np.ones((1, 7, 7)), np.array([0.5]), np.array([3]))
    write_attention(one, "abc", whole)
    assert read_attention(one, "abc") is not None
    path = one.folder / "looks" / "attention-abc.npz"
    sound = path.read_bytes()
    for damage in (b"", sound[: len(sound) // 2], os.urandom(300)):
        path.write_bytes(damage)
        assert read_attention(one, "abc") is None
    for wrong in ({"border": np.array([0.5, 0.6])}, {"mean": np.ones((1, 0, 0))}, {"numbers": np.array(1)}):
        write_attention(one, "abc", replace(whole, **wrong))
        assert read_attention(one, "abc") is None
    for heat in (np.full((7, 7), np.nan), np.zeros((0, 0)), np.zeros(5)):
        write_heat(one, b"d" * 16, TOP, "cam", heat)
        assert read_heat(one, b"d" * 16, TOP, "cam") is None
    with pytest.raises(ExplainError, match="no method"):
        is_kept(one, b"d" * 16, TOP, "magic")


def test_the_share_at_the_border_is_a_share_of_area_for_even_heat() -> None:
    for side in (4, 6, 7, 12, 14):
        assert border_share(np.ones((1, side, side)))[0] == pytest.approx(1 - (2 / 3) ** 2)
    middle, corner = np.zeros((2, 1, 7, 7))
    middle[0, 3, 3] = corner[0, 0, 0] = 1
    assert border_share(middle)[0] == 0 and border_share(corner)[0] == pytest.approx(1)
    assert border_share(np.zeros((2, 7, 7))).tolist() == [0, 0]


def test_only_a_cluster_far_from_the_others_stands_out() -> None:
    usual = np.array([0.3, 0.32, 0.28, 0.31, 0.29])
    assert not stands_out(usual).any()
    assert stands_out(np.append(usual, 0.6)).tolist() == [False] * 5 + [True]
    assert not stands_out(np.append(usual, 0.05)).any()  # at its object more than others is nothing to worry about
    assert not stands_out(np.array([0.1, 0.1, 0.9])).any()
