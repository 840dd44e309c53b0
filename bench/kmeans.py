"""How fast and how tight is k-means? Against scikit-learn and faiss on the same rows in the same run.

    python bench/kmeans.py [--device cuda|cpu] [--only first,second,largest,growth] [--starts 10] [--seeds 3]
                           [--largest 1000000]

Three sets of features: 5,011 x 2,048 with K = 20, 50,000 x 256 with K = 200, and 1,000,000 x 256 with K = 1,000. They
are made from a seed, and made to be like a network's: see `features`. Every method gives centroids and the label of
every row, and both are timed; what has several runs takes them by turns with the others. For each set and method:

runs            ours: --seeds seeds. scikit-learn: KMeans(n_init=1) with --starts seeds, as one line by itself and as
                the best of all, which takes the sum of their times. faiss: Kmeans(niter=25) with nredo=1, --seeds
                times, and with nredo=10, once; rows are then labelled by its index
seconds         median and worst of the runs
inertia         sum of squared distances of all rows to their centroids, median and worst
time / ours     its seconds over ours, medians: above 1 it is slower
ours / it - 1   our inertia over its inertia, median and worst of ours: below 0 we are tighter

The largest set: scikit-learn would take hours and is not run; faiss is run once, and samples 256 rows for each
centroid, as it always does. Below it stands the peak of this process's memory once the rows were made, and after our
first run. --largest makes it smaller where memory or time asks for that.

Growth: our seconds for 12,500 to 400,000 x 256 with K = 200, the median of two seeds, and the exponent of n that fits
them best. With a sample of 51,200 rows and fewer rounds from 300,000 rows on, it should be below 1.

Where we run on a GPU, so does a line for us on the CPU, in the first two sets; the peers always use the CPU. Needs
numpy, scipy, torch and Pillow; peers that are not installed are only said to be so: pip install scikit-learn faiss-cpu.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.memory import peak_mb  # noqa: E402
from imclust_core.arrays.rows import chosen_device  # noqa: E402
from imclust_core.clustering.kmeans import kmeans  # noqa: E402

LARGEST = 1_000_000
GROWTH = (12_500, 25_000, 50_000, 100_000, 200_000, 400_000)
FEW = 50_000
"""Up to so many rows are little enough work for every peer and for a second device."""
COLUMNS = (
    "rows, K",
    "method",
    "runs",
    "seconds, median / worst",
    "inertia, median / worst",
    "time / ours",
    "ours / it - 1",
)
DIRECTIONS = 24
BLOCK = 32_768


@dataclass(frozen=True)
class Run:
    """One run: how long it took, the sum of squared distances it reached, and the peak of memory so far."""

    seconds: float
    inertia: float
    peak_mb: int


@dataclass(frozen=True)
class Method:
    """A way to get at clusters. fit: (rows, K, seed) -> inertia. runs: how many, or why there are none."""

    name: str
    fit: Callable[[np.ndarray, int, int], float]
    runs: int | str


def features(n: int, d: int, k: int, seed: int = 0) -> np.ndarray:
    """Rows (n, d) float32 like those of a network's last layer.

    2 K classes of uneven size (Dirichlet 2) and uneven width (log-normal 0.3) around centres with few large numbers
    (gamma 0.4); half of the spread within a class lies along 24 directions that all share. What is below 0 is 0, as
    after a ReLU, and rows differ in length (log-normal 0.12). They come in blocks: memory holds little beyond them.
    """
    rng = np.random.default_rng(seed)
    classes = 2 * k
    centres = rng.gamma(0.4, 0.7, (classes, d)).astype(np.float32) - np.float32(0.1)
    shares = rng.dirichlet(np.full(classes, 2.0))
    widths = rng.lognormal(0, 0.3, (classes, 1)).astype(np.float32)
    directions = rng.standard_normal((DIRECTIONS, d), np.float32) * np.float32(0.4 / DIRECTIONS**0.5)
    out = np.empty((n, d), np.float32)
    for start in range(0, n, BLOCK):
        block = out[start : start + BLOCK]
        of_row = rng.choice(classes, len(block), p=shares)
        rng.standard_normal(dtype=np.float32, out=block)
        block *= 0.4
        block += rng.standard_normal((len(block), DIRECTIONS), np.float32) @ directions
        block *= widths[of_row]
        block += centres[of_row]
        np.maximum(block, 0, out=block)
        block *= rng.lognormal(0, 0.12, (len(block), 1)).astype(np.float32)
    return out


def ours_on(device: str) -> Callable[[np.ndarray, int, int], float]:
    """Our k-means there; it gives arrays of NumPy, so a GPU is done when it returns."""

    def fit(points: np.ndarray, k: int, seed: int) -> float:
        return kmeans(points, k, seed=seed, device=device).inertia

    return fit


def sklearn_once(points: np.ndarray, k: int, seed: int) -> float:
    """One start of scikit-learn's k-means."""
    from sklearn.cluster import KMeans

    return float(KMeans(k, n_init=1, random_state=seed).fit(points).inertia_)


def faiss_with(redo: int) -> Callable[[np.ndarray, int, int], float]:
    """faiss's k-means, the best of so many starts; all rows are labelled by its index."""

    def fit(points: np.ndarray, k: int, seed: int) -> float:
        import faiss

        model = faiss.Kmeans(points.shape[1], k, niter=25, nredo=redo, seed=seed + 1)
        model.train(points)
        return float(model.index.search(points, 1)[0].sum(dtype=np.float64))

    return fit


def methods_for(n: int, device: str, seeds: int, starts: int) -> list[Method]:
    """Who takes part on n rows; ours first."""
    few = n <= FEW
    faiss = "not installed" if find_spec("faiss") is None else ""
    sklearn = "not installed" if find_spec("sklearn") is None else "" if few else "not run: hours"
    found = [Method(f"ours, {device}", ours_on(device), seeds)]
    if few and device != "cpu":
        found.append(Method("ours, cpu", ours_on("cpu"), seeds))
    found.append(Method("scikit-learn", sklearn_once, sklearn or starts))
    found.append(Method("faiss, nredo=1", faiss_with(1), faiss or (seeds if few else 1)))
    if few:
        found.append(Method("faiss, nredo=10", faiss_with(10), faiss or 1))
    return found


def timed(method: Method, points: np.ndarray, k: int, seed: int) -> Run:
    """One run of the method."""
    start = time.perf_counter()
    inertia = method.fit(points, k, seed)
    return Run(time.perf_counter() - start, inertia, peak_mb())


def by_turns(methods: list[Method], points: np.ndarray, k: int) -> dict[str, list[Run]]:
    """All runs of all methods: the first of each, the second of each, and so on."""
    counts = {one.name: one.runs if isinstance(one.runs, int) else 0 for one in methods}
    runs: dict[str, list[Run]] = {name: [] for name in counts}
    for seed in range(max(counts.values())):
        for method in methods:
            if seed < counts[method.name]:
                runs[method.name].append(timed(method, points, k, seed))
    return runs


def best_of(runs: list[Run]) -> Run:
    """Several starts as one run: the time of all, the best inertia."""
    return Run(sum(one.seconds for one in runs), min(one.inertia for one in runs), runs[-1].peak_mb)


def seconds_of(runs: list[Run]) -> float:
    """The median."""
    return statistics.median(one.seconds for one in runs)


def inertia_of(runs: list[Run]) -> float:
    """The median."""
    return statistics.median(one.inertia for one in runs)


def row(name: str, runs: list[Run], ours: list[Run]) -> str:
    """The cells of a method: its runs, and how ours compare."""
    slowest, loosest = max(one.seconds for one in runs), max(one.inertia for one in runs)
    cells = [name, str(len(runs)), f"{seconds_of(runs):.2f} / {slowest:.2f}"]
    cells.append(f"{inertia_of(runs):.6g} / {loosest:.6g}")
    if runs is ours:
        return " | ".join([*cells, "", ""])
    worst = max(one.inertia for one in ours) / inertia_of(runs) - 1
    cells.append(f"{seconds_of(runs) / seconds_of(ours):.2f}")
    cells.append(f"{100 * (inertia_of(ours) / inertia_of(runs) - 1):+.2f} % / {100 * worst:+.2f} %")
    return " | ".join(cells)


def rows_of(methods: list[Method], runs: dict[str, list[Run]]) -> Iterator[str]:
    """A line for each method, and one for the best of scikit-learn's starts."""
    ours = runs[methods[0].name]
    for method in methods:
        found = runs[method.name]
        if isinstance(method.runs, str):
            yield f"{method.name} | {method.runs} | | | | "
            continue
        yield row(method.name, found, ours)
        if method.name == "scikit-learn" and len(found) > 1:
            yield row(f"scikit-learn, best of {len(found)}", [best_of(found)], ours)


def compare(n: int, d: int, k: int, device: str, seeds: int, starts: int) -> None:
    """One set: a line for each method, and the memory."""
    points = features(n, d, k)
    made = peak_mb()
    methods = methods_for(n, device, seeds, starts)
    runs = by_turns(methods, points, k)
    for line in rows_of(methods, runs):
        print(f"| {n:,} x {d:,}, K = {k:,} | {line} |", flush=True)
    if n > FEW:
        first = runs[methods[0].name][0]
        print(
            f"\nPeak memory: {first.peak_mb:,} MB after our first run, {made:,} MB once the rows were made, "
            f"which take {points.nbytes // 2**20:,} MB.{gpu_memory()}\n",
            flush=True,
        )


def gpu_memory() -> str:
    """What torch had on the GPU at most, if there is one."""
    if not torch.cuda.is_available():
        return ""
    return f" On the GPU {torch.cuda.max_memory_allocated() // 2**20:,} MB."


def growth(device: str, sizes: tuple[int, ...] = GROWTH, d: int = 256, k: int = 200) -> None:
    """Our seconds over the number of rows, and the exponent: the slope of their logarithms by least squares."""
    points = features(sizes[-1], d, k)
    method = Method("ours", ours_on(device), 2)
    seconds = [seconds_of([timed(method, points[:n], k, seed) for seed in range(2)]) for n in sizes]
    print(f"\n| rows x {d}, K = {k}, {device} | " + " | ".join(f"{n:,}" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    print("| seconds | " + " | ".join(f"{one:.2f}" for one in seconds) + " |")
    exponent = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    print(f"\nSeconds grow with the power {exponent:.2f} of the rows.", flush=True)


def warm_up(device: str) -> None:
    """Everybody once on little: libraries are loaded, threads are started."""
    points = features(2_000, 64, 8)
    for method in methods_for(len(points), device, 1, 1):
        if isinstance(method.runs, int):
            method.fit(points, 8, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where we run; by default on a GPU if there is one")
    parser.add_argument("--only", default="first,second,largest,growth", help="which parts, with commas between")
    parser.add_argument("--starts", type=int, default=10, help="of scikit-learn")
    parser.add_argument("--seeds", type=int, default=3, help="of ours, and of faiss")
    parser.add_argument("--largest", type=int, default=LARGEST, help="rows of the last set, more than 50,000")
    options = parser.parse_args()
    sets = {"first": (5_011, 2_048, 20), "second": (50_000, 256, 200), "largest": (options.largest, 256, 1_000)}
    parts = options.only.split(",")
    if options.largest <= FEW or not set(parts) <= {*sets, "growth"}:
        parser.error("expected --largest above 50,000, and --only of first, second, largest, growth")
    device = str(chosen_device(options.device))
    warm_up(device)
    if options.largest != LARGEST and "largest" in parts:
        print(f"The largest set has {options.largest:,} rows here, not {LARGEST:,}.\n")
    print(f"{torch.get_num_threads()} threads of torch, {device}.\n")
    if set(parts) & set(sets):
        print("| " + " | ".join(COLUMNS) + " |")
        print("|---" * len(COLUMNS) + "|", flush=True)
    for name, (n, d, k) in sets.items():
        if name in parts:
            compare(n, d, k, device, options.seeds, options.starts)
    if "growth" in parts:
        growth(device)


if __name__ == "__main__":
    main()
