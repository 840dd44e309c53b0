"""Files of weights: read without running them, refused in plain words, fetched whole or not at all."""

import contextlib
import functools
import hashlib
import itertools
import json
import os
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from imclust_core.backbones.download import download
from imclust_core.backbones.network import Backbone, load_backbone
from imclust_core.backbones.registry import BACKBONES, BUNDLED, weights_folder
from imclust_core.backbones.weights import load_strictly, read_weights
from imclust_core.errors import BackboneError, WeightsDamaged, WeightsUnavailable
from imclust_core.jobs.requests import AUTO, DEVICES, DTYPES, EmbedRequest, check_request
from tests.helpers.cases import case

TINY = "timm:test_byobnet.r160_in1k"
"""A real network of timm, of half a megabyte: what holds for a file of it holds for a large one."""

WHAT_TO_DO = r"Save |fetch |Fetch |Check |Expected |Choose |Give |Remove "


def net(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 5))


def tiny(classes: int = 1000, seed: int = 0) -> Any:
    """The tiny network as timm makes it, untrained."""
    import timm

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return timm.create_model(TINY.removeprefix("timm:"), num_classes=classes).eval()


def old_format(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def prefixed(prefix: str, save: Callable[..., None] = torch.save) -> Callable[[dict[str, Tensor], Path], None]:
    return lambda state, path: save({prefix + name: tensor for name, tensor in state.items()}, path)


# Reading

WAYS: dict[str, Callable[[dict[str, Tensor], Path], None]] = {
    "plain.pth": torch.save,
    "plain.pt": torch.save,
    "before-2020.pth": old_format,
    "no-suffix": torch.save,
    "net.safetensors": save_file,
    "NET.SAFETENSORS": save_file,
    "state_dict.pth": lambda state, path: torch.save({"state_dict": state, "epoch": 7}, path),
    "model_state_dict.pth": lambda state, path: torch.save({"model_state_dict": state, "lr": 0.1}, path),
    "model.pth": lambda state, path: torch.save({"model": state, "optimizer": {}}, path),
    "parallel.pth": prefixed("module."),
    "parallel.safetensors": prefixed("module.", save_file),
    "compiled.pth": prefixed("_orig_mod."),
    "compiled-in-parallel.pth": prefixed("module._orig_mod."),
    "parallel-in-compiled.pth": prefixed("_orig_mod.module."),
}


def test_the_same_tensors_come_back_whichever_way_they_were_saved(tmp_path: Path) -> None:
    state = net().state_dict()
    for name, save in WAYS.items():
        save(state, tmp_path / name)
        read = read_weights(tmp_path / name)
        assert set(read) == set(state), name
        assert all(torch.equal(read[one], tensor) for one, tensor in state.items()), name


def saying(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def exported(path: Path) -> None:
    part = nn.Linear(2, 2)
    torch.export.save(torch.export.export(part, (torch.zeros(1, 2),)), path)


def swapped(other: str) -> Callable[[Path], None]:
    """A file of one format under the name of another."""
    return lambda path: WAYS[other](net().state_dict(), path)


LOG, PAGE = saying("epoch 1: loss 2.3\n" * 20), saying("<!DOCTYPE html><html><body>404 Not Found</body></html>")
DAMAGED: list[tuple[str, Callable[[Path], object], str]] = [
    ("text.pth", LOG, "cannot be read as weights"),
    ("text.safetensors", LOG, "cannot be read as weights"),
    ("page.safetensors", PAGE, "cannot be read as weights"),
    ("page.pth", PAGE, "cannot be read as weights"),
    ("torch.safetensors", swapped("plain.pth"), "cannot be read as weights"),
    ("safe.pth", swapped("net.safetensors"), "read as weights"),
    ("program.pt2", exported, "exported program"),
    ("PROGRAM.PT2", swapped("plain.pth"), "exported program"),
    ("list.pth", lambda path: torch.save([1, 2], path), "no state dict"),
    ("tensor.pth", lambda path: torch.save(torch.zeros(3), path), "no state dict"),
    ("nothing.pth", lambda path: torch.save({}, path), "no state dict"),
    ("nothing.safetensors", lambda path: save_file({}, path), "no state dict"),
    ("numbers.pth", lambda path: torch.save({"lr": 0.1}, path), "no state dict"),
    ("module.pth", lambda path: torch.save(net(), path), "more than tensors"),
    ("folder.pth", Path.mkdir, "cannot be read .*directory"),
    ("folder.safetensors", Path.mkdir, "directory"),
    ("missing.pth", lambda _path: None, "cannot be read .*No such file"),
    ("missing.safetensors", lambda _path: None, "No such file"),
]


def test_a_file_that_is_no_weights_is_refused_by_name_with_what_to_do(tmp_path: Path) -> None:
    for name, write, message in DAMAGED:
        write(tmp_path / name)
        with pytest.raises(WeightsDamaged, match=message) as caught:
            read_weights(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and re.search(WHAT_TO_DO, str(caught.value)), name


def test_a_file_cut_short_anywhere_is_damaged_and_nothing_else(tmp_path: Path) -> None:
    for way in ("plain.pth", "before-2020.pth", "net.safetensors"):
        whole = tmp_path / way
        WAYS[way](net().state_dict(), whole)
        data, cut = whole.read_bytes(), tmp_path / f"cut{whole.suffix}"
        for length in {*range(12), *range(0, len(data), 97), len(data) - 1}:
            cut.write_bytes(data[:length])
            with pytest.raises(WeightsDamaged, match=rf"/cut\{whole.suffix} ") as caught:
                read_weights(cut)
            assert re.search(WHAT_TO_DO, str(caught.value)), (way, length)
        assert "(0 bytes)" in refusal(lambda cut=cut: read_weights(written(cut, b"")))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refusal(do: Callable[[], object]) -> str:
    """What a person is told when this fails, as it must, in the family of errors a person is told of."""
    with pytest.raises(BackboneError) as caught:
        do()
    return str(caught.value)


class Evil:
    """What a pickle can do to whoever loads it: run a command."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.marker}'",)


def test_a_file_that_would_run_a_command_is_refused_and_runs_none(tmp_path: Path) -> None:
    path, marker = tmp_path / "evil.pth", tmp_path / "ran"
    for save, wrapped in itertools.product((torch.save, old_format), (True, False)):
        save({"architecture": TINY, "state_dict": Evil(marker)} if wrapped else Evil(marker), path)
        for name, weights in ((f"checkpoint:{path}", None), (TINY, path)):
            message = refusal(lambda name=name, weights=weights: load_backbone(name, weights=weights))
            assert str(path) in message and "could run code" in message and ".safetensors" in message
            assert not marker.exists()
        torch.load(path, weights_only=False)
        assert marker.exists(), "it was not armed, and proves nothing"
        marker.unlink()


# Loading


CHANGES: list[tuple[Callable[[Any], object], str]] = [
    (lambda state: state.pop("3.weight"), r"mine\.pth .*lacks '3\.weight' \(1 missing, 0 too many of 9 tensors\)"),
    (lambda state: state.update(extra=torch.zeros(1)), r"has 'extra', which the network lacks \(0 missing, 1 too"),
    (lambda state: state.update({"0.bias": torch.zeros(5)}), r"'0\.bias' is \(5,\) where \(4,\) was expected"),
    (lambda state: state.update({"3.weight": torch.zeros(())}), r"'3\.weight' is \(\) where \(5, 4\)"),
    (lambda state: state.clear(), "lacks '0.weight'"),
]


def test_a_tensor_missing_too_many_or_misshapen_is_named_and_what_fits_is_loaded_whole() -> None:
    for change, message in CHANGES:
        state, model = dict(net(1).state_dict()), net()
        change(state)
        with pytest.raises(WeightsDamaged, match=message) as caught:
            load_strictly(model, state, "mine.pth")
        assert "Choose the network the file was made for" in str(caught.value)
        assert torch.equal(model.state_dict()["0.weight"], net().state_dict()["0.weight"]), "half loaded"
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        state, model = net(1).state_dict(), net()
        kept = {name: tensor.to(dtype) for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
        assert len(kept) == len(state) - 1, "also without the counter of batches"
        load_strictly(model, kept, "mine.pth")
        for name, tensor in kept.items():
            assert torch.equal(model.state_dict()[name], tensor.float()), (dtype, name)


def test_a_file_for_another_network_or_with_an_odd_tensor_is_refused_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "tiny.pth"
    for name, tensor in (("head.fc.weight", torch.tensor(1.0)), ("head.fc.bias", torch.zeros(1000, device="meta"))):
        torch.save({**tiny().state_dict(), name: tensor}, path)
        assert "tiny.pth" in refusal(lambda: load_backbone(TINY, weights=path)), name
    torch.save(tiny().state_dict(), path)
    for other in ("resnet18", BUNDLED):
        message = refusal(lambda other=other: load_backbone(other, weights=path))
        assert re.match(r"tiny\.pth does not fit the network: it lacks '.*too many of \d+ tensors\)\. Choose", message)


def test_the_hash_is_of_the_weights_and_not_of_their_file_and_those_of_two_origins_exclude_each_other(
    tmp_path: Path,
) -> None:
    model, path, other = tiny(), tmp_path / "plain.pth", tmp_path / "other.pth"
    mine = checkpoint(tmp_path / "checkpoint.pth", model, architecture=TINY)
    hashes = {load_backbone(mine).weights}
    for way in ("plain.pth", "before-2020.pth", "net.safetensors", "state_dict.pth", "parallel.pth"):
        WAYS[way](model.state_dict(), tmp_path / way)
        hashes.add(load_backbone(TINY, weights=tmp_path / way).weights)
    assert len(hashes) == 1
    torch.save(tiny(seed=1).state_dict(), other)
    assert load_backbone(TINY, weights=other).weights not in hashes
    exclude = "exclude each other"
    for name, weights, random_, says in (
        (TINY, path, True, exclude),
        (mine, None, True, exclude),
        (mine, path, False, "checkpoint"),
    ):
        load = functools.partial(load_backbone, name, weights=weights, random=random_)
        assert says in refusal(load), (name, weights)


# Checkpoints


def checkpoint(path: Path, model: nn.Module, **facts: object) -> str:
    """The name of a backbone that lies in a file of either format."""
    if path.suffix == ".pth":
        torch.save({"state_dict": model.state_dict(), **facts}, path)
    else:
        header = {name: fact if isinstance(fact, str) else json.dumps(fact) for name, fact in facts.items()}
        save_file(model.state_dict(), path, metadata=header)
    return f"checkpoint:{path}"


def same_features(backbone: Backbone, model: nn.Module, features: nn.Module) -> bool:
    """Whether a backbone sees what the original model sees before its head, and says what it says."""
    size = backbone.preprocessing.size
    probe, seen = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1)), []
    hook = features.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        said, trunk = model(probe), backbone.trunk(probe)
        assert backbone.head is not None and trunk.std() > 0
        hook.remove()
        return torch.allclose(trunk, seen[0], 1e-4, 0) and torch.allclose(backbone.head(trunk), said, 1e-4, 1e-7)


def test_a_checkpoint_comes_back_with_its_features_words_and_origin(tmp_path: Path) -> None:
    from torchvision import models

    names = ["cat", "dog", "Ä b,c", "a bird", "=1+1", "5", "<b>"]
    model, resnet = tiny(7), models.resnet18(num_classes=7).eval()
    for file, original, head, architecture, title in (
        ("birds.pth", model, model.get_classifier(), TINY, TINY.removeprefix("timm:")),
        ("birds.safetensors", model, model.get_classifier(), TINY, TINY.removeprefix("timm:")),
        ("resnet.safetensors", resnet, resnet.fc, "resnet18", "ResNet-18"),
    ):
        backbone = load_backbone(checkpoint(tmp_path / file, original, architecture=architecture, classes=names))
        assert same_features(backbone, original, head) and backbone.dim == head.in_features, file
        assert [one.name for one in backbone.classes] == names and not backbone.random
        assert file in backbone.origin and title in backbone.origin


def test_classes_that_nobody_named_are_numbered_and_those_of_one_name_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "seven.pth"
    for name, weights in ((checkpoint(path, tiny(7), architecture=TINY), None), (TINY, path)):
        backbone = load_backbone(name, weights=weights)
        assert [one.name for one in backbone.classes] == [f"class {number}" for number in range(7)]
        assert backbone.head is not None and backbone.head.out_features == 7
    alike = checkpoint(path, tiny(7), architecture=TINY, classes=["cat"] * 7)
    assert len({one.name for one in load_backbone(alike).classes}) == 7


def test_a_checkpoint_with_wrong_facts_is_refused_with_the_right_ones(tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"architecture": TINY, "classes": ["a", "b"]}, "7 classes and 2 names.*Give as many names"),
        ({"classes": list("abcdefg")}, "does not say which network it is for.*'architecture'"),
        ({"architecture": "resnet51"}, "There is no backbone 'resnet51'.*resnet50"),
        ({"architecture": f"checkpoint:{__file__}"}, "names another checkpoint.*Expected a network's name"),
        ({"architecture": "resnet18"}, "does not fit the network: it lacks"),
        ({"architecture": "timm:no_such_net"}, "timm has no network 'no_such_net'"),
        ({"architecture": TINY, "classes": 7}, "classes"),
    ]
    cases = [(suffix, *one) for suffix in (".pth", ".safetensors") for one in wrong]
    for classes in ("not json", "[1", "null"):
        cases.append((".safetensors", {"architecture": TINY, "classes": classes}, r"mine\.safetensors"))
    for suffix, facts, message in cases:
        name = checkpoint(tmp_path / f"mine{suffix}", tiny(7), **facts)
        assert re.search(message, refusal(functools.partial(load_backbone, name))), (suffix, facts)


# Published weights: those on this machine, and those to fetch


def closed_port() -> int:
    with socket.socket() as briefly:
        briefly.bind(("127.0.0.1", 0))
        return int(briefly.getsockname()[1])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weights of ResNet-18 belong, in an empty home without a way out of this machine."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed_port()}")
    return weights_folder() / BACKBONES["resnet18"].file


def test_published_weights_in_their_place_are_used_and_asked_for_with_address_and_place_where_they_are_not(
    place: Path,
) -> None:
    from torchvision import models

    with pytest.raises(WeightsUnavailable) as caught:
        load_backbone("resnet18")
    message = str(caught.value)
    assert BACKBONES["resnet18"].url in message and str(place) in message and BUNDLED in message
    assert list(place.parent.iterdir()) == []
    model = models.resnet18().eval()
    torch.save(model.state_dict(), place)
    backbone = load_backbone("resnet18", tell=pytest.fail)  # without a network
    assert same_features(backbone, model, model.fc)
    assert place.name in backbone.origin and not backbone.random
    for write in (saying(""), saying("half a file"), swapped("plain.pth")):
        write(place)
        assert place.name in refusal(lambda: load_backbone("resnet18")), "it is named when it is another's"


def test_what_timms_library_keeps_is_used_and_named_when_it_is_damaged(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / f".cache/huggingface/hub/models--timm--{TINY.removeprefix('timm:')}/snapshots/0a1b"
    folder.mkdir(parents=True)
    model, path = tiny(), folder / "model.safetensors"
    save_file(model.state_dict(), path)
    backbone = load_backbone(TINY, tell=pytest.fail)
    assert same_features(backbone, model, model.get_classifier())
    for damaged in (b"", path.read_bytes()[:5000]):
        path.write_bytes(damaged)
        message = refusal(lambda: load_backbone(TINY))
        assert str(path) in message and "Remove it and retry" in message


CONTENT = random.Random(1).randbytes(3_000_000)
GOOD = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind == "banner":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            return
        self.send_response(404 if kind == "missing" else 200)
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif kind != "unsized":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        announced = b"2dc6c0\r\n" if kind == "chunked" else b""  # 3,000,000
        with contextlib.suppress(ConnectionError):  # nobody waits for all of a page of error
            self.wfile.write(announced + CONTENT[: 2_000_000 if kind in ("closing", "chunked") else None])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real server on this machine; its first path component says how it fails."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_good_file_lands_whole_and_alone_and_its_progress_is_told(server: str, tmp_path: Path) -> None:
    for number, (kind, name) in enumerate(itertools.product(("good", "unsized"), (GOOD, "model.safetensors"))):
        told: list[str] = []
        target = tmp_path / f"hub {number}" / "checkpoints" / name
        assert download(f"{server}/{kind}/{name}", target, told.append) == target
        assert target.read_bytes() == CONTENT and list(target.parent.iterdir()) == [target], (kind, name)
        assert told[-1] == f"downloading {name}: 3{' of 3' if kind == 'good' else ''} MB"
        assert len(told) > 1 and all(name in one for one in told), (kind, name)


def unavailable(url: str, target: Path, *tell: Any) -> str:
    with pytest.raises(WeightsUnavailable) as caught:
        download(url, target, *tell)
    if isinstance(caught.value.__cause__, HTTPError):
        with contextlib.closing(caught.value.__cause__) as answer:
            assert answer.closed, "a server that refuses is hung up on"
    return str(caught.value)


def test_a_failed_download_says_why_and_what_to_do_and_leaves_what_was_there(server: str, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    for host, kind, name, why in (
        (server, "missing", GOOD, "Not Found"),
        (server, "good", "net-0123abcd.pth", "its hash is "),
        (server, "closing", GOOD, "2,000,000 of 3,000,000 bytes came"),
        (server, "closing", "model.safetensors", "2,000,000 of 3,000,000 bytes came"),
        (nobody, "nobody", GOOD, "refused"),
        (server, "chunked", GOOD, "could not be downloaded"),
        (server, "banner", GOOD, "could not be downloaded"),
    ):
        url, target = f"{host}/{kind}/{name}", tmp_path / "checkpoints" / name
        with case(kind, name):
            message = unavailable(url, target)
            assert re.search(why, message)
            assert url in message and f"put it at {target}" in message and f"bundled backbone ({BUNDLED})" in message
            assert list(target.parent.iterdir()) == []
            written(target, b"of yesterday")
            unavailable(url, target)
            assert target.read_bytes() == b"of yesterday" and list(target.parent.iterdir()) == [target]
        target.unlink()
    target = written(tmp_path / "file", b"") / "net.pth"
    assert str(target) in unavailable(f"{server}/good/net.pth", target), "a folder that cannot be written"
    for url in ("http://example.org/net.pth", "http://127.0.0.2:80/a", "ftp://127.0.0.1/a", "file:///etc/passwd", ""):
        message = unavailable(url, tmp_path / "a" / "net.pth", pytest.fail)
        assert "is no address weights are fetched from. Expected one with https" in message, url
        assert not (tmp_path / "a").exists(), url


# What may be asked of the embedding job


def test_a_request_that_cannot_be_is_refused_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMCLUST_ROOTS", raising=False)
    own = f"checkpoint:{__file__}"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"preprocess": "crop"}, "'crop' is no preprocessing.*own, squash"),
        ({"device": "tpu"}, f"'tpu' is no device.*{', '.join(DEVICES)}"),
        ({"device": "CPU"}, "'CPU' is no device"),
        ({"dtype": "fp16"}, f"'fp16' is no dtype.*{', '.join(DTYPES)}"),
        ({"backbone": "resnet51"}, "Did you mean .*resnet50"),
        ({"backbone": "checkpoint:/no/such.pth"}, "is no file"),
        ({"weights": __file__}, "Name the backbone they are for"),
        ({"random_weights": True}, "Name the backbone they are for"),
        ({"backbone": TINY, "weights": __file__, "random_weights": True}, "exclude each other"),
        ({"backbone": TINY, "weights": "/no/such.pth"}, "There is no file '/no/such.pth'.*full path"),
        ({"backbone": TINY, "weights": "/"}, "There is no file '/'"),
        ({"backbone": TINY, "weights": "~no_such_user/a"}, "no file"),
        ({"backbone": TINY, "weights": "x" * 300}, "no file"),
        ({"backbone": own, "random_weights": True}, "its own weights"),
        ({"backbone": own, "weights": __file__}, "checkpoint"),
    ]
    for fields, message in refused:
        with case(fields), pytest.raises(BackboneError, match=message):
            check_request(EmbedRequest(**fields))


def test_a_good_request_is_completed_with_names_and_full_paths_within_a_servers_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMCLUST_ROOTS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("mine.pth", "inside/a.pth", "outside/a.pth"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path / name, b"x")
    full, inside = str(tmp_path.resolve() / "mine.pth"), str(tmp_path / "inside" / "a.pth")
    for given in ("mine.pth", "./mine.pth", "~/mine.pth", full):
        assert check_request(EmbedRequest(backbone=" resnet18 ", weights=given)) == EmbedRequest("resnet18", full)
        assert check_request(EmbedRequest(f"checkpoint:{given}")).backbone == f"checkpoint:{full}"
    assert check_request(EmbedRequest()) == EmbedRequest(AUTO, None)
    assert check_request(EmbedRequest("resnet18", "")).weights is None
    for device, dtype in itertools.product(DEVICES, DTYPES):
        asked = EmbedRequest(TINY, None, True, "squash", device, dtype)
        assert check_request(asked) == asked == check_request(check_request(asked))
    (tmp_path / "inside" / "link.pth").symlink_to(tmp_path / "outside" / "a.pth")
    monkeypatch.setenv("IMCLUST_ROOTS", str(tmp_path / "inside"))
    for name in ("outside/a.pth", "inside/../outside/a.pth", "inside/link.pth"):
        for request in (EmbedRequest("resnet18", f"{tmp_path}/{name}"), EmbedRequest(f"checkpoint:{tmp_path}/{name}")):
            assert "IMCLUST_ROOTS" in refusal(lambda request=request: check_request(request))
    assert check_request(EmbedRequest("resnet18", inside)).weights == inside
