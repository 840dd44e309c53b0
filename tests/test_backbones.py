"""The networks: what is promised of them, what they are split into, what goes in and which words come out."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from imclust_core import open_image
from imclust_core.backbones import registry
from imclust_core.backbones.classes import imagenet_classes, numbered_classes
from imclust_core.backbones.network import Backbone, head_path, load_backbone
from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.backbones.registry import BACKBONES, BUNDLED, FEATURED, RECOMMENDED, find_backbone, weights_path
from imclust_core.backbones.sources import SOURCES
from imclust_core.backbones.weights import read_weights
from imclust_core.errors import BackboneError
from tests.helpers.hostile import make_hostile_folder, picture
from tests.helpers.imports import WATCH, run
from tests.helpers.pictures import normalised, photograph

TORCHVISION = [spec for spec in BACKBONES.values() if spec.source == "torchvision"]
PROMISED = {
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "densenet121", "densenet161", "densenet201"),
    *("vgg16_bn", "alexnet", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "efficientnet_v2_s"),
    *("convnext_tiny", "convnext_base", "swin_t", "vit_b_16"),
    *("resnet50:v2", "resnet101:v2", "resnet152:v2", "mobilenet_v2:v2", "mobilenet_v3_large:v2"),
}
DINO = "timm:vit_small_patch14_dinov2.lvd142m"
TINY = "timm:test_byobnet.r160_in1k"


def published(spec: registry.BackboneSpec) -> Any:
    """What torchvision itself says of the weights a row is about."""
    from torchvision import models

    return models.get_model_weights(spec.architecture)["IMAGENET1K_V2" if ":v2" in spec.name else "IMAGENET1K_V1"]


@torch.no_grad()
def words(backbone: Backbone, pictures: Sequence[Image.Image]) -> list[str]:
    """The class each picture is taken for."""
    assert backbone.head is not None
    labels = backbone.head(backbone.trunk(normalised(backbone, pictures))).argmax(1)
    return [backbone.classes[label].name for label in labels.tolist()]


@pytest.fixture(scope="module")
def bundled() -> Backbone:
    return load_backbone(BUNDLED)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home: no weights of an earlier run are in it, and none of its settings hold."""
    for name in ("TORCH_HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield tmp_path


def test_every_promised_network_is_there_and_says_what_torchvision_says_of_the_same_weights() -> None:
    assert {spec.name for spec in TORCHVISION} == PROMISED and FEATURED[:2] == (RECOMMENDED, BUNDLED)
    assert {BUNDLED, RECOMMENDED, DINO, *FEATURED} <= set(BACKBONES)
    for spec in TORCHVISION:
        weights = published(spec)
        assert spec.url == weights.url and spec.file == weights.url.rpartition("/")[2], spec.name
        assert spec.megabytes == pytest.approx(weights.meta["_file_size"], abs=0.1), spec.name
        assert spec.top1 == pytest.approx(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"], abs=0.1), spec.name
        assert spec.licence and spec.title, spec.name
        with torch.device("meta"):
            built = SOURCES["torchvision"].untrained(spec)
        head = built.model.get_submodule(str(head_path(built.model)))
        assert isinstance(head, nn.Linear)
        assert (head.in_features, head.out_features, len(built.classes)) == (spec.dim, 1000, 1000), spec.name
        own, pre = weights.transforms(), built.preprocessing
        assert ([pre.size], [pre.resize]) == (own.crop_size, own.resize_size), spec.name
        assert (pre.interpolation, list(pre.mean), list(pre.std)) == (own.interpolation.value, own.mean, own.std)


def as_its_library_makes_it(name: str) -> nn.Module:
    import timm
    from torchvision import models

    if name == BUNDLED or name.startswith("timm:"):
        return timm.create_model("tf_" * (name == BUNDLED) + name.removeprefix("timm:")).eval()
    return models.get_model(name).eval()


@pytest.mark.parametrize(
    ("name", "dim", "classes"),
    [
        ("mobilenet_v3_large", 1280, 1000),
        ("densenet121", 1024, 1000),
        (BUNDLED, 1280, 1000),
        ("timm:vit_tiny_patch16_224", 192, 1000),
        pytest.param("resnet18", 512, 1000, marks=pytest.mark.long),
        pytest.param("swin_t", 768, 1000, marks=pytest.mark.long),
        pytest.param(DINO, 384, 0, marks=pytest.mark.long),
    ],
)
def test_head_of_trunk_is_what_the_whole_network_says(name: str, dim: int, classes: int) -> None:
    backbone = load_backbone(name, random=True, seed=7)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        whole = as_its_library_makes_it(name)
    size = backbone.preprocessing.size
    probe = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        features, expected = backbone.trunk(probe), whole(probe)
        said = backbone.head(features) if backbone.head is not None else features
    assert features.shape == (1, dim) and backbone.dim == dim and len(backbone.classes) == classes
    assert backbone.spec.dim in (dim, None)
    spread = expected.std()  # an untrained network may whisper: one of these says nothing above 1e-9
    assert spread > 0 and (said - expected).abs().max() < 1e-3 * spread


def test_the_seed_decides_the_random_weights_and_they_are_marked() -> None:
    for name in ("mobilenet_v3_large", BUNDLED, TINY):
        before = torch.get_rng_state()
        one, same, other = (load_backbone(name, random=True, seed=seed) for seed in (3, 3, 4))
        assert one.weights == same.weights != other.weights, name
        for (key, tensor), twin in zip(one.trunk.state_dict().items(), same.trunk.state_dict().values(), strict=True):
            assert torch.equal(tensor, twin), (name, key)
        assert one.random and one.origin == "random weights, seed 3" and other.origin == "random weights, seed 4"
        assert torch.equal(before, torch.get_rng_state()), "the caller's own dice were thrown"


def test_the_bundled_network_holds_every_tensor_of_its_file_and_is_not_in_training(bundled: Backbone) -> None:
    path = weights_path(BACKBONES[BUNDLED])
    assert path is not None and bundled.head is not None
    in_file, loaded = read_weights(path), {**bundled.trunk.state_dict(), **bundled.head.state_dict()}
    assert len(in_file) == len(loaded) == 296
    for (there, tensor), (here, twin) in zip(in_file.items(), loaded.items(), strict=True):
        assert there.rpartition(".")[2] == here.rpartition(".")[2] and torch.equal(tensor, twin), (there, here)
    assert bundled.origin == f"bundled, {path.name}" and not bundled.random
    for part in (bundled.trunk, bundled.head):
        assert not any(module.training for module in part.modules() if not isinstance(module, nn.Identity))
        assert not any(parameter.requires_grad for parameter in part.parameters())


def of_class(shared_data: Path, name: str, number: int) -> list[Image.Image]:
    found = sorted((shared_data / "caltech20" / name).glob("*.jpg"))[:number]
    return [open_image(path).rgb for path in found]


def test_networks_with_real_weights_know_what_photographs_show(bundled: Backbone, shared_data: Path) -> None:
    known = {"cat": "tiger cat", "coffee": "espresso", "flower": "daisy"}
    known |= {"rocket": "missile", "motorcycle": "moped", "temple": "palace"}
    assert words(bundled, [photograph(name) for name in known]) == list(known.values())
    for name in ("dalmatian", "starfish", "grand_piano"):
        said = words(bundled, of_class(shared_data, name, 20))
        assert len(said) == 20 and said.count(name.replace("_", " ")) >= 16, name
    of_torchvision = load_backbone("mobilenet_v2", weights=shared_data / "weights" / "mobilenet_v2.pth")
    assert of_torchvision.origin == "file mobilenet_v2.pth" and not of_torchvision.random
    said = words(of_torchvision, of_class(shared_data, "laptop", 40))
    assert said.count("laptop") + said.count("notebook") > len(said) / 2
    assert said.count("laptop") == max(said.count(one) for one in said)


def test_classes_have_names_of_their_own_in_torchvisions_order_with_synonyms_and_a_gloss() -> None:
    from torchvision.models import ResNet18_Weights

    names = [one.name for one in imagenet_classes()]
    assert len(names) == len(set(names)) == len({one.wnid for one in imagenet_classes()}) == 1000
    theirs = ResNet18_Weights.DEFAULT.meta["categories"]
    assert {one: mine for one, mine in zip(theirs, names, strict=True) if one != mine} == {
        "crane": "crane (lifts and moves heavy objects)",
        "crane bird": "crane (large long-necked wading bird)",
        "cardigan": "cardigan (knitted jacket)",
        "Cardigan": "Cardigan, Cardigan Welsh corgi",
        "maillot": "maillot (tights for dancers or gymnasts)",
        "maillot tank suit": "maillot, tank suit",
    }

    for one in imagenet_classes():
        assert re.fullmatch(r"n\d{8}", one.wnid), one
        assert one.synonyms and all(word == word.strip() != "" for word in one.synonyms), one
        assert one.name.startswith(one.synonyms[0]) and one.gloss and not one.gloss.startswith(one.synonyms), one
    for subset in ("imagenet-12k", "imagenet-22k"):
        classes = imagenet_classes(subset)
        assert len({one.name for one in classes}) == len(classes), subset
    assert [one.name for one in numbered_classes(3)] == ["class 0", "class 1", "class 2"]


def test_the_box_is_the_middle_square_within_the_picture_and_never_blown_up() -> None:
    dice = np.random.default_rng(5)
    for width, height in dice.integers(1, 3000, (200, 2)).tolist():
        size = int(dice.integers(100, 600))
        pre = Preprocessing(size, int(dice.integers(size, 2 * size)))
        left, upper, right, lower = pre.box(width, height)
        assert 0 <= left < right <= width and 0 <= upper < lower <= height
        assert right - left == pytest.approx(lower - upper)
        assert right - left == pytest.approx(min(width, height) * size / pre.resize)
        assert (left + right, upper + lower) == pytest.approx((width, height))
    for pre in (Preprocessing(), Preprocessing(224, 232), Preprocessing(518, 518), Preprocessing(96, 0)):
        for width, height in ((pre.at_least, pre.at_least), (2 * pre.at_least, pre.at_least)):
            left, upper, right, lower = pre.box(width, height)
            assert min(right - left, lower - upper) >= pre.size, (pre, width)  # decoded no larger than needed


def test_pixels_are_a_square_of_bytes_of_any_picture_and_the_whole_of_it_when_squashed() -> None:
    for size, resize in ((224, 256), (518, 518), (96, 0)):
        for width, height in ((1, 1), (3, 700), (4000, 30), (256, 256)):
            values = Preprocessing(size, resize).pixels(picture(width, height))
            assert values.shape == (size, size, 3) and values.dtype == np.uint8
    squash = Preprocessing(384, 400, interpolation="bicubic").squashed()
    assert (squash.size, squash.at_least, squash.interpolation) == (224, 224, "bicubic")
    for width, height in ((1, 1), (640, 427), (20, 3000)):
        assert squash.box(width, height) == (0, 0, width, height)
        assert squash.pixels(picture(width, height)).shape == (224, 224, 3)
    with pytest.raises(BackboneError, match=r"'random'.*bilinear, bicubic, nearest, lanczos"):
        Preprocessing(interpolation="random")


def test_pixels_are_those_of_the_networks_own_library_but_for_a_part_of_a_pixel() -> None:
    """They round the square's place to whole pixels of the scaled picture, and here it is not rounded.

    Measured: none at all where the picture is square, and elsewhere at most 0.54 of what moving it by one pixel does.
    """
    photographs = {name: photograph(name) for name in ("astronaut", "cat", "motorcycle", "page", "rocket", "temple")}
    for network in ("resnet18", "resnet50:v2", "swin_t", "efficientnet_v2_s", BUNDLED):
        pre, theirs = own_transforms(find_backbone(network))
        for name, image in photographs.items():
            expected = theirs(image)
            difference = np.abs(pre.pixels(image) - expected).mean()
            moved = np.abs(np.roll(expected, 1, axis=1) - expected).mean()
            assert difference < (0.02 if image.width == image.height else 0.65 * moved), (network, name)


def own_transforms(spec: registry.BackboneSpec) -> tuple[Preprocessing, Any]:
    """A network's preprocessing, and its library's: from a picture to values of 0..255, before normalising."""
    from timm.data import create_transform, resolve_data_config

    with torch.device("meta"):
        built = SOURCES[spec.source].untrained(spec)
    if spec.source == "torchvision":
        transform = published(spec).transforms()
    else:
        transform = create_transform(**resolve_data_config({}, model=built.model), is_training=False)
    mean, std = np.float32(built.preprocessing.mean), np.float32(built.preprocessing.std)
    return built.preprocessing, lambda image: (transform(image).permute(1, 2, 0).numpy() * std + mean) * 255


def test_every_kind_of_file_that_opens_becomes_pixels(tmp_path: Path) -> None:
    opened = 0
    for name, expected in make_hostile_folder(tmp_path / "hostile").items():
        if expected.reason is not None or not name.isascii():
            continue
        for pre in (Preprocessing(), Preprocessing().squashed()):
            values = pre.pixels(open_image(tmp_path / "hostile" / name.decode(), at_least=pre.at_least).rgb)
            assert values.shape == (224, 224, 3) and values.dtype == np.uint8, name
        opened += bool({"deep", "cmyk", "alpha"} & set(expected.notes)) or name == b"grey.jpg"
    assert opened == 5


def test_a_name_that_is_none_is_answered_with_near_ones_or_with_all() -> None:
    for name, hint in {
        "resnet51": "Did you mean .*resnet50",
        "effcientnet_lite0": "Did you mean efficientnet_lite0",
        "densenet": "densenet121",
        "resnet18:v2": "resnet18",
        "zzzzz": "There are: efficientnet_lite0, resnet18, .*vit_b_16",
        "": "There are: ",
        "timm:": "timm:NAME",
        "checkpoint:/no/such/file.pth": "'/no/such/file.pth' is no file.*full path",
        "checkpoint:/": "'/' is no file",
        "checkpoint:~no_such_user/a.pth": "no file",
        f"checkpoint:{'x' * 300}": "no file",
    }.items():
        with pytest.raises(BackboneError, match=hint):
            find_backbone(name)
    with pytest.raises(BackboneError, match=r"no network 'resnet10_nonsense'.*Near it: .*resnet10"):
        load_backbone("timm:resnet10_nonsense", random=True)


def test_names_of_timm_and_of_checkpoints_are_taken_as_they_come(home: Path) -> None:
    (home / "mine.pth").write_bytes(b"x")
    for name in ("checkpoint:~/mine.pth", f" checkpoint:{home}/./mine.pth "):
        spec = find_backbone(name)
        assert (spec.name, spec.architecture) == (f"checkpoint:{home / 'mine.pth'}", str(home / "mine.pth"))
        assert (spec.source, spec.title, spec.dim, spec.url) == ("checkpoint", "mine.pth", None, "")
        assert weights_path(spec) == home / "mine.pth"
    spec = find_backbone("timm:resnet10t.c3_in1k")
    assert (spec.source, spec.architecture, spec.dim, spec.url) == ("timm", "resnet10t.c3_in1k", None, "")
    assert find_backbone("resnet50:v2").architecture == find_backbone("resnet50").architecture == "resnet50"


def test_weights_are_here_once_their_file_is_where_torch_keeps_them_and_the_bundled_ones_the_default_until_then(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_home, xdg = {"TORCH_HOME": "torch-home"}, {"XDG_CACHE_HOME": "xdg"}
    for settings, expected in (
        *(({}, ".cache/torch"), (xdg, "xdg/torch")),
        *((torch_home, "torch-home"), (torch_home | xdg, "torch-home")),
    ):
        with monkeypatch.context() as patch:
            for name, folder in settings.items():
                patch.setenv(name, str(home / folder))
            folder = home / expected / "hub" / "checkpoints"
            assert registry.weights_folder() == folder == Path(torch.hub.get_dir()) / "checkpoints", settings
    snapshots = home / ".cache/huggingface/hub/models--timm--vit_small_patch14_dinov2.lvd142m/snapshots"
    for name, path in (
        ("resnet50:v2", registry.weights_folder() / "resnet50-11ad3fa6.pth"),
        (DINO, snapshots / "0a1b" / "model.safetensors"),
    ):
        assert weights_path(BACKBONES[name]) is None
        path.mkdir(parents=True)
        assert weights_path(BACKBONES[name]) is None
        path.rmdir()
        path.write_bytes(b"x")
        assert weights_path(BACKBONES[name]) == path
    assert registry.default_backbone().name == BUNDLED and weights_path(registry.default_backbone()) is not None
    (registry.weights_folder() / BACKBONES[RECOMMENDED].file).write_bytes(b"x")
    assert registry.default_backbone().name == RECOMMENDED


def test_choosing_a_network_and_making_pixels_asks_for_no_heavy_library() -> None:
    run(
        f"import sys\n{WATCH}"
        "from PIL import Image\n"
        "from imclust_core.backbones import preprocessing, registry\n"
        "from imclust_core.jobs.requests import EmbedRequest, check_request\n"
        "for spec in registry.BACKBONES.values(): registry.weights_path(spec)\n"
        "check_request(EmbedRequest(backbone=registry.default_backbone().name))\n"
        "preprocessing.Preprocessing().pixels(Image.new('RGB', (30, 20)))\n"
        "assert 'torch' not in sys.modules"
    )
