"""One K from all the evidence, with its reason in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median_low

from imclust_core.choosing_k.curves import Curve, Evidence

VOTERS = ("silhouette", "gap", "density", "word_fit", "word_gap")
"""Whose best K counts. Elbow and stability are shown and do not vote: measured in bench/choose_k.py."""

SAYS = {
    "silhouette": "the images sort best into {k} groups (silhouette)",
    "gap": "the tree of images has its largest gap at {k}",
    "density": "there are {k} dense regions of images",
    "word_fit": "cut into {k}, the words fit the images best",
    "word_gap": "the tree of words has its largest gap at {k}",
}
_NEAR = 0.1


@dataclass(frozen=True)
class Suggestion:
    """A number of groups, what each kind of evidence says by itself, and why, in words."""

    k: int
    votes: dict[str, int]
    why: str

    @property
    def reason(self) -> str:
        """The number with its reason: "18: there are 18 dense regions of images; ..."."""
        return f"{self.k}: {self.why}"


def suggest(words: Evidence | None, images: Evidence | None) -> Suggestion | None:
    """The middle of what the kinds of evidence say, or None where none says anything.

    The middle and no mean: one kind that is far off, as each is now and then, moves it little.
    """
    curves: dict[str, Curve] = {**(images.curves if images else {}), **(words.curves if words else {})}
    votes = {kind: curves[kind].best[0] for kind in VOTERS if kind in curves and curves[kind].best}
    if not votes:
        return None
    k = median_low(sorted(votes.values()))
    return Suggestion(k, votes, _why(k, votes))


def _why(k: int, votes: Mapping[str, int]) -> str:
    near = {kind: vote for kind, vote in votes.items() if abs(vote - k) <= max(1, _NEAR * k)}
    far = {kind: vote for kind, vote in votes.items() if kind not in near}
    text = "; ".join(SAYS[kind].format(k=vote) for kind, vote in near.items())
    if not far:
        return f"{text}."
    return f"{text}. Against it: " + "; ".join(SAYS[kind].format(k=vote) for kind, vote in far.items()) + "."
