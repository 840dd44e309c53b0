"""Embedding: every image gets its row or its reason, whatever happens meanwhile, and the same numbers each time."""

import functools
import itertools
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import imclust_core.store.shards as shards
from imclust_core import open_collection, open_image
from imclust_core.backbones.network import Backbone, load_backbone
from imclust_core.embedding.forward import Forward, Outputs
from imclust_core.embedding.lanes import Lanes
from imclust_core.embedding.measuring import Speed
from imclust_core.embedding.run import check_space, plan_for
from imclust_core.embedding.shard import EmbedShard
from imclust_core.embedding.similar import nearest
from imclust_core.errors import BackboneError, Cancelled, EmbeddingError, SourceUnavailable, WorkspaceFull
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.probe import probe
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.kinds.similar import find_similar
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_embed, submit_similar
from imclust_core.store.catalogue import contents, count_images, images_by_id
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.embeddings import Embedding, embeddings_of, remove_embedding
from imclust_core.store.shards import Plan, Shard, damage_of, is_sealed, read_labels, seal_shard, segments_of
from imclust_core.store.speeds import decode_key, forward_key, read_speeds, seconds_for
from imclust_core.store.vectors import features_at, locate, read_rows
from imclust_core.store.workspace import Workspace
from tests.conftest import finish, wait_for, worker_pids
from tests.helpers.backbones import ASKED, TINY
from tests.helpers.embedded import pin_speed, quietly
from tests.helpers.hostile import jpeg

SLOW = "resnet18"
"""Slow enough to be caught in the middle."""
ASKED_SLOWLY = EmbedRequest(SLOW, random_weights=True)


@pytest.fixture
def source(workspace: Workspace, photos: Path) -> Collection:
    """Twelve images, scanned, and a machine whose speed is known."""
    pin_speed(workspace, TINY, SLOW)
    made = add_collection(workspace, photos)
    scan(workspace, made.id, quietly)
    return made


def the_embedding(workspace: Workspace, source: Collection) -> Embedding:
    (one,) = embeddings_of(workspace, source.id)
    return one


@pytest.fixture(scope="module")
def tiny() -> Backbone:
    return load_backbone(TINY, random=True)


def all_of_their_own_file(photos: Path, backbone: Backbone) -> bool:
    """Whether each image's features are those of its file by nothing but the network and `open_image`."""
    opened, own = open_collection(photos), backbone.preprocessing
    one, at_least = opened.embedding(), max(own.at_least, 192)
    pixels = [own.pixels(open_image(path, at_least=at_least).rgb) for path in opened.paths(one.image_ids)]
    alone = Forward(backbone, "cpu", "fp32")(np.stack(pixels)).features
    return all(cosine(left, right) > 0.99999 for left, right in zip(one.features, alone, strict=True))


def counted(result: dict[str, Any]) -> tuple[int, dict[str, int]]:
    return result["images"], result["skipped"]


def shard_stamps(one: Embedding) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in one.folder.rglob("*.npy") if ".tmp-" not in str(path)}


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_each_image_has_the_vector_of_its_own_file_and_later_only_what_is_new_is_embedded_once(
    workspace: Workspace, source: Collection, photos: Path, tiny: Backbone
) -> None:
    (photos / "02.jpg").unlink()
    (photos / "05.jpg").write_bytes(jpeg(99))
    assert not list(workspace.thumbnails.rglob("*.jpg"))
    assert counted(embed(workspace, source.id, ASKED, quietly)) == (10, {"vanished": 1, "changed": 1})
    assert len(list(workspace.thumbnails.rglob("*-thumb.jpg"))) == 10, "one decode gives the thumbnail too"
    one = open_collection(photos).embedding(TINY)
    assert one.missing == {"vanished": 1, "changed": 1}
    assert one.features.shape == (10, 96) and one.features.dtype == np.float32
    others = np.corrcoef(one.features)[np.triu_indices(10, 1)]
    assert others.max() < 0.99999, "the images must differ, or this would prove nothing"
    assert all_of_their_own_file(photos, tiny)
    before = shard_stamps(the_embedding(workspace, source))
    (photos / "new.jpg").write_bytes(jpeg(50))
    (photos / "03.jpg").write_bytes(jpeg(51))
    (photos / "07.jpg").unlink()
    shutil.copy(photos / "new.jpg", photos / "copy.jpg")
    scan(workspace, source.id, quietly)
    assert embed(workspace, source.id, ASKED, quietly)["images"] == 12
    one = the_embedding(workspace, source)
    assert before.items() <= shard_stamps(one).items()
    assert [segment.plan.rows for segment in segments_of(one.folder)] == [12, 3], "a copy is embedded once"
    assert all_of_their_own_file(photos, tiny)
    shutil.rmtree(one.folder / "segments" / "0000")
    for read in (open_collection(photos).embedding, lambda: embed(workspace, source.id, ASKED, quietly)):
        with pytest.raises(EmbeddingError, match="segment is missing"):  # and never read as another
            read()


def test_embedding_again_computes_nothing_and_what_was_done_is_pinned(workspace: Workspace, source: Collection) -> None:
    with pytest.raises(EmbeddingError, match="imclust embed"):
        open_collection(source.id).embedding()
    first = embed(workspace, source.id, ASKED, quietly)
    own = the_embedding(workspace, source)
    before = shard_stamps(own)
    again = embed(workspace, source.id, ASKED, quietly)
    assert again["forward_images_per_s"] is None
    assert {**again, "forward_images_per_s": 0} == {**first, "forward_images_per_s": 0}
    assert shard_stamps(own) == before
    pinned = json.loads((own.folder / "recipe.json").read_text())
    assert pinned["weights"] == own.recipe.weights and pinned["dtype"] == "fp32" and pinned["random"]
    opened = open_collection(source.id)
    one = opened.embedding(TINY)
    assert len(opened.image_ids) == count_images(workspace, source.id) == len(one.image_ids)
    assert one.labels.shape == one.probabilities.shape == one.label_ids.shape == (12, 5)
    assert (one.labels[:, 0] == np.array(one.classes)[one.label_ids[:, 0]]).all()
    assert (np.diff(one.probabilities, axis=1) <= 0).all()
    assert "random weights" in one.record.title
    unit = one.features / np.linalg.norm(one.features, axis=1, keepdims=True)
    for query in (0, 5, 11):
        nearest_first = one.image_ids[np.argsort(-(unit @ unit[query]), kind="stable")].tolist()
        expected = [image for image in nearest_first if image != one.image_ids[query]]
        answer = find_similar(workspace, one.record.id, int(one.image_ids[query]), 4)
        assert answer["ids"] == expected[:4]
        assert answer["similarity"] == sorted(answer["similarity"], reverse=True)
    embed(workspace, source.id, replace(ASKED, preprocess="squash"), quietly)
    squash, own = embeddings_of(workspace, source.id)
    assert squash.recipe.fingerprint() != own.recipe.fingerprint()


def test_what_cannot_be_ends_with_a_plain_message_and_what_may_pass_is_tried_again(
    workspace: Workspace, source: Collection, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmbeddingError, match="No image of this collection"):
        embed(workspace, add_collection(workspace, tmp_path / "empty").id, ASKED, quietly)
    if not torch.cuda.is_available():
        with pytest.raises(BackboneError, match="no CUDA device"):
            embed(workspace, source.id, replace(ASKED, device="cuda"), quietly)
    photos.rename(photos.with_name("unplugged"))
    with pytest.raises(SourceUnavailable, match="reconnect"):
        embed(workspace, source.id, ASKED, quietly)
    photos.with_name("unplugged").rename(photos)
    (photos / "02.jpg").rename(photos.with_name("away.jpg"))
    assert counted(embed(workspace, source.id, ASKED, quietly)) == (11, {"vanished": 1})
    photos.with_name("away.jpg").rename(photos / "02.jpg")
    assert counted(embed(workspace, source.id, ASKED, quietly)) == (12, {})


def many(workspace: Workspace, folder: Path, number: int = 40) -> Collection:
    """So many images, scanned, and work on them cut into shards of a dozen."""
    folder.mkdir()
    for at in range(number):
        (folder / f"{at:03}.jpg").write_bytes(jpeg(at))
    pin_speed(workspace, TINY, SLOW, images_per_s=0.4)
    made = add_collection(workspace, folder)
    scan(workspace, made.id, quietly)
    return made


def test_a_cancelled_run_keeps_its_sealed_shards_and_mends_what_was_lost(workspace: Workspace, tmp_path: Path) -> None:
    def enough(done: int, *_: object) -> None:
        if done >= 16:
            raise Cancelled("enough")

    source = many(workspace, tmp_path / "many")
    with pytest.raises(Cancelled):
        embed(workspace, source.id, ASKED, enough)
    (one,) = embeddings_of(workspace, source.id, finished=False)
    sealed = shard_stamps(one)
    assert 0 < sum("features" in path for path in sealed) < 4
    assert embeddings_of(workspace, source.id) == []
    (source.folder / "below").mkdir()
    for number in range(20, 30):
        (source.folder / f"{number:03}.jpg").unlink()
    (source.folder / "035.jpg").rename(source.folder / "below" / "moved.jpg")
    scan(workspace, source.id, quietly)
    assert counted(embed(workspace, source.id, ASKED, quietly)) == (30, {})
    assert sealed.items() <= shard_stamps(one).items()
    one = the_embedding(workspace, source)
    before = numbers(workspace, one)
    first, second, third = sorted((one.folder / "shards").iterdir())[:3]
    (first / "features.npy").write_bytes((first / "features.npy").read_bytes()[:-7])
    (second / "seal.json").unlink()
    (third / "labels.npy").unlink()
    embed(workspace, source.id, ASKED, quietly)
    for left, right in zip(before, numbers(workspace, one), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(("images", "kills"), [(40, 1), pytest.param(160, 8, marks=pytest.mark.long)])
def test_a_killed_run_ends_with_the_same_numbers(workspace: Workspace, tmp_path: Path, images: int, kills: int) -> None:
    source = many(workspace, tmp_path / "many", images)
    for number in range(0, images, 10):
        (source.folder / f"{number:03}.jpg").unlink()
    queue, job, dice = Queue(workspace), submit_embed(workspace, source, ASKED_SLOWLY), random.Random(3)
    sealed: dict[str, int] = {}
    killed = 0

    def further(than: int) -> bool:
        ensure_worker(workspace)
        return queue.job(job.id).done > than or not queue.job(job.id).active

    while killed < kills and queue.job(job.id).active:
        wait_for(functools.partial(further, queue.job(job.id).done + 12), what="progress")
        time.sleep(dice.random() * 0.2)
        for pid in worker_pids(workspace):
            os.kill(pid, signal.SIGKILL)
            killed += 1
        wait_for(lambda: not worker_pids(workspace), what="the worker to die")
        for one in embeddings_of(workspace, source.id, finished=False):
            assert sealed.items() <= shard_stamps(one).items(), "a sealed shard was written again"
            sealed = shard_stamps(one)
    assert killed >= min(kills, 3)
    assert finish(workspace, job).state == "done"
    one = the_embedding(workspace, source)
    assert sealed.items() <= shard_stamps(one).items()
    for segment in segments_of(one.folder):
        assert not any(damage_of(one.folder, segment.number, shard) for shard in range(segment.plan.shards))
    whole = Workspace.open(tmp_path / "uninterrupted")
    pin_speed(whole, SLOW, images_per_s=0.4)
    shutil.copy(workspace.catalogue, whole.catalogue)  # the same catalogue, with the files that are gone since
    remove_embedding(whole, one.id)
    embed(whole, source.id, ASKED_SLOWLY, quietly)
    interrupted, uninterrupted = numbers(workspace, one), numbers(whole, the_embedding(whole, source))
    assert len(interrupted[0]) == images * 9 // 10
    for left, right in zip(interrupted, uninterrupted, strict=True):
        np.testing.assert_array_equal(left, right)


def numbers(workspace: Workspace, one: Embedding) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = read_rows(one)
    located = locate(workspace, one, rows)
    return located.image_ids, features_at(one, rows, located.rows), rows.labels[located.rows]


def test_a_source_renamed_while_the_worker_embeds_pauses_and_resumes(workspace: Workspace, tmp_path: Path) -> None:
    source = many(workspace, tmp_path / "many")
    queue, job = Queue(workspace), submit_embed(workspace, source, ASKED_SLOWLY)
    ensure_worker(workspace)
    wait_for(lambda: queue.job(job.id).done > 0, what="the first images")
    away = source.folder.with_name("unplugged")
    source.folder.rename(away)
    paused = finish(workspace, job)
    assert (paused.state, paused.reason) == ("paused", "source_unavailable")
    away.rename(source.folder)
    ended = finish(workspace, queue.resume(job.id))
    assert ended.result is not None and counted(ended.result) == (40, {})


def test_a_question_is_answered_while_a_long_job_runs(workspace: Workspace, tmp_path: Path) -> None:
    source = many(workspace, tmp_path / "many", 120)
    embed(workspace, source.id, ASKED, quietly)
    one = the_embedding(workspace, source)
    queue, long = Queue(workspace), submit_embed(workspace, source, ASKED_SLOWLY)
    ensure_worker(workspace)
    wait_for(lambda: queue.job(long.id).state == "running", what="the long job to run")
    image = int(contents(workspace, source.id)[0][7])
    question = finish(workspace, submit_similar(workspace, one, image, 5))
    assert queue.job(long.id).active, "the long job must still run, or this would prove nothing"
    assert question.result is not None and len(question.result["ids"]) == 5
    assert [job.kind for job in queue.recent()] == ["embed"]
    queue.cancel(long.id)
    finish(workspace, long)


def test_neighbours_do_not_depend_on_how_rows_are_cut_into_blocks() -> None:
    features = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float16)
    features[17] = 0
    rows, cosines = nearest([(0, features)], features[3], 20)
    cut, same = nearest([(start, features[start : start + 7]) for start in range(0, 500, 7)], features[3], 20)
    assert rows[0] == 3 and 17 not in nearest([(0, features)], features[3], 500)[0]
    np.testing.assert_array_equal(rows, cut)
    np.testing.assert_allclose(cosines, same, rtol=1e-5)


def test_weights_that_are_cut_short_or_cannot_be_downloaded_fail_the_job_in_words_and_auto_takes_the_bundled_ones(
    workspace: Workspace, source: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Backbone
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    torch.save(tiny.trunk.state_dict(), tmp_path / "cut.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "cut.pth").read_bytes()[:1_000_000])
    fetched = ("resnet18-f37072fd.pth", "https://download.pytorch.org", str(tmp_path / "torch"), "efficientnet_lite0")
    for request, reason, parts in (
        (EmbedRequest(TINY, str(tmp_path / "cut.pth")), "weights_damaged", ("cut.pth", "again")),
        (EmbedRequest("resnet18"), "weights_unavailable", fetched),
    ):
        job = finish(workspace, submit_embed(workspace, source, request))
        assert (job.state, job.reason) == ("failed", reason)
        assert job.error is not None and all(part in job.error for part in parts)
    pin_speed(workspace, "efficientnet_lite0")
    result = embed(workspace, source.id, EmbedRequest(), quietly)
    assert result["backbone"] == "efficientnet_lite0" and "resnet152" in result["note"]


def test_running_out_of_memory_halves_the_batch_and_loses_nothing(tiny: Backbone) -> None:
    class Small(Forward):
        most, largest = 2, 0

        def once(self, pixels: np.ndarray) -> Outputs:
            if len(pixels) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.largest = max(self.largest, len(pixels))
            return super().once(pixels)

    whole = Forward(tiny, "cpu", "fp32")
    for batch in (1, 2, 5):
        pixels = np.random.default_rng(0).integers(0, 256, (batch, 224, 224, 3), np.uint8)
        small = Small(tiny, "cpu", "fp32")
        np.testing.assert_allclose(small(pixels).features, whole(pixels).features, rtol=1e-3, atol=1e-4)
        assert small.largest == min(batch, 2), batch
    small.most = 0
    with pytest.raises(EmbeddingError, match="smaller backbone"):
        small(pixels)


def test_what_is_not_finite_is_a_reason_or_clipped(workspace: Workspace, source: Collection, tmp_path: Path) -> None:
    def forward(pixels: np.ndarray) -> Outputs:
        features = np.ones((len(pixels), 3), np.float32)
        features[1, 0], features[2, 0] = np.nan, 1e9
        return Outputs(features, np.zeros((len(pixels), 5), np.int32), np.ones((len(pixels), 5), np.float32))

    ids, hashes = contents(workspace, source.id)
    found = images_by_id(workspace, source.id, ids.tolist())
    plan = Plan(4, 4, 4, False)
    digests = [bytes(digest).ljust(16, b"\0") for digest in hashes]
    images = [(image, digest, found[image].path) for image, digest in zip(ids.tolist(), digests, strict=True)]
    segment, blank = shards.write_segment(tmp_path, 0, images[:4], plan), Mock()
    blank.batch.side_effect = lambda wanted, _into: [None] * len(wanted)
    with Lanes([forward]) as lanes:
        work = EmbedShard(tmp_path, segment, 3, 8, blank, lanes, source.folder)
        assert work(0) is not None
        assert work(0) is None, "a sealed shard is not computed again"
    labels, failed = read_labels(tmp_path, segment, 0)
    assert failed == {1: ("nonfinite", "")} and labels["state"].tolist() == [0, 1, 0, 0]
    assert np.isfinite(shards.read_features(tmp_path, segment, 0, 3)).all()


def test_a_shard_is_sealed_whole_or_not_at_all_and_damage_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard(np.ones((2, 3), np.float16), np.zeros(2, shards.ROW), {})
    with monkeypatch.context() as patch, pytest.raises(WorkspaceFull, match="free some"):
        patch.setattr(shards.os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
        seal_shard(tmp_path, 0, 0, shard)
    assert not is_sealed(tmp_path, 0, 0) and list((tmp_path / "shards").iterdir()) == []
    path = seal_shard(tmp_path, 0, 0, shard) / "features.npy"
    assert damage_of(tmp_path, 0, 0) is None
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert damage_of(tmp_path, 0, 0) == "features.npy has changed since it was written"
    check_space(tmp_path, 10, 2048)
    with pytest.raises(WorkspaceFull, match="GB"):  # said before hours are spent
        check_space(tmp_path, 10**12, 2048)


def test_shards_cover_every_row_once_in_whole_batches() -> None:
    for case in itertools.product([1, 8, 12, 1_000, 1_000_000], [0.1, 5.0, 60.0, 6_000.0], [1, 2, 32]):
        rows, speed, lanes = case
        plan = plan_for(rows, Speed("fp32", 8, speed), lanes)
        spans = [plan.span(shard) for shard in range(plan.shards)]
        assert spans[0][0] == 0 and spans[-1][1] == rows, case
        assert all(left[1] == right[0] for left, right in itertools.pairwise(spans)), case
        assert plan.shard_rows % (8 * lanes) == 0 and plan.shard_rows <= max(16_384, 8 * lanes), case


def test_lanes_spread_over_all_devices_and_each_keeps_its_own() -> None:
    met: set[str] = set()
    gate = threading.Barrier(3, timeout=10)

    def work(device: str) -> None:
        met.add(device)
        gate.wait()

    with Lanes(["a", "b", "c"]) as lanes:
        assert lanes.number >= 3
        for future in [lanes.submit(work) for _ in range(3)]:
            future.result()
    assert met == {"a", "b", "c"}


def test_bf16_agrees_with_fp32(shared_data: Path) -> None:
    backbone = load_backbone("efficientnet_lite0")
    files = sorted((shared_data / "caltech20").rglob("*.jpg"))[::67]
    pixels = np.stack([backbone.preprocessing.pixels(open_image(file).rgb) for file in files])
    exact, quick = (Forward(backbone, "cpu", dtype)(pixels) for dtype in ("fp32", "bf16"))
    agreement = [cosine(left, right) for left, right in zip(exact.features, quick.features, strict=True)]
    assert np.median(agreement) >= 0.999


def test_other_words_with_the_same_tensors_are_another_embedding(
    workspace: Workspace, source: Collection, tmp_path: Path, tiny: Backbone
) -> None:
    assert tiny.head is not None
    path, found = tmp_path / "mine.pt", set()
    head = {"fc.weight": tiny.head.weight[:2].clone(), "fc.bias": tiny.head.bias[:2].clone()}
    pin_speed(workspace, f"checkpoint:{path}")
    for words in (["a", "b"], ["c", "d"]):
        torch.save({"architecture": TINY, "state_dict": tiny.trunk.state_dict() | head, "classes": words}, path)
        embed(workspace, source.id, EmbedRequest(f"checkpoint:{path}"), quietly)
        found.add(open_collection(source.id).embedding().classes)
    assert found == {("a", "b"), ("c", "d")}


def test_the_probe_measures_networks_and_files_and_anew_what_is_nonsense(
    workspace: Workspace, source: Collection
) -> None:
    speeds, key = workspace.root / "speeds.json", forward_key(TINY, "own", "auto")
    for nonsense in ("[]", "null", "{"):
        speeds.write_text(nonsense)
        assert read_speeds(workspace) == {}, nonsense
    speeds.write_text(json.dumps({key: {"batch": 0}}))
    assert embed(workspace, source.id, ASKED, quietly)["images"] == 12
    assert read_speeds(workspace)[key]["batch"] > 0
    speeds.unlink()
    rates = probe(workspace, source.id, [TINY], quietly)
    assert rates[TINY] > 0 and rates["decode"] > 0
    network, decode = read_speeds(workspace)[key], read_speeds(workspace)[decode_key(source.id)]
    assert network["images_per_s"] == rates[TINY] and network["dtype"] in ("fp32", "bf16")
    took = seconds_for(1000, network["images_per_s"], decode["images_per_s"], shared=True)
    assert took is not None and took > 1000 / rates[TINY]
    assert seconds_for(1000, None, 5.0, shared=True) is None


@pytest.mark.parametrize(("of_a_kind", "share"), [(8, 0.9), pytest.param(40, 0.97, marks=pytest.mark.long)])
def test_real_photographs_lie_beside_their_own_kind(
    workspace: Workspace, shared_data: Path, tmp_path: Path, of_a_kind: int, share: float
) -> None:
    for folder in (shared_data / "caltech20").iterdir():
        (tmp_path / "photographs" / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:of_a_kind]:
            shutil.copy(file, tmp_path / "photographs" / folder.name)
    pin_speed(workspace, "efficientnet_lite0")
    source = add_collection(workspace, tmp_path / "photographs")
    scan(workspace, source.id, quietly)
    assert embed(workspace, source.id, EmbedRequest("efficientnet_lite0"), quietly)["images"] == 20 * of_a_kind
    one = open_collection(source.id).embedding()
    kind = np.array([path.parent.name for path in open_collection(source.id).paths(one.image_ids)])
    unit = one.features / np.linalg.norm(one.features, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -2)
    votes = [Counter(kind[near]).most_common(1)[0][0] for near in np.argsort(-alike, axis=1)[:, :5]]
    assert np.mean(np.array(votes) == kind) >= share
