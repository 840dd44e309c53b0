"""Maps and slopes against arithmetic by hand and against others' packages, on real weights, and what using them leaves.

pytorch-grad-cam and captum are the peers; where they are known to do something else, a test shows what.
"""

import copy
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
from imclust_core.explain.target_layer import find_places
from imclust_core.explain.targets import OfClass
from tests.conftest import SHARED
from tests.helpers.imports import run
from tests.helpers.pictures import normalised, photograph

NETWORKS = (BUNDLED, "mobilenet_v2", "resnet18", "densenet121", pytest.param("resnet50", marks=pytest.mark.long))
CLASSES = (285, 291)
"""A cat and a lion; something speaks for either in every picture, also by weights that were never trained."""


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Backbone:
    torch.set_num_threads(1)  # two test processes at two threads each on two cores wait for each other
    if request.param == "mobilenet_v2":
        weights = SHARED / "weights" / "mobilenet_v2.pth"
        if not weights.is_file():
            pytest.skip(f"no weights at {weights}; set IMCLUST_TEST_DATA")
        return load_backbone("mobilenet_v2", weights=weights)
    return load_backbone(request.param, random=request.param != BUNDLED)


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
    kept: list[Tensor] = []
    layer = network.trunk.get_submodule(places.name)
    with torch.no_grad(), layer.register_forward_hook(lambda *all_: kept.append(all_[2])):
        network.trunk(pixels)
    assert network.head is not None and places.pooled
    for number in CLASSES:
        looked = look(network.trunk, network.head, pixels, OfClass(number), places=places)
        weights, bias = network.head.weight[number].numpy(), float(network.head.bias[number])
        by_hand = sum(weights[channel] * kept[0][:, channel].numpy() for channel in range(network.dim))
        np.testing.assert_allclose(looked.scores, by_hand.mean((1, 2)) + bias, rtol=1e-4, atol=1e-4)
        positive = np.maximum(by_hand, 0)
        assert positive.any((1, 2)).all()
        np.testing.assert_allclose(looked.heat, positive / positive.max((1, 2), keepdims=True), atol=1e-4)
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
    network = load_backbone(name, random=True)
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
        model, pixels = small(rectifier), 9 * torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
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
    pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
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
    pixels, model = torch.randn(1, 3, 32, 32), small(nn.ReLU(inplace=True))
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
