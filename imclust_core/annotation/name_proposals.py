"""Names for clusters: the word, or the kind of thing, that tells a cluster's images from all others.

A word tells much of a cluster when the network is sure of it there and would not be by chance; how much is the
information between the two (their Kullback-Leibler divergence). Chance is half how sure it is in the other images, and
half the share of its classes that are of this kind. So a word that stands everywhere in a collection is worth little,
and so is a kind to which nearly everything belongs, in a collection that holds nothing else too. Of kinds that tell
about as much the narrower one comes first: "sea turtle" rather than "turtle".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from imclust_core.words.class_labels import Label
from imclust_core.words.hypernyms import hypernyms

UNSURE = 0.5
"""Below this confidence of its first name the network does not know what a cluster shows. In bench/naming.py, on draws
of classes of caltech20, one of three names was right in all clusters from here on, and in 28 % of those below."""
_LISTED = 3
"""So many words stand in a receipt."""
_NEARLY = 0.8
"""A narrower kind comes first if it tells this share of what the best name tells. 0.7 to 0.95 are as good or nearly."""
_CERTAIN = 1 - 1e-9
"""Sums of probabilities end here, so that logarithms stay finite."""
_ALIKE = 9
"""Scores that agree to so many decimals are one: a kind with a single class tells as much as that class does."""


@dataclass(frozen=True)
class Proposal:
    """A name for a cluster.

    share: of its images, those whose most probable word is this or of this kind. confidence: how sure the network is of
    it, on the mean of all images, beyond chance. receipt: why, in words. wnid: its WordNet id, or no text.
    """

    name: str
    share: float
    confidence: float
    receipt: str
    wnid: str


@dataclass(frozen=True)
class _Kinds:
    """All m that a network could say: its classes, and what they are kinds of in WordNet.

    named (m,) of bool: whether its name tells something. depths (m,): steps below WordNet's root. narrowest (m,) of
    bool: single classes. chance (m,): the share of the classes that are of this kind. of: sparse (classes, m) by
    columns, 1 where a class is of a kind.
    """

    names: tuple[str, ...]
    wnids: tuple[str, ...]
    named: np.ndarray
    depths: np.ndarray
    narrowest: np.ndarray
    chance: np.ndarray
    of: Any

    def classes(self, kind: int) -> np.ndarray:
        """The class numbers that are of this kind."""
        found: np.ndarray = self.of.indices[self.of.indptr[kind] : self.of.indptr[kind + 1]]
        return found

    def is_below(self, one: int, other: int) -> bool:
        """Whether this kind is narrower than the other, which holds all of it."""
        return bool(self.depths[one] > self.depths[other] and self.classes(one)[0] in self.classes(other))


def propose_names(
    labels: Sequence[Label],
    label_ids: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    wanted: Sequence[int],
    most: int = 3,
) -> dict[int, list[Proposal]]:
    """Names for each wanted cluster, the best first; none for a cluster of which the network says nothing.

    Parameters
    ----------
    labels: what the network's classes are called. label_ids, probabilities: (n, m) class numbers, the most probable
    first, -1 where there are no more. groups: (n,) the cluster of each image; all other images count as the others of
    a cluster, those of no wanted cluster too.
    """
    clusters = np.unique(np.asarray(wanted, np.int64))
    if not labels or not len(clusters):
        return {int(cluster): [] for cluster in clusters}
    kinds = _kinds(labels)
    place = np.searchsorted(clusters, groups)
    place[np.append(clusters, 0)[place] != groups] = len(clusters)
    shape = len(clusters) + 1, len(labels)
    said = _sums(place, label_ids, probabilities, shape) @ kinds.of
    first = _sums(place, label_ids[:, :1], probabilities[:, :1] > 0, shape)
    speaking, total = first @ kinds.of, np.asarray(said.sum(axis=0)).ravel()
    sizes = np.bincount(place, minlength=len(clusters) + 1)
    found: dict[int, list[Proposal]] = {}
    for at, cluster in enumerate(clusters.tolist()):
        n, others = max(1, int(sizes[at])), len(place) - int(sizes[at])
        here, words = said[[at]].toarray()[0], first[[at]]
        elsewhere = (total - here) / others if others else kinds.chance
        chance = np.minimum((elsewhere + kinds.chance) / 2, _CERTAIN)
        sure = np.minimum(here / n, _CERTAIN)
        shares = speaking[[at]].toarray()[0] / n
        found[cluster] = [
            Proposal(
                name=kinds.names[kind],
                share=float(shares[kind]),
                confidence=float((sure[kind] - chance[kind]) / (1 - chance[kind])),
                receipt=_receipt(labels, words, n, kinds, kind),
                wnid=kinds.wnids[kind],
            )
            for kind in _best(kinds, sure, chance, shares, most)
        ]
    return found


def _kinds(labels: Sequence[Label]) -> _Kinds:
    table = hypernyms()
    # Classes that WordNet does not know follow the rows of its table, each a kind of its own.
    chains = [table.chain(label.wnid) or (len(table.offsets) + at,) for at, label in enumerate(labels)]
    rows, columns = np.unique(np.concatenate(chains), return_inverse=True)
    classes = np.repeat(np.arange(len(labels)), [len(chain) for chain in chains])
    of = scipy.sparse.csc_matrix((np.ones(len(classes)), (classes, columns)), (len(labels), len(rows)))
    label_of = {chain[-1]: label for label, chain in zip(labels, chains, strict=True)}
    names, wnids, depths = [], [], []
    for row in rows.tolist():
        label = label_of.get(row)
        if label:
            names.append(label.name.strip() if label.phrases else "")
        else:
            names.append(table.names[row] if table.tells(row) else "")
        wnids.append(label.wnid if label else f"n{table.offsets[row]:08}")
        depths.append(len(table.chain_of(row)) if row < len(table.offsets) else 0)
    named = np.array([bool(name) for name in names])
    number = np.bincount(columns)
    narrowest = (number == 1) & np.isin(rows, list(label_of))
    return _Kinds(tuple(names), tuple(wnids), named, np.array(depths), narrowest, number / len(labels), of)


def _sums(place: np.ndarray, label_ids: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> Any:
    """The values (n, m) of each class in each place (n,), summed: sparse (places, classes)."""
    used = (label_ids >= 0) & (values > 0)
    rows = np.broadcast_to(place[:, None], label_ids.shape)[used]
    return scipy.sparse.csr_matrix((values[used].astype(np.float64), (rows, label_ids[used])), shape)


def _best(kinds: _Kinds, sure: np.ndarray, chance: np.ndarray, shares: np.ndarray, most: int) -> list[int]:
    """The kinds that tell most of a cluster, of those that tell the same the deepest, no name twice."""
    possible = np.flatnonzero((shares > 0) & (sure > chance) & kinds.named)
    p, q = sure[possible], chance[possible]
    told = np.round(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)), _ALIKE)
    order = np.lexsort((-kinds.depths[possible], -told))
    ranked = possible[order].tolist()
    if ranked:
        near = possible[order][told[order] >= _NEARLY * told.max()].tolist()
        below = [kind for kind in near if not kinds.narrowest[kind] and kinds.is_below(kind, ranked[0])]
        ranked.insert(0, max([ranked[0], *below], key=lambda kind: kinds.depths[kind]))
    found: dict[str, int] = {}
    while ranked and len(found) < most:
        kind = ranked.pop(0)
        found.setdefault(kinds.names[kind].casefold(), kind)
    return list(found.values())


def _receipt(labels: Sequence[Label], first: Any, n: int, kinds: _Kinds, kind: int) -> str:
    """How many of a cluster's n images say it in which words; first: sparse (1, classes), the images of each word."""
    order = np.lexsort((first.indices, -first.data))
    words, shares = first.indices[order], first.data[order] / n
    of_kind = np.isin(words, kinds.classes(kind))
    images = f"{_percent(shares[of_kind].sum())} of images"
    number, chief = int(of_kind.sum()), labels[words[of_kind][0]].name
    if number > 1:
        return f"{images}, {number} kinds: {_listed(labels, words[of_kind], shares[of_kind])}"
    if chief != kinds.names[kind]:
        return f"{images}, all {chief}"
    return f"{images}; else {_listed(labels, words[~of_kind], shares[~of_kind])}" if len(words) > 1 else images


def _listed(labels: Sequence[Label], words: np.ndarray, shares: np.ndarray) -> str:
    """The first few words (w,) with their shares (w,) of the images."""
    pairs = zip(words[:_LISTED].tolist(), shares[:_LISTED].tolist(), strict=True)
    listed = [f"{labels[word].name} {_percent(share)}" for word, share in pairs]
    return ", ".join([*listed, "..."] if len(words) > _LISTED else listed)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"
