"""Looking at images with the network of their embedding: what is kept is what was found, once, of the right cluster."""

import functools
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation import explain_questions as questions
from imclust_core.annotation.annotated import Desk
from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import TOP, of_class, of_cluster, of_contrast, question, version_of
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
from imclust_core.store.embeddings import remove_embedding
from imclust_core.store.explanations import saliency as store
from imclust_core.store.explanations.saliency import (
    METHODS,
    is_kept,
    read_attention,
    read_heat,
    read_slopes,
    write_heat,
)
from imclust_core.store.workspace import Workspace
from tests.conftest import finish
from tests.helpers.clusterings import clustered
from tests.helpers.editing import merge, move, name
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.trees import newest


class Looking:
    """A clustered collection, its embedding, and six of its images that are looked at."""

    def __init__(self, workspace: Workspace, source: Collection) -> None:
        self.workspace, self.source, self.one = workspace, source, newest(workspace, source)
        self.images = page_of_images(workspace, source.id, offset=0, limit=6)
        self.ids = [one.id for one in self.images]
        self.digest = self.images[0].hash or b""

    @functools.cached_property
    def stored(self) -> Clustering:
        return clustered(self.workspace, self.source)

    @property
    def desk(self) -> Desk:
        return open_desk(self.workspace, self.stored)

    def explain(self, *targets: str, methods: Sequence[str] = ("cam",), number: int = 6) -> dict[str, Any]:
        wanted = [(target, self.ids[:number]) for target in targets]
        return explain(self.workspace, self.one.id, wanted, list(methods), quietly)

    def heats(self, target: str, method: str = "cam", images: list[ImageRow] | None = None) -> np.ndarray:
        found = [read_heat(self.one, image.hash or b"", target, method) for image in images or self.images]
        return np.stack([heat for heat in found if heat is not None])

    def by_hand(self, target: Any, **how: Any) -> Any:
        """The same without the job: the network, the files, one pass for each image."""
        looker = Looker(load_backbone(BUNDLED))
        files, own = [self.source.folder / os.fsdecode(one.path) for one in self.images], looker.preprocessing
        rgbs = [open_image(file, at_least=own.at_least).rgb for file in files]
        return looker(np.stack([own.pixels(rgb) for rgb in rgbs]), target, **how)


@pytest.fixture
def looking(workspace: Workspace, source: Collection) -> Looking:
    return Looking(workspace, source)


def test_what_is_kept_is_what_the_network_looked_at(looking: Looking) -> None:
    images, one, cat = looking.images, looking.one, of_class(281)
    found = looking.explain(cat, methods=["cam", "guided"])
    assert found == {"made": 6, "failed": {}, "exact": True, "guided": True, "layer": "bn2"}
    plain = looking.by_hand(OfClass(281), slopes="guided")
    assert np.allclose(looking.heats(cat), plain.heat, atol=2e-3)
    for image, slopes in zip(images, plain.slopes, strict=True):
        kept = decode_slopes(read_slopes(one, image.hash or b"", cat, "guided") or b"").astype(float) - 128
        assert np.corrcoef(kept.ravel(), slopes.ravel().clip(*np.quantile(slopes, [0.005, 0.995])))[0, 1] > 0.9
    able = store.read_abilities(one)
    assert able is not None and (able.layer, able.exact, able.guided) == ("bn2", True, True)
    looking.explain(TOP, methods=list(METHODS), number=2)
    assert all(is_kept(one, image.hash or b"", TOP, method) for image in images[:2] for method in METHODS)
    assert np.allclose(looking.heats(TOP), looking.heats(TOP, "gradcam"), atol=2e-3)
    guided, plain = (read_slopes(one, looking.digest, TOP, method) for method in ("guided", "gradient"))
    assert guided != plain


def test_a_cluster_is_explained_by_where_it_lies_from_the_middle_of_all_as_people_left_it(looking: Looking) -> None:
    workspace, stored, desk, content = looking.workspace, looking.stored, looking.desk, read_clustering(looking.stored)
    sizes = np.bincount(content.labels)
    middle = (content.centroids * (sizes / sizes.sum())[:, None]).sum(0)
    a, b, c = stored.summary.numbers[:3]
    own, pair = of_cluster(stored, desk, a), of_contrast(stored, desk, a, b)
    looking.explain(own, pair)
    assert np.allclose(looking.heats(own), looking.by_hand(OfCluster(content.centroids[0] - middle)).heat, atol=2e-3)
    contrast = OfContrast(content.centroids[0], content.centroids[1])
    assert np.allclose(looking.heats(pair), looking.by_hand(contrast).heat, atol=2e-3)
    name(workspace, stored, a, "Some name")
    assert of_cluster(stored, looking.desk, a) == own
    move(workspace, stored, desk.image_ids[desk.rows_of(b)][:2].tolist(), a)
    after, other = of_cluster(stored, looking.desk, a), of_cluster(stored, desk, b)
    assert after != own and of_cluster(stored, looking.desk, c).endswith("/0")
    with pytest.raises(ExplainError, match="moved meanwhile"):
        looking.explain(other)
    assert not is_kept(looking.one, looking.digest, other, "cam")
    looking.explain(after)
    assert np.isfinite(looking.heats(after)).all()
    first, *others = looking.desk.clusters
    for other_ in others:
        merge(workspace, stored, other_, first)
    asked = question(of_cluster(stored, looking.desk, first))
    (found,) = questions.directions(workspace, looking.one, stored, looking.desk, content, asked)
    assert np.allclose(found, middle, atol=1e-3), "everything in one cluster is explained by itself"


def test_only_what_is_damaged_is_made_again_and_nothing_is_kept_of_what_was_removed(looking: Looking) -> None:
    def stop_after_some(done: int, *_: object) -> None:
        if done:
            raise Cancelled("enough")

    one, digest, lot = looking.one, looking.digest, random.Random(0)
    with pytest.raises(Cancelled):
        explain(looking.workspace, one.id, [(TOP, looking.ids)], ["cam"], stop_after_some)
    kept = sum(is_kept(one, image.hash or b"", TOP, "cam") for image in looking.images)
    made = looking.explain(TOP)["made"]
    assert kept > 0 and made == 6 - kept, "a stopped job keeps what it has and goes on from there"
    assert looking.explain(TOP)["made"] == 0
    first = looking.heats(TOP)[0]
    path = next(path for path in one.folder.glob("looks/*/*-cam.npy") if digest.hex() in path.name)
    sound = path.read_bytes()
    for damage in (b"", b"\x93NUMPY", sound[:-7], os.urandom(200)):
        path.write_bytes(damage)
        assert read_heat(one, digest, TOP, "cam") is None
        assert looking.explain(TOP)["made"] == 1
        assert (looking.heats(TOP)[0] == first).all()
    for _ in range(500):  # whatever numpy raises at such a head
        at = lot.randrange(128)
        path.write_bytes(sound[:at] + lot.randbytes(1) + sound[at + 1 :])
        read_heat(one, digest, TOP, "cam")
    path.unlink(missing_ok=True)
    path.mkdir()
    assert not is_kept(one, digest, TOP, "cam") and read_heat(one, digest, TOP, "cam") is None
    assert looking.explain(TOP, methods=["guided"], number=1)["made"] == 1
    next(one.folder.glob("looks/*/*-guided.jpg")).write_bytes(b"")  # as a power cut leaves it
    assert not is_kept(one, digest, TOP, "guided") and read_slopes(one, digest, TOP, "guided") is None
    assert looking.explain(TOP, methods=["guided"], number=1)["made"] == 1
    assert read_slopes(one, digest, TOP, "guided")
    remove_embedding(looking.workspace, one.id)
    with pytest.raises(EmbeddingError, match="removed meanwhile"):
        write_heat(one, digest, TOP, "cam", np.ones((7, 7)))
    assert not one.folder.exists()


def test_a_cluster_back_as_it_was_is_the_same_question(looking: Looking) -> None:
    workspace, stored, desk = looking.workspace, looking.stored, looking.desk
    a, b, c, d = desk.clusters[:4]
    image, other = (int(desk.image_ids[desk.rows_of(number)][0]) for number in (a, c))
    move(workspace, stored, [image], b)
    first = looking.desk
    move(workspace, stored, [other], d)
    second = looking.desk
    assert version_of(first, a) == version_of(second, a) != 0 == version_of(first, c) != version_of(second, c)
    move(workspace, stored, [image], a)
    assert version_of(looking.desk, a) == 0
    assert version_of(second, a, c) not in (version_of(second, c, a), version_of(second, a))
    desk, content = looking.desk, read_clustering(stored)
    found = [questions.second_nearest(stored, desk, content, row) for row in range(len(desk.group))]
    assert set(found) <= set(desk.clusters) and all(a != b for a, b in zip(found, desk.group, strict=True))
    row = int(desk.rows_of(b)[0])
    move(workspace, stored, [int(desk.image_ids[row])], found[row])
    assert questions.second_nearest(stored, looking.desk, content, row) == b, "where it was moved out of"


def test_bad_images_are_told_of_and_cost_the_others_nothing(workspace: Workspace, photos: Path) -> None:
    made = embedded_photographs(workspace, photos)
    rows, one = page_of_images(workspace, made.id, offset=0, limit=20), newest(workspace, made)
    (photos / "01.jpg").unlink()
    (photos / "02.jpg").write_bytes((photos / "03.jpg").read_bytes())
    (photos / "04.jpg").write_bytes(b"no picture")
    wanted = [*(row.id for row in rows), 999_999]
    found = explain(workspace, one.id, [(TOP, wanted)], ["cam", "guided"], quietly)
    bad = {str(row.id) for row in rows if row.name in ("01.jpg", "02.jpg", "04.jpg")}
    assert set(found["failed"]) == {*bad, "999999"} and found["made"] == 9
    assert all(text.endswith(".") for text in found["failed"].values())
    for row in rows:
        assert is_kept(one, row.hash or b"", TOP, "cam") != (str(row.id) in bad)


def test_what_is_no_target_or_not_there_is_refused_in_words(looking: Looking) -> None:
    for target in (
        *("", "top", "top0", "top6", "class/", "class/-1", "class/1/2", "class/99999999999999", "class/\u0661"),
        *("cluster/xyz/1/0", "cluster/ab/1", "cluster/ab/1/0\n", "cluster//1/0", "contrast/ab/1/2", "../../etc/passwd"),
    ):
        with pytest.raises(ExplainError, match="Expected top1"):
            question(target)
    for target, why in (
        ("class/1000", "classes 0 to 999"),
        (f"cluster/{looking.stored.id}/77/0", "no cluster 77"),
        ("cluster/abc/1/0", "abc"),
    ):
        with pytest.raises(Exception, match=why):
            looking.explain(target)


def test_the_worker_looks_beside_long_work_and_attention_is_the_mean_over_a_clusters_images(looking: Looking) -> None:
    workspace, stored, one, desk = looking.workspace, looking.stored, looking.one, looking.desk
    job = finish(workspace, submit_explain(workspace, one, [(TOP, looking.ids)], ["cam"]))
    assert (job.state, job.error) == ("done", None) and job.result is not None and job.result["made"] == 6
    assert read_attention(one, stored.id) is None
    told = pay_attention(workspace, stored.id, 4, quietly)
    found, number = read_attention(one, stored.id), desk.clusters[0]
    assert found is not None and found.numbers.tolist() == desk.clusters
    assert found.images.tolist() == [min(4, desk.sizes[number]) for number in desk.clusters]
    assert told == {"clusters": 6, "images": int(found.images.sum())}
    known = {row.id: row for row in page_of_images(workspace, stored.collection_id, offset=0, limit=100)}
    members = [known[image] for image in desk.image_ids[desk.rows_of(number)].tolist()]
    target = of_cluster(stored, desk, number)
    looked = [image for image in members if is_kept(one, image.hash or b"", target, "cam")]
    assert len(looked) == found.images[0]
    assert np.allclose(found.mean[0], looking.heats(target, images=looked).mean(0), atol=1e-6)
    assert version_of(desk, number) == found.versions[0] == 0


def test_damaged_attention_and_heat_that_is_none_are_none(looking: Looking) -> None:
    one = looking.one
    whole = store.Attention(np.array([1]), np.array([0]), np.ones((1, 7, 7)), np.array([0.5]), np.array([3]))
    store.write_attention(one, "abc", whole)
    assert read_attention(one, "abc") is not None
    path = one.folder / "looks" / "attention-abc.npz"
    sound = path.read_bytes()
    for damage in (b"", sound[: len(sound) // 2], os.urandom(300)):
        path.write_bytes(damage)
        assert read_attention(one, "abc") is None
    for wrong in ({"border": np.array([0.5, 0.6])}, {"mean": np.ones((1, 0, 0))}, {"numbers": np.array(1)}):
        store.write_attention(one, "abc", replace(whole, **wrong))
        assert read_attention(one, "abc") is None
    for heat in (np.full((7, 7), np.nan), np.zeros((0, 0)), np.zeros(5)):
        write_heat(one, b"d" * 16, TOP, "cam", heat)
        assert read_heat(one, b"d" * 16, TOP, "cam") is None
    with pytest.raises(ExplainError, match="no method"):
        is_kept(one, b"d" * 16, TOP, "magic")


def test_the_share_at_the_border_is_one_of_area_for_even_heat_and_only_what_is_far_from_the_others_stands_out() -> None:
    for side in (4, 6, 7, 12, 14):
        assert border_share(np.ones((1, side, side)))[0] == pytest.approx(1 - (2 / 3) ** 2)
    middle, corner = np.zeros((2, 1, 7, 7))
    middle[0, 3, 3] = corner[0, 0, 0] = 1
    assert border_share(middle)[0] == 0 and border_share(corner)[0] == pytest.approx(1)
    assert border_share(np.zeros((2, 7, 7))).tolist() == [0, 0]
    usual = np.array([0.3, 0.32, 0.28, 0.31, 0.29])
    assert not stands_out(usual).any()
    assert stands_out(np.append(usual, 0.6)).tolist() == [False] * 5 + [True]
    assert not stands_out(np.append(usual, 0.05)).any()  # at its object more than others is nothing to worry about
    assert not stands_out(np.array([0.1, 0.1, 0.9])).any()
