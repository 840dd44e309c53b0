"""How fast are maps and guided slopes? Against pytorch-grad-cam with captum, in one run.

    python bench/explain.py [--device cpu|cuda] [--images 60] [--batch N] [--rounds 3] [--only NETWORK,NETWORK]

Photographs of the sample collection, decoded beforehand for everybody; nobody writes anything. Each image is explained
for the class that the network finds most probable. Two questions: the map of class activation alone ("CAM"), and with
it guided backpropagation ("CAM + guided").

ours        a network for each lane, as the worker has them, `--batch` images in one pass: the map is exact, at the
            places of the layer, and comes with the slopes from one forward pass
peers, 1    what their pages show, for one image after the other: GradCAM of pytorch-grad-cam, which scales its map up
            to the picture, then GuidedBackprop of captum for the class that the first found
peers, N    the same with as many images in one batch as we have

Peers get pixels that are normalised already, networks whose weights take gradients, as they come from torchvision, and
all threads of torch. captum does not know ReLU6: in the bundled network its slopes are plain ones, which is less work.

All take turns, `--rounds` times over; rates are medians, and `time / ours` is above 1 where it is slower. Needs the
packages of the extra `dev`.
"""

import argparse
import copy
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from captum.attr import GuidedBackprop
from pytorch_grad_cam import GradCAM
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from imclust_core import make_samples, open_image  # noqa: E402
from imclust_core.backbones.network import Backbone, load_backbone  # noqa: E402
from imclust_core.backbones.registry import BUNDLED  # noqa: E402
from imclust_core.embedding.lanes import Lanes, cores, device_name, devices_for, lanes_for  # noqa: E402
from imclust_core.explain.explainer import Looker  # noqa: E402
from imclust_core.explain.targets import OfBest  # noqa: E402
from imclust_core.images.samples import SOURCES  # noqa: E402

NETWORKS = (BUNDLED, "resnet50")
BATCH = {"cpu": 4, "cuda": 32}
COLUMNS = ("network", "who", "CAM, images/s", "time / ours", "CAM + guided, images/s", "time / ours")

Explain = Callable[[bool], None]
"""All images once; with guided slopes or without."""


@dataclass(frozen=True)
class Contest:
    """One network, and what everybody is given: pictures (n, size, size, 3) uint8, and how many to take at once."""

    backbone: Backbone
    pictures: np.ndarray
    device: str
    batch: int

    def parts(self, batch: int) -> list[slice]:
        return [slice(start, start + batch) for start in range(0, len(self.pictures), batch)]


def photographs(number: int) -> list[bytes]:
    """So many of the sample photographs, of all kinds."""
    with tempfile.TemporaryDirectory() as folder:
        make_samples(Path(folder) / "photographs", per_class=-(-number // len(SOURCES)))
        return [path.read_bytes() for path in sorted((Path(folder) / "photographs").glob("*.jpg"))[:number]]


def ours(contest: Contest, lanes: Lanes[Looker]) -> Explain:
    """As the worker does it: the next free lane takes the next batch."""

    def look(part: slice, guided: bool) -> Callable[[Looker], None]:
        def work(looker: Looker) -> None:
            looker(contest.pictures[part], OfBest(), slopes="guided" if guided else "")

        return work

    def explain(guided: bool) -> None:
        for waiting in [lanes.submit(look(part, guided)) for part in contest.parts(contest.batch)]:
            waiting.result()

    return explain


def peers(contest: Contest, looker: Looker, batch: int) -> Explain:
    """GradCAM and GuidedBackprop, each on a network of its own as anybody has it: the one's hooks stay there."""
    head, places = contest.backbone.head, looker.places
    assert head is not None and places is not None
    whole = nn.Sequential(contest.backbone.trunk, head)
    one, other = (copy.deepcopy(whole).to(contest.device).requires_grad_(True) for _ in range(2))
    maps, slopes = GradCAM(one, [one[0].get_submodule(places.name)]), GuidedBackprop(other)
    given = looker.pixels(contest.pictures).contiguous()

    def explain(guided: bool) -> None:
        torch.set_num_threads(cores())
        for part in contest.parts(batch):
            maps(input_tensor=given[part], targets=None)
            if guided:
                arrived(slopes.attribute(given[part], target=maps.outputs.argmax(1)))

    return explain


def arrived(slopes: Tensor) -> np.ndarray:
    """The slopes where a picture can be made of them: a GPU is done by then."""
    found: np.ndarray = slopes.detach().cpu().numpy()
    return found


def seconds(explain: Explain, guided: bool) -> float:
    start = time.perf_counter()
    explain(guided)
    return time.perf_counter() - start


def by_turns(methods: dict[str, Explain], rounds: int) -> dict[tuple[str, bool], float]:
    """The median of the seconds of each, after one turn that does not count."""
    found: dict[tuple[str, bool], list[float]] = {}
    for turn in range(rounds + 1):
        for name, explain in methods.items():
            for guided in (False, True):
                took = seconds(explain, guided)
                if turn:
                    found.setdefault((name, guided), []).append(took)
    return {key: statistics.median(times) for key, times in found.items()}


def compare(contest: Contest, rounds: int) -> Iterator[str]:
    """A line for each way, ours first."""
    devices = devices_for(contest.device)
    lookers = [Looker(contest.backbone, devices[at % len(devices)]) for at in range(lanes_for(len(devices)))]
    with Lanes(lookers) as lanes:
        methods = {f"ours, {contest.batch} in each of {lanes.number} lanes": ours(contest, lanes)}
        for batch in (1, contest.batch):
            methods[f"peers, {batch}"] = peers(contest, lookers[0], batch)
        took = by_turns(methods, rounds)
    first = next(iter(methods))
    for name in methods:
        cells = [contest.backbone.spec.name, name]
        for guided in (False, True):
            cells.append(f"{len(contest.pictures) / took[name, guided]:.1f}")
            cells.append("" if name == first else f"{took[name, guided] / took[first, guided]:.2f}")
        yield " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where everybody runs")
    parser.add_argument("--images", type=int, default=60, help="photographs")
    parser.add_argument("--batch", type=int, help="images in one pass of ours; 4 on a CPU, 32 on a GPU")
    parser.add_argument("--rounds", type=int, default=3, help="turns of everybody")
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks, with commas between")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU that torch can use; expected --device cpu")
    warnings.filterwarnings("ignore", module="captum")
    files = photographs(options.images)
    print(f"{len(files)} photographs, {device_name(devices_for(options.device)[0])}.\n")
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    for name in options.only.split(","):
        backbone = load_backbone(name, random=name != BUNDLED)
        pictures = np.stack([backbone.preprocessing.pixels(open_image(data).rgb) for data in files])
        contest = Contest(backbone, pictures, options.device, options.batch or BATCH[options.device])
        for line in compare(contest, options.rounds):
            print(f"| {line} |", flush=True)


if __name__ == "__main__":
    main()
