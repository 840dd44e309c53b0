"""What a network looked at: maps by their closed form, slopes by their rule, both also against others' packages.

pytorch-grad-cam and captum are the peers; where they are known to do something else, a test shows what. Whatever is
asked, the network stays as it was.
"""

import copy
import functools
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop
from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torch.nn import functional

from imclust_core.backbones.network import Backbone, load_backbone
from imclust_core.backbones.registry import BUNDLED
from imclust_core.errors import ExplainError
from imclust_core.explain.cam import look
from imclust_core.explain.guided_backprop import Guided
from imclust_core.explain.target_layer import Places, find_places
from imclust_core.explain.targets import OfBest, OfClass, OfCluster, OfContrast
from tests.conftest import SHARED
from tests.helpers.imports import run
from tests.helpers.pictures import normalised, photograph

NETWORKS = (BUNDLED, "mobilenet_v2", "resnet18", "densenet121", pytest.param("resnet50", marks=pytest.mark.long))
CLASSES = (285, 291)
"""A cat and a lion; something speaks for either in every picture, also by weights that were never trained."""


@functools.cache
def load(name: str) -> Backbone:
    torch.set_num_threads(1)  # two test processes at two threads each on two cores wait for each other
    if name != "mobilenet_v2":
        return load_backbone(name, random=name != BUNDLED)
    weights = SHARED / "weights" / "mobilenet_v2.pth"
    if not weights.is_file():
        pytest.skip(f"no weights at {weights}; set IMCLUST_TEST_DATA")
    return load_backbone("mobilenet_v2", weights=weights)


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Backbone:
    return load(request.param)


def pixels_of(number: int = 2, size: int = 224) -> Tensor:
    return torch.randn(number, 3, size, size, generator=torch.Generator().manual_seed(0))


def normal(heat: np.ndarray) -> np.ndarray:
    positive = np.maximum(heat, 0)
    assert positive.any((1, 2)).all()
    found: np.ndarray = positive / positive.max((1, 2), keepdims=True)
    return found


def pooled(network: Backbone, places: Places, pixels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What the layer of the map gave, and the features that come of it."""
    kept: list[Tensor] = []
    layer = network.trunk.get_submodule(places.name)
    with torch.no_grad(), layer.register_forward_hook(lambda *all_: kept.append(all_[2])):
        features = network.trunk(pixels).numpy()
    return kept[0].numpy(), features


def given(network: Backbone) -> Tensor:
    return normalised(network, [photograph("cat"), photograph("coffee")])


def whole(network: Backbone) -> nn.Sequential:
    """The network as the peers want it: in one piece, of their own, its weights ready to take gradients."""
    assert network.head is not None
    return copy.deepcopy(nn.Sequential(network.trunk, network.head)).requires_grad_(True)


def stretched(heat: np.ndarray) -> np.ndarray:
    """From 0 to 1 as pytorch-grad-cam does it: the least becomes 0 even where it speaks for the class."""
    low = heat.min((1, 2), keepdims=True)
    found: np.ndarray = (heat - low) / (1e-7 + (heat - low).max((1, 2), keepdims=True))
    return found


def relative(found: Tensor, expected: Tensor) -> float:
    """The largest difference, where the largest number expected is 1."""
    return float(((found - expected).abs().max() / expected.abs().max()).detach())


def theirs(model: nn.Module, pixels: Tensor, number: int) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slopes: Tensor = GuidedBackprop(model).attribute(pixels.clone(), target=number)
    return slopes.detach()


def plain(model: nn.Module, pixels: Tensor, number: int) -> Tensor:
    pixels = pixels.clone().requires_grad_()
    return torch.autograd.grad(model(pixels)[:, number].sum(), pixels)[0]


def ours(model: nn.Module, pixels: Tensor, number: int) -> Tensor:
    pixels = pixels.clone().requires_grad_()
    with Guided():
        logits = model(pixels)
    return torch.autograd.grad(logits[:, number].sum(), pixels)[0]


def test_the_map_is_the_weights_of_the_class_on_what_is_pooled_and_that_of_both_grad_cams(network: Backbone) -> None:
    pixels, places, model = given(network), find_places(network.trunk, 224), whole(network)
    kept, _ = pooled(network, places, pixels)
    assert network.head is not None and places.pooled
    for number in CLASSES:
        looked = look(network.trunk, network.head, pixels, OfClass(number), places=places)
        weights, bias = network.head.weight[number].numpy(), float(network.head.bias[number])
        by_hand = sum(weights[channel] * kept[:, channel] for channel in range(network.dim))
        np.testing.assert_allclose(looked.scores, by_hand.mean((1, 2)) + bias, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(looked.heat, normal(by_hand), atol=1e-4)
        averaged = look(network.trunk, network.head, pixels, OfClass(number), places=places, average=True).heat
        assert averaged is not None
        np.testing.assert_allclose(averaged, looked.heat, atol=1e-4)
        if network.spec.name == "densenet121":
            continue  # what it pools is rectified by a function, which the peer does not see
        with GradCAM(model, [model[0].get_submodule(places.name)]) as peer:
            large = peer(input_tensor=pixels, targets=[ClassifierOutputTarget(number)] * 2)
        # It gives its map at the size of the picture, by OpenCV; torch's interpolation is the same one.
        scaled = functional.interpolate(torch.from_numpy(stretched(averaged))[:, None], (224, 224), mode="bilinear")
        np.testing.assert_allclose(stretched(scaled[:, 0].numpy()), large, atol=1e-4)


@pytest.mark.parametrize(
    "name", ["resnet18", *(pytest.param(one, marks=pytest.mark.long) for one in ("resnet50", "vgg16_bn"))]
)
def test_guided_slopes_are_those_of_captum_where_rectifiers_are_relu(name: str) -> None:
    network = load(name)
    pixels = given(network)[:1]
    found = look(network.trunk, network.head, pixels, OfClass(3), slopes="guided").slopes
    assert found is not None
    expected = theirs(whole(network), pixels, 3)
    assert relative(torch.from_numpy(found).permute(0, 3, 1, 2), expected) < 1e-4
    assert relative(plain(whole(network), pixels, 3), expected) > 0.1


def small(rectifier: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), rectifier, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


def test_relu6_is_guided_by_its_definition_where_peers_give_plain_slopes() -> None:
    for rectifier in (nn.ReLU6(), nn.ReLU6(inplace=True)):
        model, pixels = small(rectifier), 9 * pixels_of(1, 32)
        before = model[0](pixels)
        sent = model[4].weight[1].clamp(min=0)[None, :, None, None] / before[0, 0].numel()
        back = functional.conv_transpose2d(sent * ((before > 0) & (before < 6)), model[0].weight)
        assert relative(ours(model, pixels, 1), back) < 1e-4
        unguided = plain(model, pixels, 1)
        assert relative(unguided, back) > 0.1
        assert torch.equal(theirs(model, pixels, 1), unguided)
        peer = GuidedBackpropReLUModel(model)(pixels.clone(), 1)
        assert relative(torch.from_numpy(peer.transpose(2, 0, 1).copy())[None], unguided) < 1e-5


class Functional(nn.Module):
    """A network that calls its rectifier as a function, and hands on what went into it as well."""

    def __init__(self, *, beside: bool = False, module: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.relu, self.beside = nn.Conv2d(3, 8, 3), nn.Linear(8, 5), nn.ReLU(), beside
        self.called = self.relu if module else functional.relu

    def forward(self, pixels: Tensor) -> Tensor:
        before = self.first(pixels)
        after = self.called(before) + before if self.beside else self.called(before)
        logits: Tensor = self.last(after.mean((2, 3)))
        return logits


def test_functions_are_guided_where_captum_gives_plain_slopes_and_what_goes_past_is_not_where_it_cuts_it_too() -> None:
    pixels = pixels_of(1, 32)
    as_module = Functional(module=True)
    assert relative(ours(Functional(), pixels, 1), ours(as_module, pixels, 1)) < 1e-6
    assert relative(ours(as_module, pixels, 1), theirs(as_module, pixels, 1)) < 1e-6
    assert torch.equal(theirs(Functional(), pixels, 1), plain(Functional(), pixels, 1))
    model = Functional(beside=True, module=True)
    before = model.first(pixels)
    sent = model.last.weight[1][None, :, None, None] / before[0, 0].numel()
    back = functional.conv_transpose2d(sent.clamp(min=0) * (before > 0) + sent, model.first.weight)
    assert relative(ours(model, pixels, 1), back) < 1e-4
    assert relative(theirs(model, pixels, 1), back) > 0.1


def test_pytorch_grad_cam_leaves_networks_changed() -> None:
    pixels, model = pixels_of(1, 32), small(nn.ReLU(inplace=True))
    GuidedBackpropReLUModel(model)(pixels.clone(), 1)
    assert not model[1].inplace and model[0].weight.grad is not None
    with pytest.raises(IndexError):
        GuidedBackpropReLUModel(model)(pixels.clone(), 99)
    assert not isinstance(model[1], nn.ReLU)


def everything(network: Backbone) -> list[Any]:
    """All that a network is and holds, but for what it computes."""
    assert network.head is not None
    modules = [*network.trunk.modules(), network.head]
    hooks = [{name: dict(held) for name, held in vars(one).items() if "hooks" in name} for one in modules]
    tensors = [*network.trunk.parameters(), *network.trunk.buffers(), *network.head.parameters()]
    held = [(id(one), one._version, one.requires_grad, one.grad, one.detach().numpy().tobytes()) for one in tensors]
    return [modules, [(one.training, getattr(one, "inplace", None)) for one in modules], hooks, held]


def breaks(_features: Tensor, _logits: Tensor | None) -> Tensor:
    raise KeyError


def breaks_late(_features: Tensor, logits: Tensor) -> Tensor:
    """On the way back."""
    scores = logits[:, 0].clone()
    scores.register_hook({}.__getitem__)
    return scores


def test_a_network_is_the_same_bit_for_bit_whatever_happens(network: Backbone) -> None:
    pixels, places = given(network)[:1], find_places(network.trunk, 224)
    with torch.no_grad():
        expected = network.trunk(pixels)
    rectifiers = [one for one in network.trunk.modules() if isinstance(one, nn.ReLU | nn.ReLU6)]
    for training in (False, True):  # modes that matter to nobody, to see that they are left alone
        for one in rectifiers:
            one.train(training)
        before = everything(network)
        for slopes in ("", "plain", "guided"):
            look(network.trunk, network.head, pixels, OfClass(3), places=places, slopes=slopes)
            for target in (breaks, breaks_late, OfClass(-1)):
                with pytest.raises((KeyError, ExplainError)):
                    look(network.trunk, network.head, pixels, target, places=places, slopes=slopes)
        assert everything(network) == before
    for one in rectifiers:
        one.eval()
    with torch.no_grad():
        assert torch.equal(network.trunk(pixels), expected)


def test_maps_and_slopes_of_one_pass_are_those_of_two() -> None:
    for name in (BUNDLED, "resnet18", "densenet121", "alexnet"):
        network, given = load(name), pixels_of(size=160)
        places = find_places(network.trunk, 160)
        for target in (OfBest(2), OfClass(3)):
            both = look(network.trunk, network.head, given, target, places=places, slopes="guided")
            heat = look(network.trunk, network.head, given, target, places=places)
            slopes = look(network.trunk, network.head, given, target, slopes="guided")
            assert both.heat is not None and both.slopes is not None
            np.testing.assert_allclose(both.heat, heat.heat, atol=1e-5, err_msg=name)
            np.testing.assert_allclose(both.slopes, slopes.slopes, rtol=1e-4, atol=1e-9, err_msg=name)
            assert both.guided and slopes.guided and heat.slopes is None, name
            assert both.heat.shape[0] == 2 and both.slopes.shape == (2, 160, 160, 3), name
            assert both.heat.min() >= 0 and both.heat.max() <= 1, name


def by_hooks(network: Backbone, given: Tensor, number: int) -> np.ndarray:
    """Guided backpropagation as its authors wrote it: a rule for each rectifier, put there by hooks."""
    trunk, head, given = copy.deepcopy(network.trunk), network.head, given.clone().requires_grad_()
    for module in trunk.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.inplace = False
            module.register_full_backward_hook(lambda _module, sent, _out: (sent[0].clamp(min=0),))
    assert head is not None
    (found,) = torch.autograd.grad(head(trunk(given))[:, number].sum(), given)
    return found.permute(0, 2, 3, 1).numpy()


def test_guided_slopes_are_those_of_hooks_on_every_rectifier() -> None:
    for name in (BUNDLED, "alexnet"):
        network, given = load(name), pixels_of(1)
        ours = look(network.trunk, network.head, given, OfClass(5), slopes="guided").slopes
        theirs = by_hooks(network, given, 5)
        assert ours is not None and np.abs(theirs).max() > 0
        np.testing.assert_allclose(ours / np.abs(theirs).max(), theirs / np.abs(theirs).max(), atol=1e-4, err_msg=name)


def test_relu6_lets_nothing_through_above_six_nor_below_zero() -> None:
    given = torch.tensor([-1.0, 0.0, 3.0, 6.0, 7.0], requires_grad=True)
    for rectifier in (nn.ReLU6(), nn.ReLU6(inplace=True), nn.functional.relu6):
        with Guided() as guided:
            out = rectifier(given * 1)
        assert out.tolist() == [0, 0, 3, 6, 6] and guided.met == 1
        for sent, back in ((1.0, [0, 0, 1, 0, 0]), (-1.0, [0, 0, 0, 0, 0])):
            (found,) = torch.autograd.grad(out, given, torch.full((5,), sent), retain_graph=True)
            assert found.tolist() == back
        with guided.plainly():
            (found,) = torch.autograd.grad(out, given, torch.full((5,), -1.0))
        assert found.tolist() == [0, 0, -1, 0, 0]


def test_what_is_no_rectifier_is_left_alone() -> None:
    given = torch.linspace(-2, 2, 9)
    for smooth in (nn.SiLU(), nn.GELU(), nn.Hardtanh(), nn.LeakyReLU(), nn.Hardswish()):
        with Guided() as guided:
            assert torch.equal(smooth(given), smooth(given)) and guided.met == 0
    with Guided() as guided:
        for kind in (torch.relu, torch.relu_, nn.functional.relu, Tensor.relu, nn.functional.relu_, Tensor.relu_):
            assert torch.equal(kind(given.clone()), given.clamp(min=0))
    assert guided.met == 6


def test_a_cluster_needs_no_words_and_its_maps_add_up_to_the_scores() -> None:
    network, given = load("resnet18"), pixels_of(3)
    places = find_places(network.trunk, 224)
    kept, features = pooled(network, places, given)
    mean = features.mean(0)
    looked = look(network.trunk, None, given, OfCluster(features[0] - mean), places=places)
    by_hand = np.einsum("nchw,c->nhw", kept, features[0] - mean)
    np.testing.assert_allclose(looked.heat, normal(by_hand), atol=1e-4)
    np.testing.assert_allclose(looked.scores, by_hand.mean((1, 2)), rtol=1e-3, atol=1e-4)
    contrast = look(network.trunk, None, given, OfContrast(features[0], features[1]), places=places)
    back = look(network.trunk, None, given, OfContrast(features[1], features[0]), places=places)
    assert contrast.scores[0] > contrast.scores[1]
    np.testing.assert_allclose(contrast.scores, -back.scores, atol=1e-5)
    assert contrast.heat is not None and back.heat is not None and (contrast.heat * back.heat).max() < 1e-4
    directions = np.random.default_rng(0).normal(size=(3, network.dim))
    each = look(network.trunk, None, given, OfCluster(directions), places=places)
    assert each.heat is not None
    for number in range(3):
        one = look(network.trunk, None, given[number : number + 1], OfCluster(directions[number]), places=places)
        assert one.heat is not None
        np.testing.assert_allclose(one.heat[0], each.heat[number], atol=1e-4)
        np.testing.assert_allclose(one.scores[0], each.scores[number], rtol=1e-4, atol=1e-5)
    nothing = OfContrast(np.ones(512), np.ones(512))
    looked = look(network.trunk, None, given, nothing, places=places, slopes="guided")
    assert looked.heat is not None and looked.slopes is not None
    assert not looked.scores.any() and not looked.heat.any() and not looked.slopes.any()


def test_questions_that_cannot_be_asked_are_told_in_words() -> None:
    network = load("resnet18")
    for head, target, slopes, says in (
        (network.head, OfClass(1000), "plain", "0 to 999"),
        (network.head, OfClass(-1), "plain", "0 to 999"),
        (network.head, OfBest(1000), "plain", "1000 classes"),
        (network.head, OfCluster(np.ones(7)), "plain", "another network"),
        (None, OfBest(), "plain", "no classes"),
        (network.head, OfBest(), "", "Nothing was asked for"),
    ):
        with pytest.raises(ExplainError, match=says):
            look(network.trunk, head, pixels_of(1), target, slopes=slopes)


@pytest.mark.parametrize(("name", "kind", "pooled"), [("swin_t", "first", True), ("vit_b_16", "tokens", False)])
def test_transformers_have_places_too(name: str, kind: str, pooled: bool) -> None:
    network = load(name)
    places = find_places(network.trunk, network.preprocessing.size)
    assert (places.kind, places.pooled) == (kind, pooled)
    direction = np.random.default_rng(0).normal(size=network.dim)
    looked = look(network.trunk, None, pixels_of(1), OfCluster(direction), places=places)
    assert looked.heat is not None and looked.heat.max() == 1 and looked.heat.min() >= 0


def test_other_weights_give_other_maps() -> None:
    """A map that did not depend on what was learnt would be an edge detector (Adebayo et al. 2018)."""
    given, own = pixels_of(), load("resnet18")
    other = load_backbone("resnet18", random=True, seed=1)
    places = find_places(own.trunk, 224)
    maps = [look(one.trunk, one.head, given, OfClass(3), places=places, slopes="guided") for one in (own, other)]
    for a, b in ((maps[0].heat, maps[1].heat), (maps[0].slopes, maps[1].slopes)):
        assert a is not None and b is not None
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.5


GROWTH = """
import gc, resource, tracemalloc
import torch
from imclust_core.backbones.network import load_backbone
from imclust_core.explain.cam import look
from imclust_core.explain.target_layer import find_places
from imclust_core.explain.targets import OfClass

torch.set_num_threads(1)
network = load_backbone("efficientnet_lite0")
places = find_places(network.trunk, 96)
pixels = torch.randn(2, 3, 96, 96)

def broken(features, logits):
    raise KeyError

def rounds(number):
    for _ in range(number):
        look(network.trunk, network.head, pixels, OfClass(3), places=places, slopes="guided")
        try:
            look(network.trunk, network.head, pixels, broken, places=places, slopes="guided")
        except KeyError:
            pass

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

rounds(5)
gc.collect()
gc.disable()  # what is only freed by the collector would pile up on a GPU
tracemalloc.start()
start, objects = resident(), tracemalloc.get_traced_memory()[0]
rounds(ROUNDS)
print(resident() - start, tracemalloc.get_traced_memory()[0] - objects)
"""


@pytest.mark.parametrize("rounds", [15, pytest.param(100, marks=pytest.mark.long)])
def test_many_runs_leave_no_memory_behind(rounds: int) -> None:
    resident, traced = map(int, run(GROWTH.replace("ROUNDS", str(rounds))).split())
    # One pass keeps some 30 MB, so even fifteen that were not let go of would be hundreds.
    assert resident < 30 << 20 and traced < 1 << 20, (resident, traced)
