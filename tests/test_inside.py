"""Inside a network: its kernels, layers and maps by other ways to the same numbers, and a network left as it was."""

import io
import random
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
from imclust_core.jobs.kinds.inside import find_peaks, map_image, survey_network
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.jobs.submitting import submit_peaks
from imclust_core.store.catalogue import ImageRow, page_of_images
from imclust_core.store.collections import Collection
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.explanations import feature_maps as store
from imclust_core.store.explanations.feature_maps import (
    Peaks,
    read_maps,
    read_peaks,
    read_survey,
    still_there,
    strongest,
    top_sampled,
    top_stored,
    write_maps,
    write_peaks,
)
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


def by_hand(trunk: nn.Module, name: str, given: Tensor) -> Tensor:
    """What a module gave when it ran last, copied before anybody could write over it."""
    kept: list[Tensor] = []
    module = trunk if name == STORED else trunk.get_submodule(name)
    handle = module.register_forward_hook(lambda _module, _given, output: kept.append(output.clone()))
    with torch.no_grad():
        trunk(given)
    handle.remove()
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
def test_every_layer_is_listed_once_with_the_shape_of_a_pass_and_its_maps_are_what_a_hook_sees(
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
            seen = by_hand(trunk, one.name, given)
            assert one.shape == tuple(seen.shape[1:]), one
            maps = channels_at(trunk, given, one)
            assert maps.shape == (2, one.channels, one.side, one.side)
            if one.form == "first":
                expected = seen
            elif one.form == "last":
                expected = seen.movedim(3, 1)
            elif one.form == "tokens":
                expected = seen[:, one.skip :].mT.reshape(2, one.channels, one.side, one.side)
            else:
                expected = seen.reshape(2, -1, 1, 1)
            assert torch.equal(maps, expected), one
            module = trunk if one.name == STORED else trunk.get_submodule(one.name)
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


def first_embedding(workspace: Workspace, source: Collection) -> Embedding:
    return embeddings_of(workspace, source.id)[0]


def layer_of(one: Embedding, name: str) -> Layer:
    found = read_survey(one)
    layer = found.layer(name) if found is not None else None
    assert layer is not None
    return layer


def decoded(source: Collection, row: ImageRow, backbone: Backbone) -> np.ndarray:
    into = np.zeros((1, backbone.preprocessing.size, backbone.preprocessing.size, 3), np.uint8)
    decoder = Decoder(source.folder, follow_links=False, preprocessing=backbone.preprocessing, thumbnails=None)
    assert row.hash is not None
    assert decoder.batch([Asked(row.id, row.path, row.hash)], into) == [None]
    decoder.close()
    return into


def everything(workspace: Workspace, source: Collection) -> list[ImageRow]:
    return page_of_images(workspace, source.id, offset=0, limit=99)


def test_jobs_keep_what_the_network_says(
    workspace: Workspace, source: Collection, backbones: dict[str, Backbone]
) -> None:
    one, rows, inside = first_embedding(workspace, source), everything(workspace, source), Inside(backbones["bundled"])
    assert read_survey(one) is None
    assert survey_network(workspace, one.id, quietly)["layers"] > 90
    layer = layer_of(one, "blocks.2.0")
    assert read_maps(one, layer, rows[3].hash or b"") is None
    map_image(workspace, one.id, layer.name, rows[3].id, quietly)
    maps = read_maps(one, layer, rows[3].hash or b"")
    assert maps is not None and maps.shape == (40, 28, 28)
    expected = inside.maps(decoded(source, rows[3], backbones["bundled"]), layer)[0]
    np.testing.assert_allclose(maps, expected, rtol=1e-3, atol=1e-3)

    assert find_peaks(workspace, one.id, layer.name, quietly) == {"layer": layer.name, "images": 36, "unread": 0}
    found = read_peaks(one, layer)
    assert found is not None and found.of == 36 and found.ids.tolist() == sorted(row.id for row in rows)
    at = found.ids.tolist().index(rows[3].id)
    np.testing.assert_allclose(found.values[at], maps.max((1, 2)), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(found.means[at], maps.mean((1, 2)), rtol=2e-2, atol=2e-3)
    here = np.take_along_axis(expected.reshape(40, -1), found.places[at].astype(int)[:, None], 1)[:, 0]
    np.testing.assert_allclose(here, maps.max((1, 2)), rtol=2e-3, atol=2e-3)
    top = top_sampled(layer, found, 5, 7)
    assert top.ids.tolist() == found.ids[np.lexsort((-found.means[:, 5], -found.values[:, 5]))[:7]].tolist()
    assert (top.seen, top.of, top.alike) == (36, 36, False) and top.places is not None
    assert [row.id for row in still_there(workspace, one, top) if row is not None] == top.ids.tolist()

    stored_rows = read_rows(one)
    located = locate(workspace, one, stored_rows)
    features = features_at(one, stored_rows, located.rows)
    for channel in (0, 7, 1279):
        order = np.argsort(-features[:, channel], kind="stable")[:10]
        top = top_stored(workspace, one, channel, 10)
        np.testing.assert_array_equal(top.values, features[order, channel])
        np.testing.assert_array_equal(top.ids, located.image_ids[order])
        assert (top.seen, top.of, top.places) == (36, 36, None)
    square, wide = (replace(rows[0], width=width, height=100) for width in (100, 400))
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
    top = top_sampled(layer, found, 0, 3)
    assert top.ids.tolist() == [2, 3, 1] and not top.alike
    assert top_sampled(layer, replace(found, means=six), 0, 3).alike


def test_a_sample_is_the_same_each_time(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = first_embedding(workspace, source)
    survey_network(workspace, one.id, quietly)
    layer, kept = layer_of(one, "bn1"), one.folder / "inside"
    before = sorted(kept.iterdir())

    def cancel_soon(done: int, *_: object) -> None:
        if done >= 16:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        find_peaks(workspace, one.id, layer.name, cancel_soon)
    assert sorted(kept.iterdir()) == before and read_peaks(one, layer) is None

    monkeypatch.setattr(jobs, "SAMPLE", 10)
    draws = []
    for _ in range(2):
        find_peaks(workspace, one.id, layer.name, quietly)
        found = read_peaks(one, layer)
        assert found is not None and (len(found.ids), found.of) == (10, 36)
        draws.append(found.ids.tolist())
    first = [row.id for row in everything(workspace, source)][:10]
    assert draws[0] == draws[1] != sorted(first) and len(set(draws[0])) == 10
    assert len(sorted(kept.iterdir())) == len(before) + 1


def test_the_worker_sweeps_a_layer_and_a_stopped_sweep_goes_on(workspace: Workspace, source: Collection) -> None:
    one, queue = first_embedding(workspace, source), Queue(workspace)
    job = submit_peaks(workspace, one, "conv_stem")
    queue.cancel(job.id)
    assert queue.job(job.id).state == "cancelled" and not (one.folder / "inside").exists()
    queue.resume(job.id)
    done = finish(workspace, job)
    assert done.state == "done" and done.result == {"layer": "conv_stem", "images": 36, "unread": 0}
    assert (done.done, done.total) == (36, 36) and read_peaks(one, layer_of(one, "conv_stem")) is not None


def test_what_is_damaged_is_made_anew_whatever_the_wrong_byte(workspace: Workspace, source: Collection) -> None:
    one, row = first_embedding(workspace, source), everything(workspace, source)[0]
    digest, lot = row.hash or b"", random.Random(0)
    survey_network(workspace, one.id, quietly)
    layer = layer_of(one, "blocks.3.0")

    def made() -> list[Any]:
        map_image(workspace, one.id, layer.name, row.id, quietly)
        find_peaks(workspace, one.id, layer.name, quietly)
        return [read_survey(one), read_maps(one, layer, digest), read_peaks(one, layer)]

    assert not any(part is None for part in made())
    kept = {path: path.read_bytes() for path in (one.folder / "inside").iterdir()}
    for damage in ("cut", "other", "empty", "flipped", "gone"):
        for path, whole in kept.items():
            middle = len(whole) // 2
            flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
            path.write_bytes({"cut": whole[:middle], "other": b"{}", "flipped": flipped}.get(damage, b""))
            if damage == "gone":
                path.unlink()
        found = read_survey(one), read_maps(one, layer, digest), read_peaks(one, layer)
        assert found == (None, None, None), damage
        assert not any(part is None for part in made()), damage
    path, said = one.folder / "inside" / "network.npz", read_survey(one)
    whole = path.read_bytes()
    assert said is not None
    for _ in range(400):
        at = lot.choice([lot.randrange(200), lot.randrange(len(whole)), len(whole) - 1 - lot.randrange(200)])
        path.write_bytes(whole[:at] + bytes([lot.randrange(256)]) + whole[at + 1 :])
        found = read_survey(one)
        assert found is None or found.layers == said.layers


def test_maps_are_clipped_and_the_oldest_go(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, layer = first_embedding(workspace, source), Layer("x", "Conv2d", (2, 3, 3), "first", 0, 1, 0)
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0], maps[1, 1, 1] = (np.inf, -1e9, np.nan), 1e6
    write_maps(one, layer, b"first", maps)
    kept = read_maps(one, layer, b"first")
    assert kept is not None and kept[0, 0].tolist() == [65504, -65504, 0] and kept[1, 1, 1] == 65504
    assert read_maps(one, replace(layer, shape=(2, 4, 4)), b"first") is None
    monkeypatch.setitem(store._MOST_BYTES, "maps", 2_000)
    for number in range(8):
        write_maps(one, layer, bytes([number]), maps)
    left = [number for number in range(8) if read_maps(one, layer, bytes([number])) is not None]
    assert left == list(range(8))[-len(left) :] and 0 < len(left) < 8
    assert not list((one.folder / "inside").glob("*.tmp-*"))
    two = np.zeros((1, 2), np.float16)
    write_peaks(one, layer, Peaks(np.array([5]), np.array([b"a"]), two, two, two, 1))
    assert read_peaks(one, layer) is not None
    assert read_peaks(replace(one, finished_at=(one.finished_at or 0) + 1), layer) is None, "it has grown since"


def test_what_cannot_be_is_said_in_words(workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = embedded_photographs(workspace, photos)
    one, rows = first_embedding(workspace, source), everything(workspace, source)
    for layer_name, image, says in (
        ("layer4.1", rows[0].id, "no layer 'layer4.1' in EfficientNet-Lite0"),
        ("bn1", 10**9, "Choose another one"),
    ):
        with pytest.raises(ExplainError, match=says):
            map_image(workspace, one.id, layer_name, image, quietly)
    with pytest.raises(ExplainError, match="no layer"):
        find_peaks(workspace, one.id, "", quietly)
    (photos / "00.jpg").unlink()
    with pytest.raises(ExplainError, match=r"00\.jpg cannot be read now\. The file was listed and then was gone\."):
        map_image(workspace, one.id, "bn1", next(row.id for row in rows if row.path == b"00.jpg"), quietly)
    assert find_peaks(workspace, one.id, "bn1", quietly) == {"layer": "bn1", "images": 11, "unread": 1}
    layer = layer_of(one, "bn1")
    found = read_peaks(one, layer)
    assert found is not None and (len(found.ids), found.of) == (11, 12)

    for path in photos.rglob("*.jpg"):
        path.write_bytes(b"no picture any more")
    with pytest.raises(ExplainError, match="None of the images can be read now"):
        find_peaks(workspace, one.id, "bn1", quietly)
    photos.rename(photos.with_name("elsewhere"))
    with pytest.raises(SourceUnavailable, match="reconnect"):
        find_peaks(workspace, one.id, "bn1", quietly)
    monkeypatch.setattr(networks, "weights_path", lambda _spec: None)
    with pytest.raises(ExplainError, match="not on this machine any more"):
        survey_network(workspace, one.id, quietly)
    monkeypatch.undo()
    other = load_backbone(BUNDLED, random=True)
    monkeypatch.setattr(networks, "loaded", lambda *_: other)
    with pytest.raises(ExplainError, match="with other weights"):
        survey_network(workspace, one.id, quietly)


def test_a_squashed_embedding_stays_squashed(
    workspace: Workspace, source: Collection, backbones: dict[str, Backbone]
) -> None:
    embed(workspace, source.id, EmbedRequest(BUNDLED, preprocess="squash"), quietly)
    one = next(entry for entry in embeddings_of(workspace, source.id) if entry.recipe.preprocess == "squash")
    row = next(entry for entry in everything(workspace, source) if (entry.width or 0) > 1.2 * (entry.height or 0))
    map_image(workspace, one.id, STORED, row.id, quietly)
    vector = read_maps(one, layer_of(one, STORED), row.hash or b"")
    assert vector is not None
    rows = read_rows(one)
    at = locate(workspace, one, rows).rows_of(np.array([row.id]))
    np.testing.assert_allclose(vector[:, 0, 0], features_at(one, rows, at)[0], rtol=0.02, atol=0.02)
    plain = backbones["bundled"]
    other = Inside(plain).maps(decoded(source, row, plain), layer_of(one, STORED))[0]
    same = Inside(squashed(plain)).maps(decoded(source, row, squashed(plain)), layer_of(one, STORED))[0]
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


def test_pictures_are_served_to_those_who_come_from_a_page(workspace: Workspace, source: Collection) -> None:
    one, (row, other, *_) = first_embedding(workspace, source), everything(workspace, source)
    survey_network(workspace, one.id, quietly)
    layer = layer_of(one, "blocks.4.0")
    map_image(workspace, one.id, layer.name, row.id, quietly)
    maps = read_maps(one, layer, row.hash or b"")
    found = read_survey(one)
    assert maps is not None and found is not None and found.filters is not None
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
        for bad, status in (
            (maps_address(workspace, one, layer.name, other, None), 404),  # nobody has looked at it
            (maps_address(workspace, one, "nowhere", row, None), 404),
            (maps_address(workspace, one, "../../../etc/passwd", row, None), 404),
            (channel_address(workspace, one, layer.name, row, len(maps)), 404),
            (channel_address(workspace, one, layer.name, row, 3).replace("channel=3", "channel=-1"), 404),
            (channel_address(workspace, one, layer.name, row, 3).replace("channel=3", "channel=" + "9" * 4000), 404),
            (sheet.replace(f"image={row.id}", "image=1e3"), 404),
            (sheet.replace("/maps?", "/weights?"), 404),
            (sheet.replace("sign=", "sign=0"), 403),
            (sheet.replace(one.id, "0" * 12), 403),
            (f"/inside/{one.id}/filters", 403),
        ):
            answer = server.get(bad)
            assert (answer.status, answer.headers["cache-control"]) == (status, "no-store"), bad
            assert b"Traceback" not in answer.body and len(answer.body) < 300
