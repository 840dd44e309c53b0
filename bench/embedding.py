"""How fast is an embedding? Against its own limit, against the origin's loop and against the common idiom.

    python bench/embedding.py [--photos FOLDER] [--device auto|cpu|cuda] [--only a,b,c,d,e] [--rounds 3]

Prints one JSON line per figure. What is compared is measured by turns in one run, `--rounds` times over; rates are
medians, and a ratio is that of two medians.

a   Images a second from files to sealed shards, thumbnails included, over the limit of this machine: that of decoding
    and network together. On a CPU they share the cores, so the limit is 1 / (1/decode + 1/forward); with GPUs it is
    the smaller of the two. For ResNet-152 (random weights) and for the bundled network.
b   The same over the origin's way, for ResNet-152: one image at a time, fp32, PIL's resize to 224 x 224, a hook for
    the features, softmax and the first five.
c   The same over the common idiom, for both: ImageFolder, Resize, CenterCrop, ToTensor, Normalize and a DataLoader
    (batches of 32, two workers), fp32, the last layer made Identity and applied for the first five.
d   Peak memory of a process that embeds, for several numbers of images; the input is small, so that it is quick.
e   Cosine of the features in bf16 with those in fp32. On a CPU without bf16 this takes minutes.

Forward-only runs last `--seconds`, the peers of b and c at most as long. Peers run with torch's own number of threads
and on one device; the embedding uses every device. The photographs (in class folders) are repeated as often as it
takes, with bytes after the end marker, so that no two files are the same; the page cache holds them for everybody.
"""

import argparse
import copy
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.memory import peak_mb  # noqa: E402
from imclust_core.backbones.network import Backbone, load_backbone  # noqa: E402
from imclust_core.backbones.preprocessing import Preprocessing  # noqa: E402
from imclust_core.backbones.registry import BUNDLED  # noqa: E402
from imclust_core.embedding.decoding import Asked, Decoder  # noqa: E402
from imclust_core.embedding.forward import Forward, joined  # noqa: E402
from imclust_core.embedding.lanes import cores, device_name, devices_for, lanes_for  # noqa: E402
from imclust_core.embedding.measuring import Speed, decode_rate, forward_rate, measure  # noqa: E402
from imclust_core.embedding.run import Machine, embed_segment, make_forwards, plan_for  # noqa: E402
from imclust_core.embedding.shard import Tally  # noqa: E402
from imclust_core.errors import WeightsUnavailable  # noqa: E402
from imclust_core.images.inspecting import digest_of  # noqa: E402
from imclust_core.store.shards import Plan, is_sealed, write_segment  # noqa: E402

WORK = ROOT / "bench" / ".work"
DATA = Path(os.environ.get("IMCLUST_TEST_DATA") or ROOT.parent / "shared" / "data")
LARGE, IN_MEMORY = "resnet152", "mobilenet_v3_large"
FEW, MANY = {"cpu": 128, "cuda": 8_192}, {"cpu": 600, "cuda": 16_384}
"""How many images the large network gets, and the bundled one: some seconds of work."""
THREADS = torch.get_num_threads()


@dataclass(frozen=True)
class Contest:
    """One network on this machine, and the images below `folder` that everybody gets."""

    backbone: Backbone
    machine: Machine
    forwards: list[Forward]
    folder: Path
    asked: list[Asked]
    seconds: float

    @property
    def device(self) -> str:
        return self.machine.devices[0]

    @property
    def lanes(self) -> int:
        return lanes_for(len(self.machine.devices))

    def plan(self, images: int) -> Plan:
        return plan_for(images, self.machine.speed, self.lanes)

    def decoder(self, thumbnails: Path) -> Decoder:
        own = self.backbone.preprocessing
        return Decoder(self.folder, follow_links=False, preprocessing=own, thumbnails=thumbnails)

    def parts(self) -> tuple[nn.Module, nn.Module]:
        """The network as the peers have it: trunk and last layer in fp32, in torch's own memory layout."""
        trunk, head = copy.deepcopy(self.backbone.trunk), copy.deepcopy(self.backbone.head)
        assert head is not None
        return trunk.to(self.device), head.to(self.device)


def tell(**figure: Any) -> None:
    print(json.dumps(figure), flush=True)


def photographs(source: Path, number: int) -> tuple[Path, list[Asked]]:
    """So many photographs, mixed over the class folders of `source`, and the folder they lie in; made if need be."""
    originals = sorted(source.glob("*/*.jpg"))
    if not originals:
        sys.exit(f"No photographs in {source}: --photos FOLDER names a folder with class folders of .jpg.")
    random.Random(0).shuffle(originals)
    folder, asked = WORK / f"photos-{digest_of(os.fsencode(source))[:8]}", []
    for index in range(number):
        original = originals[index % len(originals)]
        path = folder / original.parent.name / f"{index:06}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Bytes after a JPEG's end marker change the file and not the picture.
            path.with_suffix(".tmp").write_bytes(original.read_bytes() + index.to_bytes(4, "big"))
            path.with_suffix(".tmp").rename(path)
        relative = os.fsencode(path.relative_to(folder))
        asked.append(Asked(index, relative, bytes.fromhex(digest_of(path.read_bytes()))))
    return folder, asked


def loaded(name: str) -> Backbone:
    """A network; the bundled one with random weights where its package is not installed."""
    try:
        return load_backbone(name, random=name != BUNDLED)
    except WeightsUnavailable:
        return load_backbone(name, random=True)


def title(backbone: Backbone) -> str:
    return backbone.spec.name + (", random weights" if backbone.random else "")


def prepared(name: str, number: int, source: Path, devices: list[str], seconds: float) -> Contest:
    """Load a network and measure it. The images are whole batches for every lane, as they are in a long run."""
    backbone = loaded(name)
    speed = measure(backbone, devices)
    step = speed.batch * lanes_for(len(devices))
    folder, asked = photographs(source, -(-number // step) * step)
    tell(figure="measured", backbone=title(backbone), **asdict(speed))
    machine = Machine(devices, speed)
    return Contest(backbone, machine, make_forwards(backbone, machine, compiled=False), folder, asked, seconds)


# -- ours


def end_to_end(contest: Contest, asked: list[Asked]) -> float:
    """Images a second from files to sealed shards and thumbnails, in folders that are not there yet."""
    vectors, thumbnails = fresh("vectors"), fresh("thumbnails")
    images = [(one.image_id, one.digest, one.path) for one in asked]
    tally, start = Tally(), time.perf_counter()
    segment = write_segment(vectors, 0, images, contest.plan(len(asked)))
    how: dict[str, Any] = {"follow_links": False, "thumbnails": thumbnails, "tell": lambda _: None, "tally": tally}
    embed_segment(vectors, segment, contest.backbone, contest.forwards, contest.folder, **how)
    took = time.perf_counter() - start
    assert all(is_sealed(vectors, 0, shard) for shard in range(segment.plan.shards))
    assert (tally.done, tally.bad) == (len(asked), 0)
    assert sum(1 for _ in thumbnails.glob("*/*.jpg")) == len(asked)
    return len(asked) / took


def decode_only(contest: Contest) -> float:
    with closing(contest.decoder(fresh("thumbnails"))) as decoder:
        return decode_rate(decoder, contest.asked, contest.backbone.preprocessing.size)


def forward_only(contest: Contest) -> float:
    size, batch = contest.backbone.preprocessing.size, contest.machine.speed.batch
    return forward_rate(contest.forwards, size, batch, seconds=contest.seconds)


def fresh(name: str) -> Path:
    """An empty folder."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# -- theirs


def rate_of(steps: Iterator[int], contest: Contest) -> float:
    """Images a second of a loop that yields how many each step did, until all are done or time is up."""
    done, start = 0, time.perf_counter()
    for number in steps:
        done += number
        if done >= len(contest.asked) or time.perf_counter() - start > contest.seconds:
            break
    return done / (time.perf_counter() - start)


def first_five(logits: Tensor) -> tuple[list[Any], list[Any]]:
    top = logits.softmax(1).topk(5)
    return top.values.tolist(), top.indices.tolist()


@torch.no_grad()
def origin_way(contest: Contest) -> float:
    """One image at a time, as the origin did it."""
    torch.set_num_threads(THREADS)
    model, head = contest.parts()
    model.fc = head
    model(torch.zeros(1, 3, 224, 224, device=contest.device))
    features: list[np.ndarray] = []
    model.get_submodule("avgpool").register_forward_hook(
        lambda _m, _x, out: features.append(out.flatten(1).cpu().numpy())
    )
    own = contest.backbone.preprocessing
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(own.mean, own.std)])

    def steps() -> Iterator[int]:
        for one in contest.asked:
            image = Image.open(contest.folder / os.fsdecode(one.path)).convert("RGB").resize((224, 224))
            first_five(model(to_tensor(image)[None].to(contest.device)))
            yield 1

    return rate_of(steps(), contest)


@torch.no_grad()
def common_idiom(contest: Contest) -> float:
    """ImageFolder and DataLoader, as tutorials have it, with the crop that the network was trained for."""
    torch.set_num_threads(THREADS)
    trunk, head = contest.parts()
    own = contest.backbone.preprocessing
    trunk(torch.zeros(32, 3, own.size, own.size, device=contest.device))
    square = [transforms.Resize(own.resize, transforms.InterpolationMode(own.interpolation))]
    square += [transforms.CenterCrop(own.size), transforms.ToTensor(), transforms.Normalize(own.mean, own.std)]
    dataset, chance = ImageFolder(str(contest.folder), transforms.Compose(square)), torch.Generator().manual_seed(0)
    features: list[np.ndarray] = []

    def steps() -> Iterator[int]:
        for batch, _ in DataLoader(dataset, batch_size=32, num_workers=2, shuffle=True, generator=chance):
            found = trunk(batch.to(contest.device))
            features.append(found.cpu().numpy())
            first_five(head(found))
            yield len(batch)

    return rate_of(steps(), contest)


# -- the figures


def compare(contest: Contest, figures: set[str], rounds: int) -> None:
    """Figures a, b and c of a network: all that they need by turns, so that a slow minute hits everybody."""
    ways: dict[str, Callable[[Contest], float]] = {"ours": lambda given: end_to_end(given, given.asked)}
    if "a" in figures:
        ways |= {"decode_only": decode_only, "forward_only": forward_only}
    ways |= {"origin_way": origin_way} if "b" in figures else {}
    ways |= {"common_idiom": common_idiom} if "c" in figures else {}
    os.sync()  # new photographs are not written to the disk while anybody is measured
    end_to_end(contest, contest.asked[: contest.machine.speed.batch * contest.lanes])  # warms devices and allocators
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            rates[name].append(round(way(contest), 2))
    tell(figure="rounds", backbone=title(contest.backbone), images=len(contest.asked), images_per_s=rates)
    middle = {name: statistics.median(found) for name, found in rates.items()}
    if "a" in figures:
        decode, forward = middle["decode_only"], middle["forward_only"]
        middle["limit"] = round(1 / (1 / decode + 1 / forward) if contest.device == "cpu" else min(decode, forward), 2)
    for figure, peer in (("a", "limit"), ("b", "origin_way"), ("c", "common_idiom")):
        if figure in figures:
            facts = {"backbone": title(contest.backbone), "ours": middle["ours"], peer: middle[peer]}
            tell(figure=figure, **facts, ratio=round(middle["ours"] / middle[peer], 3))


def small_input() -> Backbone:
    """The network of figure d, which is about everything but the network."""
    return replace(load_backbone(IN_MEMORY, random=True), preprocessing=Preprocessing(size=64, resize=72))


def compare_memory(sizes: list[int], source: Path, devices: list[str]) -> None:
    """Figure d: each number of images in a process of its own."""
    speed, peaks = measure(small_input(), devices), []
    for size in sizes:
        photographs(source, size)
        told = json.dumps({"number": size, "devices": devices, "speed": asdict(speed), "source": str(source)})
        command = [sys.executable, str(Path(__file__).resolve()), "--embed-and-tell", told]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        peaks.append(found["peak_mb"])
        tell(figure="d", backbone=IN_MEMORY, side=64, dtype=speed.dtype, batch=speed.batch, **found)
    tell(figure="d", images=sizes, peak_mb=peaks, ratio=round(peaks[-1] / peaks[0], 3))


def embed_and_tell(number: int, devices: list[str], speed: dict[str, Any], source: str) -> None:
    """What a process of figure d does: embed as many images, and say how much memory that took."""
    backbone, machine = small_input(), Machine(devices, Speed(**speed))
    forwards = make_forwards(backbone, machine, compiled=False)
    before, (folder, asked) = peak_mb(), photographs(Path(source), number)
    contest = Contest(backbone, machine, forwards, folder, asked, 0)
    rate, rows = round(end_to_end(contest, asked), 1), contest.plan(number).shard_rows
    tell(images=number, shard_rows=rows, images_per_s=rate, loaded_mb=before, peak_mb=peak_mb())


def agreement(name: str, number: int, source: Path, devices: list[str]) -> None:
    """Figure e, on the first device."""
    backbone, (folder, asked) = loaded(name), photographs(source, number)
    own = backbone.preprocessing
    pixels = np.zeros((number, own.size, own.size, 3), np.uint8)
    with closing(Decoder(folder, follow_links=False, preprocessing=own, thumbnails=None)) as decoder:
        assert not any(decoder.batch(asked, pixels))
    both = [Forward(backbone, devices[0], dtype) for dtype in ("fp32", "bf16")]
    full, half = (joined([run(pixels[at : at + 8]) for at in range(0, number, 8)]) for run in both)
    a, b = (one.features.astype(np.float64) for one in (full, half))
    cosines = (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    found = {"median_cosine": np.median(cosines), "least_cosine": cosines.min()}
    found["same_first_label"] = (full.labels[:, 0] == half.labels[:, 0]).mean()
    rounded = {key: round(float(value), 6) for key, value in found.items()}
    tell(figure="e", backbone=title(backbone), images=number, **rounded)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=DATA / "caltech20", help="class folders of .jpg")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--only", type=lambda text: set(text.split(",")), default=set("abcde"), metavar="a,b,c,d,e")
    parser.add_argument("--networks", nargs="+", choices=(LARGE, BUNDLED), default=[LARGE, BUNDLED])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of a forward-only run, and at most of a peer's")
    parser.add_argument("--images-small", type=int, help=f"for {LARGE}; rounded up to whole batches for every lane")
    parser.add_argument("--images-large", type=int, help=f"for {BUNDLED}; likewise")
    parser.add_argument("--memory-sizes", type=int, nargs="+", default=[1000, 20_000])
    parser.add_argument("--agreement-images", type=int, default=64)
    parser.add_argument("--embed-and-tell", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.embed_and_tell:
        embed_and_tell(**options.embed_and_tell)
        return
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch finds no CUDA device here.")
    devices, source = devices_for(options.device), options.photos.resolve()
    kind = devices[0].partition(":")[0]
    facts = {"cores": cores(), "threads": THREADS, "torch": torch.__version__, "python": sys.version.split()[0]}
    tell(figure="machine", devices=[device_name(one) for one in devices], **facts)
    if (figures := options.only & set("abc")) and LARGE in options.networks:
        number = options.images_small or FEW[kind]
        compare(prepared(LARGE, number, source, devices, options.seconds), figures, options.rounds)
    if (figures := options.only & set("ac")) and BUNDLED in options.networks:
        number = options.images_large or MANY[kind]
        compare(prepared(BUNDLED, number, source, devices, options.seconds), figures, options.rounds)
    if "d" in options.only:
        compare_memory(options.memory_sizes, source, devices)
    for name in options.networks if "e" in options.only else ():
        agreement(name, options.agreement_images, source, devices)


if __name__ == "__main__":
    main()
