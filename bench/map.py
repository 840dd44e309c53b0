"""How soon are images on a map, and how true is it? Against umap-learn and scikit-learn's t-SNE, each in a new process.

    python bench/map.py [--points 5000] [--rounds 3] [--only TEXT] [--more 50000] [--features FILE.npy]

Rows are made like a network's (bench/kmeans.py), n x 1,280 in 20 classes, or read from a file. Every run is a process
of its own, from its start to finished places, imports and compiling included; the runs of a round take turns. Then:

UMAP            ours; `umap.UMAP().fit_transform(rows)`, plain and with a seed, as ours has one
t-SNE           ours from the rows; scikit-learn's `TSNE()` from the rows, and from our 128 main directions, made before
                its clock starts
second          our t-SNE after our UMAP, and UMAP after t-SNE, in one process: seconds of the second alone
more            our UMAP and t-SNE of --more rows of 256 numbers; 0 leaves them out, and so does --only

seconds         median, and all runs
trust           trustworthiness with 15 neighbours: by the angle between rows / by the distance of the rows as they are
KL              of t-SNE's places under the same exact affinities (perplexity 30, of the 128 directions); less is better
peak MB         of the process

Needs umap-learn and openTSNE, which imclust installs; on a GPU ours uses it, and cuML where that is installed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BEGUN = time.perf_counter()
ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

import numpy as np  # noqa: E402

from bench.memory import peak_mb  # noqa: E402

CLASSES = 20
NEIGHBOURS = 15


def ours(method: str) -> Callable[[np.ndarray], np.ndarray]:
    def run(rows: np.ndarray) -> np.ndarray:
        from imclust_core.mapping.whole import make

        return make(rows, method).places

    return run


def ours_second(first: str, second: str) -> Callable[[np.ndarray], np.ndarray]:
    def run(rows: np.ndarray) -> np.ndarray:
        global BEGUN
        from imclust_core.mapping.whole import make

        graph = make(rows, first).graph
        BEGUN = time.perf_counter()
        return make(rows, second, graph=graph).places

    return run


def umap_learn(seed: int | None) -> Callable[[np.ndarray], np.ndarray]:
    def run(rows: np.ndarray) -> np.ndarray:
        from umap import UMAP

        return np.asarray(UMAP(random_state=seed).fit_transform(rows))

    return run


def sklearn_tsne(rows: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    return np.asarray(TSNE(random_state=0, n_jobs=-1).fit_transform(rows))


_FROM_DIRECTIONS = "t-SNE, scikit-learn, directions"

RUNS = {
    "UMAP, ours": ours("umap"),
    "UMAP, umap-learn": umap_learn(None),
    "UMAP, umap-learn, seed": umap_learn(0),
    "t-SNE, ours": ours("tsne"),
    "t-SNE, scikit-learn": sklearn_tsne,
    _FROM_DIRECTIONS: sklearn_tsne,
    "t-SNE after UMAP, ours": ours_second("umap", "tsne"),
    "UMAP after t-SNE, ours": ours_second("tsne", "umap"),
}
RATIOS = (
    ("UMAP, umap-learn", "UMAP, ours"),
    ("UMAP, umap-learn, seed", "UMAP, ours"),
    ("t-SNE, scikit-learn", "t-SNE, ours"),
    (_FROM_DIRECTIONS, "t-SNE, ours"),
    ("t-SNE, ours", "t-SNE after UMAP, ours"),
    ("UMAP, ours", "UMAP after t-SNE, ours"),
)


def run_one(name: str, source: Path, out: Path) -> None:
    """In a process of its own: one run, its places and its figures."""
    places = RUNS[name](np.load(source))
    seconds = time.perf_counter() - BEGUN
    np.savez(out, places=places, seconds=seconds, peak=peak_mb())


def timed(name: str, source: Path) -> tuple[float, int, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        out, start = Path(folder) / "run.npz", time.perf_counter()
        subprocess.run([sys.executable, __file__, "--one", name, str(source), str(out)], check=True)
        whole = time.perf_counter() - start
        found = np.load(out)
        second = name.count("after") > 0  # of which only the second part counts, as the process measured it
        return (float(found["seconds"]) if second else whole), int(found["peak"]), found["places"]


def directions(rows: np.ndarray) -> np.ndarray:
    from imclust_core.arrays.linkage import unit_rows
    from imclust_core.arrays.reduction import Reduction, reduce

    return unit_rows(reduce(rows, Reduction("pca", 128)))


def divergence(points: np.ndarray) -> Callable[[np.ndarray], float]:
    """The Kullback-Leibler divergence of places, under the affinities of these points."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    from imclust_core.arrays.neighbours import nearest_rows

    near, away = nearest_rows(points, points, 91)
    known = PrecomputedNeighbors(near[:, 1:].astype(np.int64), away[:, 1:].astype(np.float64))
    pairs = PerplexityBasedNN(perplexity=30, knn_index=known).P.tocoo()

    def of(places: np.ndarray) -> float:
        y, total = places.astype(np.float64), 0.0
        for start in range(0, len(y), 500):
            block = ((y[start : start + 500, None] - y[None]) ** 2).sum(axis=2)
            total += float((1 / (1 + block)).sum()) - len(block)
        q = 1 / (1 + ((y[pairs.row] - y[pairs.col]) ** 2).sum(axis=1)) / total
        return float((pairs.data * np.log(pairs.data / q)).sum())

    return of


def trusts(rows: np.ndarray, places: np.ndarray) -> str:
    from sklearn.manifold import trustworthiness

    from imclust_core.arrays.linkage import unit_rows

    angle = trustworthiness(unit_rows(rows), places, n_neighbors=NEIGHBOURS)
    return f"{angle:.4f} / {trustworthiness(rows, places, n_neighbors=NEIGHBOURS):.4f}"


def compare(rows: np.ndarray, rounds: int, only: str, folder: Path) -> None:
    source, reduced = folder / "rows.npy", folder / "reduced.npy"
    points = directions(rows)
    np.save(source, rows)
    np.save(reduced, points)
    kl = divergence(points)
    runs: dict[str, list[tuple[float, int, np.ndarray]]] = {name: [] for name in RUNS if only in name}
    for _ in range(rounds):
        for name, found in runs.items():
            found.append(timed(name, reduced if name == _FROM_DIRECTIONS else source))
    print(f"\n{len(rows):,} x {rows.shape[1]:,}\n")
    print("| run | seconds, median | all | trust, angle / distance | KL | peak MB |\n|---|---|---|---|---|---|")
    medians = {name: statistics.median(seconds for seconds, _, _ in found) for name, found in runs.items()}
    for name, found in runs.items():
        places, peak = found[-1][2], max(peak for _, peak, _ in found)
        every = " ".join(f"{seconds:.1f}" for seconds, _, _ in found)
        measured = f"{kl(places):.4f}" if name.startswith("t-SNE") else ""
        print(f"| {name} | {medians[name]:.1f} | {every} | {trusts(rows, places)} | {measured} | {peak:,} |")
    print("\n" + "\n".join(f"{a} / {b}: {medians[a] / medians[b]:.1f}" for a, b in RATIOS if a in runs and b in runs))


def of_many(count: int, folder: Path) -> None:
    from bench.kmeans import features
    from imclust_core.mapping.trust import trustworthiness

    rows = features(count, 256, 100)
    source = folder / "many.npy"
    np.save(source, rows)
    print(f"\n{count:,} x 256\n")
    for name in ("UMAP, ours", "t-SNE, ours"):
        seconds, peak, places = timed(name, source)
        trust = trustworthiness(rows, places)
        print(json.dumps({"run": name, "seconds": round(seconds, 1), "peak_mb": peak, "trust_of_5000": trust}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="TEXT", help="only runs whose names have this text")
    parser.add_argument("--more", type=int, default=50_000)
    parser.add_argument("--features", type=Path, help="rows (n, d) as .npy, instead of made ones; 0 points for none")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "ROWS", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return
    from bench.kmeans import features

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.features or options.points:
            rows = np.load(options.features) if options.features else features(options.points, 1280, CLASSES)
            compare(rows.astype(np.float32), options.rounds, options.only, folder)
        if options.more and not options.only:
            of_many(options.more, folder)


if __name__ == "__main__":
    main()
