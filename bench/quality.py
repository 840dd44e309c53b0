"""Which reduction and which strategy find the classes? Every choice of both, against the truth, in one table.

    python bench/quality.py [--photos FOLDER] [--seeds 5] [--only whole,changed] [--strategies kmeans,ward]
                            [--without umap,gmm] [--only-features FILE.npz ...]

caltech20 and the sample collection, described by the bundled network; or, with --only-features, files that hold the
arrays features (n, d) and truth (n,), for a machine without photographs.

Whole: every reduction and every strategy that goes by features, on the whole set, with the true K.

runs        --seeds of them, or one where no number depends on a seed
ACC NMI ARI against the truth, means over the runs
seconds     of one run of the strategy; those of the reduction stand beside its name, once
K           found by a strategy that finds its own, and the share of images that it leaves unassigned: means

Changed: NMI / ARI of what is sensible where things are not as they should be, as means: K too small and too large by
30 % (over the seeds), and ten draws of 5 to 16 of the classes, with their true K, as they are and with classes of
uneven size.

The base lines are scikit-learn's k-means with one start and with ten; with ten starts on features as they are it is the
origin's recipe.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from bench.described import SUBSETS, Described, described, samples, subsets, uneven  # noqa: E402
from imclust_core.arrays.reduction import reduce, reduction_from  # noqa: E402
from imclust_core.clustering.run import grouped  # noqa: E402
from imclust_core.clustering.strategies import STRATEGIES, Given, Strategy  # noqa: E402
from imclust_core.clustering.truth import score  # noqa: E402

REDUCTIONS = ("none", "l2", "pca:50", "pca:256", "pca:256:white", "umap:50")
SENSIBLE = ("l2", "pca:50", "pca:256", "umap:50")
SENSIBLE_STRATEGIES = ("kmeans", "spherical", "ward", "spectral", "gmm", "distilled")
WITHOUT_SEED = ("ward", "average", "hdbscan")
WRONG = (0.7, 1.3)
SEED = 11
EVERY = 4
"""Of the forty draws every fourth is taken, which makes ten."""


def sklearn_with(starts: int) -> Callable[[Given], np.ndarray]:
    """scikit-learn's k-means, the best of so many starts."""

    def find(given: Given) -> np.ndarray:
        from sklearn.cluster import KMeans

        found: np.ndarray = KMeans(given.k, n_init=starts, random_state=given.seed).fit(given.points).labels_
        return found

    return find


ORIGIN = "scikit-learn, 10 starts"
PEERS = {
    ORIGIN: Strategy("", "", sklearn_with(10)),
    "scikit-learn, 1 start": Strategy("", "", sklearn_with(1)),
}
ALL = {**PEERS, **STRATEGIES}


@dataclass
class Case:
    """Images whose classes are known: features (n, d), truth (n,) as 0 to classes - 1; reduced ones are kept."""

    features: np.ndarray
    truth: np.ndarray
    kept: dict[tuple[str, int], tuple[np.ndarray, float]] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        return int(self.truth.max()) + 1

    def reduced(self, how: str, seed: int) -> tuple[np.ndarray, float]:
        """The features reduced, and the seconds it took; only UMAP goes by the seed."""
        key = how, seed if how.startswith("umap") else 0
        if key not in self.kept:
            start = time.perf_counter()
            points = reduce(self.features, reduction_from(how), seed=key[1])
            self.kept[key] = points, time.perf_counter() - start
        return self.kept[key]


@dataclass(frozen=True)
class Outcome:
    """One clustering against the truth."""

    acc: float
    nmi: float
    ari: float
    seconds: float
    k: int
    unassigned: float


def outcome(case: Case, how: str, name: str, k: int, seed: int) -> Outcome:
    """Reduce, cluster, compare; the seconds are those of clustering."""
    points, _ = case.reduced(how, seed)
    start = time.perf_counter()
    labels = grouped(Given(points, k, seed), ALL[name])
    seconds = time.perf_counter() - start
    found = int(labels.max(initial=-1)) + 1
    scores = score(labels, case.truth, found, case.classes)
    return Outcome(scores.acc, scores.nmi, scores.ari, seconds, found, float((labels < 0).mean()))


def over_seeds(case: Case, how: str, name: str, k: int, seeds: int) -> list[Outcome]:
    """A run for each seed, or one where none is used."""
    once = name in WITHOUT_SEED and not how.startswith("umap")
    return [outcome(case, how, name, k, seed) for seed in range(1 if once else seeds)]


def mean(outcomes: list[Outcome], of: str) -> float:
    """The mean of one figure."""
    return float(np.mean([getattr(one, of) for one in outcomes]))


def pair(outcomes: list[Outcome]) -> str:
    """NMI / ARI."""
    return f"{mean(outcomes, 'nmi'):.3f} / {mean(outcomes, 'ari'):.3f}"


def of_whole(data: Described, reductions: list[str], strategies: list[str], seeds: int) -> Iterator[str]:
    """A line for each reduction and strategy, on the whole set."""
    case = case_of(data)
    for how in reductions:
        for name in [*(PEERS if how in ("none", "l2") else ()), *strategies]:
            found = over_seeds(case, how, name, case.classes, seeds)
            scores = " | ".join(f"{mean(found, of):.3f}" for of in ("acc", "nmi", "ari"))
            own = f"{mean(found, 'k'):.0f}, {100 * mean(found, 'unassigned'):.0f} %" if ALL[name].own_k else ""
            reduction = f"{how} ({case.reduced(how, 0)[1]:.2f} s)"
            seconds = f"{mean(found, 'seconds'):.2f}"
            yield f"| {data.name} | {reduction} | {name} | {len(found)} | {scores} | {seconds} | {own} |"


def of_changed(data: Described, reductions: list[str], strategies: list[str], seeds: int) -> Iterator[str]:
    """A line for each sensible choice, with a wrong K and over draws of classes."""
    case = case_of(data)
    sets_of_draws = [draws(subsets(data, SEED), 1), draws(uneven(data, SEED), 0)]
    choices = [("none", ORIGIN), ("l2", ORIGIN)]
    choices += [(how, name) for how in SENSIBLE for name in SENSIBLE_STRATEGIES if how in reductions]
    for how, name in choices:
        if name in (ORIGIN, *strategies):
            cells = [pair(over_seeds(case, how, name, round(share * case.classes), seeds)) for share in WRONG]
            for parts in sets_of_draws:
                cells.append(pair([outcome(part, how, name, part.classes, at) for at, part in enumerate(parts)]))
            yield f"| {data.name} | {how} | {name} | {' | '.join(cells)} |"


def draws(all_of_them: Iterator[tuple[str, Described]], first: int) -> list[Case]:
    """Ten of the draws, of all sizes."""
    return [case_of(part) for _, part in islice(all_of_them, first, None, EVERY)]


def case_of(data: Described) -> Case:
    """The classes are numbered anew, since a draw has not all of them."""
    return Case(data.features, np.unique(data.truth, return_inverse=True)[1])


def from_file(path: Path) -> Described:
    """A set that has features and classes and nothing else."""
    with np.load(path) as arrays:
        features, truth = arrays["features"].astype(np.float32), arrays["truth"]
    nothing = np.zeros((len(truth), 0))
    numbers = np.unique(truth, return_inverse=True)[1]
    return Described(path.stem, features, nothing, nothing, numbers, nothing, ())


def sets_from(photos: Path, files: list[Path]) -> list[Described]:
    """What the tables are about."""
    if files:
        return [from_file(file) for file in files]
    return [described(photos.resolve()), samples()] if photos.is_dir() else [samples()]


def warm_up(reductions: list[str], strategies: list[str]) -> None:
    """Everything once on little: libraries are loaded, and UMAP compiles itself."""
    case = Case(np.random.default_rng(0).random((200, 64), np.float32), np.arange(200) % 4)
    for how in reductions:
        case.reduced(how, 0)
    for name in (*PEERS, *strategies):
        outcome(case, "l2", name, 4, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "caltech20")
    parser.add_argument("--only-features", type=Path, nargs="+", default=[], metavar="FILE", help="instead of --photos")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="whole,changed", help="which tables, with a comma between")
    by_features = [name for name, one in STRATEGIES.items() if not one.by_words]
    parser.add_argument("--strategies", default=",".join(by_features), help="which, with commas between")
    parser.add_argument("--without", default="", help="reductions (umap) and strategies to leave out, with commas")
    options = parser.parse_args()
    left_out = set(options.without.split(","))
    strategies = [name for name in options.strategies.split(",") if name not in left_out]
    if not set(strategies) <= set(by_features):
        parser.error(f"--strategies takes {', '.join(by_features)}")
    if find_spec("umap") is None:
        print("umap-learn is not installed: UMAP is left out.\n")
        left_out.add("umap")
    reductions = [how for how in REDUCTIONS if not {how, how.split(":")[0]} & left_out]
    sets = sets_from(options.photos, options.only_features)
    if any(one.classes < max(SUBSETS) for one in sets) and "changed" in options.only:
        parser.error(f"draws take {max(SUBSETS)} classes at least; with fewer of them use --only whole")
    warm_up(reductions, strategies)
    if "whole" in options.only:
        print("| set | reduction | strategy | runs | ACC | NMI | ARI | seconds | K, unassigned |")
        print("|---|---|---|---|---|---|---|---|---|")
        for one in sets:
            for line in of_whole(one, reductions, strategies, options.seeds):
                print(line, flush=True)
    if "changed" in options.only:
        print("\n| set | reduction | strategy | K - 30 % | K + 30 % | draws of classes | draws, uneven |")
        print("|---|---|---|---|---|---|---|")
        for one in sets:
            for line in of_changed(one, reductions, strategies, options.seeds):
                print(line, flush=True)


if __name__ == "__main__":
    main()
