"""Two clusterings of the same images: what stayed together, what moved, and which names and numbers follow.

Labels are whole numbers (n,): clusters from 0 to k - 1, and -1 for an image that no cluster has. A table counts the
images of each cluster of one clustering (rows) in each cluster of the other (columns); its last row and column are
the images without a cluster, which are never matched but always counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from imclust_core.errors import ClusteringError

UNASSIGNED = -1
Flow = tuple[int, int, int]
"""From which cluster, to which, and how many images; -1 is no cluster."""

_NEARLY = 0.8
"""From this Jaccard index on, two clusters are called the same."""
_PART = 0.2
"""A part of a cluster below this share of it is too small to speak of."""
_MOST_SENTENCES = 6
_MOST_NAMED = 4
_DOUBTFUL = 0.5
_WORDS = ("none", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class Comparison:
    """How alike two clusterings a and b are.

    table (ka + 1, kb + 1): from `contingency`. partner (ka,): the cluster of b that each cluster of a is matched with,
    one to one, or -1. jaccard (ka,): the images that both of a pair have, as a share of those that either has; 0
    without a partner. same (n,) of bool: images whose two clusters are a pair, or that have no cluster on either side.
    agreement: their share.
    """

    nmi: float
    ari: float
    agreement: float
    table: np.ndarray
    partner: np.ndarray
    jaccard: np.ndarray
    same: np.ndarray


@dataclass(frozen=True)
class Carried:
    """A new cluster that takes over the name of an old one, with the images they share."""

    new: int
    old: int
    images: int
    share_of_new: float
    share_of_old: float

    @property
    def doubtful(self) -> bool:
        """Whether most images of the new cluster come from elsewhere, so that the name may not fit them."""
        return self.share_of_new < _DOUBTFUL


@dataclass(frozen=True)
class Lost:
    """An old cluster whose name no new one takes over; went_to: (new cluster or -1, images), most images first."""

    old: int
    images: int
    went_to: tuple[tuple[int, int], ...]


def contingency(a: np.ndarray, b: np.ndarray, ka: int, kb: int) -> np.ndarray:
    """How many images each cluster of a (n,) has in each cluster of b (n,): (ka + 1, kb + 1), the last unassigned."""
    a, b = _checked(a, ka), _checked(b, kb)
    if len(a) != len(b):
        raise ClusteringError(
            f"The two clusterings have {len(a)} and {len(b)} images, but only clusterings of the same images can be "
            "compared. Give both a label for every image, -1 where there is none."
        )
    # The remainder turns -1 into the last row or column.
    cells = a % (ka + 1) * (kb + 1) + b % (kb + 1)
    return np.bincount(cells, minlength=(ka + 1) * (kb + 1)).reshape(ka + 1, kb + 1).astype(np.int64, copy=False)


def _checked(labels: np.ndarray, k: int) -> np.ndarray:
    """The labels in 64 bits, if they are clusters from 0 to k - 1 or -1."""
    if k < 0 or labels.ndim != 1 or (labels.dtype.kind not in "iu" and labels.size):
        raise ClusteringError(
            f"Labels of shape {labels.shape} and type {labels.dtype} for {k} clusters cannot be read. Give one whole "
            "number for each image, and how many clusters there are."
        )
    if labels.size and not -1 <= labels.min() <= labels.max() < k:
        raise ClusteringError(
            f"The labels go from {labels.min()} to {labels.max()}, but {k} clusters have the labels 0 to {k - 1}, and "
            "-1 is for images without one. Number the clusters anew, or say how many there are."
        )
    return labels.astype(np.int64)


def nmi(table: np.ndarray) -> float:
    """The normalised mutual information of the rows and columns of a table, as scikit-learn has it.

    It is taken from the table since scikit-learn's own would go over all images, and warns where groups are many.
    """
    rows, columns = _entropy(table.sum(axis=1)), _entropy(table.sum(axis=0))
    if rows + columns == 0:
        return 1.0
    return min(1.0, max(0.0, 2 * (rows + columns - _entropy(table.ravel())) / (rows + columns)))


def _entropy(counts: np.ndarray) -> float:
    used = counts[counts > 0] / max(1, counts.sum())
    return max(0.0, float(-(used * np.log(used)).sum()))


def ari(table: np.ndarray) -> float:
    """The adjusted Rand index of the rows and columns of a table, as scikit-learn has it."""
    both, rows, columns = (_pairs(counts) for counts in (table.ravel(), table.sum(axis=1), table.sum(axis=0)))
    if both == rows == columns:  # every pair of images is together in both or in neither
        return 1.0
    by_chance = rows * columns / _pairs(table.sum())
    return (both - by_chance) / ((rows + columns) / 2 - by_chance)


def _pairs(counts: np.ndarray) -> int:
    return int((counts * (counts - 1) // 2).sum())


def matched(overlap: np.ndarray) -> np.ndarray:
    """The column for each row such that the most images lie in the pairs, one to one; -1 where none is shared: (rows,).

    overlap (rows, columns): images that they share, without those unassigned.
    """
    from scipy.optimize import linear_sum_assignment  # half a second that every command and page would wait for

    partner = np.full(len(overlap), -1)
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    partner[rows] = np.where(overlap[rows, columns] > 0, columns, -1)
    return partner


def compare(a: np.ndarray, b: np.ndarray, ka: int, kb: int) -> Comparison:
    """How alike two clusterings (n,) of the same images are.

    nmi and ari are over all images, and on each side those without a cluster are one group, as if they were a
    cluster: an image counts as well placed when what is left over is left over on both sides. Two clusterings of no
    images do not differ.
    """
    table = contingency(a, b, ka, kb)
    partner = matched(table[:ka, :kb])
    shared = np.where(partner >= 0, table[np.arange(ka), partner], 0)
    either = table[:ka].sum(axis=1) + table[:, partner].sum(axis=0) - shared
    # No label is -2: a cluster without a partner agrees with nothing. The last place is what -1 finds.
    wanted = np.append(np.where(partner >= 0, partner, -2), UNASSIGNED)
    same = wanted[a.astype(np.int64)] == b
    return Comparison(
        nmi=nmi(table),
        ari=ari(table),
        agreement=float(same.mean()) if len(same) else 1.0,
        table=table,
        partner=partner,
        jaccard=shared / np.maximum(either, 1),
        same=same,
    )


def switched(comparison: Comparison, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The places of the images that are not the same in a (n,) and b (n,), those of the largest flows first."""
    moved = np.flatnonzero(~comparison.same)
    ka, kb = comparison.table.shape
    rows, columns = a[moved].astype(np.int64) % ka, b[moved].astype(np.int64) % kb
    return moved[np.lexsort((moved, columns, rows, -comparison.table[rows, columns]))]


def flows(table: np.ndarray, most: int) -> tuple[tuple[Flow, ...], int]:
    """The largest flows of a table, those that stay included, and how many images are in the others."""
    order = np.argsort(-table, axis=None, kind="stable")[: max(0, most)]
    rows, columns = np.unravel_index(order, table.shape)
    ka, kb = table.shape[0] - 1, table.shape[1] - 1
    found = tuple(
        (_label(row, ka), _label(column, kb), int(table[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if table[row, column]
    )
    return found, int(table.sum()) - sum(images for _, _, images in found)


def _label(place: int, k: int) -> int:
    """The label that a row or column of a table stands for."""
    return place if place < k else UNASSIGNED


def carry(old: np.ndarray, new: np.ndarray, k_old: int, k_new: int) -> tuple[tuple[Carried, ...], tuple[Lost, ...]]:
    """Which names go on to which new cluster, by new cluster, and which are lost, by old cluster.

    Each old cluster (labels old (n,)) wants the new one (labels new (n,)) that has most of its images. Where several
    want the same one, the one with the most images in it gets it, and the others are lost. Lower numbers win ties.
    """
    table = contingency(old, new, k_old, k_new)
    overlap = table[:k_old, :k_new]
    most = overlap.max(axis=1, initial=0)
    heirs: dict[int, int] = {}
    for one in np.argsort(-most, kind="stable").tolist():
        if most[one]:
            heirs.setdefault(int(overlap[one].argmax()), one)
    in_old, in_new = table.sum(axis=1), table.sum(axis=0)
    carried = tuple(
        Carried(to, one, int(most[one]), float(most[one] / in_new[to]), float(most[one] / in_old[one]))
        for to, one in sorted(heirs.items())
    )
    kept = set(heirs.values())
    return carried, tuple(_lost(one, table[one]) for one in range(k_old) if one not in kept)


def _lost(old: int, row: np.ndarray) -> Lost:
    order = [place for place in np.argsort(-row, kind="stable").tolist() if row[place]]
    return Lost(old, int(row.sum()), tuple((_label(place, len(row) - 1), int(row[place])) for place in order))


def passed_on(numbers: np.ndarray, old: np.ndarray, new: np.ndarray, old_numbers: np.ndarray) -> np.ndarray:
    """The numbers (k_new,) of new clusters, 0 where they have none, with those that old clusters pass on.

    A cluster that takes over from an old one (labels old and new (n,)) gets that one's number, of old_numbers (k_old,),
    unless it has a number or another one has that.
    """
    if len(set(old_numbers.tolist())) < len(old_numbers) or (old_numbers < 1).any():
        raise ClusteringError("Two clusters have one number, or a number is below 1. Give each a number of its own.")
    out = numbers.copy()
    carried, _ = carry(old, new, len(old_numbers), len(numbers))
    for one in carried:
        if not out[one.new] and old_numbers[one.old] not in out:
            out[one.new] = old_numbers[one.old]
    return out


def filled(numbers: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The numbers (k,) with the lowest free ones from 1 where there is none, those with more images (k,) first."""
    out = numbers.copy()
    by_size = np.argsort(-sizes, kind="stable")
    others = by_size[out[by_size] == 0]
    taken = set(out.tolist())
    out[others] = list(islice((number for number in count(1) if number not in taken), len(others)))
    return out


def sentences(comparison: Comparison, names_a: Sequence[str], names_b: Sequence[str]) -> list[str]:
    """What an analyst should know about a comparison: how much is (nearly) the same, what split and what merged.

    At most six sentences, those about the most images first. Clusters without images are not spoken of.
    """
    table = comparison.table
    if table.shape != (len(names_a) + 1, len(names_b) + 1):
        raise ClusteringError(
            f"There are {len(names_a)} and {len(names_b)} names for {table.shape[0] - 1} and {table.shape[1] - 1} "
            "clusters. Give each cluster of both clusterings one name."
        )
    same = comparison.jaccard >= _NEARLY
    parts = table[:-1, :-1] / np.maximum(table[:-1].sum(axis=1, keepdims=True), 1)
    split = ~same & ((parts >= _PART).sum(axis=1) > 1)
    told = [_split(table[one, :-1], parts[one], names_a[one], names_b) for one in np.flatnonzero(split).tolist()]
    # What is told as split, or is the same already, is not told again as merged.
    into = np.where((parts > 0.5) & ~split[:, None], table[:-1, :-1], 0)
    into[:, comparison.partner[same]] = 0
    merged = np.flatnonzero((into > 0).sum(axis=0) > 1)
    told += [_merge(into[:, one], names_a, names_b[one]) for one in merged.tolist()]
    told.sort(key=lambda one: -one[0])
    used = int((table[:-1].sum(axis=1) > 0).sum())
    return [_how_many(int(same.sum()), used), *(text for _, text in told[: _MOST_SENTENCES - 1])]


def _how_many(same: int, of: int) -> str:
    if of == 0:
        return "There are no clusters to compare."
    if of == 1:
        return f"The only cluster is {'' if same else 'not '}the same."
    if same in (0, of):
        return f"All {of} clusters are the same." if same else f"None of {of} clusters is the same."
    return f"{same} of {of} clusters {'is' if same == 1 else 'are'} the same."


def _split(row: np.ndarray, shares: np.ndarray, name: str, names_b: Sequence[str]) -> tuple[int, str]:
    """How many images a split is about, and its sentence."""
    parts = [place for place in np.argsort(-row, kind="stable").tolist() if shares[place] >= _PART]
    where = ", ".join(f"{100 * shares[place]:.0f} % to '{names_b[place]}'" for place in parts)
    return int(row[parts].sum()), f"'{name}' split in {_WORDS[len(parts)]}: {where}."


def _merge(column: np.ndarray, names_a: Sequence[str], name: str) -> tuple[int, str]:
    """How many images a merger is about, and its sentence."""
    found = [f"'{names_a[place]}'" for place in np.argsort(-column, kind="stable").tolist() if column[place]]
    if len(found) > _MOST_NAMED:
        found = [*found[: _MOST_NAMED - 1], f"{len(found) - _MOST_NAMED + 1} others"]
    return int(column.sum()), f"{', '.join(found[:-1])} and {found[-1]} merged into '{name}'."
