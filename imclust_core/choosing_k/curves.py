"""What evidence for K looks like. No heavy library here: pages read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """One kind of evidence: a value for each K, and those K that it speaks for, the best first."""

    ks: tuple[int, ...]
    values: tuple[float, ...]
    best: tuple[int, ...]


@dataclass(frozen=True)
class Evidence:
    """What one look says: curves by kind, and how many images it was taken from.

    Kinds: word_gap, word_fit; gap, silhouette, elbow, stability, density (a single K, without a curve).
    """

    images: int
    curves: dict[str, Curve]
