"""What a network looked at: maps by their closed form, gradients by their rule, and a network that stays as it was."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from imclust_core.backbones.network import Backbone, load_backbone
from imclust_core.backbones.registry import BUNDLED
from imclust_core.errors import ExplainError
from imclust_core.explain.cam import guided_heat, look
from imclust_core.explain.guided_backprop import Guided
from imclust_core.explain.target_layer import find_places
from imclust_core.explain.targets import OfBest, OfClass, OfCluster, OfContrast

NETWORKS = ("bundled", "resnet18", "densenet121", "alexnet")


@pytest.fixture(scope="module")
def networks() -> dict[str, Backbone]:
    torch.set_num_threads(1)  # two test processes at two threads each on two cores wait for each other
    found = {name: load_backbone(name, random=True) for name in NETWORKS[1:]}
    return {"bundled": load_backbone(BUNDLED), **found}


def pixels(number: int = 2, size: int = 224, seed: int = 0) -> Tensor:
    return torch.randn(number, 3, size, size, generator=torch.Generator().manual_seed(seed))


def normal(heat: np.ndarray) -> np.ndarray:
    positive = np.maximum(heat, 0)
    found: np.ndarray = positive / positive.max((1, 2), keepdims=True)
    return found


def test_maps_and_slopes_of_one_pass_are_those_of_two(networks: dict[str, Backbone]) -> None:
    for name, network in networks.items():
        given, places = pixels(size=160), find_places(network.trunk, 160)
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
            where = guided_heat(both, 160)
            assert where.shape == both.slopes.shape and (where * both.slopes >= 0).all(), name


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


def test_guided_slopes_are_those_of_hooks_on_every_rectifier(networks: dict[str, Backbone]) -> None:
    for name in ("bundled", "alexnet"):
        network, given = networks[name], pixels(1)
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


def test_a_cluster_needs_no_words_and_its_maps_add_up_to_the_scores(networks: dict[str, Backbone]) -> None:
    network, given = networks["resnet18"], pixels(3)
    places = find_places(network.trunk, 224)
    kept: list[Tensor] = []
    layer = network.trunk.get_submodule(places.name)
    with torch.no_grad(), layer.register_forward_hook(lambda *all_: kept.append(all_[2])):
        features = network.trunk(given).numpy()
    mean = features.mean(0)
    looked = look(network.trunk, None, given, OfCluster(features[0] - mean), places=places)
    by_hand = np.einsum("nchw,c->nhw", kept[0].numpy(), features[0] - mean)
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


def test_questions_that_cannot_be_asked_are_told_in_words(networks: dict[str, Backbone]) -> None:
    network = networks["resnet18"]
    for head, target, slopes, says in (
        (network.head, OfClass(1000), "plain", "0 to 999"),
        (network.head, OfClass(-1), "plain", "0 to 999"),
        (network.head, OfBest(1000), "plain", "1000 classes"),
        (network.head, OfCluster(np.ones(7)), "plain", "another network"),
        (None, OfBest(), "plain", "no classes"),
        (network.head, OfBest(), "", "Nothing was asked for"),
    ):
        with pytest.raises(ExplainError, match=says):
            look(network.trunk, head, pixels(1), target, slopes=slopes)


@pytest.mark.parametrize(("name", "kind", "pooled"), [("swin_t", "first", True), ("vit_b_16", "tokens", False)])
def test_transformers_have_places_too(name: str, kind: str, pooled: bool) -> None:
    network = load_backbone(name, random=True)
    places = find_places(network.trunk, network.preprocessing.size)
    assert (places.kind, places.pooled) == (kind, pooled)
    direction = np.random.default_rng(0).normal(size=network.dim)
    looked = look(network.trunk, None, pixels(1), OfCluster(direction), places=places)
    assert looked.heat is not None and looked.heat.max() == 1 and looked.heat.min() >= 0


def test_other_weights_give_other_maps(networks: dict[str, Backbone]) -> None:
    """A map that did not depend on what was learnt would be an edge detector (Adebayo et al. 2018)."""
    given, own = pixels(), networks["resnet18"]
    other = load_backbone("resnet18", random=True, seed=1)
    places = find_places(own.trunk, 224)
    maps = [look(one.trunk, one.head, given, OfClass(3), places=places, slopes="guided") for one in (own, other)]
    for a, b in ((maps[0].heat, maps[1].heat), (maps[0].slopes, maps[1].slopes)):
        assert a is not None and b is not None
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.5
