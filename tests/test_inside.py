"""Inside a network: its kernels, layers and maps by other ways to the same numbers, and a network left as it was."""

import io
import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from imclust_core.backbones.network import Backbone, load_backbone, squashed
from imclust_core.backbones.registry import BUNDLED
from imclust_core.embedding.decoding import Asked, Decoder
from imclust_core.errors import Cancelled, ExplainError, SourceUnavailable
from imclust_core.explain import inside as inside_module
from imclust_core.explain.inside import Inside, channels_at, survey
from imclust_core.explain.layers import STORED, Layer
from imclust_core.jobs.kinds import inside as jobs
from imclust_core.jobs.kinds import networks
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.jobs.submitting import submit_peaks
from imclust_core.store.catalogue import ImageRow, page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.explanations import feature_maps as store
from imclust_core.store.explanations.feature_maps import Peaks, read_maps, read_peaks, read_survey, strongest
from imclust_core.store.vectors import features_at, locate, read_rows
from imclust_core.store.workspace import Workspace
from pages.parts.network.channel import place_in_words
from pages.parts.network.pictures import COLUMNS, filter_sheet, map_sheet, tile_side
from pages.parts.network.route import channel_address, filters_address, maps_address, shown_channels
from tests.conftest import finish
from tests.helpers.embedded import embedded_photographs, quietly
from tests.helpers.server import Dashboard

VIT = "timm:vit_tiny_patch16_224"
SWIN = "timm:swin_tiny_patch4_window7_224"
NETWORKS = ("bundled", "resnet18", VIT)


@pytest.fixture(scope="module")
def backbones() -> dict[str, Backbone]:
    torch.set_num_threads(1)  # two test processes at two threads each on two cores wait for each other
    found = {name: load_backbone(name, random=True) for name in NETWORKS[1:]}
    return {"bundled": load_backbone(BUNDLED), **found}


def pixels(number: int = 2) -> Tensor:
    return torch.randn(number, 3, 224, 224, generator=torch.Generator().manual_seed(0))


def given_by(trunk: nn.Module, module: nn.Module, given: Tensor) -> Tensor:
    """What a module gave when it ran last, copied before anybody could write over it."""
    kept: list[Tensor] = []
    with torch.no_grad(), module.register_forward_hook(lambda *all_: kept.append(all_[2].clone())):
        trunk(given)
    return kept[-1]


def test_the_filters_are_the_weights_each_drawn_at_its_own_scale(backbones: dict[str, Backbone]) -> None:
    for name, shape in (("bundled", (32, 3, 3, 3)), ("resnet18", (64, 7, 7, 3))):
        trunk = backbones[name].trunk
        filters, _ = survey(trunk, 224)
        first = next(module for module in trunk.modules() if isinstance(module, nn.Conv2d))
        assert filters is not None and filters.shape == shape
        np.testing.assert_array_equal(filters, first.weight.permute(0, 2, 3, 1).numpy())
        with Image.open(io.BytesIO(filter_sheet(filters))) as sheet:
            drawn = np.asarray(sheet)
        for number in (0, 17, len(filters) - 1):
            upper, left = (part * shape[1] for part in divmod(number, COLUMNS))
            kernel = filters[number]
            expected = 255 * (kernel - kernel.min()) / (kernel.max() - kernel.min())
            np.testing.assert_allclose(drawn[upper : upper + shape[1], left : left + shape[2]], expected, atol=0.51)


@pytest.mark.parametrize("step", [30, pytest.param(1, marks=pytest.mark.long)])
def test_every_layer_is_listed_once_and_its_maps_are_what_a_hook_sees(
    backbones: dict[str, Backbone], step: int
) -> None:
    for name in (*NETWORKS, SWIN):
        trunk = (backbones.get(name) or load_backbone(name, random=True)).trunk
        _, layers = survey(trunk, 224)
        names = [one.name for one in layers]
        assert 40 < len(layers) <= inside_module.MOST_LAYERS and len(set(names)) == len(names), name
        assert names[-1] == STORED and layers[-1].form == "vector"
        idle = {path for path, module in trunk.named_modules() if isinstance(module, (nn.Identity, nn.Dropout))}
        assert not set(names) & idle
        # One that ends a block without anything beside it goes by the block's name.
        for path, module in trunk.named_modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                assert any(path == one or path.startswith(f"{one}.") for one in names), path
        if name == VIT:
            tokens = next(one for one in layers if one.name == "blocks.3")
            assert (tokens.form, tokens.skip, tokens.side, tokens.channels) == ("tokens", 1, 14, 192)
        given = pixels()
        for one in [*layers[:2], *layers[2:-2:step], *layers[-2:]]:
            module = trunk if one.name == STORED else trunk.get_submodule(one.name)
            seen, shape = given_by(trunk, module, given), (2, one.channels, one.side, one.side)
            assert one.shape == tuple(seen.shape[1:]), one
            turned = {"last": seen.movedim(-1, 1), "tokens": seen[:, one.skip :].mT}.get(one.form, seen)
            maps = channels_at(trunk, given, one)
            assert maps.shape == shape and torch.equal(maps, turned.reshape(shape)), one
            assert one.parameters == sum(part.numel() for part in module.parameters())


class Twice(nn.Module):
    """Runs one module twice, and writes over what another one said."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.again, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        said: Tensor = self.relu(self.again(self.again(self.conv(x))))
        return said.mean((2, 3))


def test_of_a_module_that_runs_twice_the_last_time_counts_and_what_is_written_over_is_seen_before() -> None:
    trunk = Twice().eval().requires_grad_(False)
    filters, layers = survey(trunk, 16)
    assert filters is not None and filters.shape == (4, 3, 3, 3)
    assert [(one.name, one.calls) for one in layers] == [("conv", 1), ("again", 2), ("relu", 1), (STORED, 1)]
    given = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    maps = {one.name: channels_at(trunk, given, one) for one in layers}
    assert torch.equal(maps["again"], trunk.again(trunk.again(trunk.conv(given)))) and (maps["again"] < 0).any()
    assert torch.equal(maps["relu"], maps["again"].clamp(min=0))


def test_a_very_long_list_is_thinned_from_the_least_telling_end(monkeypatch: pytest.MonkeyPatch) -> None:
    block = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.ReLU()) for _ in range(8)]
    trunk = nn.Sequential(*block, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    for most, expected in ((99, {"0", "1", "2"}), (18, {"0", "2"}), (10, {"0"})):
        monkeypatch.setattr(inside_module, "MOST_LAYERS", most)
        _, layers = survey(trunk, 8)
        parts = {one.name.split(".")[1] for one in layers if "." in one.name}
        assert parts == expected and layers[-1].name == STORED
    monkeypatch.setattr(inside_module, "MOST_LAYERS", 5)
    assert {one.name for one in survey(trunk, 8)[1]} == {"8", STORED}
    filters, layers = survey(nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.Tanh()), 8)
    assert filters is None, "without a convolution"
    assert [(one.name, one.shape) for one in layers] == [("0", (192,)), ("1", (5,)), (STORED, (5,))]


def hooks_of(trunk: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in trunk.modules())


def test_the_network_is_left_as_it_was_also_when_something_goes_wrong(backbones: dict[str, Backbone]) -> None:
    backbone = backbones["resnet18"]
    before = {name: tensor.clone() for name, tensor in backbone.trunk.state_dict().items()}
    with torch.no_grad():
        said = backbone.trunk(pixels(1))
    inside = Inside(backbone)
    filters, layers = inside.survey()
    assert filters is not None
    filters[:] = 0  # an array of its own
    decoded = np.zeros((1, 224, 224, 3), np.uint8)
    for one in (layers[3], replace(layers[3], name="nowhere.at.all"), replace(layers[3], calls=7)):
        try:
            inside.maps(decoded, one)
        except ExplainError as error:
            assert one.name in str(error)
    with pytest.raises((RuntimeError, ValueError)):
        inside.maps(np.zeros((1, 224, 224, 4), np.uint8), layers[3])
    assert hooks_of(inside.trunk) == hooks_of(backbone.trunk) == 0
    with torch.no_grad():
        assert torch.equal(said, backbone.trunk(pixels(1)))
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.trunk.state_dict().items())
    assert not backbone.trunk.training


class Looked:
    """A collection whose newest embedding is looked into."""

    def __init__(self, workspace: Workspace, source: Collection) -> None:
        self.workspace, self.source = workspace, source
        self.one: Embedding = embeddings_of(workspace, source.id)[0]
        self.rows = page_of_images(workspace, source.id, offset=0, limit=99)
        self.kept = self.one.folder / "inside"

    def layer(self, name: str) -> Layer:
        jobs.survey_network(self.workspace, self.one.id, quietly)
        found = read_survey(self.one)
        layer = found.layer(name) if found is not None else None
        assert layer is not None
        return layer

    def map(self, name: str, row: ImageRow) -> np.ndarray:
        jobs.map_image(self.workspace, self.one.id, name, row.id, quietly)
        found = read_maps(self.one, self.layer(name), row.hash or b"")
        assert found is not None
        return found

    def sweep(self, name: str, report: Any = quietly) -> dict[str, Any]:
        found: dict[str, Any] = jobs.find_peaks(self.workspace, self.one.id, name, report)
        return found

    def peaks(self, name: str) -> Peaks:
        self.sweep(name)
        found = read_peaks(self.one, self.layer(name))
        assert found is not None
        return found

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        rows = read_rows(self.one)
        located = locate(self.workspace, self.one, rows)
        return located.image_ids, features_at(self.one, rows, located.rows)

    def by_hand(self, row: ImageRow, backbone: Backbone, layer: Layer) -> np.ndarray:
        """The maps of an image without a job."""
        own = backbone.preprocessing
        into = np.zeros((1, own.size, own.size, 3), np.uint8)
        assert row.hash is not None
        with closing(Decoder(self.source.folder, follow_links=False, preprocessing=own, thumbnails=None)) as decoder:
            assert decoder.batch([Asked(row.id, row.path, row.hash)], into) == [None]
        found: np.ndarray = Inside(backbone).maps(into, layer)[0]
        return found


@pytest.fixture
def looked(workspace: Workspace, source: Collection) -> Looked:
    return Looked(workspace, source)


def test_jobs_keep_what_the_network_says(looked: Looked, backbones: dict[str, Backbone]) -> None:
    one, row = looked.one, looked.rows[3]
    assert read_survey(one) is None
    assert jobs.survey_network(looked.workspace, one.id, quietly)["layers"] > 90
    layer = looked.layer("blocks.2.0")
    assert read_maps(one, layer, row.hash or b"") is None
    maps, expected = looked.map(layer.name, row), looked.by_hand(row, backbones["bundled"], layer)
    assert maps.shape == (40, 28, 28)
    np.testing.assert_allclose(maps, expected, rtol=1e-3, atol=1e-3)

    assert looked.sweep(layer.name) == {"layer": layer.name, "images": 36, "unread": 0}
    found = looked.peaks(layer.name)
    assert found.of == 36 and found.ids.tolist() == sorted(each.id for each in looked.rows)
    at = found.ids.tolist().index(row.id)
    np.testing.assert_allclose(found.values[at], maps.max((1, 2)), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(found.means[at], maps.mean((1, 2)), rtol=2e-2, atol=2e-3)
    here = np.take_along_axis(expected.reshape(40, -1), found.places[at].astype(int)[:, None], 1)[:, 0]
    np.testing.assert_allclose(here, maps.max((1, 2)), rtol=2e-3, atol=2e-3)
    top = store.top_sampled(layer, found, 5, 7)
    assert top.ids.tolist() == found.ids[np.lexsort((-found.means[:, 5], -found.values[:, 5]))[:7]].tolist()
    assert (top.seen, top.of, top.alike) == (36, 36, False) and top.places is not None
    there = store.still_there(looked.workspace, one, top)
    assert [each.id for each in there if each is not None] == top.ids.tolist()

    ids, features = looked.features()
    for channel in (0, 7, 1279):
        order = np.argsort(-features[:, channel], kind="stable")[:10]
        top = store.top_stored(looked.workspace, one, channel, 10)
        np.testing.assert_array_equal(top.values, features[order, channel])
        np.testing.assert_array_equal(top.ids, ids[order])
        assert (top.seen, top.of, top.places) == (36, 36, None)
    square, wide = (replace(row, width=width, height=100) for width in (100, 400))
    for place, words in {0: "left", 6: "right", 24: "middle", 3: "top", 45: "bottom", 42: "left"}.items():
        assert place_in_words(place, 7, one, square).endswith(words), place
        assert place_in_words(place, 7, one, wide) in ("top", "middle", "bottom"), "the network saw the middle only"


def test_channels_that_reach_the_same_are_told_apart_by_the_rest() -> None:
    maps = np.zeros((4, 2, 2), np.float32)
    maps[1, 0, 0] = maps[3] = 6
    maps[2] = 5
    assert strongest(maps, 3).tolist() == [3, 1, 2]
    assert shown_channels(np.repeat(maps, 40, 0), 5).tolist()[0] == 5  # a silent one that was chosen
    layer = Layer("x", "ReLU6", (1, 2, 2), "first", 0, 1, 0)
    ids, six = np.arange(1, 4), np.full((3, 1), 6, np.float16)
    found = Peaks(ids, np.array([b"a", b"b", b"c"]), six, np.zeros((3, 1), int), np.array([[1], [3], [2]]), 3)
    top = store.top_sampled(layer, found, 0, 3)
    assert top.ids.tolist() == [2, 3, 1] and not top.alike
    assert store.top_sampled(layer, replace(found, means=six), 0, 3).alike


def test_a_sample_is_the_same_each_time_and_a_stopped_sweep_goes_on(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, job = Queue(looked.workspace), submit_peaks(looked.workspace, looked.one, "conv_stem")
    queue.cancel(job.id)
    assert queue.job(job.id).state == "cancelled" and not looked.kept.exists()
    queue.resume(job.id)
    done = finish(looked.workspace, job)
    assert done.state == "done" and done.result == {"layer": "conv_stem", "images": 36, "unread": 0}
    assert (done.done, done.total) == (36, 36) and read_peaks(looked.one, looked.layer("conv_stem")) is not None

    def cancel_soon(done: int, *_: object) -> None:
        if done >= 16:
            raise Cancelled("The job was cancelled.")

    layer, before = looked.layer("bn1"), sorted(looked.kept.iterdir())
    with pytest.raises(Cancelled):
        looked.sweep(layer.name, cancel_soon)
    assert sorted(looked.kept.iterdir()) == before and read_peaks(looked.one, layer) is None
    monkeypatch.setattr(jobs, "SAMPLE", 10)
    draws = [looked.peaks(layer.name) for _ in range(2)]
    assert all((len(found.ids), found.of) == (10, 36) for found in draws)
    first, again = (found.ids.tolist() for found in draws)
    assert first == again != sorted(row.id for row in looked.rows[:10]) and len(set(first)) == 10
    assert len(sorted(looked.kept.iterdir())) == len(before) + 1


def test_what_is_damaged_is_made_anew_whatever_the_byte(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SAMPLE", 4)
    one, row, lot = looked.one, looked.rows[0], random.Random(0)
    layer = looked.layer("blocks.3.0")

    def read() -> list[Any]:
        return [read_survey(one), read_maps(one, layer, row.hash or b""), read_peaks(one, layer)]

    def make() -> None:
        looked.map(layer.name, row)
        looked.peaks(layer.name)

    make()
    kept = {path: path.read_bytes() for path in looked.kept.iterdir()}
    for damage in ("cut", "other", "empty", "flipped", "gone"):
        for path, whole in kept.items():
            middle = len(whole) // 2
            flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
            path.write_bytes({"cut": whole[:middle], "other": b"{}", "flipped": flipped}.get(damage, b""))
            if damage == "gone":
                path.unlink()
        assert read() == [None, None, None], damage
        make()
    path, said = looked.kept / "network.npz", read_survey(one)
    whole = path.read_bytes()
    assert said is not None
    for _ in range(200):
        at = lot.choice([lot.randrange(200), lot.randrange(len(whole)), len(whole) - 1 - lot.randrange(200)])
        path.write_bytes(whole[:at] + bytes([lot.randrange(256)]) + whole[at + 1 :])
        found = read_survey(one)
        assert found is None or found.layers == said.layers


def test_maps_are_clipped_and_the_oldest_go(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    one, layer = looked.one, Layer("x", "Conv2d", (2, 3, 3), "first", 0, 1, 0)
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0], maps[1, 1, 1] = (np.inf, -1e9, np.nan), 1e6
    store.write_maps(one, layer, b"first", maps)
    kept = read_maps(one, layer, b"first")
    assert kept is not None and kept[0, 0].tolist() == [65504, -65504, 0] and kept[1, 1, 1] == 65504
    assert read_maps(one, replace(layer, shape=(2, 4, 4)), b"first") is None
    monkeypatch.setitem(store._MOST_BYTES, "maps", 2_000)
    for number in range(8):
        store.write_maps(one, layer, bytes([number]), maps)
    left = [number for number in range(8) if read_maps(one, layer, bytes([number])) is not None]
    assert left == list(range(8))[-len(left) :] and 0 < len(left) < 8
    assert not list(looked.kept.glob("*.tmp-*"))
    two = np.zeros((1, 2), np.float16)
    store.write_peaks(one, layer, Peaks(np.array([5]), np.array([b"a"]), two, two, two, 1))
    assert read_peaks(one, layer) is not None
    assert read_peaks(replace(one, finished_at=(one.finished_at or 0) + 1), layer) is None, "it has grown since"


def test_what_cannot_be_is_said_in_words(workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Looked(workspace, embedded_photographs(workspace, photos))
    for layer, image, says in (
        ("layer4.1", looked.rows[0].id, "no layer 'layer4.1' in EfficientNet-Lite0"),
        ("bn1", 10**9, "Choose another one"),
    ):
        with pytest.raises(ExplainError, match=says):
            jobs.map_image(workspace, looked.one.id, layer, image, quietly)
    with pytest.raises(ExplainError, match="no layer"):
        looked.sweep("")
    (photos / "00.jpg").unlink()
    with pytest.raises(ExplainError, match=r"00\.jpg cannot be read now\. The file was listed and then was gone\."):
        looked.map("bn1", next(row for row in looked.rows if row.path == b"00.jpg"))
    assert looked.sweep("bn1") == {"layer": "bn1", "images": 11, "unread": 1}
    found = looked.peaks("bn1")
    assert (len(found.ids), found.of) == (11, 12)

    for path in photos.rglob("*.jpg"):
        path.write_bytes(b"no picture any more")
    with pytest.raises(ExplainError, match="None of the images can be read now"):
        looked.sweep("bn1")
    photos.rename(photos.with_name("elsewhere"))
    with pytest.raises(SourceUnavailable, match="reconnect"):
        looked.sweep("bn1")
    monkeypatch.setattr(networks, "weights_path", lambda _spec: None)
    with pytest.raises(ExplainError, match="not on this machine any more"):
        jobs.survey_network(workspace, looked.one.id, quietly)
    monkeypatch.undo()
    other = load_backbone(BUNDLED, random=True)
    monkeypatch.setattr(networks, "loaded", lambda *_: other)
    with pytest.raises(ExplainError, match="with other weights"):
        jobs.survey_network(workspace, looked.one.id, quietly)


def test_what_is_squashed_stays_squashed(
    workspace: Workspace, source: Collection, backbones: dict[str, Backbone]
) -> None:
    embed(workspace, source.id, EmbedRequest(BUNDLED, preprocess="squash"), quietly)
    looked, plain = Looked(workspace, source), backbones["bundled"]
    assert looked.one.recipe.preprocess == "squash"
    row = next(entry for entry in looked.rows if (entry.width or 0) > 1.2 * (entry.height or 0))
    vector, layer, (ids, features) = looked.map(STORED, row), looked.layer(STORED), looked.features()
    np.testing.assert_allclose(vector[:, 0, 0], features[ids.tolist().index(row.id)], rtol=0.02, atol=0.02)
    other, same = (looked.by_hand(row, backbone, layer) for backbone in (plain, squashed(plain)))
    assert np.abs(vector - same).max() < 0.01 < np.abs(vector - other).max()


def test_large_maps_are_averaged_to_what_can_be_seen() -> None:
    for side, shown in ((1, 1), (7, 7), (112, 112), (113, 56), (224, 112), (384, 96), (600, 100)):
        assert tile_side(side) == shown
        maps = np.zeros((20, side, side), np.float32)
        maps[17, -1 - side % shown :, :1] = 1  # within what is left when the last places have no pixel of their own
        with Image.open(io.BytesIO(map_sheet(maps))) as sheet:
            drawn = np.asarray(sheet).astype(int)
        assert drawn.shape == (2 * shown, COLUMNS * shown, 3)
        bright = np.argwhere(drawn.sum(2) > drawn[0, 0].sum())
        assert bright.tolist() == ([] if side == 1 else [[2 * shown - 1, shown]])


def test_pictures_are_served_to_those_who_come_from_a_page(looked: Looked) -> None:
    workspace, one, (row, other, *_) = looked.workspace, looked.one, looked.rows
    layer, maps, found = looked.layer("blocks.4.0"), looked.map("blocks.4.0", row), read_survey(looked.one)
    assert found is not None and found.filters is not None
    with Dashboard(workspace) as server:
        answer = server.get(filters_address(workspace, one))
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert answer.body == filter_sheet(found.filters) and "immutable" in answer.headers["cache-control"]
        sheet = maps_address(workspace, one, layer.name, row, None)
        answer = server.get(sheet)
        assert answer.body == map_sheet(maps[strongest(maps, 64)]) and "immutable" in answer.headers["cache-control"]
        assert server.get(sheet.replace("v=", "v=0")).headers["cache-control"] == "no-store"
        silent = int(strongest(maps, len(maps))[-1])
        answer = server.get(maps_address(workspace, one, layer.name, row, silent))
        assert answer.body == map_sheet(maps[shown_channels(maps, silent)])
        over = server.get(channel_address(workspace, one, layer.name, row, 3))
        with Image.open(io.BytesIO(over.body)) as picture:
            assert abs(picture.width / picture.height - (row.width or 1) / (row.height or 1)) < 0.02
        channel = channel_address(workspace, one, layer.name, row, 3)
        for status, *addresses in (
            (404, maps_address(workspace, one, layer.name, other, None)),  # nobody has looked at it
            *((404, maps_address(workspace, one, name, row, None)) for name in ("nowhere", "../../../etc/passwd")),
            (404, channel_address(workspace, one, layer.name, row, len(maps))),
            *((404, channel.replace("channel=3", f"channel={bad}")) for bad in ("-1", "9" * 4000)),
            (404, sheet.replace(f"image={row.id}", "image=1e3"), sheet.replace("/maps?", "/weights?")),
            (403, sheet.replace("sign=", "sign=0"), sheet.replace(one.id, "0" * 12), f"/inside/{one.id}/filters"),
        ):
            for bad in addresses:
                answer = server.get(bad)
                assert (answer.status, answer.headers["cache-control"]) == (status, "no-store"), bad
                assert b"Traceback" not in answer.body and len(answer.body) < 300
